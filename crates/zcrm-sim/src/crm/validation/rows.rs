//! Validation of the rows of a write.

use serde_json::{Map, Value, json};

use super::rules::Rules;
use super::shape::fits;
use crate::clock::{parse_stamp, stamp};
use crate::crm::call::RowError;
use crate::crm::render::line_items;
use crate::json::mentioned_id;
use crate::schema::{FieldKind, FieldSpec};
use crate::version::Version;

/// The values of a row in their stored form.
#[derive(Debug, Default)]
pub(crate) struct CleanedRow {
    pub(crate) values: Map<String, Value>,
    pub(crate) owner: Option<String>,
}

/// Returns whether a value clears its field.
pub(crate) fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// Validates a row, and returns its valid values and the errors of the others. Unknown names and
/// read-only fields are ignored.
pub(crate) fn clean(rules: Rules<'_>) -> (CleanedRow, Vec<RowError>) {
    let row = rules.row.values;
    let (mut cleaned, mut errors) = (CleanedRow::default(), Vec::new());
    for field in rules.module.fields.iter().filter(|field| !field.read_only) {
        let name = line_items::shown_name(&field.api_name, rules.view.version);
        let given = row.get(name);
        match given.filter(|value| !is_empty(value)) {
            None if field.mandatory && (given.is_some() || rules.target.is_none()) => {
                errors.push(rules.row.missing(name));
            }
            None => {
                if given.is_some() && !field.system {
                    cleaned.values.insert(field.api_name.clone(), Value::Null);
                }
            }
            Some(value) => {
                let value = appended(rules, row, field, value);
                match check(rules, field, name, &value, row) {
                    Err(error) => errors.push(error),
                    Ok(stored) if field.system => {
                        cleaned.owner = stored.as_str().map(String::from);
                    }
                    Ok(stored) => {
                        cleaned.values.insert(field.api_name.clone(), stored);
                    }
                }
            }
        }
    }
    (cleaned, errors)
}

/// Returns the value of a multi-select picklist, appended to the existing values if the row asks
/// for it.
fn appended(rules: Rules<'_>, row: &Map<String, Value>, field: &FieldSpec, value: &Value) -> Value {
    let asked = row.get("$append_values").and_then(|fields| fields.get(&field.api_name));
    let old = rules.target.and_then(|record| record.values.get(&field.api_name));
    match (asked, old, value) {
        (Some(Value::Bool(true)), Some(Value::Array(old)), Value::Array(new))
            if field.kind == FieldKind::MultiPicklist =>
        {
            let added = new.iter().filter(|value| !old.contains(value));
            old.iter().chain(added).cloned().collect()
        }
        _ => value.clone(),
    }
}

/// Validates a value that is not empty and returns its stored form. `row` is the row with the
/// value.
fn check(
    rules: Rules<'_>,
    field: &FieldSpec,
    name: &str,
    value: &Value,
    row: &Map<String, Value>,
) -> Result<Value, RowError> {
    if !fits(field.kind, value) {
        return Err(rules.mismatch(field, name));
    }
    if let Some(text) = value.as_str()
        && field.kind != FieldKind::Discount
        && text.chars().count() > field.max_length as usize
    {
        return Err(rules.row.too_long(name, field.max_length as usize));
    }
    match field.kind {
        FieldKind::DateTime => {
            let at = value.as_str().and_then(parse_stamp);
            Ok(at.map_or(Value::Null, |at| stamp(at).into()))
        }
        FieldKind::Picklist if field.api_name == "Currency" => rules.currency(name, value),
        FieldKind::Owner => rules.user(name, value),
        FieldKind::Lookup => rules.lookup(field, name, value, row),
        FieldKind::Layout => rules.layout(name, value),
        FieldKind::Tags => rules.tags(name, value),
        FieldKind::Taxes => rules.taxes(field, name, value),
        FieldKind::Participants => rules.participants(name, value),
        FieldKind::MultiUserLookup => {
            let users = value.as_array().into_iter().flatten();
            users.map(|user| rules.user(name, user)).collect()
        }
        FieldKind::Territories => {
            let known = &rules.view.store().territories;
            let rows = value.as_array().into_iter().flatten();
            rows.map(|row| rules.known(name, row, |id| known.get(id).is_some())).collect()
        }
        kind if kind.has_rows() => rows(rules, field, name, value),
        _ => Ok(value.clone()),
    }
}

