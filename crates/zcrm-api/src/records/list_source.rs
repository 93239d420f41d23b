//! The sources of lists and searches of records.

use zcrm_core::{ApiVersion, Error, LineItem};

use super::external;
use crate::{
    Call, check,
    check::MOST_FIELDS,
    list::{CHANGED, Columns, HasPages, HasTokens, NamesFields, Sorted, Source, batches, torn},
    request::sealed::Sealed,
};

/// The last record that page numbers reach, by Zoho's documentation.
const PAGE_NUMBER_WALL: u64 = 2_000;

/// Pairs of parameters that Zoho does not accept together from v3 on (`AMBIGUITY_DURING_PROCESSING`).
const CONFLICTS: [(&str, &str); 2] = [("page", "page_token"), ("cvid", "sort_by")];

/// The search parameters. If several are given, Zoho uses one and ignores the others.
const WAYS_OF_SEARCH: [&str; 4] = ["criteria", "email", "phone", "word"];

/// The parameters whose empty value Zoho reports only as an invalid query.
const NEVER_EMPTY: [&str; 8] =
    ["criteria", "email", "phone", "word", "sort_by", "page_token", "cvid", "ids"];

/// The fields by which Zoho sorts lists from v3 on.
const SORTABLE: [&str; 3] = ["id", "Created_Time", "Modified_Time"];

/// Fields with rows, in addition to line items. Lists do not return rows.
const ROWS: [(&str, &str); 1] = [("Price_Books", "Pricing_Details")];

/// The [`List`](crate::List) source of [`Records::list`](super::Records::list).
#[derive(Clone, Debug)]
pub struct AllRecords(pub(super) Query);

/// The [`List`](crate::List) source of [`Records::search`](super::Records::search).
#[derive(Clone, Debug)]
pub struct Found(pub(super) Query);

/// The [`List`](crate::List) source of [`Records::deleted`](super::Records::deleted).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Deleted;

/// The options of a list or search of records.
#[derive(Clone, Debug)]
pub(super) struct Query {
    module: String,
    fields: FieldChoice,
    pub(super) external: Vec<String>,
    /// Whether the list is limited to no records.
    pub(super) nothing: bool,
}

#[derive(Clone, Debug)]
enum FieldChoice {
    /// The fields of the typed module, or none.
    Default(&'static [&'static str]),
    Named(Vec<String>),
    All,
}

impl Query {
    pub(super) fn new(module: &str, fields: &'static [&'static str]) -> Self {
        Self {
            module: module.to_owned(),
            fields: FieldChoice::Default(fields),
            external: Vec::new(),
            nothing: false,
        }
    }

    pub(super) fn all_fields(&mut self) {
        self.fields = FieldChoice::All;
    }

    fn add_fields(&mut self, more: Vec<String>) {
        match &mut self.fields {
            FieldChoice::Named(known) => known.extend(more),
            fields => *fields = FieldChoice::Named(more),
        }
    }

    /// Returns the module whose field names must be read first.
    fn all_fields_of(&self, call: &Call) -> Option<String> {
        let asks =
            matches!(self.fields, FieldChoice::All) && call.api().version().requires_fields();
        asks.then(|| self.module.clone())
    }

    fn complete(
        &self,
        mut call: Call,
        known: Option<&[String]>,
        is_list: bool,
    ) -> Result<(Call, Columns), Error> {
        self.refuse_contradictions(&call)?;
        if !self.external.is_empty() {
            call = call.header(external::HEADER, external::header(&self.module, &self.external)?);
        }
        let version = call.api().version();
        let names: Vec<&str> = match (&self.fields, known) {
            (FieldChoice::Named(names), _) => names.iter().map(String::as_str).collect(),
            (FieldChoice::All, known) => {
                known.unwrap_or_default().iter().map(String::as_str).collect()
            }
            (FieldChoice::Default(names), _) => names.to_vec(),
        };
        if names.is_empty() && is_list && version.requires_fields() && !call.has_param("fields") {
            return Err(Error::input(format!(
                "a list of `{}` must name its fields in {version}: add `.fields([…])` or \
                 `.all_fields()`",
                self.module
            )));
        }
        let all = matches!(self.fields, FieldChoice::All);
        let names = self.listable(version, &names, all)?;
        let (call, columns) = ask_for(call, &names);
        if all && !columns.rest.is_empty() && columns.without_changed {
            return Err(torn(&self.module));
        }
        Ok((call, columns))
    }

    /// Returns the fields for a query in place of this list.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) for options that a query does
    /// not have.
    pub(super) fn names_for_query(&self, version: ApiVersion) -> Result<Vec<String>, Error> {
        let names = match &self.fields {
            FieldChoice::All => {
                return Err(not_complete("all_fields", "name the fields with `.fields([…])`"));
            }
            FieldChoice::Named(names) => names.iter().map(String::as_str).collect(),
            FieldChoice::Default(names) => names.to_vec(),
        };
        match self.external.is_empty() {
            true => self.listable(version, &names, false),
            false => Err(not_complete("external_field", "leave it out")),
        }
    }

    /// Returns the names in the form of the API version, without fields that lists do not return.
    /// Such a field is an error if the caller named it.
    fn listable(
        &self,
        version: ApiVersion,
        names: &[&str],
        all: bool,
    ) -> Result<Vec<String>, Error> {
        let module = self.module.as_str();
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
                        "`{name}` of `{module}` cannot be read in a list, because lists do not return rows: \
                         leave it out of the fields and read it with `get`, one record at a time"
                    )));
                }
                false => listable.push(name.to_owned()),
            }
        }
        Ok(listable)
    }

    fn refuse_contradictions(&self, call: &Call) -> Result<(), Error> {
        let contradict = |one: &str, other: &str| {
            Err(Error::input(format!(
                "`{one}` and `{other}` cannot be combined: leave one of them out"
            )))
        };
        let pair =
            CONFLICTS.iter().find(|(one, other)| call.has_param(one) && call.has_param(other));
        if let Some((one, other)) = pair
            && call.api().version() >= ApiVersion::V3
        {
            return contradict(one, other);
        }
        let empty = |(name, value): &(&str, &str)| {
            NEVER_EMPTY.contains(name)
                && value.trim().is_empty()
                && !(self.nothing && *name == "ids")
        };
        if let Some((name, _)) = call.request().query_pairs().find(empty) {
            return Err(Error::input(format!("empty `{name}`: give it a value, or leave it out")));
        }
        let mut ways = WAYS_OF_SEARCH.iter().filter(|way| call.has_param(way));
        match (ways.next(), ways.next()) {
            (Some(one), Some(other)) => contradict(one, other),
            _ => Ok(()),
        }
    }
}

