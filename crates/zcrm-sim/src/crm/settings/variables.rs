//! Variables of the organisation, and their groups.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::clock::parse_stamp;
use crate::crm::call::{
    Context, Refusal, Row, RowError, RowResult, each, each_id, found, row_id, success,
};
use crate::formats::is_email;
use crate::http::Answer;
use crate::json::text_of;
use crate::version::Version;

/// The maximum number of variables in a call.
const LIMIT: usize = 50;
/// The maximum lengths of a name and a value, in characters.
const NAME_LENGTH: usize = 50;
const VALUE_LENGTH: usize = 255;
/// The types of variables.
const TYPES: [&str; 13] = [
    "integer", "text", "percent", "decimal", "currency", "date", "datetime", "email", "phone",
    "url", "checkbox", "textarea", "long",
];
/// The types that only newer versions have.
const NEWER_TYPES: [&str; 2] = ["double", "website"];

/// Returns a variable's group as the variable shows it.
fn group_of(cx: &Context<'_>, variable: &Map<String, Value>) -> Value {
    let group = cx.store().variable_groups.get(text_of(variable, "variable_group"));
    group.map_or(Value::Null, |group| {
        json!({ "id": group.get("id"), "api_name": group.get("api_name"), "name": group.get("name") })
    })
}

fn show(cx: &Context<'_>, variable: &Map<String, Value>) -> Value {
    let mut shown = variable.clone();
    shown.insert("variable_group".into(), group_of(cx, variable));
    if cx.version == Version::V2 {
        for name in ["source", "read_only"] {
            shown.remove(name);
        }
    }
    Value::Object(shown)
}

/// Returns whether the variable is in the group named by the call, by its id or API name.
fn in_group(cx: &Context<'_>, variable: &Map<String, Value>) -> bool {
    let Some(wanted) = cx.call.param("group") else { return true };
    let group = group_of(cx, variable);
    ["id", "api_name"].iter().any(|key| group.get(*key).and_then(Value::as_str) == Some(wanted))
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let all = cx.store().variables.values().filter(|one| in_group(cx, one));
    Ok(found("variables", all.map(|one| show(cx, one)).collect()))
}

/// Returns a variable by id or API name. The older files require its group too.
pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    if cx.version == Version::V2 && cx.call.param("group").is_none() {
        return Err(Refusal::missing_param("group"));
    }
    let all = &cx.store().variables;
    let one = all.get(cx.path_value(0)).or_else(|| all.find_by("api_name", cx.path_value(0)));
    let one = one.filter(|one| in_group(cx, one));
    Ok(found("variables", one.map(|one| show(cx, one)).into_iter().collect()))
}

/// Returns whether a value has the type.
fn fits(kind: &str, value: &Value) -> bool {
    // Numbers and booleans may be given as text.
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return false,
    };
    match kind {
        "integer" | "long" => text.parse::<i64>().is_ok(),
        "percent" | "decimal" | "double" | "currency" => text.parse::<f64>().is_ok(),
        "checkbox" => ["true", "false"].contains(&text.as_str()),
        "date" => chrono::NaiveDate::parse_from_str(&text, "%Y-%m-%d").is_ok(),
        "datetime" => parse_stamp(&text).is_some(),
        "email" => is_email(&text),
        _ => value.is_string(),
    }
}