/// The maximum number of rows in a field.
pub(crate) const ROW_LIMIT: usize = 100;

/// Validates the rows of a field and returns their stored form.
fn rows(rules: Rules<'_>, field: &FieldSpec, name: &str, value: &Value) -> Result<Value, RowError> {
    let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.len() > ROW_LIMIT {
        let details = rules.row.details_with(name, "limit", ROW_LIMIT);
        return Err(RowError::new("LIMIT_EXCEEDED", "the limit of rows is exceeded", details));
    }
    let old = rules.target.and_then(|record| record.values.get(&field.api_name)?.as_array());
    let one = |(index, row): (usize, &Value)| {
        let place = format!("{name}[{index}]");
        let mut row = match row {
            // v2 names files only by id.
            Value::String(file) => Map::from_iter([("File_Id__s".into(), file.clone().into())]),
            Value::Object(row) => line_items::stored_row(&field.api_name, row, rules.view.version),
            _ => return Err(rules.row.invalid(&place)),
        };
        // In versions that delete the omitted rows, no other marker for deletion is documented.
        if rules.view.version < Version::V5 {
            row.remove("_delete");
        }
        let known = match row.get("id").filter(|id| !id.is_null()) {
            None => false,
            Some(id) => {
                let id = mentioned_id(id).unwrap_or_default();
                let same = |row: &Value| row.get("id").and_then(Value::as_str) == Some(&id);
                if !old.is_some_and(|rows| rows.iter().any(same)) {
                    let details = rules.row.details_with(&format!("{place}.id"), "id", id);
                    return Err(RowError::invalid_id(details));
                }
                true
            }
        };
        if known && row.contains_key("_delete") {
            let id = row.get("id").cloned().unwrap_or_default();
            return Ok(json!({ "id": id, "_delete": null }));
        }
        match field.kind {
            FieldKind::File | FieldKind::Image => file(rules, &place, &row, known),
            _ if field.columns.is_empty() => Ok(Value::Object(row)),
            _ => columns(rules, field, &place, &row, known),
        }
    };
    rows.iter().enumerate().map(one).collect()
}

/// Returns a row's values by column. Unknown names are ignored.
fn columns(
    rules: Rules<'_>,
    field: &FieldSpec,
    place: &str,
    row: &Map<String, Value>,
    known: bool,
) -> Result<Value, RowError> {
    let mut stored = Map::new();
    if let (true, Some(id)) = (known, row.get("id")) {
        stored.insert("id".into(), mentioned_id(id).into());
    }
    for column in field.columns.iter().filter(|column| !column.read_only) {
        let shown = line_items::shown_key(&field.api_name, &column.api_name, rules.view.version);
        let name = format!("{place}.{shown}");
        let given = row.get(&column.api_name);
        match given.filter(|value| !is_empty(value)) {
            None if column.mandatory && (given.is_some() || !known) => {
                return Err(rules.row.missing(&name));
            }
            None if given.is_some() => {
                stored.insert(column.api_name.clone(), Value::Null);
            }
            None => {
                if let (false, Some(default)) = (known, &column.default) {
                    stored.insert(column.api_name.clone(), default.clone());
                }
            }
            Some(value) => {
                let value = check(rules, column, &name, value, row)?;
                stored.insert(column.api_name.clone(), value);
            }
        }
    }
    Ok(Value::Object(stored))
}

/// Validates a row of a file field, which names an uploaded file.
fn file(
    rules: Rules<'_>,
    place: &str,
    row: &Map<String, Value>,
    known: bool,
) -> Result<Value, RowError> {
    if known {
        return Ok(Value::Object(row.clone()));
    }
    let name = format!("{place}.File_Id__s");
    let Some(id) = row.get("File_Id__s").and_then(Value::as_str) else {
        return Err(rules.row.missing(&name));
    };
    if !rules.view.store().files.contains_key(id) {
        return Err(rules.row.invalid(&name));
    }
    Ok(json!({ "File_Id__s": id }))
}
