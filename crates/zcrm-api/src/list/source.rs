//! The sources of lists, which determine the options and complete the call.

use zcrm_core::{ApiVersion, Error};

use super::Columns;
use crate::{Call, check, check::MOST_FIELDS, coql::QueryText, request::sealed::Sealed};

/// A source of a [`List`](super::List). Implemented by this crate only.
pub trait Source: Sealed + Clone + Send + Sync + 'static {
    /// Returns the module whose field names are needed before the list can be read.
    fn all_fields_of(&self, _call: &Call) -> Option<String> {
        None
    }

    /// Adds the options of the list to the call. `known` has the names of the module's fields, if
    /// they were needed.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if options contradict each
    /// other.
    fn complete(&self, call: Call, _known: Option<&[String]>) -> Result<(Call, Columns), Error> {
        Ok((call, Columns::default()))
    }

    /// Returns the query of a list that COQL reads.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the query is invalid.
    fn query(&self, _call: &Call) -> Result<Option<QueryText>, Error> {
        Ok(None)
    }

    /// Returns `true` if the list is known to be empty, so that no call is made.
    fn finds_nothing(&self) -> bool {
        false
    }

    /// Returns the last item that page numbers reach, if it is known.
    fn page_number_wall(&self) -> Option<u64> {
        None
    }
}

/// A list with pages.
pub trait HasPages: Source {}

/// A list without pages: one response holds all items.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Whole;

impl Sealed for Whole {}
impl Source for Whole {}

/// A list with pages and no further options.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Paged;

impl Sealed for Paged {}
impl Source for Paged {}
impl HasPages for Paged {}

/// A list of related records, notes or attachments, whose fields are named from v3 on. Notes and
/// attachments have default fields.
#[derive(Clone, Debug)]
pub struct FieldList {
    fields: Vec<String>,
    /// Whether the fields are the default ones.
    by_default: bool,
}

impl FieldList {
    /// Creates a list that by default names `fields` from v3 on.
    pub(crate) fn new(version: ApiVersion, fields: &[&str]) -> Self {
        let fields = match version.requires_fields() {
            true => fields.iter().map(|&name| name.to_owned()).collect(),
            false => Vec::new(),
        };
        Self { fields, by_default: true }
    }

    pub(super) fn add(&mut self, names: Vec<String>) {
        if std::mem::take(&mut self.by_default) {
            self.fields.clear();
        }
        self.fields.extend(names);
    }
}

impl Sealed for FieldList {}

impl HasPages for FieldList {}

impl Source for FieldList {
    fn complete(&self, call: Call, _: Option<&[String]>) -> Result<(Call, Columns), Error> {
        let version = call.api().version();
        if self.fields.is_empty() {
            return match version.requires_fields() && !call.has_param("fields") {
                true => Err(Error::input(format!(
                    "this list must name its fields in {version}: add `.fields([…])`"
                ))),
                false => Ok((call, Columns::default())),
            };
        }
        if self.fields.iter().any(|name| name.trim().is_empty()) {
            return Err(check::empty_field_name());
        }
        if self.fields.len() > MOST_FIELDS {
            return Err(Error::input(format!(
                "too many fields: {} named, and Zoho returns at most {MOST_FIELDS} in this list",
                self.fields.len()
            )));
        }
        let call = match self.by_default && call.has_param("fields") {
            true => call,
            false => call.param("fields", self.fields.join(",")),
        };
        Ok((call, Columns::default()))
    }
}
