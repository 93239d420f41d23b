//! Options that several lists have.

use serde::de::DeserializeOwned;

use super::{FieldList, HasPages, List, Source};
use crate::{check, request::Request};

/// A list whose fields can be named.
pub trait NamesFields: Source {
    /// Adds names of fields.
    fn add_fields(&mut self, names: Vec<String>);
}

impl NamesFields for FieldList {
    fn add_fields(&mut self, names: Vec<String>) {
        self.add(names);
    }
}

/// A list that Zoho sorts by a field.
pub trait Sorted: Source {
    /// Checks the field.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where Zoho does not sort by it.
    fn check_sort(&self, _call: &crate::Call, _field: &str) -> Result<(), zcrm_core::Error> {
        Ok(())
    }
}

impl Sorted for FieldList {}

/// A list that goes by page tokens from v3 on.
pub trait HasTokens: HasPages {}

impl HasTokens for FieldList {}

impl<T: DeserializeOwned + Send + 'static, S: HasPages> Request<List<T, S>> {
    /// Sets how many items a page holds: 1 to 200, which is also the default.
    pub fn per_page(self, items: u64) -> Self {
        let range = check::in_range("per_page", items, check::MOST_PER_PAGE);
        self.map(|call| call.check(range).param("per_page", items.to_string()))
    }

    /// Begins at this page, counted from 1. Page numbers of records, notes and related records end
    /// at record 2,000.
    pub fn page(self, number: u64) -> Self {
        let range = check::in_range("page", number, u64::MAX);
        self.map(|call| call.check(range).param("page", number.to_string()))
    }
}

impl<T: DeserializeOwned + Send + 'static, S: HasTokens> Request<List<T, S>> {
    /// Begins at the page of this token; from v3 on. [`pages`](Self::pages), [`stream`](Self::stream)
    /// and [`all`](Self::all) follow tokens by themselves. Zoho's tokens live for 24 hours.
    pub fn page_token(self, token: impl AsRef<str>) -> Self {
        let version = self.call.api().version();
        let lacks = match version.has_page_tokens() {
            true => Ok(()),
            false => Err(zcrm_core::Error::input(format!(
                "`page_token` exists from v3 on, but the client uses {version}"
            ))),
        };
        self.map(|call| call.check(lacks)).param("page_token", token)
    }
}

impl<T: DeserializeOwned + Send + 'static, S: NamesFields> Request<List<T, S>> {
    /// Reads these fields, by their API names. `id` comes along by itself. Called again, it adds to
    /// them.
    ///
    /// Zoho gives 50 fields in a call. A list of records reads more of them in several calls: the
    /// first fields come in pages, and the others are read by the ids of each page, in calls of 100
    /// ids at most. A record that vanishes in between is an error in its place
    /// ([`is_vanished`](zcrm_core::RecordError::is_vanished)), and one that changes is read again as
    /// a whole. Other lists refuse more.
    pub fn fields<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.set(|kind| kind.source.add_fields(names))
    }
}

impl<T: DeserializeOwned + Send + 'static, S: Sorted> Request<List<T, S>> {
    /// Sorts by a field, smallest and oldest first. From v3 on records are sorted by `id`,
    /// `Created_Time` or `Modified_Time` only; by default Zoho sorts them by `id`, newest first.
    pub fn sort_by(self, field: &str) -> Self {
        self.sort(field, "asc")
    }

    /// Sorts by a field, largest and newest first; see [`sort_by`](Self::sort_by).
    pub fn sort_by_desc(self, field: &str) -> Self {
        self.sort(field, "desc")
    }

    fn sort(self, field: &str, order: &str) -> Self {
        let checked = self.kind.source.check_sort(&self.call, field);
        self.map(|call| call.check(checked)).param("sort_by", field).param("sort_order", order)
    }
}
