//! The error of one item of a write.

use std::{error::Error as StdError, fmt};

use crate::{ApiError, Error, Outcome};

/// The error of an item that was not written, or may not have been written.
///
/// Its [`outcome`](Self::outcome) is one of four:
/// - [`Refused`](Outcome::Refused): Zoho refused the item.
/// - [`NotSent`](Outcome::NotSent): the item was not sent, and can be written again.
/// - [`Executed`](Outcome::Executed): Zoho answered with a success (2xx), but the result of this
///   item could not be used. Do not write it again.
/// - [`Unknown`](Outcome::Unknown): the item may have been written. Check before you write it
///   again.
///
/// The [`error`](Self::error) in it names the operation, the host, the status and the attempts.
#[derive(Clone, Debug)]
pub struct ItemError {
    outcome: Outcome,
    error: Error,
}

impl ItemError {
    /// Creates the error of an item with this outcome. [`Outcome::Local`] is replaced by
    /// [`Outcome::NotSent`].
    #[must_use]
    pub fn new(outcome: Outcome, error: Error) -> Self {
        let outcome = match outcome {
            Outcome::Local => Outcome::NotSent,
            outcome => outcome,
        };
        Self { outcome, error }
    }

    /// Creates the error of one item from the error of an entire call, with the same outcome.
    #[must_use]
    pub fn of_call(error: Error) -> Self {
        Self::new(error.outcome(), error)
    }

    /// Returns the underlying error.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// Returns the outcome of the item.
    ///
    /// It can differ from the outcome of the [`error`](Self::error): an item that was not sent
    /// because another call was refused is [`Outcome::NotSent`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns `true` if writing this item again cannot write it twice.
    #[must_use]
    pub fn is_safe_to_repeat(&self) -> bool {
        matches!(self.outcome, Outcome::Refused | Outcome::NotSent)
    }

    /// Returns Zoho's error object, if there is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.error.api()
    }

    /// Returns `true` if the record was modified after the time that the write named.
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
            // an error with a call shows its outcome itself
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

/// Converts the error of an item to a zcrm error, with the outcome of the item.
impl From<ItemError> for Error {
    fn from(ItemError { outcome, error }: ItemError) -> Self {
        if error.outcome() == outcome { error } else { error.with_outcome(outcome) }
    }
}
