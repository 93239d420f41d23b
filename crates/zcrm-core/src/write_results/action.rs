//! The action of an upsert.

use std::fmt;

/// The action that Zoho took for a record of an upsert.
///
/// The set is open: an unknown action is [`Other`](Self::Other).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// A new record was created (`insert`).
    Inserted,
    /// An existing record was changed (`update`).
    Updated,
    /// Another action, as Zoho wrote it.
    Other(Box<str>),
}

impl Action {
    /// Returns the action as Zoho writes it: `insert` or `update`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Inserted => "insert",
            Self::Updated => "update",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Action {
    fn from(word: &str) -> Self {
        match word {
            "insert" => Self::Inserted,
            "update" => Self::Updated,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
