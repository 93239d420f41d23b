//! A written item, whose id is known.

use std::fmt;

use super::{Action, ItemError, ItemSuccess, item_success::read_later, success_text::SuccessText};
use crate::{Code, Error, ErrorKind, Id, Outcome, Record, Timestamp};

/// An item that was written.
///
/// Methods such as `code` and `message` read Zoho's answer at each call. The item keeps the answer
/// in memory.
///
/// `Debug` shows only the names of the details, because they hold people's names.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// The id of the item: the one in the answer, or else the one that was sent.
    pub id: Id,
    /// The action of an upsert.
    pub action: Option<Action>,
    /// The time at which the item was created.
    pub created_time: Option<Timestamp>,
    /// The time of this write.
    pub modified_time: Option<Timestamp>,
    text: SuccessText,
}

impl Written {
    /// Creates the item from a success whose id is known, from the answer or because it was `sent`.
    ///
    /// # Errors
    /// Returns an error if there is no id. The outcome is [`Executed`](Outcome::Executed): Zoho
    /// reported the success of a write, so the write must not be repeated.
    pub fn new(success: ItemSuccess, sent: Option<&Id>) -> Result<Self, ItemError> {
        let ItemSuccess { id, action, created_time, modified_time, text } = success;
        match id.or_else(|| sent.cloned()) {
            Some(id) => Ok(Self { id, action, created_time, modified_time, text }),
            None => Err(ItemError::of_call(Error::new(
                ErrorKind::Decode,
                Outcome::Executed,
                "Zoho reported a success without the id of the record",
            ))),
        }
    }

    read_later!();
}

/// Converts to a success whose id is optional.
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
