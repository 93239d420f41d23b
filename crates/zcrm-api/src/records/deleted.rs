//! Deleted records.

use serde::Deserialize;
use zcrm_core::{Id, Lookup, Timestamp};

/// The data that Zoho keeps of a deleted record: [`Records::deleted`](super::Records::deleted).
///
/// `Debug` does not show the names.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct DeletedRecord {
    /// The record's id.
    pub id: Id,
    /// The name that the record had.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether the record is in the recycle bin or permanently deleted.
    #[serde(default, rename = "type")]
    pub kind: Option<DeletedKind>,
    /// The time of the deletion.
    #[serde(default)]
    pub deleted_time: Option<Timestamp>,
    /// The user who deleted the record.
    #[serde(default)]
    pub deleted_by: Option<Lookup>,
    /// The user who created the record.
    #[serde(default)]
    pub created_by: Option<Lookup>,
}

impl std::fmt::Debug for DeletedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeletedRecord")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("deleted_time", &self.deleted_time)
            .finish_non_exhaustive()
    }
}

/// The state of a deleted record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeletedKind {
    /// The record is in the recycle bin for 60 days and can be restored.
    Recycle,
    /// The record is permanently deleted. Zoho keeps its id for 120 days.
    Permanent,
    /// A value that zcrm does not know.
    #[serde(untagged)]
    Other(String),
}
