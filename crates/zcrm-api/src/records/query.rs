//! What a list or search asks for.

use std::fmt;

use serde::de::DeserializeOwned;
use zcrm_core::{ApiVersion, Error, Id, LineItem, Operation, Page, RequestBuilder, Timestamp};

use super::{
    Include, Records, SortOrder, columns,
    columns::{MOST_IDS, Rest},
    external,
};
use crate::{check, check::MOST_FIELDS, operations};

/// From v3 on Zoho takes one parameter of each pair (`AMBIGUITY_DURING_PROCESSING`).
const CONFLICTS: [(&str, &str); 2] = [("page", "page_token"), ("cvid", "sort_by")];

/// A search goes by one of these; of several Zoho takes one and says nothing of the others.
const WAYS_OF_SEARCH: [&str; 4] = ["criteria", "email", "phone", "word"];

/// Of these Zoho says that the query is wrong where they are empty.
const NEVER_EMPTY: [&str; 8] =
    ["criteria", "email", "phone", "word", "sort_by", "page_token", "cvid", "ids"];

/// From v3 on Zoho sorts lists by these alone.
const SORTABLE: [&str; 3] = ["id", "Created_Time", "Modified_Time"];

/// Fields that hold rows, besides line items: lists leave rows out.
const ROWS: [(&str, &str); 1] = [("Price_Books", "Pricing_Details")];

/// What decides whether a record is seen at all, however it is asked for.
const SEEN_BY: [&str; 5] = ["approved", "converted", "territory_id", "include_child", "uid"];

pub(super) const MODIFIED_SINCE: &str = "If-Modified-Since";

pub(super) struct Query<T> {
    pub(super) records: Records<T>,
    pub(super) operation: &'static Operation,
    pub(super) params: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) columns: Columns,
    fields: Fields,
    external: Vec<String>,
    /// It is limited to no records at all.
    nothing: bool,
    mistake: Option<Error>,
}

/// What else is asked for where one call does not give all fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Columns {
    /// The batches of fields after the first.
    pub(super) rest: Vec<String>,
    /// `Modified_Time` is asked for by us alone.
    pub(super) without_changed: bool,
}

#[derive(Clone)]
pub(super) enum Fields {
    /// Those of the typed module, or none.
    Default,
    Named(Vec<String>),
    All,
}

