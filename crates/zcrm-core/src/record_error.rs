//! The error of one record of a list.

use std::fmt;

use crate::{ApiError, Id, escaped};

/// A record of a list that could not be read: it does not fit the caller's type, or Zoho put an
/// error in its place.
///
/// `Display` and `Debug` hold no value of the record; [`raw`](Self::raw) has its text.
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
    /// A record that was there in the first of several reads, and no longer in a later one.
    #[must_use]
    pub fn vanished(index: u64, id: Option<Id>) -> Self {
        Self { index, id, path: ".".to_owned(), problem: Problem::Vanished, raw: String::new() }
    }

    /// Whether the record was deleted, or hidden from the user, while its fields were read in several
    /// calls.
    #[must_use]
    pub fn is_vanished(&self) -> bool {
        matches!(self.problem, Problem::Vanished)
    }

    /// Which record of the page or stream it is, from 0.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The record's id, where it has one.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }

    /// Where in the record the fault lies, such as `Owner.id`; `.` for the whole of it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The error that Zoho put in the record's place.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        match &self.problem {
            Problem::Refused(error) => Some(error),
            Problem::DoesNotFit(_) | Problem::Vanished => None,
        }
    }

    /// The record's JSON as it came. It holds people's data.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The same error, `offset` records further on: for streams that count over pages.
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
                ": it vanished between two reads, and only a part of its fields was read",
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
