//! The text of a query, page by page.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use zcrm_core::{ApiVersion, Error, escaped};

use super::{
    limits::{ROWS, most_by_offset, most_rows},
    scan::{Piece, pieces},
};
use crate::{
    Call, check,
    list::{NextPage, QueryRule},
};

/// A query without the position and the number of rows of its page.
///
/// `Debug` shows the module only: the condition may hold personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryText {
    /// The columns after `select`.
    pub(super) select: String,
    /// The module after `from`, with a custom view if the query names one.
    pub(super) from: String,
    /// The condition after `where`, or `None` for all records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<String>,
    /// The clauses after the condition, each with a space before it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) tail: String,
    pub(super) paging: QueryPaging,
    /// The largest number of rows that all pages together return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) most: Option<u64>,
    /// The number of rows that the caller wants on a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) per_page: Option<u64>,
    /// The largest number of rows on a page.
    pub(super) most_per_page: u64,
    /// The last row that offsets reach.
    pub(super) wall: u64,
}

/// How the pages of a query follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum QueryPaging {
    /// Each page begins after the last id of the previous one.
    Keyset { descending: bool },
    /// Each page skips the rows of the previous ones, and those that the caller skips.
    Offset(u64),
    /// The caller's text has a limit: there is one page.
    Once,
}

impl QueryText {
    pub(super) fn new(select: String, from: String, version: ApiVersion) -> Self {
        Self {
            select,
            from,
            condition: None,
            tail: String::new(),
            paging: QueryPaging::Keyset { descending: false },
            most: None,
            per_page: None,
            most_per_page: most_rows(version),
            wall: most_by_offset(version),
        }
    }

    /// Returns the module, with a custom view if the query names one.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// Returns the query of a cursor with the limits of a version, which may be another one than before.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the query has no page at this
    /// position.
    pub(crate) fn resumed(self, at: &NextPage, version: ApiVersion) -> Result<Self, Error> {
        let most_per_page = self.most_per_page.min(most_rows(version));
        let wall = self.wall.min(most_by_offset(version));
        match (self.paging, at) {
            (QueryPaging::Keyset { .. }, NextPage::After(_)) => {}
            (QueryPaging::Offset(_) | QueryPaging::Once, NextPage::Offset(skip))
                if *skip < wall => {}
            (QueryPaging::Offset(_) | QueryPaging::Once, NextPage::Offset(skip)) => {
                return Err(Error::input(format!(
                    "the cursor is at row {skip}, and offsets end at {wall} in {version}: resume it with the \
                     API version that wrote it"
                )));
            }
            _ => {
                return Err(Error::input(
                    "the position of the cursor does not fit its query: the cursor was changed, so start the \
                     query again",
                ));
            }
        }
        let per_page = self.per_page.map(|rows| rows.min(most_per_page));
        Ok(Self { most_per_page, per_page, wall, ..self })
    }

    /// Returns `true` if the query has a row even if it finds no record.
    pub(super) fn always_finds(&self) -> bool {
        let functions = pieces(&self.select)
            .is_ok_and(|pieces| pieces.iter().any(|(_, piece)| *piece == Piece::Other('(')));
        functions && !self.tail.starts_with(" group by")
    }

    /// Returns the position of the first page.
    pub(crate) fn first_page(&self) -> NextPage {
        match self.paging {
            QueryPaging::Keyset { .. } => NextPage::After(None),
            QueryPaging::Offset(rows) => NextPage::Offset(rows),
            QueryPaging::Once => NextPage::Offset(0),
        }
    }

    /// Returns the number of rows of the page that the caller asked for.
    pub(crate) fn asked_rows(&self) -> u64 {
        self.bounded(self.per_page.unwrap_or(ROWS), &self.first_page(), 0)
    }

    /// Returns the number of rows of a page of a stream, after `read` rows were read.
    pub(crate) fn rows(&self, at: &NextPage, read: u64) -> u64 {
        self.bounded(self.per_page.unwrap_or(self.most_per_page), at, read)
    }

    /// Reduces a number of rows to those that the caller and Zoho allow.
    fn bounded(&self, rows: u64, at: &NextPage, read: u64) -> u64 {
        let rows = self.most.map_or(rows, |most| rows.min(most.saturating_sub(read)));
        match (self.paging, at) {
            (QueryPaging::Offset(_), NextPage::Offset(skip)) => {
                rows.min(self.wall.saturating_sub(*skip))
            }
            _ => rows,
        }
    }

    /// Returns the rules by which the pages follow each other.
    pub(crate) fn rule(&self) -> QueryRule {
        QueryRule {
            most: self.most,
            wall: self.wall,
            once: self.paging == QueryPaging::Once,
            descending: self.paging == QueryPaging::Keyset { descending: true },
        }
    }

    /// Returns the query for the page that the caller asked for.
    pub(super) fn asked(&self) -> String {
        self.page(&self.first_page(), self.asked_rows())
    }

    /// Adds the query for one page to a call.
    pub(crate) fn ask(&self, call: Call, at: &NextPage, rows: u64) -> Call {
        #[derive(Serialize)]
        struct Body<'a> {
            select_query: &'a str,
        }
        // the member is known, so that the body needs no check
        match serde_json::to_vec(&Body { select_query: &self.page(at, rows) }) {
            Ok(body) => call.body_unchecked(body),
            Err(error) => call.fail(check::unwritable("the query", &error)),
        }
    }

    /// Writes the query for one page.
    fn page(&self, at: &NextPage, rows: u64) -> String {
        let condition = self.condition.as_deref().map_or(0, str::len);
        let length = self.select.len() + self.from.len() + condition + self.tail.len();
        // with the keywords, the position and the limit
        let mut text = String::with_capacity(length + 100);
        for part in ["select ", &self.select, " from ", &self.from, " where "] {
            text.push_str(part);
        }
        let after = match (self.paging, at) {
            (QueryPaging::Keyset { descending }, NextPage::After(Some(id))) => {
                Some((if descending { '<' } else { '>' }, id))
            }
            _ => None,
        };
        // writing to memory cannot fail
        let _ = match (&self.condition, after) {
            (Some(condition), Some((sign, id))) => {
                write!(text, "({condition} and id {sign} '{id}')")
            }
            (None, Some((sign, id))) => write!(text, "id {sign} '{id}'"),
            (condition, None) => {
                text.push_str(condition.as_deref().unwrap_or("id is not null"));
                Ok(())
            }
        };
        text.push_str(&self.tail);
        let _ = match (self.paging, at) {
            (QueryPaging::Once, _) => Ok(()),
            (QueryPaging::Keyset { descending: false }, _) => {
                write!(text, " order by id asc limit {rows}")
            }
            (QueryPaging::Keyset { descending: true }, _) => {
                write!(text, " order by id desc limit {rows}")
            }
            (QueryPaging::Offset(_), NextPage::Offset(skip)) if *skip > 0 => {
                write!(text, " limit {rows} offset {skip}")
            }
            (QueryPaging::Offset(_), _) => write!(text, " limit {rows}"),
        };
        text
    }
}

impl fmt::Debug for QueryText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueryText({})", escaped(&self.from))
    }
}
