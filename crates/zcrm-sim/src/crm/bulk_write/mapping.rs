//! The mapping of columns to fields.

use std::sync::Arc;

use serde_json::{Value, json};

use super::pattern::{DatePattern, NumberPattern};
use crate::bulk_write::DefaultDates;
use crate::crm::call::Refusal;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{BulkFieldMapping, BulkOperation, BulkResource, State};

/// The name of the ids of records.
pub(super) const ID: &str = "id";

/// The modules besides custom ones that bulk write offers.
const OFFERED: [&str; 15] = [
    "Leads",
    "Accounts",
    "Contacts",
    "Deals",
    "Campaigns",
    "Cases",
    "Solutions",
    "Products",
    "Vendors",
    "Price_Books",
    "Tasks",
    "Quotes",
    "Sales_Orders",
    "Purchase_Orders",
    "Invoices",
];

/// How the cells of a column are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    Plain,
    Date(DatePattern),
    Number(NumberPattern),
}

/// A field with the column or the default value that it takes.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) field: FieldSpec,
    /// The place of the column in the file, with its header.
    pub(super) source: Option<(usize, String)>,
    pub(super) reading: Reading,
    /// The field by which the record of a lookup is found.
    pub(super) find_by: Option<String>,
    /// The module of a lookup that allows any.
    pub(super) module: Option<String>,
    pub(super) default: Option<String>,
}

impl Column {
    /// Returns the name of the column in errors.
    pub(super) fn name(&self) -> &str {
        self.source.as_ref().map_or(self.field.api_name.as_str(), |(_, header)| header)
    }

    /// Returns the module that the lookup of the column points at.
    pub(super) fn target(&self) -> Option<&str> {
        self.module.as_deref().or(self.field.lookup.as_deref())
    }
}

/// A checked resource.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) module: Arc<ModuleSpec>,
    pub(super) columns: Vec<Column>,
    /// The place of the column that finds existing records.
    pub(super) key: Option<usize>,
}

impl Plan {
    /// Returns the mapped columns whose cells the result repeats.
    pub(super) fn shown(&self) -> impl Iterator<Item = &(usize, String)> {
        self.columns.iter().filter_map(|column| column.source.as_ref()).take(3)
    }

    /// Returns the column that finds existing records.
    pub(super) fn key_column(&self) -> Option<&Column> {
        self.key.and_then(|place| self.columns.get(place))
    }
}

/// Returns a module that bulk write offers.
pub(super) fn module(state: &State, name: &str) -> Option<Arc<ModuleSpec>> {
    state.module(name).filter(|module| module.custom || OFFERED.contains(&name))
}

/// Checks the mappings of a resource against the header of its file.
pub(super) fn plan(
    state: &State,
    defaults: DefaultDates,
    operation: BulkOperation,
    resource: &BulkResource,
    header: &[String],
) -> Result<Plan, Refusal> {
    let module = module(state, &resource.module).ok_or_else(|| unavailable(&resource.module))?;
    let asked = match &resource.mappings {
        Some(mappings) => mappings.clone(),
        None => automatic(header),
    };
    let checked = asked.iter().map(|one| column(state, defaults, &module, one, header));
    let columns: Vec<Column> = checked.collect::<Result<_, _>>()?;
    let key = match &resource.find_by {
        None => None,
        Some(name) => {
            let place = columns.iter().position(|column| column.field.api_name == *name);
            if name != ID && !is_unique(&module, name) {
                return Err(invalid_field(&format!("invalid find_by. invalid api_name {name}.")));
            }
            let mapped =
                |place: &usize| columns.get(*place).is_some_and(|column| column.source.is_some());
            Some(place.filter(mapped).ok_or_else(|| not_mapped(name))?)
        }
    };
    if operation != BulkOperation::Update {
        let mapped = |field: &FieldSpec| {
            columns.iter().any(|column| column.field.api_name == field.api_name)
        };
        let mandatory = |field: &&FieldSpec| field.mandatory && !field.read_only;
        if let Some(missing) = module.fields.iter().filter(mandatory).find(|field| !mapped(field)) {
            return Err(not_mapped(&missing.api_name));
        }
    }
    Ok(Plan { module, columns, key })
}

pub(super) fn unavailable(name: &str) -> Refusal {
    let message = format!("Requested module '{name}' is not available.");
    Refusal::bad("MODULE_NOT_AVAILABLE", message, json!({}))
}

fn invalid_field(message: &str) -> Refusal {
    Refusal::bad("INVALID_FIELD", message, json!({}))
}

fn not_mapped(field: &str) -> Refusal {
    let message = "All mandatory fields are not mapped for the layout";
    Refusal::bad("MANDATORY_FIELDS_NOT_MAPPED", message, json!({ "api_name": field }))
}

fn missing_key(key: &str) -> Refusal {
    let message = format!("Required key {key} is not available");
    Refusal::bad("MANDATORY_NOT_FOUND", message, json!({}))
}

/// Returns whether a field finds at most one record: a unique one, or one that the system checks
/// for duplicates.
fn is_unique(module: &ModuleSpec, name: &str) -> bool {
    let field = module.find(name);
    field.is_some_and(|field| field.unique || field.external)
        || module.duplicate_check.iter().any(|known| known == name)
}

