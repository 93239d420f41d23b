//! The events of a catch-up.

use std::time::Duration;

use zcrm_core::{BoxError, Error, StoreError};

/// An event of a [`CatchUp`](super::CatchUp).
#[derive(Debug)]
#[non_exhaustive]
pub enum CatchUpEvent {
    /// A round is complete, and its mark is stored.
    #[non_exhaustive]
    Finished {
        /// The number of changes that were handled.
        changes: u64,
    },
    /// A record does not fit the type, and was left out.
    #[non_exhaustive]
    LeftOut {
        /// The error.
        error: Error,
    },
    /// A call failed. The round goes on after `next`.
    #[non_exhaustive]
    Failed {
        /// The error.
        error: Error,
        /// The time until the next attempt.
        next: Duration,
    },
    /// The handler failed. Its change, and those since the last stored mark, are handled again after `next`.
    #[non_exhaustive]
    NotHandled {
        /// The error of the handler.
        error: BoxError,
        /// The time until the next attempt.
        next: Duration,
    },
    /// The lease has ended during a round. Another process, or this one, reads it again.
    LeaseLost,
    /// A call of the store failed, or the stored mark cannot be read. It is tried again after `next`.
    #[non_exhaustive]
    StoreFailed {
        /// The error.
        error: StoreError,
        /// The time until the next attempt.
        next: Duration,
    },
}
