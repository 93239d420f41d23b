//! A success whose id may be unknown.

use std::fmt;

use super::{Action, success_text::SuccessText};
use crate::{Code, Id, Record, Timestamp};

/// An item that was written, with its id where Zoho gave one: the result of a raw call. [`Written`]
/// is the same with an id.
///
/// `code`, `message` and the like are read from Zoho's answer each time that they are asked for. The
/// item keeps the memory of the answer that it came in.
///
/// `Debug` names the details and does not show them: they name people.
///
/// [`Written`]: super::Written
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ItemSuccess {
    /// The item's id.
    pub id: Option<Id>,
    /// What an upsert did.
    pub action: Option<Action>,
    /// When the item was made.
    pub created_time: Option<Timestamp>,
    /// When it was changed last: by this write.
    pub modified_time: Option<Timestamp>,
    pub(super) text: SuccessText,
}

/// The members that are read when they are asked for.
macro_rules! read_later {
    () => {
        /// Returns Zoho's code, mostly `SUCCESS`.
        #[must_use]
        pub fn code(&self) -> Code {
            self.text.code()
        }

        /// Returns Zoho's sentence, such as `record added`.
        #[must_use]
        pub fn message(&self) -> String {
            self.text.message()
        }

        /// Returns the field by which an upsert found its record.
        #[must_use]
        pub fn duplicate_field(&self) -> Option<String> {
            self.text.duplicate_field()
        }

        /// Returns all details that Zoho gave: `id`, `Created_Time`, `Modified_By` and the like.
        #[must_use]
        pub fn details(&self) -> Record {
            self.text.details()
        }

        /// Returns the whole JSON object in which Zoho reported the success.
        #[must_use]
        pub fn json(&self) -> &str {
            self.text.json()
        }
    };
}
pub(super) use read_later;

impl ItemSuccess {
    read_later!();
}

impl fmt::Debug for ItemSuccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemSuccess")
            .field("id", &self.id)
            .field("code", &self.code())
            .field("action", &self.action)
            .field("details", &self.details().names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
