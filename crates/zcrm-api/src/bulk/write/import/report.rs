//! The report of an import.

use crate::bulk::write::outcome::{BulkOutcome, BulkRowStatus};

/// The outcomes of an import, and its costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// The number of records in the input.
    pub records: u64,
    /// The number of records that were created.
    pub added: u64,
    /// The number of records that were updated.
    pub updated: u64,
    /// The number of records that were refused, or skipped because they exist.
    pub skipped: u64,
    /// The number of records that a job did not come to. They were not written.
    pub unprocessed: u64,
    /// The number of records that may have been written.
    pub unknown: u64,
    /// The number of jobs that this process created, for 500 credits each.
    pub jobs: u32,
    /// The number of calls of 100 records that this process made, for about 10 credits each.
    pub calls: u32,
    /// The number of jobs and calls whose answer was lost in this or an earlier process.
    pub doubtful: u32,
}

/// The progress of an import: [`Request::on_import_progress`](crate::Request::on_import_progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportProgress {
    /// The number of records whose outcome is known.
    pub done: u64,
    /// The number of records in the input.
    pub records: u64,
}

impl ImportReport {
    /// Counts an outcome.
    pub(super) fn count(&mut self, outcome: &BulkOutcome) {
        let status = &outcome.status;
        let counter = match status {
            status if *status == BulkRowStatus::ADDED => &mut self.added,
            status if *status == BulkRowStatus::UPDATED => &mut self.updated,
            status if *status == BulkRowStatus::SKIPPED => &mut self.skipped,
            status if *status == BulkRowStatus::UNPROCESSED => &mut self.unprocessed,
            _ => &mut self.unknown,
        };
        *counter = counter.saturating_add(1);
    }

    /// Returns the number of records whose outcome is known.
    pub(super) fn done(&self) -> u64 {
        self.added + self.updated + self.skipped + self.unprocessed + self.unknown
    }
}
