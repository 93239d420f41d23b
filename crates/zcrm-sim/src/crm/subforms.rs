//! Rows with ids of their own: subforms, line items, multi-select lookups, file fields.

use serde_json::{Map, Value, json};

use super::line_items;
use super::refusal::RowError;
use super::validate::{Rules, is_empty, mentioned_id};
use super::version::Version;
use crate::schema::{FieldKind, FieldSpec};
use crate::state::Rng;

/// The most rows of a field.
pub(super) const ROW_LIMIT: usize = 100;

/// Checks the rows of a field, and says how they are stored.
pub(super) fn clean(
    rules: Rules<'_>,
    field: &FieldSpec,
    name: &str,
    value: &Value,
) -> Result<Value, RowError> {
    let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.len() > ROW_LIMIT {
        let details = rules.place.with(name, "limit", ROW_LIMIT);
        return Err(RowError::new("LIMIT_EXCEEDED", "the limit of rows is exceeded", details));
    }
    let old = rules.target.and_then(|record| record.values.get(&field.api_name)?.as_array());
    let one = |(index, row): (usize, &Value)| {
        let place = format!("{name}[{index}]");
        let mut row = match row {
            // v2 names files by their ids alone.
            Value::String(file) => Map::from_iter([("File_Id__s".into(), file.clone().into())]),
            Value::Object(row) => line_items::stored_row(&field.api_name, row, rules.view.version),
            _ => return Err(RowError::invalid(rules.place.of(&place))),
        };
        // Where leaving a row out deletes it, the word for that is none, as far as is known.
        if rules.view.version < Version::V5 {
            row.remove("_delete");
        }
        let known = match row.get("id").filter(|id| !id.is_null()) {
            None => false,
            Some(id) => {
                let id = mentioned_id(id).unwrap_or_default();
                let same = |row: &Value| row.get("id").and_then(Value::as_str) == Some(&id);
                if !old.is_some_and(|rows| rows.iter().any(same)) {
                    let details = rules.place.with(&format!("{place}.id"), "id", id);
                    let message = "the id given seems to be invalid";
                    return Err(RowError::new("INVALID_DATA", message, details));
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

/// A row's values by its columns; others are passed over.
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
                return Err(RowError::mandatory(rules.place.of(&name)));
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
                let value = rules.check(column, &name, value, row)?;
                stored.insert(column.api_name.clone(), value);
            }
        }
    }
    Ok(Value::Object(stored))
}

/// A row of a file field names a file that was uploaded.
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
        return Err(RowError::mandatory(rules.place.of(&name)));
    };
    if !rules.view.store().files.contains_key(id) {
        return Err(RowError::invalid(rules.place.of(&name)));
    }
    Ok(json!({ "File_Id__s": id }))
}

/// The rows of a field after a write.
///
/// An empty list clears the field; from v5 on a row with `_delete` goes; a row whose id is known is changed;
/// others are new. What is not mentioned stays from v5 on and goes in v2; the versions between are
/// taken to be as v2, which is not known.
pub(super) fn merge(
    version: Version,
    rng: &mut Rng,
    old: Vec<Value>,
    new: Vec<Value>,
) -> Vec<Value> {
    if new.is_empty() {
        return new;
    }
    let id_of = |row: &Value| row.get("id").and_then(mentioned_id);
    let mentioned: Vec<String> = new.iter().filter_map(id_of).collect();
    let is_mentioned = |row: &Value| id_of(row).is_some_and(|id| mentioned.contains(&id));
    let keep = version >= Version::V5;
    let mut rows: Vec<Value> = old.into_iter().filter(|row| keep || is_mentioned(row)).collect();
    for row in new {
        let known = id_of(&row)
            .and_then(|id| rows.iter().position(|old| id_of(old).as_deref() == Some(id.as_str())));
        match known {
            Some(place) if row.get("_delete").is_some() => {
                rows.remove(place);
            }
            Some(place) => {
                let stored = rows.get_mut(place).and_then(Value::as_object_mut);
                if let (Some(stored), Value::Object(changes)) = (stored, row) {
                    stored.extend(changes);
                }
            }
            None => {
                if let Value::Object(mut row) = row {
                    row.remove("_delete");
                    row.insert("id".into(), rng.next_id().to_string().into());
                    rows.push(Value::Object(row));
                }
            }
        }
    }
    rows
}
