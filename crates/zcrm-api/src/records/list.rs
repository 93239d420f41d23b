//! Lists and searches of records.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, Timestamp};

use super::{
    AllRecords, Deleted, DeletedRecord, Found, Include, Records,
    list_source::{Query, RecordQuery},
};
use crate::{
    Condition, check,
    list::{Cursor, ItemStream, List, MOST_IDS},
    model, operations,
    request::Request,
};

/// The direction of a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there are only two directions")]
pub enum SortOrder {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
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
                "invalid sort order `{}`: expected `asc` or `desc`",
                text.escape_debug()
            ))),
        }
    }
}

/// The header that limits a list to records changed at or after a time.
const MODIFIED_SINCE: &str = "If-Modified-Since";

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Lists the records of the module: one page, all pages, or a stream.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let newest = api
    ///     .records("Leads")
    ///     .list()
    ///     .fields(["Last_Name", "Modified_Time"])
    ///     .sort_by_desc("Modified_Time")
    ///     .per_page(20)
    ///     .await?;
    /// # let _ = newest;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "pagination")]
    pub fn list(&self) -> Request<List<T, AllRecords>> {
        let query = Query::new(self.module(), self.fields);
        List::request(self.call(&operations::LIST), AllRecords(query))
    }

    /// Searches for records that fulfil a condition.
    ///
    /// A search returns at most 2,000 records. Zoho's index may lag behind writes by some seconds.
    pub fn search(&self, condition: Condition) -> Request<List<T, Found>> {
        match condition.to_search() {
            Ok(text) => self.find("criteria", &text),
            Err(mistake) => {
                self.find("criteria", "-").map(|call| call.without_param("criteria").fail(mistake))
            }
        }
    }

    /// Searches for records with this word in any field.
    pub fn search_word(&self, word: &str) -> Request<List<T, Found>> {
        self.find("word", word)
    }

    /// Searches for records with this address in an e-mail field.
    pub fn search_email(&self, address: &str) -> Request<List<T, Found>> {
        self.find("email", address)
    }

    /// Searches for records with this number in a phone field.
    pub fn search_phone(&self, number: &str) -> Request<List<T, Found>> {
        self.find("phone", number)
    }

    /// Resumes a stream of this module at a [`Cursor`], with the cursor's parameters.
    ///
    /// The stream may be a list of records, a search, or a list of deleted records.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the cursor belongs to
    /// another list.
    pub fn resume(&self, cursor: Cursor) -> Result<ItemStream<T>, Error> {
        if cursor.operation() == operations::COQL_QUERY.name() {
            let call = self.call_unpathed(&operations::COQL_QUERY);
            return ItemStream::resume_at(cursor, &call, Some(self.module()));
        }
        let lists = [&operations::SEARCH, &operations::LIST_DELETED];
        let operation = lists.into_iter().find(|list| list.name() == cursor.operation());
        let call = self.call(operation.unwrap_or(&operations::LIST));
        ItemStream::resume_at(cursor, &call, None)
    }

    fn find(&self, by: &str, value: &str) -> Request<List<T, Found>> {
        let call = self.call(&operations::SEARCH);
        let call = call.check(match value.trim().is_empty() {
            true => Err(Error::input(format!("empty search: give `{by}` a value"))),
            false => Ok(()),
        });
        let query = Query::new(self.module(), self.fields);
        List::request(call.param(by, value), Found(query))
    }
}

impl<T> Records<T> {
    /// Lists deleted records, last deleted first.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let mut gone = api.records("Leads").deleted().recycle_bin().stream();
    /// while let Some(record) = gone.next().await {
    ///     println!("{}", record?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn deleted(&self) -> Request<List<DeletedRecord, Deleted>> {
        List::request(self.call(&operations::LIST_DELETED), Deleted)
    }
}

impl<T: DeserializeOwned + Send + 'static, S: RecordQuery> Request<List<T, S>> {
    /// Filters leads by whether they were converted. The default is only unconverted leads.
    pub fn converted(self, include: Include) -> Self {
        self.param("converted", include.as_str())
    }

    /// Filters records by whether they were approved. The default is only approved records.
    pub fn approved(self, include: Include) -> Self {
        self.param("approved", include.as_str())
    }

    /// Uses an external field in place of the ids of the records that it belongs to (`X-EXTERNAL`).
    ///
    /// Examples are `External_Id`, or `Leads.Account_Name.External_Id` for the records of a lookup.
    /// Such ids are those of another system, both sent and received.
    pub fn external_field(self, field: impl Into<String>) -> Self {
        let field = field.into();
        self.set(|kind| kind.source.add_external(field))
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<List<T, AllRecords>> {
    /// Reads all fields of the module.
    ///
    /// From v3 on this first reads the names of the fields from Zoho. The API caches them for an
    /// hour: see [`Api::forget_fields`](crate::Api::forget_fields).
    pub fn all_fields(self) -> Self {
        self.set(|kind| kind.source.0.all_fields())
    }

    /// Reads the records of a custom view (`cvid`), in the order of the view. Costs three API
    /// credits.
    pub fn view(self, id: impl Into<Id>) -> Self {
        self.id("cvid", id.into())
    }

    /// Reads the records of a territory. See also [`include_child`](Self::include_child).
    pub fn territory(self, id: impl Into<Id>) -> Self {
        self.id("territory_id", id.into())
    }

    /// Sets whether records of the territories below the territory are included.
    pub fn include_child(self, include: bool) -> Self {
        self.param("include_child", model::yes_or_no(include))
    }

    /// Reads only the records with these ids, at most 100. For an empty list nothing is sent, and
    /// no records are returned.
    pub fn ids<I: Into<Id>>(self, ids: impl IntoIterator<Item = I>) -> Self {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        let count = ids.len();
        let few = match count <= MOST_IDS {
            true => Ok(()),
            false => Err(Error::input(format!(
                "too many `ids`: {count} given, and Zoho takes at most {MOST_IDS}"
            ))),
        };
        let right = ids.iter().find_map(|id| id.check().err()).map_or(Ok(()), Err);
        self.set(|kind| kind.source.0.nothing = count == 0)
            .map(|call| call.check(few).check(right).param("ids", check::join(&ids)))
    }

    /// Reads only the records changed at this time or later (`If-Modified-Since`). If there are
    /// none, the page is empty.
    pub fn modified_since(self, instant: impl Into<Timestamp>) -> Self {
        modified_since(self, instant.into())
    }

    fn id(self, name: &str, id: Id) -> Self {
        let right = id.check().map(drop);
        self.map(|call| call.check(right)).param(name, id)
    }
}

impl Request<List<DeletedRecord, Deleted>> {
    /// Lists only records in the recycle bin.
    pub fn recycle_bin(self) -> Self {
        self.param("type", "recycle")
    }

    /// Lists only permanently deleted records.
    pub fn permanent(self) -> Self {
        self.param("type", "permanent")
    }

    /// Lists only records deleted at this time or later.
    pub fn modified_since(self, instant: impl Into<Timestamp>) -> Self {
        modified_since(self, instant.into())
    }
}

fn modified_since<K>(request: Request<K>, instant: Timestamp) -> Request<K> {
    let twice = match request.call.request().has_header(MODIFIED_SINCE) {
        true => {
            Err(Error::input(format!("`{MODIFIED_SINCE}` is set twice: leave one of them out")))
        }
        false => Ok(()),
    };
    request.map(|call| call.check(twice)).header(MODIFIED_SINCE, instant.to_string())
}
