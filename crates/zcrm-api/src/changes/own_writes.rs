//! The caller's own writes, whose echoes can be left out.

use std::collections::{BTreeMap, BTreeSet};

use zcrm_core::{Id, ItemSuccess, Timestamp, Written};

/// A write of the caller: the id of the record, and the `Modified_Time` that the write returned.
///
/// [`Request::without`](crate::Request::without) leaves its echo out. It is made from a result of a
/// write, or from an id and a time.
///
/// ```
/// use zcrm_api::changes::OwnWrite;
/// use zcrm_core::{Id, Timestamp};
///
/// let time: Timestamp = "2026-05-24T17:05:12+05:30".parse()?;
/// let write = OwnWrite::from((Id::from("3652397000000649013"), time));
/// # let _ = write;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWrite {
    id: Option<Id>,
    time: Option<Timestamp>,
}

impl OwnWrite {
    /// Returns the id and the time in seconds since 1970, if both are known.
    pub(crate) fn into_parts(self) -> Option<(Id, i64)> {
        Some((self.id?, self.time?.time().timestamp()))
    }
}

impl From<(Id, Timestamp)> for OwnWrite {
    fn from((id, time): (Id, Timestamp)) -> Self {
        Self { id: Some(id), time: Some(time) }
    }
}

/// A write whose answer has no time leaves nothing out.
impl From<&Written> for OwnWrite {
    fn from(written: &Written) -> Self {
        Self { id: Some(written.id.clone()), time: written.modified_time }
    }
}

/// A write whose answer has no id or no time leaves nothing out.
impl From<&ItemSuccess> for OwnWrite {
    fn from(success: &ItemSuccess) -> Self {
        Self { id: success.id.clone(), time: success.modified_time }
    }
}

/// The times of own writes, in seconds since 1970.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnWrites(BTreeMap<Id, BTreeSet<i64>>);

impl OwnWrites {
    pub(super) fn add(&mut self, write: OwnWrite) {
        if let Some((id, time)) = write.into_parts() {
            self.0.entry(id).or_default().insert(time);
        }
    }

    pub(super) fn contains(&self, id: &Id, time: i64) -> bool {
        self.0.get(id).is_some_and(|times| times.contains(&time))
    }
}
