//! The states that were reported lately, so that they are not reported twice.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::{Deserialize, Serialize};
use zcrm_core::{Id, Record};

/// The largest number of records, and of deleted ones, that a mark remembers.
const MOST: usize = 5_000;

/// The time of a deletion that has none. It is remembered until the end of the round.
const NO_TIME: i64 = i64::MAX;

/// The last reported state of the records that changed lately. A record has one state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    puts: BTreeMap<Id, SeenPut>,
    /// The times of deletions, in seconds since 1970.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    deleted: BTreeMap<Id, i64>,
    /// The deleted records that were neither among the deleted records nor found by their ids, with the
    /// time of the mark of that round. Such a record may have been restored and deleted again between both
    /// reads, so the next round reads it again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    absent: BTreeMap<Id, i64>,
}

/// A reported version of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeenPut {
    /// `Modified_Time`, in seconds since 1970.
    pub(super) time: i64,
    pub(super) digest: Digest,
}

/// A hash of the JSON of a record. Two changes within a second have the same `Modified_Time`, but not
/// the same content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) fn of(record: &Record) -> Self {
        let mut hasher = DefaultHasher::new();
        record.to_json().hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        format!("{digest}")
    }
}

impl TryFrom<String> for Digest {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl Seen {
    /// Returns the last reported version of a record, if it is remembered and not deleted since.
    pub(super) fn put(&self, id: &Id) -> Option<SeenPut> {
        self.puts.get(id).copied()
    }

    /// Returns `true` if the last reported state of the record is this deletion. A row may have no
    /// time.
    pub(super) fn is_deleted(&self, id: &Id, time: Option<i64>) -> bool {
        self.deleted.get(id).is_some_and(|known| time.is_none_or(|time| time == *known))
    }

    /// Returns `true` if the last reported state of the record is a deletion.
    pub(super) fn is_gone(&self, id: &Id) -> bool {
        self.deleted.contains_key(id) || self.absent.contains_key(id)
    }

    /// Returns the records that were reported as deleted at or after a time, and those that could not be
    /// found in the last round.
    pub(super) fn deleted_since(&self, time: i64) -> impl Iterator<Item = &Id> {
        let deleted = self.deleted.iter().filter(move |(_, deleted)| **deleted >= time);
        deleted.chain(&self.absent).map(|(id, _)| id)
    }

    /// Replaces the state of a record by a version. If it is not remembered, it may be reported
    /// again.
    pub(super) fn set_put(&mut self, id: Id, put: SeenPut, remember: bool) {
        self.deleted.remove(&id);
        self.absent.remove(&id);
        self.puts.remove(&id);
        if remember && self.puts.len() < MOST {
            self.puts.insert(id, put);
        }
    }

    /// Replaces the state of a record by its deletion.
    pub(super) fn set_deleted(&mut self, id: Id, time: Option<i64>) {
        self.puts.remove(&id);
        self.deleted.remove(&id);
        self.absent.remove(&id);
        if self.deleted.len() < MOST {
            self.deleted.insert(id, time.unwrap_or(NO_TIME));
        }
    }

    /// Remembers that a deleted record was not found, in a round that began at the mark of this time.
    pub(super) fn set_absent(&mut self, id: Id, mark: i64) {
        if self.absent.len() < MOST {
            self.absent.entry(id).or_insert(mark);
        }
    }

    /// Forgets the versions and the deletions before these times, deletions without a time, and the
    /// records that were not found before this mark either.
    pub(super) fn forget_before(&mut self, puts: i64, deleted: i64, mark: i64) {
        self.puts.retain(|_, put| put.time >= puts);
        self.deleted.retain(|_, time| (deleted..NO_TIME).contains(time));
        self.absent.retain(|_, absent| *absent == mark);
    }

    /// Returns `true` if less than half of the records that can be remembered are.
    pub(super) fn is_half_empty(&self) -> bool {
        self.puts.len() < MOST / 2
    }

    /// Returns the number of remembered states.
    pub(super) fn len(&self) -> usize {
        self.puts.len().saturating_add(self.deleted.len()).saturating_add(self.absent.len())
    }
}
