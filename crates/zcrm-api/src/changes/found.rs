//! The records and deletions that a call of a round found.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, Page, Record, RecordError, Timestamp};

use super::{
    reads::no_time,
    seen::{Digest, SeenPut},
};
use crate::{list::CHANGED, records::DeletedRecord};

/// A record or a deletion that may have been reported before.
#[allow(clippy::large_enum_variant, reason = "moved once, from a page to the caller")]
pub(super) enum Found<T> {
    Put {
        facts: Facts,
        record: T,
    },
    Deleted(DeletedRecord),
    /// A record that was reported as deleted, is no longer listed as such, and was not found by its id.
    Absent(Id),
    /// A record that does not fit the caller's type.
    Bad(RecordError),
}

/// The parts of a record that identify its version.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) id: Id,
    pub(super) time: Timestamp,
    digest: Digest,
}

impl Facts {
    /// Returns the time in seconds since 1970.
    pub(super) fn seconds(&self) -> i64 {
        self.time.time().timestamp()
    }

    pub(super) fn version(&self) -> SeenPut {
        SeenPut { time: self.seconds(), digest: self.digest }
    }
}

/// Returns the facts of each record of a page; none for one that could not be read.
///
/// # Errors
/// Returns an error if a record has no id or no time.
pub(super) fn facts(page: &Page<Record>, module: &str) -> Result<Vec<Option<Facts>>, Error> {
    let facts = |record: &Record| -> Result<Facts, Error> {
        let time = record.get::<Timestamp>(CHANGED)?.ok_or_else(|| no_time(module))?;
        let id = record.get("id")?.ok_or_else(|| no_time(module))?;
        Ok(Facts { id, time, digest: Digest::of(record) })
    };
    page.items.iter().map(|item| item.as_ref().ok().map(facts).transpose()).collect()
}

/// Returns the records of a page that was read by these ids, and those of the ids that it lacks.
pub(super) fn by_ids<T: DeserializeOwned + 'static>(
    page: Page<Record>,
    ids: &[Id],
    module: &str,
) -> Result<Vec<Found<T>>, Error> {
    let exist: BTreeSet<Id> =
        page.items.iter().filter_map(|item| item.as_ref().ok()?.id()).collect();
    let absent = ids.iter().filter(|id| !exist.contains(*id)).cloned().map(Found::Absent);
    let mut found: Vec<_> = absent.collect();
    found.extend(puts(page, module)?);
    Ok(found)
}

/// Returns the records of a page in the caller's type, without those that were deleted while the
/// page was read: the next round reports them.
pub(super) fn puts<T: DeserializeOwned + 'static>(
    page: Page<Record>,
    module: &str,
) -> Result<Vec<Found<T>>, Error> {
    let facts = facts(&page, module)?;
    let found = page.typed::<T>().items.into_iter().zip(facts);
    let found = found.filter_map(|(item, facts)| match (item, facts) {
        (Ok(record), Some(facts)) => Some(Found::Put { facts, record }),
        (Err(error), _) if !error.is_vanished() => Some(Found::Bad(error)),
        _ => None,
    });
    Ok(found.collect())
}
