//! A success whose id is known.

use std::fmt;

use super::{Action, ItemError, ItemSuccess, item_success::read_later, success_text::SuccessText};
use crate::{Code, Error, ErrorKind, Id, Outcome, Record, Timestamp};

/// An item that was written.
///
/// The fields are read at once; `code`, `message` and the like are read from Zoho's answer each time
/// that they are asked for. The item keeps the memory of the answer that it came in.
///
/// `Debug` names the details and does not show them: they name people.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// The item's id: the one that Zoho gave, else the one that was sent.
    pub id: Id,
    /// What an upsert did.
    pub action: Option<Action>,
    /// When the item was made.
    pub created_time: Option<Timestamp>,
    /// When it was changed last: by this write.
    pub modified_time: Option<Timestamp>,
    text: SuccessText,
}

impl Written {
    /// Takes a success whose id is known: Zoho gave it, or it is the one that was `sent`.
    ///
    /// # Errors
    /// Where there is no id at all. The outcome is [`Executed`](Outcome::Executed): Zoho reported the
    /// success of a write, so it must not be repeated.
    pub fn new(success: ItemSuccess, sent: Option<&Id>) -> Result<Self, ItemError> {
        let ItemSuccess { id, action, created_time, modified_time, text } = success;
        match id.or_else(|| sent.cloned()) {
            Some(id) => Ok(Self { id, action, created_time, modified_time, text }),
            None => Err(ItemError::of_call(Error::new(
                ErrorKind::Decode,
                Outcome::Executed,
                "Zoho reported a success and gave no id for what was written",
            ))),
        }
    }

    read_later!();
}

/// Without the check of [`Written::new`]: the id becomes optional.
impl From<Written> for ItemSuccess {
    fn from(written: Written) -> Self {
        let Written { id, action, created_time, modified_time, text } = written;
        Self { id: Some(id), action, created_time, modified_time, text }
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written")
            .field("id", &self.id)
            .field("code", &self.code())
            .field("action", &self.action)
            .field("details", &self.details().names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
