//! Bulk write jobs: uploaded files, jobs and results.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bulk_jobs::{Downloads, Job, ResultFile};
use super::files::Blob;

/// The operation of a job on its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BulkOperation {
    Insert,
    Update,
    Upsert,
}

/// A file that was uploaded for bulk writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BulkUpload {
    pub(crate) created: DateTime<Utc>,
    pub(crate) zip: Blob,
}

/// The mapping of a column to a field, as it was requested.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BulkFieldMapping {
    pub(crate) api_name: String,
    pub(crate) index: Option<usize>,
    pub(crate) format: Option<String>,
    pub(crate) find_by: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) parent_column_index: Option<usize>,
    /// The object with the value.
    pub(crate) default_value: Option<Value>,
}

/// The rows of one module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BulkResource {
    /// The module, or the subform.
    pub(crate) module: String,
    /// The id of the uploaded ZIP file.
    pub(crate) file_id: u64,
    /// The name of the CSV in the ZIP file.
    pub(crate) file: String,
    pub(crate) find_by: Option<String>,
    pub(crate) ignore_empty: bool,
    /// Without mappings, the headers are the names of the fields.
    pub(crate) mappings: Option<Vec<BulkFieldMapping>>,
    /// The ZIP file, until the job ends.
    pub(crate) zip: Option<Blob>,
}

/// The numbers of rows by their outcomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RowCounts {
    pub(crate) added: usize,
    pub(crate) updated: usize,
    pub(crate) skipped: usize,
    pub(crate) total: usize,
}

/// The end of a resource.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ResourceEnd {
    /// Zoho's word for the state.
    pub(crate) status: String,
    pub(crate) code: String,
    pub(crate) rows: RowCounts,
}

/// The end of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BulkWriteEnd {
    /// Zoho's word for the state.
    pub(crate) status: String,
    pub(crate) resources: Vec<ResourceEnd>,
    /// Whether the job has a result.
    pub(crate) has_result: bool,
    /// The file of the result, until it expires.
    pub(crate) file: Option<ResultFile>,
    pub(crate) expires: DateTime<Utc>,
}

/// A bulk write job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BulkWriteJob {
    pub(crate) job: Job,
    pub(crate) operation: BulkOperation,
    pub(crate) character_encoding: Option<String>,
    pub(crate) resources: Vec<BulkResource>,
    /// The end; `None` while the job waits or runs.
    pub(crate) end: Option<BulkWriteEnd>,
}

/// The bulk writes of an environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct BulkWrites {
    pub(crate) jobs: BTreeMap<u64, BulkWriteJob>,
    /// The uploaded files by id.
    pub(crate) uploads: BTreeMap<u64, BulkUpload>,
    pub(crate) downloads: Downloads,
}

impl BulkWrites {
    /// Forgets the results and the uploaded files that expired.
    pub(crate) fn forget_expired(&mut self, upload_life: TimeDelta, now: DateTime<Utc>) {
        for job in self.jobs.values_mut() {
            if let Some(end) = &mut job.end
                && end.expires <= now
            {
                end.file = None;
            }
        }
        self.uploads.retain(|_, upload| now - upload.created < upload_life);
    }
}
