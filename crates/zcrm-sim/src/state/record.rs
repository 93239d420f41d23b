//! A record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A record: the values kept by the system, and the values of the other fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) created_by: String,
    pub(crate) modified_by: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) modified: DateTime<Utc>,
    /// Whether the lead is converted.
    pub(crate) converted: bool,
    /// Whether the record is approved; `false` while it waits for approval.
    pub(crate) approved: bool,
    pub(crate) values: Map<String, Value>,
}

impl Record {
    /// Returns the record with only the values that the system keeps.
    pub(crate) fn without_values(&self) -> Self {
        Self {
            id: self.id,
            owner: self.owner.clone(),
            created_by: self.created_by.clone(),
            modified_by: self.modified_by.clone(),
            created: self.created,
            modified: self.modified,
            converted: self.converted,
            approved: self.approved,
            values: Map::new(),
        }
    }

    /// Returns whether a plain list leaves the record out.
    pub(super) fn is_hidden(&self) -> bool {
        self.converted || !self.approved
    }
}
