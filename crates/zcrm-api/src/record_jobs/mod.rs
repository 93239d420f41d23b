//! Changes of many records that Zoho makes in jobs: mass updates, mass deletions, changes of owners,
//! mass conversions and merges.

mod job;
mod merge;
mod schedule;

pub use job::{RecordJob, RecordJobKind, RecordJobState, RecordJobStatus, WaitForRecordJob};
pub use merge::{MergeRecords, Merged};
pub use schedule::ScheduleRecordJob;
