//! The error of one record of a list.

use std::fmt;

use crate::{ApiError, Id, escaped};

/// The error of a record in a list: it does not fit the caller's type, or Zoho sent an error object
/// in its place.
///
/// `Display` and `Debug` show no values of the record; [`raw`](Self::raw) returns its text.
#[derive(Clone)]
pub struct RecordError {
    pub(crate) index: u64,
    pub(crate) id: Option<Id>,
    pub(crate) path: String,
    pub(crate) problem: Problem,
    pub(crate) raw: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Problem {
    DoesNotFit(String),
    Refused(Box<ApiError>),
    Vanished,
}

impl RecordError {
    /// Creates the error for a record that was in the first of several reads and not in a later
    /// one.
    #[must_use]
    pub fn vanished(index: u64, id: Option<Id>) -> Self {
        Self { index, id, path: ".".to_owned(), problem: Problem::Vanished, raw: String::new() }
    }

    /// Creates the error for a record that does not fit the caller's type.
    ///
    /// `path` is the member that does not fit, or `.`; `reason` says why, without values of the
    /// record; `raw` is the record's JSON.
    #[must_use]
    pub fn does_not_fit(
        index: u64,
        id: Option<Id>,
        path: String,
        reason: String,
        raw: String,
    ) -> Self {
        Self { index, id, path, problem: Problem::DoesNotFit(reason), raw }
    }

    /// Returns `true` if the record was deleted, or hidden from the user, between the calls that
    /// read its fields.
    #[must_use]
    pub fn is_vanished(&self) -> bool {
        matches!(self.problem, Problem::Vanished)
    }

    /// Returns the index of the record in the page or stream, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Returns the record's id, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    /// Returns the path of the member that does not fit, such as `Owner.id`, or `.` for the entire
    /// record.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the error object that Zoho sent in the record's place.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match &self.problem {
            Problem::Refused(error) => Some(error),
            Problem::DoesNotFit(_) | Problem::Vanished => None,
        }
    }

    /// Returns the record's JSON as Zoho sent it. It holds people's data.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Adds `offset` to the index, for streams that count across pages.
    #[must_use]
    pub fn shifted(mut self, offset: u64) -> Self {
        self.index = self.index.saturating_add(offset);
        self
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {}", self.index)?;
        if let Some(id) = &self.id {
            write!(f, " (id {})", escaped(id.as_str()))?;
        }
        match &self.problem {
            Problem::DoesNotFit(what) => {
                write!(f, " at `{}`: {}", escaped(&self.path), escaped(what))
            }
            Problem::Refused(error) => write!(f, ": {error}"),
            Problem::Vanished => f.write_str(
                ": it vanished between two reads, so only a part of its fields was read",
            ),
        }
    }
}

impl fmt::Debug for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordError").field(&self.to_string()).finish()
    }
}

impl std::error::Error for RecordError {}
