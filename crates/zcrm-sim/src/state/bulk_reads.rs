//! Bulk read jobs: their queue, results and page tokens.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files::Blob;

/// The time within which downloads are counted, and for which they are then refused.
const DOWNLOAD_WINDOW: TimeDelta = TimeDelta::minutes(1);

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

/// An injected failure of a job or of its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum JobFault {
    /// The job ends as a failure.
    Fail { code: String, message: String },
    /// The job never ends.
    Stick,
    /// The job does not exist after its creation.
    Lose,
    /// The result is the first half of the file.
    CutResult,
    /// The result's checksum is wrong.
    CorruptResult,
    /// The result has a second file.
    ExtraFile,
    /// The result has no file.
    NoFile,
    /// The result is a small file that expands to this many bytes.
    Bomb(u64),
    /// The last row has one more column than the header.
    ExtraColumn,
    /// The result has expired when the job ends.
    ExpireResult,
    /// The token of the next page has expired when the job ends.
    ExpireToken,
}

/// The file of a finished job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ResultFile {
    Stored(Blob),
    /// Rows that are computed during the download, from the first number on.
    Computed {
        first: u64,
        count: u64,
    },
    /// Zeros that are compressed during the download.
    Bomb(u64),
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
    pub(crate) id: u64,
    /// The id of the user who created the job.
    pub(crate) user: String,
    /// The version of the API that created the job, as in the path.
    pub(crate) version: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) starts: DateTime<Utc>,
    pub(crate) ends: DateTime<Utc>,
    pub(crate) query: BulkQuery,
    pub(crate) page: u64,
    pub(crate) start: BulkStart,
    /// The address that is notified of the end.
    pub(crate) callback: Option<String>,
    pub(crate) fault: Option<JobFault>,
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
    /// The jobs that have not ended, by the time of their end.
    waiting: BTreeSet<(DateTime<Utc>, u64)>,
    /// The end of the last job of each queue.
    busy_until: BTreeMap<String, DateTime<Utc>>,
    /// The jobs of the current call.
    #[serde(skip)]
    pub(crate) added: Vec<u64>,
    downloads: VecDeque<DateTime<Utc>>,
    downloads_refused_until: Option<DateTime<Utc>>,
}

impl BulkReads {
    /// Returns the times at which a new job of a queue starts and ends, and reserves them.
    pub(crate) fn schedule(
        &mut self,
        queue: &str,
        takes: TimeDelta,
        now: DateTime<Utc>,
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let busy = self.busy_until.entry(queue.to_owned()).or_insert(now);
        let starts = now.max(*busy);
        let ends = starts.checked_add_signed(takes).unwrap_or(DateTime::<Utc>::MAX_UTC);
        *busy = ends;
        (starts, ends)
    }

    pub(crate) fn add(&mut self, job: BulkReadJob) {
        self.waiting.insert((job.ends, job.id));
        self.added.push(job.id);
        self.jobs.insert(job.id, job);
    }

    /// Returns the time of the next end.
    pub(crate) fn next_end(&self) -> Option<DateTime<Utc>> {
        self.waiting.first().map(|(ends, _)| *ends)
    }

    /// Takes the next job that ends until `now`.
    pub(crate) fn take_ended(&mut self, now: DateTime<Utc>) -> Option<u64> {
        let next = *self.waiting.first().filter(|(ends, _)| *ends <= now)?;
        self.waiting.remove(&next);
        Some(next.1)
    }

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

    /// Counts a download; returns `false` if more than `most` were made within a minute. All
    /// downloads of the next minute are then refused.
    pub(crate) fn may_download(&mut self, most: usize, now: DateTime<Utc>) -> bool {
        if self.downloads_refused_until.is_some_and(|until| now < until) {
            return false;
        }
        self.downloads_refused_until = None;
        self.downloads.retain(|at| now < *at + DOWNLOAD_WINDOW);
        if self.downloads.len() >= most {
            self.downloads_refused_until = Some(now + DOWNLOAD_WINDOW);
            self.downloads.clear();
            return false;
        }
        self.downloads.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_the_jobs_of_a_queue_one_after_the_other() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let at = |seconds| now + TimeDelta::seconds(seconds);
        let mut jobs = BulkReads::default();
        assert_eq!(jobs.schedule("a", TimeDelta::seconds(4), now), (at(0), at(4)));
        assert_eq!(jobs.schedule("a", TimeDelta::seconds(4), at(1)), (at(4), at(8)));
        assert_eq!(jobs.schedule("b", TimeDelta::seconds(4), at(1)), (at(1), at(5)));
        assert_eq!(jobs.schedule("a", TimeDelta::seconds(4), at(60)), (at(60), at(64)));
    }

    #[test]
    fn refuses_downloads_for_a_minute_after_too_many() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let mut jobs = BulkReads::default();
        assert!(jobs.may_download(2, now) && jobs.may_download(2, now));
        assert!(!jobs.may_download(2, now + TimeDelta::seconds(59)));
        assert!(!jobs.may_download(2, now + TimeDelta::seconds(118)));
        assert!(jobs.may_download(2, now + TimeDelta::seconds(119)));
    }
}
