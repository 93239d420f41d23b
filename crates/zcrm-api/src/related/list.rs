//! Lists of what belongs to a record.

use std::fmt;

use bytes::Bytes;
use http::Request;
use serde::de::DeserializeOwned;
use zcrm_core::{ApiVersion, Error, Page};

use crate::{
    ItemStream, ListItems, SortOrder,
    ask::Ask,
    check::{self, MOST_FIELDS},
};

/// Reads what belongs to a record, or notes: a page of it, or a stream of all.
///
/// From v3 on Zoho wants the names of the fields. Notes and attachments name theirs by themselves.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let account = api.record("Accounts", "3652397000000649013");
/// let mut contacts = account.related("Contacts").list().fields(["Last_Name"]).stream();
/// while let Some(contact) = contacts.next().await {
///     println!("{:?}", contact?.id());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is read until `send`, `all` or `stream` is called"]
pub struct ListRelated<T> {
    list: ListItems<T>,
    fields: Vec<String>,
    /// The fields are those that zcrm names by itself.
    usual: bool,
    version: ApiVersion,
}

impl<T: DeserializeOwned + Send + 'static> ListRelated<T> {
    /// A list that names `fields` from v3 on unless told otherwise.
    pub(crate) fn new(ask: Ask, version: ApiVersion, fields: &[&str]) -> Self {
        let fields = match version.requires_fields() {
            true => fields.iter().map(|&name| name.to_owned()).collect(),
            false => Vec::new(),
        };
        Self { list: ListItems::new(ask), fields, usual: true, version }
    }

    /// Reads these fields, by their API names; at most 50. `id` comes along by itself. Called again,
    /// it adds to them.
    pub fn fields<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        if std::mem::take(&mut self.usual) {
            self.fields.clear();
        }
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sorts by a field. Of v8 Zoho's files know no such parameter for the records of related lists
    /// and for attachments.
    pub fn sort_by(mut self, field: &str, order: SortOrder) -> Self {
        self.list = self.list.param("sort_by", field).param("sort_order", order.as_str());
        self
    }

    /// How many items a page holds: 1 to 200.
    pub fn per_page(mut self, items: u64) -> Self {
        self.list = self.list.per_page(items);
        self
    }

    /// Begins at this page, counted from 1. Page numbers end at record 2,000.
    pub fn page(mut self, number: u64) -> Self {
        self.list = self.list.page(number);
        self
    }

    /// Begins at the page of this token; from v3 on. `all` and `stream` follow tokens by themselves.
    pub fn page_token(mut self, token: impl AsRef<str>) -> Self {
        self.list = self.list.param("page_token", token);
        self
    }

    /// Any other parameter of Zoho's that the operation knows.
    pub fn param(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.list = self.list.param(name, value);
        self
    }

    /// Adds a query parameter, whether zcrm knows it or not.
    pub fn param_unchecked(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.list = self.list.param_unchecked(name, value);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.list = self.list.header(name, value);
        self
    }

    /// One page.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call.
    pub async fn send(self) -> Result<Page<T>, Error> {
        self.whole().send().await
    }

    /// All items, page after page; the first error ends it.
    ///
    /// # Errors
    /// As [`send`](Self::send), and of kind [`Record`](zcrm_core::ErrorKind::Record) where an item
    /// could not be read.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.whole().all().await
    }

    /// All items, page after page. Mistakes are the stream's first item.
    pub fn stream(self) -> ItemStream<T> {
        self.whole().stream()
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.clone().whole().preview()
    }

    /// The list, with its fields.
    fn whole(self) -> ListItems<T> {
        let Self { list, fields, version, .. } = self;
        if fields.is_empty() {
            let lacks = Error::input(format!(
                "this list must name its fields in {version}: add `.fields([…])`"
            ));
            return match version.requires_fields() {
                true => list.with(|ask| ask.check(Err(lacks))),
                false => list,
            };
        }
        if fields.iter().any(|name| name.trim().is_empty()) {
            return list.with(|ask| ask.check(Err(check::empty_field_name())));
        }
        if fields.len() > MOST_FIELDS {
            let many = Error::input(format!(
                "{} fields were asked for, and Zoho gives at most {MOST_FIELDS} in a call: name \
                 fewer",
                fields.len()
            ));
            return list.with(|ask| ask.check(Err(many)));
        }
        list.param("fields", fields.join(","))
    }
}

impl<T> Clone for ListRelated<T> {
    fn clone(&self) -> Self {
        Self {
            list: self.list.clone(),
            fields: self.fields.clone(),
            usual: self.usual,
            version: self.version,
        }
    }
}

impl<T> fmt::Debug for ListRelated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListRelated")
            .field("list", &self.list)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}
