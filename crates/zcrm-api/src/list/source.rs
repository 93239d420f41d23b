//! What is listed: it decides which options a list has, and completes its call.

use zcrm_core::{ApiVersion, Error};

use super::Columns;
use crate::{Call, check, check::MOST_FIELDS, request::sealed::Sealed};

/// What a [`List`](super::List) lists. Only zcrm's own types implement it.
pub trait Source: Sealed + Clone + Send + Sync + 'static {
    /// The module whose fields must be known before the list can be read.
    fn all_fields_of(&self, _call: &Call) -> Option<String> {
        None
    }

    /// Adds to the call what the options of the list say. `known` are the names of the module's
    /// fields, where they were asked for.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where the options contradict each other.
    fn complete(self, call: Call, _known: Option<&[String]>) -> Result<(Call, Columns), Error> {
        Ok((call, Columns::default()))
    }

    /// Whether it is known to find nothing, so that there is nothing to ask Zoho.
    fn finds_nothing(&self) -> bool {
        false
    }

    /// How far page numbers reach, in items, where that is known.
    fn page_number_wall(&self) -> Option<u64> {
        None
    }
}

/// A list that has pages.
pub trait HasPages: Source {}

/// A list that comes whole.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Whole;

impl Sealed for Whole {}
impl Source for Whole {}

/// A list that comes in pages.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Paged;

impl Sealed for Paged {}
impl Source for Paged {}
impl HasPages for Paged {}

/// A list of what belongs to a record (related records, notes, attachments), whose fields are named
/// from v3 on. Notes and attachments name theirs by default.
#[derive(Clone, Debug)]
pub struct FieldList {
    fields: Vec<String>,
    /// The fields are the default ones.
    by_default: bool,
}

impl FieldList {
    /// A list that names `fields` from v3 on by default.
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
    fn complete(self, call: Call, _: Option<&[String]>) -> Result<(Call, Columns), Error> {
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
                "{} fields were asked for, and Zoho gives at most {MOST_FIELDS} in a call: name fewer",
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
