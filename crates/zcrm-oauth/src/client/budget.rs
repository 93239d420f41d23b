//! How often a refresh token may be used: Zoho's own limit, kept here before it is met there.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Zoho gives ten access tokens in ten minutes to a refresh token.
const MOST: usize = 10;
const SPAN: Duration = Duration::from_secs(600);

/// Counts the calls that were made with each refresh token. It keeps none of them, but keyed
/// hashes.
#[derive(Debug, Default)]
pub(super) struct Budget {
    hasher: RandomState,
    spent: Mutex<HashMap<u64, VecDeque<Duration>>>,
}

impl Budget {
    /// Takes one call, or says how long to wait for the next. `now` is monotonic.
    pub(super) fn spend(&self, with: &str, now: Duration) -> Result<(), Duration> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        // what is over is forgotten, and whoever has nothing left with it
        spent.retain(|_, calls| {
            while calls.front().is_some_and(|call| now >= call.saturating_add(SPAN)) {
                calls.pop_front();
            }
            !calls.is_empty()
        });
        let calls = spent.entry(self.hasher.hash_one(with)).or_default();
        if calls.len() >= MOST
            && let Some(oldest) = calls.front()
        {
            return Err(oldest.saturating_add(SPAN).saturating_sub(now));
        }
        calls.push_back(now);
        Ok(())
    }

    /// Gives the last call back: it never left this machine.
    pub(super) fn give_back(&self, with: &str) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = spent.get_mut(&self.hasher.hash_one(with)) {
            calls.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ten_in_ten_minutes_for_each_and_the_window_slides() {
        let budget = Budget::default();
        for call in 0..10 {
            budget.spend("a", call * SECOND).unwrap();
        }
        assert_eq!(budget.spend("a", 10 * SECOND), Err(590 * SECOND));
        budget.spend("b", 10 * SECOND).unwrap();
        assert_eq!(budget.spend("a", 599 * SECOND), Err(SECOND));
        budget.spend("a", 600 * SECOND).unwrap();
        // what was refused did not count
        assert_eq!(budget.spend("a", 600 * SECOND), Err(SECOND));
        budget.spend("c", 5000 * SECOND).unwrap();
        assert_eq!(budget.spent.lock().unwrap().len(), 1, "the others are forgotten");
    }
}
