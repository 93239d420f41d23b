//! The counts of a run.

use std::fmt;

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// The histories.
    pub histories: u64,
    /// The histories that failed.
    pub failures: u64,
    /// The operations on the module, without the passing of time.
    pub operations: Operations,
    /// The rounds that were read to their end.
    pub rounds: u64,
    /// The streams that were dropped before their end, and resumed from a stored mark.
    pub resumed: u64,
    /// The changed records that were returned.
    pub puts: u64,
    /// The deletions that were returned.
    pub deletions: u64,
}

impl Tally {
    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.failures += other.failures;
        self.operations.add(other.operations);
        self.rounds += other.rounds;
        self.resumed += other.resumed;
        self.puts += other.puts;
        self.deletions += other.deletions;
    }
}

/// The operations on a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operations {
    /// New records.
    pub inserts: u64,
    /// Changed records.
    pub updates: u64,
    /// Deleted records, from the module or from the recycle bin.
    pub deletions: u64,
    /// Records restored from the recycle bin.
    pub restorations: u64,
    /// Converted leads.
    pub conversions: u64,
    /// Merged records.
    pub merges: u64,
    /// Records that were submitted for approval, or approved.
    pub approvals: u64,
}

impl Operations {
    /// Adds the counts of other operations.
    pub(super) fn add(&mut self, other: Self) {
        self.inserts += other.inserts;
        self.updates += other.updates;
        self.deletions += other.deletions;
        self.restorations += other.restorations;
        self.conversions += other.conversions;
        self.merges += other.merges;
        self.approvals += other.approvals;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { histories, failures, rounds, resumed, puts, deletions, .. } = self;
        write!(
            f,
            "{histories} histories, {failures} failed; {}; {rounds} rounds, {resumed} resumed, {puts} records and {deletions} deletions returned",
            self.operations
        )
    }
}

impl fmt::Display for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} inserts, {} updates, {} deletions, {} restorations, {} conversions, {} merges, \
             {} approvals",
            self.inserts,
            self.updates,
            self.deletions,
            self.restorations,
            self.conversions,
            self.merges,
            self.approvals
        )
    }
}
