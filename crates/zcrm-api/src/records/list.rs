//! The options of lists and searches of records.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, Timestamp};

use super::{
    AllRecords, Deleted, DeletedRecord, Found, Records,
    list_source::{Query, RecordQuery},
};
use crate::{
    Condition, check,
    list::{Cursor, ItemStream, List, MOST_IDS, Paged},
    model, operations,
    request::Request,
};

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

/// Only what changed at this instant or later is read.
const MODIFIED_SINCE: &str = "If-Modified-Since";

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Reads the records of the module: a page, its pages, or a stream of all.
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

    /// Finds records. The index lags behind writes by seconds, and ends at 2,000 records.
    pub fn search(&self, condition: Condition) -> Request<List<T, Found>> {
        match condition.to_search() {
            Ok(text) => self.find("criteria", &text),
            Err(mistake) => {
                self.find("criteria", "-").map(|call| call.without_param("criteria").fail(mistake))
            }
        }
    }

    /// Finds records that have this word in one of their fields.
    pub fn search_word(&self, word: &str) -> Request<List<T, Found>> {
        self.find("word", word)
    }

    /// Finds records that have this address in one of their e-mail fields.
    pub fn search_email(&self, address: &str) -> Request<List<T, Found>> {
        self.find("email", address)
    }

    /// Finds records that have this number in one of their phone fields.
    pub fn search_phone(&self, number: &str) -> Request<List<T, Found>> {
        self.find("phone", number)
    }

    /// Goes on with a stream of this module's records, of a search or of deleted records, where it ended
    /// or broke off; see [`Cursor`]. The parameters are those of the cursor.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where the cursor is of another list.
    pub fn resume(&self, cursor: Cursor) -> Result<ItemStream<T>, Error> {
        let lists = [&operations::SEARCH, &operations::LIST_DELETED];
        let operation = lists.into_iter().find(|list| list.name() == cursor.operation());
        let call = self.call(operation.unwrap_or(&operations::LIST));
        List::request(call, Paged).resume(cursor)
    }

    fn find(&self, by: &str, value: &str) -> Request<List<T, Found>> {
        let call = self.call(&operations::SEARCH);
        let call = call.check(match value.trim().is_empty() {
            true => Err(Error::input(format!("there is nothing to search for: `{by}` is empty"))),
            false => Ok(()),
        });
        let query = Query::new(self.module(), self.fields);
        List::request(call.param(by, value), Found(query))
    }
}

impl<T> Records<T> {
    /// Reads what is left of deleted records, the last deleted first.
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
    /// Filters by whether a lead was converted; by default only those that were not are read.
    pub fn converted(self, include: Include) -> Self {
        self.param("converted", include.as_str())
    }

    /// Filters by whether a record was approved; by default only approved ones are read.
    pub fn approved(self, include: Include) -> Self {
        self.param("approved", include.as_str())
    }

    /// Takes and gives the ids of another system for the records that this field is on, such as
    /// `External_Id`, or `Leads.Account_Name.External_Id` for those of a lookup (`X-EXTERNAL`).
    pub fn external_field(self, field: impl Into<String>) -> Self {
        let field = field.into();
        self.set(|kind| kind.source.add_external(field))
    }
}

impl<T: DeserializeOwned + Send + 'static> Request<List<T, AllRecords>> {
    /// Reads every field that the module has. From v3 on the names of the module's fields are read
    /// first, once an hour ([`Api::forget_fields`](crate::Api::forget_fields)).
    pub fn all_fields(self) -> Self {
        self.set(|kind| kind.source.0.all_fields())
    }

    /// Reads the records of a custom view (`cvid`). Costs three API credits, and is sorted by the
    /// view.
    pub fn view(self, id: impl Into<Id>) -> Self {
        self.id("cvid", id.into())
    }

    /// Reads the records of a territory; those of the territories below it with
    /// [`include_child`](Self::include_child).
    pub fn territory(self, id: impl Into<Id>) -> Self {
        self.id("territory_id", id.into())
    }

    /// Sets whether the territories below are included.
    pub fn include_child(self, include: bool) -> Self {
        self.param("include_child", model::yes_or_no(include))
    }

    /// Reads only the records of these ids; at most 100. Of an empty list nothing is asked, and no
    /// records come.
    pub fn ids<I: Into<Id>>(self, ids: impl IntoIterator<Item = I>) -> Self {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        let count = ids.len();
        let few = match count <= MOST_IDS {
            true => Ok(()),
            false => Err(Error::input(format!(
                "`ids` names {count} records, and Zoho takes at most {MOST_IDS}"
            ))),
        };
        let right = ids.iter().find_map(|id| id.check().err()).map_or(Ok(()), Err);
        self.set(|kind| kind.source.0.nothing = count == 0)
            .map(|call| call.check(few).check(right).param("ids", check::join(&ids)))
    }

    /// Reads only the records that were changed at this instant or later (`If-Modified-Since`). Where
    /// there are none, the page is empty.
    pub fn modified_since(self, instant: impl Into<Timestamp>) -> Self {
        modified_since(self, instant.into())
    }

    fn id(self, name: &str, id: Id) -> Self {
        let right = id.check().map(drop);
        self.map(|call| call.check(right)).param(name, id)
    }
}

impl Request<List<DeletedRecord, Deleted>> {
    /// Reads only those in the recycle bin.
    pub fn recycle_bin(self) -> Self {
        self.param("type", "recycle")
    }

    /// Reads only those that are gone for good.
    pub fn permanent(self) -> Self {
        self.param("type", "permanent")
    }

    /// Reads only those that were deleted at this instant or later.
    pub fn modified_since(self, instant: impl Into<Timestamp>) -> Self {
        modified_since(self, instant.into())
    }
}

fn modified_since<K>(request: Request<K>, instant: Timestamp) -> Request<K> {
    let twice = match request.call.request().has_header(MODIFIED_SINCE) {
        true => {
            Err(Error::input(format!("`{MODIFIED_SINCE}` was given twice: leave one of them out")))
        }
        false => Ok(()),
    };
    request.map(|call| call.check(twice)).header(MODIFIED_SINCE, instant.to_string())
}
