//! How many retries the calls of one organisation may make together.

use std::{sync::Arc, time::Duration};

use super::per_tenant::{PerTenant, Retain};
use crate::Tenant;

/// Into how many parts a token is cut: a call that needed no retry gives one part back.
const UNITS_PER_RETRY: u32 = 4;

/// A bucket of tokens for the retries of each [`Tenant`], shared by its clones. A retry takes one token;
/// every call that ends at its first attempt puts a quarter back. So in a brown-out, when nearly every
/// call fails, no more than the bucket holds is sent beyond the calls themselves, and in good times up to
/// a quarter of the calls may need one. What fails for one tenant takes nothing from another's bucket.
///
/// A bucket that was not used for ten minutes is full again.
///
/// ```
/// use std::sync::Arc;
/// use zcrm_http::{Tenant, TokioClock, layer::{RetryBudget, RetryPolicy}};
///
/// let budget = RetryBudget::new(20);
/// let policy = RetryPolicy::new(Arc::new(TokioClock::new())).budget(budget.clone());
/// # let _ = policy;
/// assert_eq!(budget.left(&Tenant::new("org 1234")), 20);
/// ```
#[derive(Clone, Debug)]
pub struct RetryBudget {
    most: u32,
    /// Those that are not full.
    buckets: Arc<PerTenant<Balance>>,
}

/// What is left in a bucket.
struct Balance(u32);

impl Retain for Balance {}

impl RetryBudget {
    /// Full buckets, each of `retries` tokens.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self { most: retries.saturating_mul(UNITS_PER_RETRY), buckets: Arc::default() }
    }

    /// How many retries the calls of this tenant may make right now.
    #[must_use]
    pub fn left(&self, tenant: &Tenant) -> u32 {
        let left = self.buckets.peek(tenant, |Balance(left)| *left);
        left.unwrap_or(self.most) / UNITS_PER_RETRY
    }

    /// Takes a token; `false` where none is left. `now` is the time on a clock that never goes back.
    pub(super) fn take(&self, tenant: &Tenant, now: impl FnOnce() -> Duration) -> bool {
        self.most >= UNITS_PER_RETRY
            && self.buckets.with(
                tenant,
                now,
                || Balance(self.most),
                |Balance(left)| match left.checked_sub(UNITS_PER_RETRY) {
                    Some(less) => {
                        *left = less;
                        true
                    }
                    None => false,
                },
            )
    }

    /// Puts back what a call earns that ended at its first attempt.
    #[inline]
    pub(super) fn earn(&self, tenant: impl FnOnce() -> Tenant) {
        if self.buckets.is_empty() {
            // all are full
            return;
        }
        let tenant = tenant();
        self.buckets.retain(&tenant, |Balance(left)| {
            *left += 1;
            // a full bucket needs no place
            *left < self.most
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::RetryBudget;
    use crate::Tenant;

    #[test]
    fn four_good_calls_pay_for_a_retry_and_the_bucket_never_overflows() {
        let budget = RetryBudget::new(2);
        let org = Tenant::new("org");
        let take = || budget.take(&org, || Duration::ZERO);
        let earn = || budget.earn(|| org.clone());
        assert!(take() && take() && !take());
        for _ in 0..3 {
            earn();
        }
        assert!(!take());
        earn();
        assert!(take());
        for _ in 0..100 {
            earn();
        }
        assert_eq!(budget.left(&org), 2);
        assert!(budget.buckets.is_empty());
    }

    #[test]
    fn keeps_a_bucket_for_each_tenant() {
        let budget = RetryBudget::new(2);
        let [one, other] = ["one", "other"].map(Tenant::new);
        let take = |tenant| budget.take(tenant, || Duration::ZERO);
        assert!(take(&one) && take(&one) && !take(&one));
        assert!(take(&other));
        assert_eq!((budget.left(&one), budget.left(&other)), (0, 1));
    }

    #[test]
    fn a_budget_of_zero_allows_no_retry_and_keeps_nothing() {
        let budget = RetryBudget::new(0);
        assert!(!budget.take(&Tenant::new("org"), || Duration::ZERO));
        assert!(budget.buckets.is_empty());
    }
}
