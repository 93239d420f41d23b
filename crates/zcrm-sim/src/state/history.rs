//! The recent changes of records and the values before them. They serve searches with an outdated
//! index, and notifications.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::record::Record;

/// The number of changes kept after the call that made them has ended.
const KEPT: usize = 10_000;

/// A change of one record.
#[derive(Debug, Clone)]
pub(crate) struct RecordChange {
    at: DateTime<Utc>,
    pub(crate) module: String,
    pub(crate) id: u64,
    /// The record before the change; `None` for an insert.
    pub(crate) before: Option<Arc<Record>>,
    /// Whether channels are notified of it.
    pub(crate) notified: bool,
}

impl RecordChange {
    pub(crate) fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

/// Records with their values at an earlier time; `None` for those that did not exist.
pub(crate) type PastRecords<'a> = BTreeMap<u64, Option<&'a Record>>;

/// The changes of an environment, oldest first. They are not part of a snapshot: a restored
/// simulator knows only the records in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    changes: VecDeque<RecordChange>,
    /// The number of changes so far.
    count: u64,
}

impl History {
    /// Records a change with the record before it.
    pub(crate) fn note(
        &mut self,
        at: DateTime<Utc>,
        module: &str,
        id: u64,
        before: Option<Record>,
        notified: bool,
    ) {
        let (module, before) = (module.to_owned(), before.map(Arc::new));
        self.changes.push_back(RecordChange { at, module, id, before, notified });
        self.count += 1;
    }

    /// Returns a position to pass to `since` or `rewind`.
    pub(crate) fn mark(&self) -> u64 {
        self.count
    }

    /// Returns the changes since `mark`, oldest first.
    pub(crate) fn since(&self, mark: u64) -> impl Iterator<Item = &RecordChange> {
        let count = usize::try_from(self.count.saturating_sub(mark)).unwrap_or(usize::MAX);
        self.changes.iter().skip(self.changes.len().saturating_sub(count))
    }

    /// Returns the changes of a record, the oldest first, each with its number.
    pub(crate) fn of_record(
        &self,
        module: &str,
        id: u64,
    ) -> impl Iterator<Item = (u64, &RecordChange)> {
        let kept = u64::try_from(self.changes.len()).unwrap_or(u64::MAX);
        let numbers = self.count.saturating_sub(kept)..;
        let all = numbers.zip(&self.changes);
        all.filter(move |(_, change)| change.id == id && change.module == module)
    }

    /// Removes the changes since `mark`, because they were undone.
    pub(crate) fn rewind(&mut self, mark: u64) {
        while self.count > mark && self.changes.pop_back().is_some() {
            self.count -= 1;
        }
    }

    /// Removes the oldest changes beyond the limit.
    pub(crate) fn trim(&mut self) {
        let gone = self.changes.len().saturating_sub(KEPT);
        self.changes.drain(..gone);
    }

    /// Returns the records of a module that were changed after `then`, with their values at that
    /// time; `None` for those that did not exist.
    pub(crate) fn as_of(&self, module: &str, then: DateTime<Utc>) -> PastRecords<'_> {
        let later = self.changes.iter().rev().take_while(|change| change.at > then);
        // The oldest change of a record comes last in this order, so its value is the one kept.
        later
            .filter(|change| change.module == module)
            .map(|change| (change.id, change.before.as_deref()))
            .collect()
    }
}
