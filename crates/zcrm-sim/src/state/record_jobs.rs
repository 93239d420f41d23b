//! Jobs that change records after the end of the call that scheduled them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A job that changes records.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RecordJob {
    /// The time at which the job changes the records.
    pub(crate) due: DateTime<Utc>,
    /// The user who scheduled the job.
    pub(crate) user: String,
    pub(crate) work: RecordWork,
}

/// The work of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum RecordWork {
    /// Restores these records from the recycle bin.
    Restore(Vec<u64>),
    /// Deletes these records from the recycle bin.
    Purge(Vec<u64>),
    /// Makes the merge of this job.
    Merge(u64),
    /// Makes the mass change of this job.
    Mass(u64),
}

/// The jobs that change records and have not ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct RecordJobs {
    waiting: Vec<RecordJob>,
    /// Whether jobs were added since this was last asked.
    #[serde(skip)]
    added: bool,
}

impl RecordJobs {
    pub(crate) fn add(&mut self, job: RecordJob) {
        self.waiting.push(job);
        self.added = true;
    }

    /// Returns whether jobs were added since the last call of this method.
    pub(crate) fn take_added(&mut self) -> bool {
        std::mem::take(&mut self.added)
    }

    /// Returns the time at which the next job is due.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.waiting.iter().map(|job| job.due).min()
    }

    /// Takes the next job that is due until `now`; of equal ones, the one that was added first.
    pub(crate) fn take_due(&mut self, now: DateTime<Utc>) -> Option<RecordJob> {
        let next = self.next_due().filter(|due| *due <= now)?;
        let place = self.waiting.iter().position(|job| job.due == next)?;
        Some(self.waiting.remove(place))
    }
}
