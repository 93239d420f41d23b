//! How often a refresh token may be used: Zoho's own limit, kept here before it is met there.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Zoho gives ten access tokens in ten minutes to a refresh token.
const MOST: usize = 10;
const SPAN: Duration = Duration::from_secs(600);

/// So many old calls are forgotten with each new one: more than one, so that none is left over.
const FORGOTTEN: usize = 2;

/// Counts the calls that were made with each refresh token. It keeps none of them, but keyed
/// hashes. No step walks through all logins.
#[derive(Debug, Default)]
pub(super) struct Budget {
    hasher: RandomState,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// The calls of each refresh token in the last ten minutes.
    calls: HashMap<u64, VecDeque<Duration>>,
    /// All calls in the order in which they were made.
    order: VecDeque<(Duration, u64)>,
}

impl Spent {
    /// Forgets the calls of one refresh token that are over, and it with the last of them.
    fn prune(&mut self, login: u64, now: Duration) {
        if let Some(calls) = self.calls.get_mut(&login) {
            while calls.front().is_some_and(|call| is_over(*call, now)) {
                calls.pop_front();
            }
            if calls.is_empty() {
                self.calls.remove(&login);
            }
        }
    }

    /// Forgets the next calls that are over, whatever refresh token they were made with.
    fn forget(&mut self, now: Duration) {
        for _ in 0..FORGOTTEN {
            match self.order.front() {
                Some((call, login)) if is_over(*call, now) => {
                    let login = *login;
                    self.order.pop_front();
                    self.prune(login, now);
                }
                _ => return,
            }
        }
    }
}

fn is_over(call: Duration, now: Duration) -> bool {
    now >= call.saturating_add(SPAN)
}

impl Budget {
    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one call, or says how long to wait for the next. `now` is monotonic.
    pub(super) fn spend(&self, with: &str, now: Duration) -> Result<(), Duration> {
        let login = self.hasher.hash_one(with);
        let mut spent = self.spent();
        spent.forget(now);
        spent.prune(login, now);
        let calls = spent.calls.entry(login).or_default();
        if calls.len() >= MOST
            && let Some(oldest) = calls.front()
        {
            return Err(oldest.saturating_add(SPAN).saturating_sub(now));
        }
        calls.push_back(now);
        spent.order.push_back((now, login));
        Ok(())
    }

    /// Gives the last call back: it never left this machine.
    pub(super) fn give_back(&self, with: &str) {
        let login = self.hasher.hash_one(with);
        let mut spent = self.spent();
        if spent.order.back().is_some_and(|(_, last)| *last == login) {
            spent.order.pop_back();
        }
        if let Some(calls) = spent.calls.get_mut(&login) {
            calls.pop_back();
            if calls.is_empty() {
                spent.calls.remove(&login);
            }
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
    }

    #[test]
    fn forgets_every_login_without_walking_through_all() {
        let budget = Budget::default();
        for user in 0..1000 {
            budget.spend(&user.to_string(), Duration::ZERO).unwrap();
        }
        budget.spend("next", SPAN).unwrap();
        // one step looks at a few only
        assert_eq!(budget.spent().calls.len(), 1000 - FORGOTTEN + 1);
        for _ in 0..MOST {
            for user in 0..100 {
                budget.spend(&format!("later {user}"), SPAN).unwrap();
            }
        }
        let spent = budget.spent();
        assert_eq!((spent.calls.len(), spent.order.len()), (101, 1001), "the others are forgotten");
    }

    #[test]
    fn gives_back_a_call_that_was_not_made() {
        let budget = Budget::default();
        for _ in 0..100 {
            budget.spend("a", Duration::ZERO).unwrap();
            budget.give_back("a");
        }
        assert!(budget.spent().calls.is_empty() && budget.spent().order.is_empty());
        for _ in 0..MOST {
            budget.spend("a", SECOND).unwrap();
        }
        assert_eq!(budget.spend("a", SECOND), Err(SPAN));
        budget.spend("a", SPAN + SECOND).unwrap();
    }
}
