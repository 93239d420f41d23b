//! Lists and searches: one page, or a stream of all.

use std::{fmt, str::FromStr};

use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, Page, Timestamp};

use super::{
    RecordStream, Records,
    query::{Fields, Query},
};
use crate::{Criteria, operations};

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is no third direction")]
pub enum SortOrder {
    /// Smallest and oldest first.
    Ascending,
    /// Largest and newest first.
    Descending,
}

impl SortOrder {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

impl FromStr for SortOrder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "asc" => Ok(Self::Ascending),
            "desc" => Ok(Self::Descending),
            _ => Err(Error::input(format!(
                "`{}` is no sort order: it is `asc` or `desc`",
                text.escape_debug()
            ))),
        }
    }
}

/// Filters records by a boolean property: only those that have it, only those that lack it, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a boolean property has no fourth filter")]
pub enum Include {
    /// Only the records that have the property.
    Only,
    /// Only the records that lack it.
    No,
    /// The records that have the property, and the others too.
    Also,
}

impl Include {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Only => "true",
            Self::No => "false",
            Self::Also => "both",
        }
    }
}

/// Paging, and the ways to take in the answer.
macro_rules! paging_methods {
    ($record:ty) => {
        /// How many records a page holds: 1 to 200, and 200 unless told.
        pub fn per_page(mut self, records: u64) -> Self {
            self.query.set_number("per_page", records, crate::check::MOST_PER_PAGE);
            self
        }

        /// Begins at this page, counted from 1. Page numbers of a list or search end at record 2,000.
        pub fn page(mut self, number: u64) -> Self {
            self.query.set_number("page", number, u64::MAX);
            self
        }

        /// Adds any other parameter of Zoho's, whether zcrm knows it or not.
        pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.query.set(name, value.as_ref());
            self
        }

        /// The same as [`param`](Self::param), under the name that other requests have for it.
        pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
            self.param(name, value)
        }

        /// Adds a header, to each page of a stream too. A stream's [`Cursor`](crate::Cursor) holds it.
        pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
            self.query.headers.push((name.to_owned(), value.as_ref().to_owned()));
            self
        }

        /// One page. Where Zoho answers that nothing has changed (304), it is empty.
        ///
        /// # Errors
        /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call.
        pub async fn send(self) -> Result<Page<$record>, Error> {
            self.query.page().await
        }

        /// The request that would be sent: relative, and without the token. Only
        /// `all_fields` asks Zoho for something, once an hour.
        ///
        /// # Errors
        /// As [`send`](Self::send), before anything is sent.
        pub async fn preview(&self) -> Result<Request<Bytes>, Error> {
            self.query.clone().prepare().await?.request()?.build()
        }

        /// All records, page after page. Mistakes are the stream's first item.
        pub fn stream(self) -> RecordStream<$record> {
            RecordStream::begin(self.query)
        }
    };
}
pub(super) use paging_methods;

/// What lists and searches have in common.
macro_rules! query_methods {
    () => {
        /// Reads these fields, by their API names. `id` comes along by itself. Called again, it adds
        /// to them.
        ///
        /// Zoho gives 50 fields in a call. Of more, the first ones page, and the others are read by
        /// the ids of each page, in calls of 100 ids at most. A record that vanishes in between is an
        /// error in its place ([`is_vanished`](zcrm_core::RecordError::is_vanished)), and one that
        /// changes is read again as a whole.
        pub fn fields<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
            let names = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
            self.query.fields(Fields::Named(names));
            self
        }

        /// Converted leads, others, or both; only those that are not converted unless told.
        pub fn converted(mut self, which: Include) -> Self {
            self.query.set_which("converted", which);
            self
        }

        /// Approved records, those that wait for approval, or both; approved ones unless told.
        pub fn approved(mut self, which: Include) -> Self {
            self.query.set_which("approved", which);
            self
        }

        /// Takes and gives the ids of another system for the records that this field is on, such as
        /// `External_Id`, or `Leads.Account_Name.External_Id` for those of a lookup (`X-EXTERNAL`).
        pub fn external_field(mut self, field: impl Into<String>) -> Self {
            self.query.external(field.into());
            self
        }

        paging_methods!(T);
    };
}

