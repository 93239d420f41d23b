//! Marks: how much of a module's changes was read.

use std::fmt;

use serde::{Deserialize, Serialize};
use zcrm_core::{Error, Id, Timestamp, escaped};

use super::seen::Seen;

/// The version of the serialised form.
const FORMAT: u32 = 1;

/// Shows how much of a module's changes was read. It can be serialised, to go on after a restart.
///
/// [`ChangeStream::mark`](super::ChangeStream::mark) returns it at any time: in the middle of a stream it
/// resumes after the last change that the stream returned, at the end it begins the next round. Store it
/// after the changes that came before it, together with the replica.
///
/// A mark belongs to a module and to the fields that were read. It does not name the organisation, so
/// store it with the replica of that organisation. It contains the time, a position, and for the records
/// that changed lately their ids with a hash of their values: at most 5,000 records and 5,000 deletions,
/// up to about 600 KB as JSON. It contains no values of records. It can be read by this version of zcrm
/// and later ones; a mark of an unknown format is an error when it is deserialised.
///
/// ```
/// use zcrm_api::changes::ChangeMark;
///
/// let mark = ChangeMark::beginning();
/// let stored = serde_json::to_string(&mark)?;
/// let restored: ChangeMark = serde_json::from_str(&stored)?;
/// assert_eq!(restored, mark);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeMark {
    version: Format,
    /// The module and the fields, once a stream has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
    /// The server's time at the start of the last complete round, or `None` before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Timestamp>,
    /// The time of the mark before. Its changes are read again: a record may have been deleted after the
    /// deletions were read, and restored since. It is `None` after a first round of several pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Timestamp>,
    pub(super) position: Position,
    #[serde(default)]
    pub(super) seen: Seen,
}

/// The version of the serialised form, which is checked when a mark is deserialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Format;

impl From<Format> for u32 {
    fn from(_: Format) -> Self {
        FORMAT
    }
}

impl TryFrom<u32> for Format {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version == FORMAT {
            true => Ok(Self),
            false => Err(format!(
                "the mark has the format {version}, but this version of zcrm reads the format {FORMAT}: use \
                 the version that wrote it, or begin again"
            )),
        }
    }
}

/// The position within a round. `until` is the server's time at the start of the round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Position {
    /// The round begins with the deletions. They are read again if the stream is resumed there.
    Deletions,
    /// The deletions are read.
    List { until: Timestamp },
    /// The changed records after this id are left.
    Query {
        until: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Id>,
    },
    /// The records of this list and the following ones are left, from this time on.
    Hidden {
        until: Timestamp,
        list: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
    },
}

impl ChangeMark {
    /// Returns the mark of an empty replica: the first stream returns every record.
    ///
    /// For a large module, an export (`Records::export`, feature `bulk`) and
    /// [`at`](Self::at) cost fewer API credits.
    #[must_use]
    pub fn beginning() -> Self {
        Self::new(None)
    }

    /// Returns the mark of a replica that has all changes before this time: the first stream returns
    /// the changes from then on, and those of the look-back before it.
    ///
    /// After an export, it is the time at which the export was started, by the server's clock.
    #[must_use]
    pub fn at(time: impl Into<Timestamp>) -> Self {
        Self::new(Some(time.into()))
    }

    fn new(since: Option<Timestamp>) -> Self {
        Self {
            version: Format,
            module: None,
            fields: Vec::new(),
            since,
            before: None,
            position: Position::Deletions,
            seen: Seen::default(),
        }
    }

    /// Returns the time of the mark: the server's time at the start of the last round that was read
    /// completely, or the time given to [`at`](Self::at). It is `None` before the first round is
    /// complete.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.since
    }

    /// Binds the mark to a module and its fields, or checks that it belongs to them.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) for a mark of another module, or
    /// without one of the fields.
    pub(super) fn bind(&mut self, module: &str, fields: &[String]) -> Result<(), Error> {
        let Some(own) = &self.module else {
            self.module = Some(module.to_owned());
            self.fields = fields.to_vec();
            return Ok(());
        };
        if own != module {
            return Err(Error::input(format!(
                "the mark belongs to `{}` and cannot be used for `{}`: store one mark for each module",
                escaped(own),
                escaped(module)
            )));
        }
        if let Some(new) = fields.iter().find(|field| !self.fields.contains(field)) {
            return Err(Error::input(format!(
                "the mark was made without the field `{}`, so the records that do not change would lack it: \
                 begin again with `ChangeMark::beginning()`, or read the field of all records, for example \
                 by an export, and go on with `ChangeMark::at(…)` with the time at which you began",
                escaped(new)
            )));
        }
        self.fields = fields.to_vec();
        Ok(())
    }

    /// Returns the time from which changed records are read, without the look-back.
    pub(super) fn changed_since(&self) -> Option<Timestamp> {
        self.since.map(|since| self.before.map_or(since, |before| before.min(since)))
    }

    /// Returns the time of the mark, or the earliest time before the first round.
    pub(super) fn last_time(&self) -> Timestamp {
        self.since.unwrap_or_else(|| chrono::DateTime::UNIX_EPOCH.into())
    }

    /// Ends the round that began at `until`.
    ///
    /// The servers' clocks may differ by less than the look-back. A time that is earlier than the one of
    /// the mark by less than that does not move the mark back: changes would be returned again.
    pub(super) fn finish(&mut self, until: Timestamp, look_back: chrono::TimeDelta) {
        let later = self.since.filter(|since| earlier(*since, look_back) <= until);
        let until = later.map_or(until, |since| since.max(until));
        let is_single_page = matches!(self.position, Position::List { .. });
        self.before = self.since.or_else(|| is_single_page.then(|| self.last_time()));
        let mark = self.last_time().time().timestamp();
        let puts = earlier(self.before.unwrap_or(until), look_back).time().timestamp();
        let deleted = earlier(until, twice(look_back)).time().timestamp();
        self.since = Some(until);
        self.position = Position::Deletions;
        self.seen.forget_before(puts, deleted, mark);
    }
}

/// Returns a duration twice as long.
pub(super) fn twice(duration: chrono::TimeDelta) -> chrono::TimeDelta {
    duration.checked_mul(2).unwrap_or(chrono::TimeDelta::MAX)
}

/// Returns an earlier time.
pub(super) fn earlier(time: Timestamp, by: chrono::TimeDelta) -> Timestamp {
    let time = time.time();
    time.checked_sub_signed(by).unwrap_or(time).into()
}

/// Shows the module, the time, and the number of records that are remembered.
impl fmt::Debug for ChangeMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeMark")
            .field("module", &self.module)
            .field("since", &self.since)
            .field("is_within_round", &(self.position != Position::Deletions))
            .field("remembered", &self.seen.len())
            .finish_non_exhaustive()
    }
}
