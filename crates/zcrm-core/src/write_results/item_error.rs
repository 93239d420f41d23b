//! Why an item was not written.

use std::{error::Error as StdError, fmt};

use crate::{ApiError, Error, Outcome};

/// An item that was not written, or of which that is not known.
///
/// Its [`outcome`](Self::outcome) is one of four:
/// - [`Refused`](Outcome::Refused): Zoho refused the item;
/// - [`NotSent`](Outcome::NotSent): it was never sent, and can be written again;
/// - [`Executed`](Outcome::Executed): Zoho answered with a success (2xx), but what it says of this item
///   could not be used: do not write it again;
/// - [`Unknown`](Outcome::Unknown): it may have been written; look before writing it again.
///
/// The [`error`](Self::error) inside knows the operation, the host, the status and the attempts.
#[derive(Clone, Debug)]
pub struct ItemError {
    outcome: Outcome,
    error: Error,
}

impl ItemError {
    /// An item with this outcome, for the reason that `error` gives. [`Outcome::Local`] counts as
    /// [`Outcome::NotSent`].
    #[must_use]
    pub fn new(outcome: Outcome, error: Error) -> Self {
        let outcome = match outcome {
            Outcome::Local => Outcome::NotSent,
            outcome => outcome,
        };
        Self { outcome, error }
    }

    /// What the error of a whole call means for each of its items: they share its outcome.
    #[must_use]
    pub fn of_call(error: Error) -> Self {
        Self::new(error.outcome(), error)
    }

    /// The error itself.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// What became of the item. It can differ from the outcome of the [`error`](Self::error): an item
    /// that was not sent because another call was refused is [`Outcome::NotSent`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether writing this item again cannot write it twice.
    #[must_use]
    pub fn is_safe_to_repeat(&self) -> bool {
        matches!(self.outcome, Outcome::Refused | Outcome::NotSent)
    }

    /// Returns Zoho's refusal, if the error is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.error.api()
    }

    /// Whether the record was changed after the instant that the write named.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.error.is_conflict()
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &self.error;
        match self.outcome {
            Outcome::NotSent => write!(f, "not sent: {error}"),
            // an error that knows its call says itself what became of it
            Outcome::Unknown if error.operation().is_none() => {
                write!(f, "outcome unknown: {error}")
            }
            Outcome::Executed if error.operation().is_none() => write!(f, "executed: {error}"),
            _ => error.fmt(f),
        }
    }
}

impl StdError for ItemError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

/// The same failure as zcrm's one error, with the outcome of the item.
impl From<ItemError> for Error {
    fn from(ItemError { outcome, error }: ItemError) -> Self {
        if error.outcome() == outcome { error } else { error.with_outcome(outcome) }
    }
}
