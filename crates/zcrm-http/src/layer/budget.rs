//! Limits the retries that the calls of one organisation make together.

use std::{sync::Arc, time::Duration};

use super::per_tenant::{PerTenant, Retain};
use crate::Tenant;

/// The number of units of one retry. A call that needed no retry returns one unit.
const UNITS_PER_RETRY: u32 = 4;

/// A token bucket for the retries of each [`Tenant`], shared by its clones.
///
/// A retry takes one token, and every call that ends with its first attempt returns a quarter of
/// one. So during an outage, when nearly every call fails, the number of retries is limited by the
/// size of the bucket. In normal operation, up to a quarter of the calls may need a retry. The
/// failures of one tenant take no tokens from another's bucket.
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
    /// The buckets that are not full.
    buckets: Arc<PerTenant<Balance>>,
}

/// The units left in a bucket.
struct Balance(u32);

impl Retain for Balance {}

impl RetryBudget {
    /// Creates full buckets of `retries` tokens each.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self { most: retries.saturating_mul(UNITS_PER_RETRY), buckets: Arc::default() }
    }

    /// Returns the number of retries that the calls of this tenant may make now.
    #[must_use]
    pub fn left(&self, tenant: &Tenant) -> u32 {
        let left = self.buckets.peek(tenant, |Balance(left)| *left);
        left.unwrap_or(self.most) / UNITS_PER_RETRY
    }

    /// Takes a token; returns `false` if none is left. `now` is the time of a monotonic clock.
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

    /// Returns one unit, for a call that ended with its first attempt.
    #[inline]
    pub(super) fn earn(&self, tenant: impl FnOnce() -> Tenant) {
        if self.buckets.is_empty() {
            // all buckets are full
            return;
        }
        let tenant = tenant();
        self.buckets.retain(&tenant, |Balance(left)| {
            *left += 1;
            // a full bucket is not stored
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
    fn earns_a_retry_with_four_successes_and_never_overflows() {
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