/// Maps each column to the field that its header names.
fn automatic(header: &[String]) -> Vec<BulkFieldMapping> {
    let one = |(index, name): (usize, &String)| {
        let (field, find_by) = match name.split_once('.') {
            Some((lookup, field)) => (lookup, Some(field.to_owned())),
            None => (name.as_str(), None),
        };
        BulkFieldMapping {
            api_name: field.to_owned(),
            index: Some(index),
            find_by,
            ..BulkFieldMapping::default()
        }
    };
    header.iter().enumerate().map(one).collect()
}

fn column(
    state: &State,
    defaults: DefaultDates,
    module: &ModuleSpec,
    mapping: &BulkFieldMapping,
    header: &[String],
) -> Result<Column, Refusal> {
    let name = &mapping.api_name;
    let refused = || invalid_field(&format!("invalid mapping. invalid api_name {name}."));
    let field = module.find(name).ok_or_else(refused)?;
    if name != ID && !is_writable(field) {
        return Err(refused());
    }
    let source = match mapping.index {
        None => None,
        Some(index) => {
            let found = header.get(index).ok_or_else(|| {
                let message = format!("the file has no column {index}");
                Refusal::bad("COLUMN_INDEX_NOT_FOUND", message, json!({ "index": index }))
            })?;
            Some((index, found.clone()))
        }
    };
    let default = mapping.default_value.as_ref().and_then(|default| default.get("value"));
    let default = default.filter(|value| !value.is_null()).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    if source.is_none() && default.is_none() {
        let message = format!("required key index for field {name} is not found in request body.");
        return Err(Refusal::bad("MISSING_REQUIRED_KEY", message, json!({})));
    }
    let reading = reading(defaults, field, mapping.format.as_deref())?;
    let column = Column {
        field: field.clone(),
        source,
        reading,
        find_by: mapping.find_by.clone(),
        module: mapping.module.clone(),
        default,
    };
    if field.kind == FieldKind::Lookup {
        check_lookup(state, &column)?;
    }
    Ok(column)
}

/// Checks the field that finds the record of a lookup.
fn check_lookup(state: &State, column: &Column) -> Result<(), Refusal> {
    let name = &column.field.api_name;
    let target = column.target().ok_or_else(|| missing_key("module"))?;
    let target = state.module(target).ok_or_else(|| unavailable(target))?;
    let by = match (&column.find_by, &column.source) {
        (Some(by), _) => by,
        // A default value is an id.
        (None, None) => return Ok(()),
        (None, Some(_)) => return Err(missing_key("find_by")),
    };
    let lookup = |by: &str| target.find(by).is_some_and(|field| field.kind == FieldKind::Lookup);
    if by == ID || *by == target.display_field || is_unique(&target, by) || lookup(by) {
        return Ok(());
    }
    Err(invalid_field(&format!("invalid mapping. invalid find_by {by} for field {name}.")))
}

fn is_writable(field: &FieldSpec) -> bool {
    let by_kind = !matches!(
        field.kind,
        FieldKind::AutoNumber
            | FieldKind::Formula
            | FieldKind::File
            | FieldKind::Image
            | FieldKind::Subform
            | FieldKind::MultiLookup
            | FieldKind::MultiUserLookup
            | FieldKind::Participants
            | FieldKind::Reminder
            | FieldKind::Recurrence
            | FieldKind::Territories
            | FieldKind::Other
    );
    by_kind && !field.read_only
}

/// Returns how a field's cells are read, by the format of the mapping or the default.
fn reading(
    defaults: DefaultDates,
    field: &FieldSpec,
    format: Option<&str>,
) -> Result<Reading, Refusal> {
    let (date, time) = match defaults {
        DefaultDates::MonthFirst => ("MM/dd/yyyy", "MM/dd/yyyy HH:mm:ss"),
        DefaultDates::Iso => ("yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssXXX"),
    };
    let invalid = || {
        let message = format!("the format of the field {} is invalid", field.api_name);
        Refusal::bad("INVALID_FORMAT", message, json!({ "api_name": field.api_name }))
    };
    match (field.kind, format) {
        (FieldKind::Date, format) => {
            let pattern = DatePattern::parse(format.unwrap_or(date)).ok_or_else(invalid)?;
            Ok(Reading::Date(pattern))
        }
        (FieldKind::DateTime, format) => {
            let pattern = DatePattern::parse(format.unwrap_or(time)).ok_or_else(invalid)?;
            if !pattern.has_time() {
                return Err(invalid());
            }
            Ok(Reading::Date(pattern))
        }
        (
            FieldKind::Integer
            | FieldKind::BigInt
            | FieldKind::Double
            | FieldKind::Currency
            | FieldKind::Percent
            | FieldKind::Discount,
            format,
        ) => {
            let pattern = format.map(|format| NumberPattern::parse(format).ok_or_else(invalid));
            Ok(Reading::Number(pattern.transpose()?.unwrap_or_default()))
        }
        (_, Some(_)) => Err(invalid()),
        (_, None) => Ok(Reading::Plain),
    }
}
