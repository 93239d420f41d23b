//! Tokens that the API refused, counted: what a refresh may mend, and what it cannot.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use zcrm_http::Authorization;

use super::held::Held;

/// So many new tokens in a row, each refused before one of them was ever accepted, are hopeless.
const HOPELESS: u32 = 2;

/// So many refused tokens are remembered, so that none of them is taken from the store again.
const REMEMBERED: usize = 8;

/// How long a count is remembered for a user of whom no handle is left.
const MEMORY: Duration = Duration::from_secs(600);

/// The refusals of one user's tokens.
#[derive(Default)]
pub(super) struct Refusals(Mutex<State>);

#[derive(Default)]
struct State {
    /// The latest refused tokens.
    tokens: VecDeque<Authorization>,
    /// New tokens that were refused in a row, none of them accepted before.
    in_a_row: u32,
    /// When the last one was refused, monotonic.
    last: Option<Duration>,
}

impl Refusals {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a token was refused. Returns whether another refresh is hopeless. `now` is
    /// monotonic.
    pub(super) fn add(&self, held: &Held, now: Duration) -> bool {
        let mut state = self.state();
        if state.tokens.len() >= REMEMBERED {
            state.tokens.pop_front();
        }
        state.tokens.push_back(held.authorization.clone());
        state.last = Some(now);
        if held.is_accepted() {
            state.in_a_row = 0;
        } else if held.is_new() {
            state.in_a_row = state.in_a_row.saturating_add(1);
        }
        state.in_a_row >= HOPELESS
    }

    /// Whether a token was refused.
    pub(super) fn contains(&self, token: &Authorization) -> bool {
        self.state().tokens.iter().any(|refused| refused.is_same_token(token))
    }

    /// Begins to count again: a token was accepted, or lived to its end without a refusal.
    pub(super) fn restart(&self) {
        self.state().in_a_row = 0;
    }

    /// Forgets everything, for another login.
    pub(super) fn clear(&self) {
        *self.state() = State::default();
    }

    /// Whether there is a count that is young enough to be remembered.
    pub(super) fn is_recent(&self, now: Duration) -> bool {
        let state = self.state();
        state.in_a_row > 0 && state.last.is_some_and(|last| now < last.saturating_add(MEMORY))
    }
}
