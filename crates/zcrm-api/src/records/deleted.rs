//! What is left of deleted records.

use serde::Deserialize;
use zcrm_core::{Id, Lookup, Timestamp};

/// What Zoho still knows of a deleted record: [`Records::deleted`](super::Records::deleted).
///
/// `Debug` shows the ids and no names.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct DeletedRecord {
    /// Its id.
    pub id: Id,
    /// What it was called.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Where it is.
    #[serde(default, rename = "type")]
    pub kind: Option<DeletedKind>,
    /// When it was deleted.
    #[serde(default)]
    pub deleted_time: Option<Timestamp>,
    /// Who deleted it.
    #[serde(default)]
    pub deleted_by: Option<Lookup>,
    /// Who had created it.
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

/// Where a deleted record is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DeletedKind {
    /// In the recycle bin, for 60 days, from where it can be restored.
    Recycle,
    /// Gone; its id is known for 120 days.
    Permanent,
    /// A word that zcrm does not know.
    #[serde(untagged)]
    Other(String),
}
