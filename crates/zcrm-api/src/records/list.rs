//! Lists and searches: one page, or a stream of all.

use std::{fmt, str::FromStr};

use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;
use zcrm_core::{ApiVersion, Endpoint, Error, Page, RequestBuilder};

use super::{RecordStream, Records};
use crate::operations;

/// Zoho's documentation: at most 50 field names in one call.
const MOST_FIELDS: usize = 50;

/// Zoho's documentation: at most 200 records in a page, which is also what it gives unless told.
pub(super) const MOST_PER_PAGE: u64 = 200;

/// From v3 on Zoho takes one parameter of each pair (`AMBIGUITY_DURING_PROCESSING`).
const CONFLICTS: [(&str, &str); 2] = [("page", "page_token"), ("cvid", "sort_by")];

/// From v3 on Zoho sorts lists by these alone.
const SORTABLE: [&str; 3] = ["id", "Created_Time", "Modified_Time"];

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
    fn as_str(self) -> &'static str {
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

/// What a list or search asks for.
pub(super) struct Query<T> {
    pub(super) records: Records<T>,
    pub(super) endpoint: &'static Endpoint,
    pub(super) params: Vec<(String, String)>,
    fields: Fields,
    mistake: Option<Error>,
}

#[derive(Clone)]
enum Fields {
    /// Those of the typed module, or none.
    Default,
    Named(Vec<String>),
    All,
}

impl<T> Clone for Query<T> {
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            endpoint: self.endpoint,
            params: self.params.clone(),
            fields: self.fields.clone(),
            mistake: self.mistake.clone(),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Query<T> {
    fn new(records: Records<T>, endpoint: &'static Endpoint) -> Self {
        Self { records, endpoint, params: Vec::new(), fields: Fields::Default, mistake: None }
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        if self.params.iter().any(|(known, _)| known == name) {
            let message = format!("`{name}` was given twice: leave one of them out");
            self.mistake.get_or_insert(Error::input(message));
        }
        self.params.push((name.to_owned(), value.into()));
    }

    fn set_number(&mut self, name: &str, value: u64, most: u64) {
        if !(1..=most).contains(&value) {
            let message = format!("`{name}` is {value}, and must be from 1 to {most}");
            self.mistake.get_or_insert(Error::input(message));
        }
        self.set(name, value.to_string());
    }

    fn sort(&mut self, field: &str, order: SortOrder) {
        let version = self.records.api.version();
        if version >= ApiVersion::V3 && !SORTABLE.contains(&field) {
            let message = format!(
                "`{}` cannot be sorted by in {version}: Zoho takes `id`, `Created_Time` and \
                 `Modified_Time`; COQL sorts by any field",
                field.escape_debug()
            );
            self.mistake.get_or_insert(Error::input(message));
        }
        self.set("sort_by", field);
        self.set("sort_order", order.as_str());
    }

    /// The parameters, `fields` among them, checked; nothing but metadata was asked for so far.
    pub(super) async fn prepare(mut self) -> Result<Self, Error> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        // a wrong module is told before its fields are asked for
        let _ = self.records.request(self.endpoint)?;
        let version = self.records.api.version();
        let given = |name: &str| self.params.iter().any(|(known, _)| known == name);
        if let Some((one, other)) = CONFLICTS.iter().find(|(one, other)| given(one) && given(other))
            && version >= ApiVersion::V3
        {
            return Err(Error::input(format!(
                "`{one}` and `{other}` contradict each other: leave one of them out"
            )));
        }
        let names = match std::mem::replace(&mut self.fields, Fields::Default) {
            Fields::Named(names) => names,
            Fields::All if !version.requires_fields() => Vec::new(),
            Fields::All => self.records.api.field_names(&self.records.module).await?.to_vec(),
            Fields::Default => self.records.fields.iter().map(|&name| name.to_owned()).collect(),
        };
        let list = self.endpoint.name() == operations::LIST.name();
        if names.is_empty() && list && version.requires_fields() {
            return Err(Error::input(format!(
                "a list of `{}` must name its fields in {version}: add `.fields([…])`, or \
                 `.all_fields()`",
                self.records.module
            )));
        }
        if names.len() > MOST_FIELDS {
            return Err(Error::input(format!(
                "{} fields were asked for, and Zoho gives at most {MOST_FIELDS} in a call: name \
                 fewer",
                names.len()
            )));
        }
        if !names.is_empty() {
            self.params.push(("fields".to_owned(), names.join(",")));
        }
        Ok(self)
    }

    async fn page(self) -> Result<Page<T>, Error> {
        let query = self.prepare().await?;
        query.records.api.send(query.request()?).await?.page("data")
    }

    fn request(&self) -> Result<RequestBuilder, Error> {
        let request = self.records.request(self.endpoint)?;
        let with = |request: RequestBuilder, (name, value): &(String, String)| {
            request.query_unchecked(name, value)
        };
        Ok(self.params.iter().fold(request, with))
    }
}

impl<T> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.params.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Query")
            .field("operation", &self.endpoint.name())
            .field("records", &self.records)
            .field("params", &names)
            .finish_non_exhaustive()
    }
}

macro_rules! query_methods {
    () => {
        /// Reads these fields, by their API names; at most 50. `id` comes along by itself.
        pub fn fields<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
            let names = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
            self.query.fields = Fields::Named(names);
            self
        }

        /// How many records a page holds: 1 to 200, and 200 unless told.
        pub fn per_page(mut self, records: u64) -> Self {
            self.query.set_number("per_page", records, MOST_PER_PAGE);
            self
        }

        /// Begins at this page, counted from 1. Page numbers end at record 2,000.
        pub fn page(mut self, number: u64) -> Self {
            self.query.set_number("page", number, u64::MAX);
            self
        }

        /// Any other parameter of Zoho's.
        pub fn param(mut self, name: &str, value: impl Into<String>) -> Self {
            self.query.set(name, value);
            self
        }

        /// One page.
        ///
        /// # Errors
        /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call.
        pub async fn send(self) -> Result<Page<T>, Error> {
            self.query.page().await
        }

        /// The request that would be sent: relative, and without the token. Only
        /// `all_fields` asks Zoho for something, once.
        ///
        /// # Errors
        /// As [`send`](Self::send), before anything is sent.
        pub async fn preview(&self) -> Result<Request<Bytes>, Error> {
            self.query.clone().prepare().await?.request()?.build()
        }

        /// All records, page after page. Mistakes are the stream's first item.
        pub fn stream(self) -> RecordStream<T> {
            RecordStream::begin(self.query)
        }
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

    /// Reads every field that the module has. From v3 on this asks once for the module's fields
    /// and keeps them; Zoho gives at most 50 fields in a call.
    pub fn all_fields(mut self) -> Self {
        self.query.fields = Fields::All;
        self
    }

    /// Sorts by a field; from v3 on `id`, `Created_Time` or `Modified_Time`. Without it Zoho
    /// sorts by `id`, newest first.
    pub fn sort_by(mut self, field: &str, order: SortOrder) -> Self {
        self.query.sort(field, order);
        self
    }

    query_methods!();
}

/// Finds records: [`Records::search`].
#[must_use = "nothing is read until `send` or `stream` is called"]
pub struct SearchRecords<T> {
    query: Query<T>,
}

impl<T: DeserializeOwned + Send + 'static> SearchRecords<T> {
    pub(super) fn new(records: Records<T>, by: &str, value: String) -> Self {
        let mut query = Query::new(records, &operations::SEARCH);
        query.set(by, value);
        Self { query }
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

pub(super) fn join<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().fold(String::new(), |mut text, name| {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name.as_ref());
        text
    })
}
