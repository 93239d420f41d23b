//! The report of an export.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A field that bulk reads refuse, so that an export leaves it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DroppedField {
    /// The API name of the field.
    pub name: String,
    /// Zoho's code, such as `FIELD_NOT_SUPPORTED`.
    pub code: String,
}

/// The progress and the costs of an export, over all processes that worked on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportReport {
    /// The number of records that were saved or acknowledged.
    pub records: u64,
    /// The number of parts, of up to 200,000 records each, that were saved or acknowledged.
    pub parts: u32,
    /// Whether all records were exported.
    pub is_complete: bool,
    /// The number of jobs that were created. Each costs 50 API credits.
    pub jobs: u32,
    /// The number of creates whose answer was lost. Zoho may have executed them and charged 50
    /// credits for each; their jobs cannot be found.
    pub doubtful_jobs: u32,
    /// The number of jobs that were created again, because a job failed at Zoho or its result
    /// expired. They are included in `jobs`.
    pub repeated_jobs: u32,
    /// How often the export was continued by ids, after a page token or a result had expired:
    /// [`Export::continue_by_id`](super::Export::continue_by_id).
    pub continuations: u32,
    /// The fields that were left out.
    pub dropped_fields: Vec<DroppedField>,
    /// Whether a query or a list was used, because bulk reads do not offer the module.
    pub used_lists: bool,
    /// The files that were saved, in their order. Empty for a stream.
    pub files: Vec<PathBuf>,
}
