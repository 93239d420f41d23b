//! Deleted records, and what the recycle bin keeps of them.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::files::{Attachment, File};
use super::link::Link;
use super::record::Record;

/// The time for which a deleted record is in the recycle bin, and the time for which its id is
/// kept.
const RECYCLE_BIN: TimeDelta = TimeDelta::days(60);
const DELETED_IDS: TimeDelta = TimeDelta::days(120);

/// A deleted record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeletedRecord {
    pub(crate) id: u64,
    pub(crate) display_name: String,
    pub(crate) owner: String,
    pub(crate) created_by: String,
    pub(crate) deleted_by: String,
    /// The time of the deletion, as it is shown.
    pub(crate) deleted: DateTime<Utc>,
    /// The time of the deletion by the simulator's clock.
    pub(crate) at: DateTime<Utc>,
    /// The record that this one was deleted with, as its note.
    pub(crate) parent: Option<u64>,
    /// Whether the deletion is listed; with `false`, only the one of its parent is.
    pub(crate) listed: bool,
    /// Whether the record was merged into another one.
    #[serde(default)]
    pub(crate) merged: bool,
    /// The contents in the recycle bin; `None` once it was deleted permanently.
    pub(crate) kept: Option<Box<KeptRecord>>,
}

/// A record in the recycle bin, with everything that was deleted with it except its notes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeptRecord {
    pub(crate) record: Record,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) photo: Option<File>,
    pub(crate) links: Vec<Link>,
}

/// The place of a deleted record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeletedKind {
    /// In the recycle bin.
    Recycle,
    /// Nowhere; only its id is known.
    Permanent,
}

impl DeletedKind {
    /// Returns the type that lists show.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Recycle => "recycle",
            Self::Permanent => "permanent",
        }
    }
}

impl DeletedRecord {
    /// Returns where the record is; `None` once its id is forgotten.
    pub(crate) fn kind(&self, now: DateTime<Utc>) -> Option<DeletedKind> {
        let age = now - self.at;
        if age >= DELETED_IDS {
            None
        } else if age >= RECYCLE_BIN || self.kept.is_none() {
            Some(DeletedKind::Permanent)
        } else {
            Some(DeletedKind::Recycle)
        }
    }

    /// Returns whether the recycle bin shows the record.
    pub(crate) fn is_in_bin(&self, now: DateTime<Utc>) -> bool {
        self.listed && self.kind(now) == Some(DeletedKind::Recycle)
    }
}
