//! The kinds and states of bulk jobs.

use zcrm_core::words;

words! {
    /// The state of a bulk job.
    BulkState {
        ADDED = "ADDED": "The job was created.";
        QUEUED = "QUEUED": "The job waits for other jobs of the organisation.";
        IN_PROGRESS = "IN PROGRESS": "Zoho reads or writes the records.";
        COMPLETED = "COMPLETED": "The job has ended.";
        FAILURE = "FAILURE": "A bulk read failed, and there is no result.";
        FAILED = "FAILED": "A bulk write failed. It may have written some of the records.";
        SKIPPED = "SKIPPED": "A bulk write was skipped.";
    }
}

impl BulkState {
    /// Returns the state of a word in an answer. Zoho has two spellings of a running job.
    pub(super) fn read(word: &str) -> Self {
        match word {
            "INPROGRESS" | "IN_PROGRESS" => Self::IN_PROGRESS,
            word => Self::from(word),
        }
    }

    /// Returns `true` if the job failed.
    pub(super) fn is_failure(&self) -> bool {
        *self == Self::FAILURE || *self == Self::FAILED
    }
}

/// The kind of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobKind {
    Read,
    Write,
}

impl JobKind {
    /// Returns the name of the kind in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "bulk read",
            Self::Write => "bulk write",
        }
    }

    /// Returns how long Zoho keeps a result, and what to do afterwards.
    pub(super) fn life(self) -> &'static str {
        match self {
            Self::Read => "Zoho keeps it for about a day, then the job must be created again",
            Self::Write => {
                "Zoho keeps it for seven days, and afterwards only the records themselves show what \
                 was written"
            }
        }
    }
}
