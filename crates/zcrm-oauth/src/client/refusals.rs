//! Counts the tokens that the API refused, to detect when another refresh does not help.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use zcrm_http::Authorization;

use super::active_token::ActiveToken;

/// The number of new tokens in a row, none of them accepted before its refusal, after which another
/// refresh does not help.
const MAX_IN_A_ROW: u32 = 2;

/// The number of refused tokens that are remembered, so that none of them is loaded from the store
/// again.
const REMEMBERED: usize = 8;

/// The time for which a count is kept for a user without a handle.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// The refusals of one user's tokens.
#[derive(Default)]
pub(super) struct Refusals(Mutex<RefusalState>);

#[derive(Default)]
struct RefusalState {
    /// The latest refused tokens.
    tokens: VecDeque<Authorization>,
    /// The number of new tokens in a row that were refused without being accepted before.
    in_a_row: u32,
    /// The monotonic time of the last refusal.
    last: Option<Duration>,
}

impl Refusals {
    fn state(&self) -> MutexGuard<'_, RefusalState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a refused token. Returns `true` if too many were refused in a row. `now` is
    /// monotonic.
    pub(super) fn add(&self, token: &ActiveToken, now: Duration) -> bool {
        let mut state = self.state();
        if state.tokens.len() >= REMEMBERED {
            state.tokens.pop_front();
        }
        state.tokens.push_back(token.authorization.clone());
        state.last = Some(now);
        if token.is_accepted() {
            state.in_a_row = 0;
        } else if token.is_new() {
            state.in_a_row = state.in_a_row.saturating_add(1);
        }
        state.in_a_row >= MAX_IN_A_ROW
    }

    /// Returns `true` if a token was refused.
    pub(super) fn contains(&self, token: &Authorization) -> bool {
        self.state().tokens.iter().any(|refused| refused.is_same_token(token))
    }

    /// Resets the count, after a token was accepted or expired without a refusal.
    pub(super) fn restart(&self) {
        self.state().in_a_row = 0;
    }

    /// Removes all refusals, for a new login.
    pub(super) fn clear(&self) {
        *self.state() = RefusalState::default();
    }

    /// Returns `true` if there is a count recent enough to be kept.
    pub(super) fn is_recent(&self, now: Duration) -> bool {
        let state = self.state();
        state.in_a_row > 0 && state.last.is_some_and(|last| now < last.saturating_add(KEPT_FOR))
    }
}