/// Reads the records of a module: [`Records::list`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::SortOrder;
///
/// let newest = api
///     .records("Leads")
///     .list()
///     .fields(["Last_Name", "Modified_Time"])
///     .sort_by("Modified_Time", SortOrder::Descending)
///     .per_page(20)
///     .send()
///     .await?;
/// # let _ = newest;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is read until `send` or `stream` is called"]
pub struct ListRecords<T> {
    query: Query<T>,
}

impl<T: DeserializeOwned + Send + 'static> ListRecords<T> {
    pub(super) fn new(records: Records<T>) -> Self {
        Self { query: Query::new(records, &operations::LIST) }
    }

    /// Reads every field that the module has. From v3 on this reads the names of the module's fields
    /// first, once an hour ([`Api::forget_fields`](crate::Api::forget_fields)).
    pub fn all_fields(mut self) -> Self {
        self.query.fields(Fields::All);
        self
    }

    /// Sorts by a field; from v3 on `id`, `Created_Time` or `Modified_Time`. Without it Zoho
    /// sorts by `id`, newest first.
    pub fn sort_by(mut self, field: &str, order: SortOrder) -> Self {
        self.query.sort(field, order);
        self
    }

    /// The records of a custom view (`cvid`). Costs three API credits, and is sorted by the view.
    pub fn view(mut self, id: impl Into<Id>) -> Self {
        self.query.set_id("cvid", &id.into());
        self
    }

    /// The records of a territory; those of the territories below it with
    /// [`include_child`](Self::include_child).
    pub fn territory(mut self, id: impl Into<Id>) -> Self {
        self.query.set_id("territory_id", &id.into());
        self
    }

    /// Whether the territories below are included.
    pub fn include_child(mut self, include: bool) -> Self {
        self.query.set("include_child", if include { "true" } else { "false" });
        self
    }

    /// The records of these ids only; at most 100. Of an empty list nothing is asked, and no records
    /// come.
    pub fn ids<I: Into<Id>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        self.query.ids(&ids);
        self
    }

    /// The records only that were changed at this instant or later (`If-Modified-Since`). Where there
    /// are none, the page is empty.
    pub fn modified_since(mut self, instant: impl Into<Timestamp>) -> Self {
        self.query.modified_since(instant.into());
        self
    }

    /// Begins at the page of this token; from v3 on.
    pub fn page_token(mut self, token: impl Into<String>) -> Self {
        if !self.query.records.api.version().has_page_tokens() {
            let version = self.query.records.api.version();
            self.query.fail(Error::input(format!(
                "`page_token` exists from v3 on, and the client uses {version}"
            )));
        }
        self.query.set("page_token", token);
        self
    }

    query_methods!();
}

/// Finds records: [`Records::search`] and its like.
#[must_use = "nothing is read until `send` or `stream` is called"]
pub struct SearchRecords<T> {
    query: Query<T>,
}

impl<T: DeserializeOwned + Send + 'static> SearchRecords<T> {
    pub(super) fn by(records: Records<T>, way: &str, value: &str) -> Self {
        let mut query = Query::new(records, &operations::SEARCH);
        if value.trim().is_empty() {
            query.fail(Error::input(format!("there is nothing to search for: `{way}` is empty")));
        }
        query.set(way, value);
        Self { query }
    }

    pub(super) fn by_criteria(records: Records<T>, criteria: Criteria) -> Self {
        match criteria.checked() {
            Ok(text) => Self::by(records, "criteria", &text),
            Err(mistake) => {
                let mut query = Query::new(records, &operations::SEARCH);
                query.fail(mistake);
                Self { query }
            }
        }
    }

    query_methods!();
}

impl<T> Clone for ListRecords<T> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone() }
    }
}

impl<T> Clone for SearchRecords<T> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone() }
    }
}

impl<T> fmt::Debug for ListRecords<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListRecords").field(&self.query).finish()
    }
}

impl<T> fmt::Debug for SearchRecords<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SearchRecords").field(&self.query).finish()
    }
}
