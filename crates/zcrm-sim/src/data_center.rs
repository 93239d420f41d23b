//! A simulated data centre: an organisation, its time and its addresses.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::SimClock;
use crate::config::Config;
use crate::state::State;

/// A data centre. Its listeners share it, and other data centres redirect their users to it.
#[derive(Debug)]
pub(crate) struct DataCenter {
    pub(crate) config: Config,
    pub(crate) clock: SimClock,
    state: Mutex<State>,
}

impl DataCenter {
    pub(crate) fn new(config: Config, clock: SimClock, state: State) -> Self {
        Self { config, clock, state: Mutex::new(state) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
