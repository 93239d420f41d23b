//! Locks of records.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A lock of a record by a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecordLock {
    pub(crate) id: u64,
    pub(crate) module: String,
    pub(crate) record: u64,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) at: DateTime<Utc>,
}
