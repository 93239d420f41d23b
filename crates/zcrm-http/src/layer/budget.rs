//! How many retries all calls together may make.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Into how many parts a token is cut: a call that needed no retry gives one part back.
const PARTS: u32 = 4;

/// A bucket of tokens for retries, shared by its clones. A retry takes one token; every call that
/// ends at its first attempt puts a quarter back. So in a brown-out, when nearly every call fails,
/// no more than the bucket holds is sent beyond the calls themselves, and in good times up to a
/// quarter of the calls may need one.
///
/// ```
/// use std::sync::Arc;
/// use zcrm_http::{TokioClock, layer::{RetryBudget, RetryPolicy}};
///
/// let budget = RetryBudget::new(20);
/// let policy = RetryPolicy::new(Arc::new(TokioClock::new())).budget(budget.clone());
/// # let _ = policy;
/// assert_eq!(budget.left(), 20);
/// ```
#[derive(Clone, Debug)]
pub struct RetryBudget {
    parts: Arc<AtomicU32>,
    most: u32,
}

impl RetryBudget {
    /// A full bucket of `retries` tokens.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        let most = retries.saturating_mul(PARTS);
        Self { parts: Arc::new(AtomicU32::new(most)), most }
    }

    /// How many retries may be made right now.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.parts.load(Ordering::Relaxed) / PARTS
    }

    /// Takes a token; `false` where none is left.
    pub(super) fn take(&self) -> bool {
        let take = |parts: u32| parts.checked_sub(PARTS);
        self.parts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Puts back what a call earns that ended at its first attempt.
    pub(super) fn earn(&self) {
        let give = |parts: u32| (parts < self.most).then(|| parts + 1);
        // a full bucket stays full
        let _ = self.parts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;

    #[test]
    fn four_good_calls_pay_for_a_retry_and_the_bucket_never_overflows() {
        let budget = RetryBudget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        for _ in 0..3 {
            budget.earn();
        }
        assert!(!budget.take());
        budget.earn();
        assert!(budget.take());
        for _ in 0..100 {
            budget.earn();
        }
        assert_eq!(budget.left(), 2);
    }
}
