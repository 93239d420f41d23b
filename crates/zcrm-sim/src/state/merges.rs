//! Merges of records, and the jobs that make them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A merge of records into another one of their module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Merge {
    pub(crate) module: String,
    /// The record that remains.
    pub(crate) master: u64,
    /// The records that leave the module.
    pub(crate) merged: Vec<u64>,
    /// The values that the call selects.
    pub(crate) choices: Vec<FieldChoice>,
}

/// A value that the master gets from one of the records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FieldChoice {
    pub(crate) field: String,
    pub(crate) record: u64,
    /// The ids of the files that are kept; all files without it.
    pub(crate) files: Option<Vec<String>>,
}

/// A merge that was scheduled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MergeJob {
    pub(crate) id: u64,
    pub(crate) merge: Merge,
    pub(crate) scheduled: DateTime<Utc>,
    pub(crate) due: DateTime<Utc>,
    /// Whether the job succeeded, once it has ended.
    pub(crate) succeeded: Option<bool>,
}

impl Merge {
    /// Returns whether a record is the master or is merged into it.
    pub(crate) fn includes(&self, id: u64) -> bool {
        self.master == id || self.merged.contains(&id)
    }
}
