//! A written item, whose id may be unknown.

use std::fmt;

use super::{Action, success_text::SuccessText};
use crate::{Code, Id, Record, Timestamp};

/// An item that was written, with its id if Zoho sent one. It is the result of a raw call.
///
/// [`Written`] is the same with a known id. Methods such as `code` and `message` read Zoho's answer
/// at each call. The item keeps the answer in memory.
///
/// `Debug` shows only the names of the details, because they hold people's names.
///
/// [`Written`]: super::Written
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ItemSuccess {
    /// The id of the item.
    pub id: Option<Id>,
    /// The action of an upsert.
    pub action: Option<Action>,
    /// The time at which the item was created.
    pub created_time: Option<Timestamp>,
    /// The time of this write.
    pub modified_time: Option<Timestamp>,
    pub(super) text: SuccessText,
}

/// Declares the getters that read the answer at each call.
macro_rules! read_later {
    () => {
        /// Returns Zoho's code, usually `SUCCESS`.
        #[must_use]
        pub fn code(&self) -> Code {
            self.text.code()
        }

        /// Returns Zoho's message, such as `record added`.
        #[must_use]
        pub fn message(&self) -> String {
            self.text.message()
        }

        /// Returns the field by which an upsert found its record.
        #[must_use]
        pub fn duplicate_field(&self) -> Option<String> {
            self.text.duplicate_field()
        }

        /// Returns all details that Zoho sent, such as `id`, `Created_Time` and `Modified_By`.
        #[must_use]
        pub fn details(&self) -> Record {
            self.text.details()
        }

        /// Returns the JSON object in which Zoho reported the success.
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
