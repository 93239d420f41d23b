//! A local limit on the uses of a refresh token, equal to Zoho's limit.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Zoho issues at most ten access tokens in ten minutes for a refresh token.
const MAX_CALLS: usize = 10;
const WINDOW: Duration = Duration::from_secs(600);

/// The number of expired calls that each new call removes. It is more than one, so that all are
/// removed in time.
const REMOVED_PER_CALL: usize = 2;

/// Counts the calls made with each refresh token. It stores keyed hashes of the tokens, and no
/// operation scans all logins.
#[derive(Debug, Default)]
pub(super) struct RefreshBudget {
    hasher: RandomState,
    calls: Mutex<RecentCalls>,
}

#[derive(Debug, Default)]
struct RecentCalls {
    /// The calls with each refresh token in the last ten minutes.
    by_token: HashMap<u64, VecDeque<Duration>>,
    /// All calls in the order in which they were made.
    order: VecDeque<(Duration, u64)>,
}

impl RecentCalls {
    /// Removes the expired calls of one refresh token, and its entry if no call is left.
    fn prune(&mut self, login: u64, now: Duration) {
        if let Some(calls) = self.by_token.get_mut(&login) {
            while calls.front().is_some_and(|call| is_expired(*call, now)) {
                calls.pop_front();
            }
            if calls.is_empty() {
                self.by_token.remove(&login);
            }
        }
    }

    /// Removes the oldest expired calls of all refresh tokens.
    fn prune_oldest(&mut self, now: Duration) {
        for _ in 0..REMOVED_PER_CALL {
            match self.order.front() {
                Some((call, login)) if is_expired(*call, now) => {
                    let login = *login;
                    self.order.pop_front();
                    self.prune(login, now);
                }
                _ => return,
            }
        }
    }
}

fn is_expired(call: Duration, now: Duration) -> bool {
    now >= call.saturating_add(WINDOW)
}

impl RefreshBudget {
    fn calls(&self) -> MutexGuard<'_, RecentCalls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one call, or returns how long to wait for the next one. `now` is monotonic.
    pub(super) fn spend(&self, with: &str, now: Duration) -> Result<(), Duration> {
        let login = self.hasher.hash_one(with);
        let mut state = self.calls();
        state.prune_oldest(now);
        state.prune(login, now);
        let calls = state.by_token.entry(login).or_default();
        if calls.len() >= MAX_CALLS
            && let Some(oldest) = calls.front()
        {
            return Err(oldest.saturating_add(WINDOW).saturating_sub(now));
        }
        calls.push_back(now);
        state.order.push_back((now, login));
        Ok(())
    }

    /// Takes back the last call, which was not sent.
    pub(super) fn give_back(&self, with: &str) {
        let login = self.hasher.hash_one(with);
        let mut state = self.calls();
        if state.order.back().is_some_and(|(_, last)| *last == login) {
            state.order.pop_back();
        }
        if let Some(calls) = state.by_token.get_mut(&login) {
            calls.pop_back();
            if calls.is_empty() {
                state.by_token.remove(&login);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn allows_ten_calls_per_token_in_a_sliding_window() {
        let budget = RefreshBudget::default();
        for call in 0..10 {
            budget.spend("a", call * SECOND).unwrap();
        }
        assert_eq!(budget.spend("a", 10 * SECOND), Err(590 * SECOND));
        budget.spend("b", 10 * SECOND).unwrap();
        assert_eq!(budget.spend("a", 599 * SECOND), Err(SECOND));
        budget.spend("a", 600 * SECOND).unwrap();
        // a refused call was not counted
        assert_eq!(budget.spend("a", 600 * SECOND), Err(SECOND));
    }

    #[test]
    fn removes_expired_logins_without_scanning_all() {
        let budget = RefreshBudget::default();
        for user in 0..1000 {
            budget.spend(&user.to_string(), Duration::ZERO).unwrap();
        }
        budget.spend("next", WINDOW).unwrap();
        // one call removes only a few
        assert_eq!(budget.calls().by_token.len(), 1000 - REMOVED_PER_CALL + 1);
        for _ in 0..MAX_CALLS {
            for user in 0..100 {
                budget.spend(&format!("later {user}"), WINDOW).unwrap();
            }
        }
        let state = budget.calls();
        assert_eq!(
            (state.by_token.len(), state.order.len()),
            (101, 1001),
            "the others were removed"
        );
    }

    #[test]
    fn takes_back_a_call_that_was_not_sent() {
        let budget = RefreshBudget::default();
        for _ in 0..100 {
            budget.spend("a", Duration::ZERO).unwrap();
            budget.give_back("a");
        }
        assert!(budget.calls().by_token.is_empty() && budget.calls().order.is_empty());
        for _ in 0..MAX_CALLS {
            budget.spend("a", SECOND).unwrap();
        }
        assert_eq!(budget.spend("a", SECOND), Err(WINDOW));
        budget.spend("a", WINDOW + SECOND).unwrap();
    }
}
