//! Jobs that make the same change of many records.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A job that makes the same change of many records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MassJob {
    pub(crate) id: u64,
    pub(crate) module: String,
    pub(crate) work: MassWork,
    pub(crate) records: Vec<u64>,
    pub(crate) scheduled: DateTime<Utc>,
    pub(crate) due: DateTime<Utc>,
    /// The result, once the job has ended.
    pub(crate) end: Option<MassJobEnd>,
}

/// The change of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum MassWork {
    /// Sets these values.
    Update(Map<String, Value>),
    Delete,
    /// Gives the records to this user.
    ChangeOwner(String),
    /// Converts the leads with these options.
    Convert(Map<String, Value>),
}

impl MassWork {
    /// Returns whether both are changes of the same kind.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// How many records a job has changed and how many it has not.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct MassJobEnd {
    pub(crate) done: usize,
    pub(crate) failed: usize,
}
