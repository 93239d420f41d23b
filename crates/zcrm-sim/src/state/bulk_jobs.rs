//! The parts that all kinds of bulk jobs share: their queue, their failures, and the limit of downloads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::files::Blob;

/// The time within which downloads are counted, and for which they are then refused.
const DOWNLOAD_WINDOW: TimeDelta = TimeDelta::minutes(1);

/// The time for which a new job is shown as added.
const ADDED: TimeDelta = TimeDelta::milliseconds(500);

/// The kind of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobKind {
    Read,
    Write,
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
    /// The job ends as a failure after it wrote this many rows.
    FailAfter {
        rows: usize,
        /// Whether the job has a result all the same.
        result: bool,
    },
    /// The job completes without a result.
    NoResult,
    /// The rows of the result repeat other cells than those that were sent.
    OtherRows,
    /// The rows of the result are in the opposite order.
    ReverseRows,
    /// The result lacks this many of the last rows.
    MissingRows(usize),
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

/// The part of a job that does not depend on its kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: u64,
    /// The id of the user who created the job.
    pub(crate) user: String,
    /// The version of the API that created the job, as in the path.
    pub(crate) version: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) starts: DateTime<Utc>,
    pub(crate) ends: DateTime<Utc>,
    /// The address that is notified of the end.
    pub(crate) callback: Option<String>,
    pub(crate) fault: Option<JobFault>,
}

/// The progress of a job that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobProgress {
    Added,
    Queued,
    Running,
}

impl Job {
    /// Returns the progress at this time, if the job has not ended.
    pub(crate) fn progress(&self, now: DateTime<Utc>) -> JobProgress {
        if now < self.created + ADDED {
            JobProgress::Added
        } else if now < self.starts {
            JobProgress::Queued
        } else {
            JobProgress::Running
        }
    }
}

/// The jobs of an environment that have not ended, and the ends of its queues.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct JobQueue {
    /// By the time of their end.
    waiting: BTreeSet<(DateTime<Utc>, u64)>,
    /// The end of the last job of each queue.
    busy_until: BTreeMap<String, DateTime<Utc>>,
    /// The jobs of the current call.
    #[serde(skip)]
    pub(crate) added: Vec<u64>,
}

impl JobQueue {
    /// Adds a job to a queue, and returns the times at which it starts and ends.
    pub(crate) fn add(
        &mut self,
        job: u64,
        queue: &str,
        takes: TimeDelta,
        now: DateTime<Utc>,
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let busy = self.busy_until.entry(queue.to_owned()).or_insert(now);
        let starts = now.max(*busy);
        let ends = starts.checked_add_signed(takes).unwrap_or(DateTime::<Utc>::MAX_UTC);
        *busy = ends;
        self.waiting.insert((ends, job));
        self.added.push(job);
        (starts, ends)
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
}

/// The downloads of results within the last minute.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Downloads {
    recent: VecDeque<DateTime<Utc>>,
    refused_until: Option<DateTime<Utc>>,
}

impl Downloads {
    /// Counts a download; returns `false` if more than `most` were made within a minute. All
    /// downloads of the next minute are then refused.
    pub(crate) fn admit(&mut self, most: usize, now: DateTime<Utc>) -> bool {
        if self.refused_until.is_some_and(|until| now < until) {
            return false;
        }
        self.refused_until = None;
        self.recent.retain(|at| now < *at + DOWNLOAD_WINDOW);
        if self.recent.len() >= most {
            self.refused_until = Some(now + DOWNLOAD_WINDOW);
            self.recent.clear();
            return false;
        }
        self.recent.push_back(now);
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
        let mut jobs = JobQueue::default();
        assert_eq!(jobs.add(1, "a", TimeDelta::seconds(4), now), (at(0), at(4)));
        assert_eq!(jobs.add(2, "a", TimeDelta::seconds(4), at(1)), (at(4), at(8)));
        assert_eq!(jobs.add(3, "b", TimeDelta::seconds(4), at(1)), (at(1), at(5)));
        assert_eq!(jobs.add(4, "a", TimeDelta::seconds(4), at(60)), (at(60), at(64)));
        let ended: Vec<u64> = std::iter::from_fn(|| jobs.take_ended(at(10))).collect();
        assert_eq!(ended, [1, 3, 2], "in the order of their ends");
        assert_eq!(jobs.next_end(), Some(at(64)));
    }

    #[test]
    fn refuses_downloads_for_a_minute_after_too_many() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let mut downloads = Downloads::default();
        assert!(downloads.admit(2, now) && downloads.admit(2, now));
        assert!(!downloads.admit(2, now + TimeDelta::seconds(59)));
        assert!(!downloads.admit(2, now + TimeDelta::seconds(118)));
        assert!(downloads.admit(2, now + TimeDelta::seconds(119)));
    }
}
