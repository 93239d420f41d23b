//! The mapping of columns to fields.

use serde_json::{Value, json};

use super::offered::{Offered, unavailable};
use super::reading::Reading;
use crate::bulk_write::DefaultDates;
use crate::crm::bulk::PARENT;
use crate::crm::call::Refusal;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{BulkFieldMapping, BulkOperation, BulkResource, State};

/// The name of the ids of records.
pub(super) const ID: &str = "id";

/// The fields of all modules that users can write.
const GENERAL: [&str; 2] = ["Tag", "Layout"];

/// A field with the column or the default value that it takes.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) field: FieldSpec,
    /// The place of the column in the file, with its header.
    pub(super) source: Option<(usize, String)>,
    pub(super) reading: Reading,
    /// The field by which the record of a lookup is found.
    pub(super) find_by: Option<String>,
    /// The column of an earlier resource's file with the same text as the cell. The record of that
    /// row is the one of the lookup.
    pub(super) parent_column: Option<usize>,
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

/// A resource before the one that is checked.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) module: String,
    pub(super) file_id: u64,
    /// The number of columns in its file.
    pub(super) columns: usize,
}

/// A checked resource.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) target: Offered,
    pub(super) columns: Vec<Column>,
    /// The place of the column that finds existing records.
    key: Option<usize>,
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

    /// Returns the column of a field.
    pub(super) fn column(&self, field: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field.api_name == field)
    }
}

/// Checks the mappings of a resource against the header of its file.
pub(super) fn plan(
    state: &State,
    defaults: DefaultDates,
    operation: BulkOperation,
    resource: &BulkResource,
    header: &[String],
    earlier: &[Earlier],
) -> Result<Plan, Refusal> {
    let target = Offered::find(state, &resource.module)?;
    let asked = match &resource.mappings {
        Some(mappings) => mappings.clone(),
        None => automatic(header),
    };
    let mut columns = Vec::with_capacity(asked.len());
    for mapping in &asked {
        let column = column(defaults, &target, mapping, header)?;
        if column.field.kind == FieldKind::Lookup {
            check_lookup(state, resource, &column, earlier)?;
        }
        columns.push(column);
    }
    let key = match &resource.find_by {
        None => None,
        Some(name) => Some(key(&target, &columns, name)?),
    };
    let plan = Plan { target, columns, key };
    if operation != BulkOperation::Update {
        let fields = plan.target.module.fields.iter();
        let mut needed: Vec<&str> = fields
            .filter(|field| field.mandatory && !field.read_only)
            .map(|field| field.api_name.as_str())
            .collect();
        needed.extend(plan.target.parent.iter().map(|_| PARENT));
        if let Some(missing) = needed.into_iter().find(|name| plan.column(name).is_none()) {
            return Err(not_mapped(missing));
        }
    }
    Ok(plan)
}

/// Returns the place of the column that finds existing records.
fn key(target: &Offered, columns: &[Column], name: &str) -> Result<usize, Refusal> {
    let unique = target.parent.is_none() && is_unique(&target.module, name);
    if name != ID && !unique {
        return Err(invalid_field(&format!("invalid find_by. invalid api_name {name}.")));
    }
    let mapped = |column: &Column| column.field.api_name == name && column.source.is_some();
    columns.iter().position(mapped).ok_or_else(|| not_mapped(name))
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
    defaults: DefaultDates,
    target: &Offered,
    mapping: &BulkFieldMapping,
    header: &[String],
) -> Result<Column, Refusal> {
    let name = &mapping.api_name;
    let refused = || invalid_field(&format!("invalid mapping. invalid api_name {name}."));
    let field = target.module.find(name).ok_or_else(refused)?;
    // Subforms have none of the fields that all modules have.
    let of_records = target.parent.is_some() && (field.system || GENERAL.contains(&name.as_str()));
    if name != ID && (!is_writable(field) || of_records) {
        return Err(refused());
    }
    let source = match mapping.index {
        None => None,
        Some(index) => {
            let found = header.get(index).ok_or_else(|| no_column(index))?;
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
    Ok(Column {
        field: field.clone(),
        source,
        reading: Reading::of(defaults, field, mapping.format.as_deref())?,
        find_by: mapping.find_by.clone(),
        parent_column: mapping.parent_column_index,
        module: mapping.module.clone(),
        default,
    })
}

fn no_column(index: usize) -> Refusal {
    let message = format!("the file has no column {index}");
    Refusal::bad("COLUMN_INDEX_NOT_FOUND", message, json!({ "index": index }))
}

/// Checks how the record of a lookup is found.
fn check_lookup(
    state: &State,
    resource: &BulkResource,
    column: &Column,
    earlier: &[Earlier],
) -> Result<(), Refusal> {
    let name = &column.field.api_name;
    let target = column.target().ok_or_else(|| missing_key("module"))?;
    let target = state.module(target).ok_or_else(|| unavailable(target))?;
    let before = earlier.iter().find(|one| one.module == target.api_name());
    if let Some(index) = column.parent_column {
        return match before.filter(|one| one.file_id == resource.file_id) {
            Some(parent) if index < parent.columns => Ok(()),
            Some(_) => Err(no_column(index)),
            None => Err(Refusal::bad(
                "INVALID_REQUEST",
                format!("the resource of {} must be before this one", target.api_name()),
                json!({}),
            )),
        };
    }
    let by = match (&column.find_by, &column.source) {
        (Some(by), _) => by,
        // A default value is an id.
        (None, None) => return Ok(()),
        (None, Some(_)) if name == PARENT && before.is_some() => {
            return Err(missing_key("parent_column_index"));
        }
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