/// Returns the checked values of a row. An update may omit any member, and cannot change the type
/// or the group.
fn checked(
    cx: &Context<'_>,
    row: Row<'_>,
    known: Option<&Map<String, Value>>,
) -> Result<Map<String, Value>, RowError> {
    let mut variable = Map::new();
    let given = |name: &str| row.get(name).is_some_and(|value| !value.is_null());
    let id = known.map(|known| text_of(known, "id"));
    for name in ["api_name", "name"] {
        if known.is_some() && !given(name) {
            continue;
        }
        let text = row.text(name)?;
        if text.chars().count() > NAME_LENGTH {
            return Err(row.too_long(name, NAME_LENGTH));
        }
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name == "api_name" && !text.chars().all(letter) {
            return Err(row.invalid(name));
        }
        let twin = cx.store().variables.find_by(name, text).map(|one| text_of(one, "id"));
        if let Some(twin) = twin.filter(|twin| Some(*twin) != id) {
            let details = row.details_with(name, "id", twin);
            return Err(RowError::duplicate(details));
        }
        variable.insert(name.into(), text.into());
    }
    let kind = match known {
        Some(known) => text_of(known, "type"),
        None => {
            let kind = row.text("type")?;
            let newer = cx.version > Version::V2 && NEWER_TYPES.contains(&kind);
            if !TYPES.contains(&kind) && !newer {
                return Err(row.unsupported("type", &TYPES));
            }
            variable.insert("type".into(), kind.into());
            variable.insert("variable_group".into(), group_in(cx, row)?.into());
            kind
        }
    };
    if let Some(value) = row.get("value").filter(|value| !value.is_null()) {
        if !fits(kind, value) {
            return Err(row.expected("value", kind));
        }
        if value.as_str().is_some_and(|text| text.chars().count() > VALUE_LENGTH)
            && kind != "textarea"
        {
            return Err(row.too_long("value", VALUE_LENGTH));
        }
        variable.insert("value".into(), value.clone());
    } else if known.is_none() {
        variable.insert("value".into(), Value::Null);
    }
    if row.get("description").is_some() || known.is_none() {
        let description = row.get("description").cloned().unwrap_or_default();
        variable.insert("description".into(), description);
    }
    Ok(variable)
}

/// Returns the id of the group in a row, which has an id, an API name or a name.
fn group_in(cx: &Context<'_>, row: Row<'_>) -> Result<String, RowError> {
    let Some(group) = row.get("variable_group").filter(|group| !group.is_null()) else {
        return Err(row.missing("variable_group"));
    };
    let text = |name: &str| group.get(name).and_then(Value::as_str);
    let groups = &cx.store().variable_groups;
    let by_id = text("id").and_then(|id| groups.get(id));
    let by_name = |name: &str| text(name).and_then(|text| groups.find_by(name, text));
    let found = by_id.or_else(|| by_name("api_name")).or_else(|| by_name("name"));
    match found {
        Some(group) => Ok(text_of(group, "id").to_owned()),
        None => Err(row.invalid("variable_group")),
    }
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each(cx, "variables", LIMIT, StatusCode::CREATED, |cx, row| {
        let mut variable = checked(cx, row, None)?;
        variable.insert("source".into(), "CRM".into());
        variable.insert("read_only".into(), false.into());
        let id = cx.state.rng.next_id();
        cx.store_mut().variables.put(id, variable);
        Ok(success("variable created successfully", json!({ "id": id.to_string() })))
    })
}

fn change(cx: &mut Context<'_>, row: Row<'_>, id: &str) -> RowResult {
    let all = &cx.store().variables;
    let known = all.get(id).or_else(|| all.find_by("api_name", id));
    let known = known.ok_or_else(|| RowError::unknown_id(id))?;
    let id = text_of(known, "id").to_owned();
    let changes = checked(cx, row, Some(known))?;
    if let Some(variable) = cx.store_mut().variables.get_mut(&id) {
        variable.extend(changes);
    }
    Ok(success("variable updated successfully", json!({ "id": id })))
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let limit = if cx.path_values.is_empty() { LIMIT } else { 1 };
    each(cx, "variables", limit, StatusCode::OK, |cx, row| {
        let id = row_id(cx, row)?;
        change(cx, row, id)
    })
}

fn remove(cx: &mut Context<'_>, id: &str) -> RowResult {
    cx.store_mut().variables.remove(id).ok_or_else(|| RowError::unknown_id(id))?;
    Ok(success("Variable deleted successfully", json!({ "id": id })))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.optional_path_value(0);
    each_id(cx, "variables", id, LIMIT, remove)
}

pub(crate) fn groups(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let groups = cx.store().variable_groups.values();
    Ok(found("variable_groups", groups.cloned().map(Value::Object).collect()))
}

pub(crate) fn group(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let groups = &cx.store().variable_groups;
    let group =
        groups.get(cx.path_value(0)).or_else(|| groups.find_by("api_name", cx.path_value(0)));
    Ok(found("variable_groups", group.cloned().map(Value::Object).into_iter().collect()))
}
