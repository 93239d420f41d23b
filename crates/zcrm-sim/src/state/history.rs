//! What was written lately, and what stood there before: for a search whose index is behind, and for
//! those who are to be notified.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::table::Record;

/// How many changes an environment remembers once the call that made them has ended.
const KEPT: usize = 10_000;

/// One record that was written.
#[derive(Debug, Clone)]
pub(crate) struct RecordChange {
    at: DateTime<Utc>,
    pub(crate) module: String,
    pub(crate) id: u64,
    /// What was there; nothing before an insert.
    pub(crate) before: Option<Arc<Record>>,
}

/// The changes of an environment, the oldest first. It is not part of a snapshot: a simulator that
/// starts from one knows only the records in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    changes: VecDeque<RecordChange>,
    /// How many there ever were.
    count: u64,
}

impl History {
    /// Notes that a record was written, and what was there before.
    pub(crate) fn note(
        &mut self,
        at: DateTime<Utc>,
        module: &str,
        id: u64,
        before: Option<Record>,
    ) {
        let before = before.map(Arc::new);
        self.changes.push_back(RecordChange { at, module: module.to_owned(), id, before });
        self.count += 1;
    }

    /// A place to come back to.
    pub(crate) fn mark(&self) -> u64 {
        self.count
    }

    /// What was written since that place, the oldest first.
    pub(crate) fn since(&self, mark: u64) -> impl Iterator<Item = &RecordChange> {
        let count = usize::try_from(self.count.saturating_sub(mark)).unwrap_or(usize::MAX);
        self.changes.iter().skip(self.changes.len().saturating_sub(count))
    }

    /// Forgets what was written since that place, because it was undone.
    pub(crate) fn rewind(&mut self, mark: u64) {
        while self.count > mark && self.changes.pop_back().is_some() {
            self.count -= 1;
        }
    }

    /// Forgets the oldest changes beyond those that are kept.
    pub(crate) fn trim(&mut self) {
        let gone = self.changes.len().saturating_sub(KEPT);
        self.changes.drain(..gone);
    }

    /// The records of a module that were written after that instant, as they were then; those that
    /// were not there yet as nothing.
    pub(crate) fn as_of(
        &self,
        module: &str,
        then: DateTime<Utc>,
    ) -> BTreeMap<u64, Option<&Record>> {
        let later = self.changes.iter().rev().take_while(|change| change.at > then);
        // The oldest of a record's changes comes last, and with it what was there then.
        later
            .filter(|change| change.module == module)
            .map(|change| (change.id, change.before.as_deref()))
            .collect()
    }
}
