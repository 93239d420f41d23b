//! Options that several lists share.

use serde::de::DeserializeOwned;

use super::{FieldList, HasPages, List, Source};
use crate::{check, request::Request};

/// A list whose fields can be named.
pub trait NamesFields: Source {
    /// Adds field names.
    fn add_fields(&mut self, names: Vec<String>);
}

impl NamesFields for FieldList {
    fn add_fields(&mut self, names: Vec<String>) {
        self.add(names);
    }
}

/// A list that Zoho can sort by a field.
pub trait Sorted: Source {
    /// Checks that Zoho sorts by this field.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if it does not.
    fn check_sort(&self, _call: &crate::Call, _field: &str) -> Result<(), zcrm_core::Error> {
        Ok(())
    }
}

impl Sorted for FieldList {}

/// A list with page tokens from v3 on.
pub trait HasTokens: HasPages {}

impl HasTokens for FieldList {}

impl<T: DeserializeOwned + Send + 'static, S: HasPages> Request<List<T, S>> {
    /// Sets the number of items per page, from 1 to 200. Zoho's default is 200.
    pub fn per_page(self, items: u64) -> Self {
        let range = check::in_range("per_page", items, check::MOST_PER_PAGE);
        self.map(|call| call.check(range).param("per_page", items.to_string()))
    }

    /// Starts at this page, counted from 1. For records, notes and related records, page numbers
    /// end at record 2,000.
    pub fn page(self, number: u64) -> Self {
        let range = check::in_range("page", number, u64::MAX);
        self.map(|call| call.check(range).param("page", number.to_string()))
    }
}

impl<T: DeserializeOwned + Send + 'static, S: HasTokens> Request<List<T, S>> {
    /// Starts at the page of this token (from v3 on). Zoho's page tokens are valid for 24 hours.
    ///
    /// [`pages`](Self::pages), [`stream`](Self::stream) and [`all`](Self::all) follow page tokens
    /// automatically.
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
    /// Reads these fields, given by their API names. `id` is always included. Further calls add
    /// fields.
    ///
    /// Zoho returns at most 50 fields per call. A list of records reads more fields in several
    /// calls: the list is paged with the first fields, and the others are read by the ids of each
    /// page, at most 100 ids per call. A record that vanishes in between is an error in its place
    /// ([`is_vanished`](zcrm_core::RecordError::is_vanished)). A record that changes in between is
    /// read again in one call. Other lists refuse more than 50 fields.
    pub fn fields<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.set(|kind| kind.source.add_fields(names))
    }
}

impl<T: DeserializeOwned + Send + 'static, S: Sorted> Request<List<T, S>> {
    /// Sorts by a field, smallest or oldest first.
    ///
    /// From v3 on records can only be sorted by `id`, `Created_Time` or `Modified_Time`. Zoho's
    /// default is `id`, newest first.
    pub fn sort_by(self, field: &str) -> Self {
        self.sort(field, "asc")
    }

    /// Sorts by a field, largest or newest first. See [`sort_by`](Self::sort_by).
    pub fn sort_by_desc(self, field: &str) -> Self {
        self.sort(field, "desc")
    }

    fn sort(self, field: &str, order: &str) -> Self {
        let checked = self.kind.source.check_sort(&self.call, field);
        self.map(|call| call.check(checked)).param("sort_by", field).param("sort_order", order)
    }
}