impl<T> Clone for Query<T> {
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            operation: self.operation,
            params: self.params.clone(),
            headers: self.headers.clone(),
            columns: self.columns.clone(),
            fields: self.fields.clone(),
            external: self.external.clone(),
            nothing: self.nothing,
            mistake: self.mistake.clone(),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Query<T> {
    pub(super) fn new(records: Records<T>, operation: &'static Operation) -> Self {
        Self {
            records,
            operation,
            params: Vec::new(),
            headers: Vec::new(),
            columns: Columns::default(),
            fields: Fields::Default,
            external: Vec::new(),
            nothing: false,
            mistake: None,
        }
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        if self.given(name) {
            self.refuse(format!("`{name}` was given twice: leave one of them out"));
        }
        self.params.push((name.to_owned(), value.into()));
    }

    pub(super) fn set_number(&mut self, name: &str, value: u64, most: u64) {
        if let Err(mistake) = check::in_range(name, value, most) {
            self.mistake.get_or_insert(mistake);
        }
        self.set(name, value.to_string());
    }

    pub(super) fn set_id(&mut self, name: &str, id: &Id) {
        if let Err(mistake) = id.check() {
            self.fail(mistake);
        }
        self.set(name, id.as_str());
    }

    pub(super) fn set_which(&mut self, name: &str, which: Include) {
        self.set(name, which.as_str());
    }

    pub(super) fn ids(&mut self, ids: &[Id]) {
        self.nothing = ids.is_empty();
        if ids.len() > MOST_IDS {
            let count = ids.len();
            self.refuse(format!("`ids` names {count} records, and Zoho takes at most {MOST_IDS}"));
        }
        if let Some(mistake) = ids.iter().find_map(|id| id.check().err()) {
            self.fail(mistake);
        }
        self.set("ids", join(ids));
    }

    pub(super) fn modified_since(&mut self, instant: Timestamp) {
        if self.headers.iter().any(|(name, _)| name == MODIFIED_SINCE) {
            self.refuse(format!("`{MODIFIED_SINCE}` was given twice: leave one of them out"));
        }
        self.headers.push((MODIFIED_SINCE.to_owned(), instant.to_string()));
    }

    pub(super) fn external(&mut self, field: String) {
        self.external.push(field);
    }

    pub(super) fn fields(&mut self, fields: Fields) {
        match (&mut self.fields, fields) {
            (Fields::Named(known), Fields::Named(more)) => known.extend(more),
            (known, fields) => *known = fields,
        }
    }

    pub(super) fn sort(&mut self, field: &str, order: SortOrder) {
        let version = self.records.api.version();
        if version >= ApiVersion::V3 && !SORTABLE.contains(&field) {
            self.refuse(format!(
                "`{}` cannot be sorted by in {version}: Zoho takes `id`, `Created_Time` and \
                 `Modified_Time`; COQL sorts by any field",
                field.escape_debug()
            ));
        }
        self.set("sort_by", field);
        self.set("sort_order", order.as_str());
    }

    pub(super) fn fail(&mut self, mistake: Error) {
        self.mistake.get_or_insert(mistake);
    }

    fn refuse(&mut self, message: String) {
        self.fail(Error::input(message));
    }

    fn given(&self, name: &str) -> bool {
        self.params.iter().any(|(known, _)| known == name)
    }

    fn is(&self, operation: &Operation) -> bool {
        self.operation.name() == operation.name()
    }

    /// The parameters, `fields` among them, checked; nothing but metadata was asked for so far.
    pub(super) async fn prepare(mut self) -> Result<Self, Error> {
        self.check()?;
        let names = match self.names() {
            Some(names) => names,
            None => self.records.api.field_names(&self.records.module).await?.to_vec(),
        };
        self.complete(&names)
    }

    /// The same for a query that need not ask for metadata, if there is no mistake in it.
    pub(super) fn prepare_now(mut self) -> Option<Self> {
        self.check().ok()?;
        let names = self.names()?;
        self.complete(&names).ok()
    }

    /// Whether it is known to find nothing: there is nothing to ask Zoho then.
    pub(super) fn finds_nothing(&self) -> bool {
        self.nothing && self.mistake.is_none()
    }

    fn check(&mut self) -> Result<(), Error> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        // a wrong module is told before its fields are asked for
        let _ = self.records.request(self.operation)?;
        self.refuse_contradictions()?;
        if !self.external.is_empty() {
            let value = external::header(self.records.module(), &self.external)?;
            self.headers.push((external::HEADER.to_owned(), value));
        }
        Ok(())
    }

    /// The names of the fields to ask for; `None` where metadata must say them.
    fn names(&self) -> Option<Vec<String>> {
        let needs_none = !self.records.api.version().requires_fields();
        match &self.fields {
            Fields::Named(names) => Some(names.clone()),
            Fields::All if needs_none || self.is(&operations::LIST_DELETED) => Some(Vec::new()),
            Fields::All => None,
            Fields::Default => {
                Some(self.records.fields.iter().map(|&name| name.to_owned()).collect())
            }
        }
    }

    fn complete(mut self, names: &[String]) -> Result<Self, Error> {
        if self.is(&operations::LIST_DELETED) {
            if !self.given("type") {
                self.set("type", "all");
            }
            return Ok(self);
        }
        let version = self.records.api.version();
        if names.is_empty() && self.is(&operations::LIST) && version.requires_fields() {
            return Err(Error::input(format!(
                "a list of `{}` must name its fields in {version}: add `.fields([…])`, or \
                 `.all_fields()`",
                self.records.module
            )));
        }
        let all = matches!(self.fields, Fields::All);
        let names = self.listable(names, all)?;
        self.ask_for(&names);
        if all && !self.columns.rest.is_empty() && self.columns.without_changed {
            return Err(columns::torn(self.records.module()));
        }
        Ok(self)
    }

