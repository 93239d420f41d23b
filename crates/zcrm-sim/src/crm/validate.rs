//! Rows of a write: what they may hold, and what of it is stored.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::line_items;
use super::refusal::RowError;
use super::version::Version;
use crate::clock::{parse_stamp, stamp};
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::{Environment, State, record_key};

/// The most rows that a subform holds.
pub(super) const SUBFORM_ROWS: usize = 100;

/// Where a row stands, and what it is held against.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) state: &'a State,
    pub(super) environment: Environment,
    pub(super) version: Version,
    pub(super) module: &'a ModuleSpec,
    /// The row's place in the call.
    pub(super) index: usize,
    /// Whether the row is an update, in which mandatory fields may be absent.
    pub(super) update: bool,
}

/// What a row says, in the form in which it is stored.
#[derive(Debug, Default)]
pub(super) struct Cleaned {
    pub(super) values: Map<String, Value>,
    pub(super) owner: Option<String>,
}

impl Rules<'_> {
    /// Checks a row. Names that the module does not have and read-only fields are passed over.
    pub(super) fn clean(self, row: &Map<String, Value>) -> Result<Cleaned, RowError> {
        let mut cleaned = Cleaned::default();
        for field in self.module.fields.iter().filter(|field| !field.read_only) {
            let name = line_items::shown_name(&field.api_name, self.version);
            let empty = |value: &&Value| value.is_null() || value.as_str() == Some("");
            let given = row.get(name);
            match given.filter(|value| !empty(value)) {
                None if field.mandatory && (given.is_some() || !self.update) => {
                    return Err(RowError::mandatory(self.place(name)));
                }
                None => {
                    if given.is_some() && !field.system {
                        cleaned.values.insert(field.api_name.clone(), Value::Null);
                    }
                }
                Some(value) => {
                    let stored = self.check(field, name, value)?;
                    if field.system {
                        cleaned.owner = stored.as_str().map(String::from);
                    } else {
                        cleaned.values.insert(field.api_name.clone(), stored);
                    }
                }
            }
        }
        Ok(cleaned)
    }

    /// The details that say which value is meant; before v3 without its path.
    pub(super) fn place(self, name: &str) -> Value {
        let mut details = Map::new();
        details.insert("api_name".into(), name.into());
        if self.version >= Version::V3 {
            details.insert("json_path".into(), format!("$.data[{}].{name}", self.index).into());
        }
        Value::Object(details)
    }

    fn with(self, name: &str, key: &str, value: Value) -> Value {
        let mut details = self.place(name);
        if let Some(map) = details.as_object_mut() {
            map.insert(key.to_owned(), value);
        }
        details
    }

    fn mismatch(self, field: &FieldSpec, name: &str) -> RowError {
        RowError::invalid(self.with(name, "expected_data_type", field.kind.expected().into()))
    }

    /// Checks one value that is not empty.
    fn check(self, field: &FieldSpec, name: &str, value: &Value) -> Result<Value, RowError> {
        let fits = match field.kind {
            // A picklist takes values outside its list, as Zoho does.
            FieldKind::Text
            | FieldKind::Textarea
            | FieldKind::Phone
            | FieldKind::Website
            | FieldKind::Picklist => value.is_string(),
            FieldKind::Email => value.as_str().is_some_and(is_email),
            FieldKind::Integer => value.as_i64().is_some_and(|n| n.abs() < 1_000_000_000),
            FieldKind::BigInt => value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
            FieldKind::Double | FieldKind::Currency | FieldKind::Percent => value.is_number(),
            FieldKind::Boolean => value.is_boolean(),
            FieldKind::Date => value.as_str().is_some_and(is_date),
            FieldKind::DateTime => value.as_str().and_then(parse_stamp).is_some(),
            FieldKind::MultiPicklist => {
                value.as_array().is_some_and(|values| values.iter().all(Value::is_string))
            }
            FieldKind::Tags | FieldKind::Subform => {
                value.as_array().is_some_and(|rows| rows.iter().all(Value::is_object))
            }
            FieldKind::Lookup | FieldKind::Owner => mentioned_id(value).is_some(),
            FieldKind::Other => true,
        };
        if !fits {
            return Err(self.mismatch(field, name));
        }
        if let Some(text) = value.as_str()
            && text.chars().count() > field.max_length as usize
        {
            let details = self.with(name, "maximum_length", field.max_length.into());
            return Err(RowError::invalid(details));
        }
        match field.kind {
            FieldKind::DateTime => {
                let at = value.as_str().and_then(parse_stamp);
                Ok(at.map_or(Value::Null, |at| stamp(at).into()))
            }
            FieldKind::Lookup | FieldKind::Owner => self.mention(field, name, value),
            FieldKind::Subform => self.subform(field, name, value),
            _ => Ok(value.clone()),
        }
    }

    /// The id that a lookup or an owner names, if there is such a record or user.
    fn mention(self, field: &FieldSpec, name: &str, value: &Value) -> Result<Value, RowError> {
        let id = mentioned_id(value).unwrap_or_default();
        let known = match &field.lookup {
            Some(module) => self.state.store(self.environment).table(module).get(&id).is_some(),
            None => self.state.user(&id).is_some(),
        };
        if known {
            Ok(id.into())
        } else {
            Err(RowError::new(
                "INVALID_DATA",
                "the id given seems to be invalid",
                self.with(name, "id", id.into()),
            ))
        }
    }

    fn subform(self, field: &FieldSpec, name: &str, value: &Value) -> Result<Value, RowError> {
        let rows = value.as_array().map(Vec::as_slice).unwrap_or_default();
        if rows.len() > SUBFORM_ROWS {
            return Err(RowError::new(
                "LIMIT_EXCEEDED",
                "the limit of rows is exceeded",
                self.with(name, "limit", SUBFORM_ROWS.into()),
            ));
        }
        let stored = rows.iter().filter_map(Value::as_object).map(|row| {
            Value::Object(line_items::stored_row(&field.api_name, row.clone(), self.version))
        });
        Ok(stored.collect())
    }
}

/// The id in `{"id": …}` or in a bare value, as text or as a number.
pub(super) fn mentioned_id(value: &Value) -> Option<String> {
    match value.get("id").unwrap_or(value) {
        Value::String(id) => record_key(id).map(|_| id.clone()),
        Value::Number(id) => id.as_u64().map(|id| id.to_string()),
        _ => None,
    }
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && c != '@' && c != ',';
    !name.is_empty()
        && name.chars().all(plain)
        && host.chars().all(plain)
        && host.split_once('.').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
}

fn is_date(text: &str) -> bool {
    text.len() == "2019-07-25".len() && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// Puts together the full name of a person from its parts.
pub(crate) fn finish_names(module: &ModuleSpec, values: &mut Map<String, Value>) {
    if module.find("Full_Name").is_none() {
        return;
    }
    let parts = ["First_Name", "Last_Name"];
    let names: Vec<&str> =
        parts.iter().filter_map(|part| values.get(*part).and_then(Value::as_str)).collect();
    let full = names.join(" ");
    values.insert("Full_Name".into(), full.into());
}