/// The error of an option that ends a complete list at one of Zoho's limits.
pub(super) fn not_complete(option: &str, instead: &str) -> Error {
    Error::input(format!(
        "`{option}` cannot be combined with `complete`, because COQL has no such option: {instead}"
    ))
}

/// Adds the field names to the call. Names beyond the limit of one call go in further batches.
fn ask_for(call: Call, names: &[String]) -> (Call, Columns) {
    let version = call.api().version();
    // before v3 a call without field names returns all fields
    if names.is_empty() || (names.len() > MOST_FIELDS && !version.requires_fields()) {
        return (call, Columns::default());
    }
    let mut batches = batches(names).into_iter();
    let call = match batches.next() {
        Some(first) => call.param("fields", first),
        None => call,
    };
    let rest: Vec<String> = batches.collect();
    let without_changed = !rest.is_empty() && names.iter().all(|name| name != CHANGED);
    (call, Columns { rest, without_changed })
}

macro_rules! query_source {
    ($source:ident, $is_list:literal) => {
        impl Sealed for $source {}

        impl HasPages for $source {}

        impl NamesFields for $source {
            fn add_fields(&mut self, names: Vec<String>) {
                self.0.add_fields(names);
            }
        }

        impl Source for $source {
            fn all_fields_of(&self, call: &Call) -> Option<String> {
                self.0.all_fields_of(call)
            }

            fn complete(
                &self,
                call: Call,
                known: Option<&[String]>,
            ) -> Result<(Call, Columns), Error> {
                self.0.complete(call, known, $is_list)
            }

            fn finds_nothing(&self) -> bool {
                self.0.nothing
            }

            fn page_number_wall(&self) -> Option<u64> {
                Some(PAGE_NUMBER_WALL)
            }
        }
    };
}

query_source!(AllRecords, true);
query_source!(Found, false);

impl HasTokens for AllRecords {}

impl Sorted for AllRecords {
    fn check_sort(&self, call: &Call, field: &str) -> Result<(), Error> {
        let version = call.api().version();
        if version >= ApiVersion::V3 && !SORTABLE.contains(&field) {
            return Err(Error::input(format!(
                "a list cannot be sorted by `{}` in {version}: Zoho takes `id`, `Created_Time` and \
                 `Modified_Time`; COQL sorts by any field",
                field.escape_debug()
            )));
        }
        Ok(())
    }
}

impl Sealed for Deleted {}

impl HasPages for Deleted {}

impl Source for Deleted {
    fn complete(&self, call: Call, _: Option<&[String]>) -> Result<(Call, Columns), Error> {
        let call = match call.has_param("type") {
            true => call,
            false => call.param("type", "all"),
        };
        Ok((call, Columns::default()))
    }
}

/// A source of a list or search of records.
pub trait RecordQuery: Source {
    /// Adds a field that holds the ids of another system.
    fn add_external(&mut self, field: String);
}

impl RecordQuery for AllRecords {
    fn add_external(&mut self, field: String) {
        self.0.external.push(field);
    }
}

impl RecordQuery for Found {
    fn add_external(&mut self, field: String) {
        self.0.external.push(field);
    }
}