    /// The names as the version has them, without those that no list gives; such a name that the caller
    /// gave is a mistake.
    fn listable(&self, names: &[String], all: bool) -> Result<Vec<String>, Error> {
        let (version, module) = (self.records.api.version(), self.records.module());
        let mut listable = Vec::with_capacity(names.len());
        for name in names {
            if name.trim().is_empty() {
                return Err(check::empty_field_name());
            }
            let name = version.field_name(module, name);
            let rows =
                LineItem::member(module, version) == Some(name) || ROWS.contains(&(module, name));
            match rows {
                true if all => {}
                true => {
                    return Err(Error::input(format!(
                        "`{name}` of `{module}` cannot be read in a list, which leaves rows out: \
                         leave it out of the fields, and read it with `get`, one record at a time"
                    )));
                }
                false => listable.push(name.to_owned()),
            }
        }
        Ok(listable)
    }

    /// Names the fields, in batches where they are too many for one call.
    fn ask_for(&mut self, names: &[String]) {
        let version = self.records.api.version();
        // before v3 a call that names no fields gives all of them
        if names.is_empty() || (names.len() > MOST_FIELDS && !version.requires_fields()) {
            return;
        }
        let mut batches = columns::batches(names).into_iter();
        self.params.extend(batches.next().map(|first| ("fields".to_owned(), first)));
        self.columns.rest = batches.collect();
        self.columns.without_changed =
            !self.columns.rest.is_empty() && names.iter().all(|name| name != columns::CHANGED);
    }

    fn refuse_contradictions(&self) -> Result<(), Error> {
        let contradict = |one: &str, other: &str| {
            Err(Error::input(format!(
                "`{one}` and `{other}` contradict each other: leave one of them out"
            )))
        };
        let pair = CONFLICTS.iter().find(|(one, other)| self.given(one) && self.given(other));
        if let Some((one, other)) = pair
            && self.records.api.version() >= ApiVersion::V3
        {
            return contradict(one, other);
        }
        let empty = |(name, value): &&(String, String)| {
            let never = NEVER_EMPTY.contains(&name.as_str()) && !(self.nothing && name == "ids");
            never && value.trim().is_empty()
        };
        if let Some((name, _)) = self.params.iter().find(empty) {
            return Err(Error::input(format!(
                "`{name}` is empty: give it a value, or leave it out"
            )));
        }
        let mut ways = WAYS_OF_SEARCH.iter().filter(|way| self.given(way));
        match (ways.next(), ways.next()) {
            (Some(one), Some(other)) => contradict(one, other),
            _ => Ok(()),
        }
    }

    pub(super) async fn page(self) -> Result<Page<T>, Error> {
        if self.finds_nothing() {
            return Ok(Page::empty());
        }
        let query = self.prepare().await?;
        columns::page(&query.records, query.request()?, &rest(&query.columns, &query.params)).await
    }

    pub(super) fn request(&self) -> Result<RequestBuilder, Error> {
        if self.finds_nothing() {
            return Err(check::no_request("the list of ids is empty"));
        }
        let request = self.records.request(self.operation)?;
        Ok(with_all(request, &self.params, &self.headers))
    }
}

/// What is asked for with each page of a query.
pub(super) fn rest<'a>(columns: &'a Columns, params: &'a [(String, String)]) -> Rest<'a> {
    let decisive = params.iter().filter(|(name, _)| SEEN_BY.contains(&name.as_str()));
    Rest {
        batches: &columns.rest,
        without_changed: columns.without_changed,
        params: decisive.map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        promised: false,
    }
}

/// A request with parameters and headers that were checked before.
pub(super) fn with_all(
    request: RequestBuilder,
    params: &[(String, String)],
    headers: &[(String, String)],
) -> RequestBuilder {
    let request =
        params.iter().fold(request, |request, (name, value)| request.query_unchecked(name, value));
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

impl<T> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.params.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Query")
            .field("operation", &self.operation.name())
            .field("records", &self.records)
            .field("params", &names)
            .finish_non_exhaustive()
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
