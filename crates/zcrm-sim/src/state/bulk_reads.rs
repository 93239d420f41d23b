//! Bulk read jobs: their results and page tokens.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bulk_jobs::{Downloads, Job, ResultFile};

/// The condition of a bulk query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum BulkCriteria {
    Group {
        /// Whether one condition of the group is enough.
        any: bool,
        group: Vec<BulkCriteria>,
    },
    Condition {
        field: String,
        comparator: String,
        /// The value as it was sent.
        value: Value,
    },
}

/// The rows and columns of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct BulkQuery {
    pub(crate) module: String,
    /// The columns in the order of the request; `None` means all fields.
    pub(crate) fields: Option<Vec<String>>,
    pub(crate) cvid: Option<u64>,
    pub(crate) criteria: Option<BulkCriteria>,
}

/// The start of a job's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BulkStart {
    /// After this number of rows.
    Offset(u64),
    /// After the row with this id.
    After(u64),
}

/// The end of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum JobEnd {
    Completed {
        count: u64,
        next_page_token: Option<String>,
        /// The file until it expires.
        file: Option<ResultFile>,
        expires: DateTime<Utc>,
    },
    Failed {
        code: String,
        message: String,
    },
}

/// A bulk read job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BulkReadJob {
    pub(crate) job: Job,
    pub(crate) query: BulkQuery,
    pub(crate) page: u64,
    pub(crate) start: BulkStart,
    /// The end; `None` while the job waits or runs.
    pub(crate) end: Option<JobEnd>,
}

/// The start of the next page of a query, for the user who created the first job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BulkPageToken {
    pub(crate) user: String,
    pub(crate) query: BulkQuery,
    pub(crate) page: u64,
    pub(crate) start: BulkStart,
    pub(crate) expires: DateTime<Utc>,
}

/// The bulk read jobs of an environment.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct BulkReads {
    pub(crate) jobs: BTreeMap<u64, BulkReadJob>,
    pub(crate) page_tokens: BTreeMap<String, BulkPageToken>,
    pub(crate) downloads: Downloads,
}

impl BulkReads {
    /// Forgets the files and page tokens that expired. Tokens are kept for another day, to
    /// distinguish them from unknown ones.
    pub(crate) fn forget_expired(&mut self, now: DateTime<Utc>) {
        for job in self.jobs.values_mut() {
            if let Some(JobEnd::Completed { file, expires, .. }) = &mut job.end
                && *expires <= now
            {
                *file = None;
            }
        }
        self.page_tokens.retain(|_, token| now < token.expires + TimeDelta::days(1));
    }
}
