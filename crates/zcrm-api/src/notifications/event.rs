//! The operations on records that a channel is notified of.

use serde::{Deserialize, Serialize};

/// An operation on records that a [`Channel`](super::Channel) is notified of.
///
/// ```
/// use zcrm_api::notifications::Event;
///
/// assert_eq!(Event::Edit.as_str(), "edit");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A record is created.
    Create,
    /// A record is changed.
    Edit,
    /// A record is deleted.
    Delete,
    /// All three. A list of channels shows it as three events.
    All,
}

impl Event {
    /// Returns Zoho's word for the operation in a channel. Notifications have other words: `insert`, `update`
    /// and `delete`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::All => "all",
        }
    }
}
