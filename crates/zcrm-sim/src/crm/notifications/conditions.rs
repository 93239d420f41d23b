//! The conditions of a channel: the fields whose changes it is notified of.

use serde_json::{Value, json};

use crate::crm::call::{Context, Row, RowError};
use crate::schema::{FieldSpec, ModuleSpec};
use crate::state::{Channel, ChannelCondition};

const NAME: &str = "notification_condition";
/// The maximum number of conditions, of fields in all of them, and of groups in a group.
const CONDITION_LIMIT: usize = 2;
const FIELD_LIMIT: usize = 10;
const GROUP_LIMIT: usize = 2;

/// Reads the conditions of a row, and adds the ids of the modules and fields.
pub(super) fn conditions(
    cx: &Context<'_>,
    row: Row<'_>,
    given: &Value,
    channel: &Channel,
) -> Result<Vec<ChannelCondition>, RowError> {
    let list = given.as_array().ok_or_else(|| row.expected(NAME, "jsonarray"))?;
    if list.len() > CONDITION_LIMIT {
        return Err(row.too_long(NAME, CONDITION_LIMIT));
    }
    let mut conditions: Vec<ChannelCondition> = Vec::new();
    let mut count = 0;
    for (index, one) in list.iter().enumerate() {
        let at = |rest: &str| format!("{NAME}[{index}].{rest}");
        let kind = one.get("type").filter(|kind| !kind.is_null());
        if kind.is_none() && one.get("field_selection").is_some() {
            return Err(without_type(row, &at("field_selection"), &at("type")));
        }
        if kind.and_then(Value::as_str) != Some("field_selection") {
            return Err(row.unsupported(&at("type"), &["field_selection"]));
        }
        let module = selected_module(cx, row, one.get("module"), &at("module"))?;
        let name = module.api_name();
        if !channel.modules().contains(&name) {
            return Err(row.invalid(&at("module.api_name")));
        }
        let selection = one.get("field_selection").filter(|selection| selection.is_object());
        let selection = selection.ok_or_else(|| row.missing(&at("field_selection")))?;
        let selection =
            field_selection(row, module, selection, &at("field_selection"), &mut count)?;
        if conditions.iter().any(|condition| condition.module == name) {
            return Err(row.invalid(&at("module.api_name")));
        }
        let shown = json!({
            "type": "field_selection",
            "module": { "api_name": name, "id": module.id.to_string() },
            "field_selection": selection,
        });
        conditions.push(ChannelCondition { module: name.to_owned(), shown });
    }
    Ok(conditions)
}

/// Adds the ids of the fields to a selection.
fn field_selection(
    row: Row<'_>,
    module: &ModuleSpec,
    given: &Value,
    place: &str,
    count: &mut usize,
) -> Result<Value, RowError> {
    let has = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
    // A comparison of values is not a selection of fields.
    if has("comparator") || has("value") {
        return Err(row.invalid(place));
    }
    if !has("group") {
        let field = selected_field(row, module, given.get("field"), &format!("{place}.field"))?;
        *count += 1;
        if *count > FIELD_LIMIT {
            return Err(row.too_long(NAME, FIELD_LIMIT));
        }
        return Ok(json!({ "field": { "api_name": field.api_name, "id": field.id.to_string() } }));
    }
    let operator = given.get("group_operator").and_then(Value::as_str);
    let operator = operator.filter(|one| ["and", "or"].contains(one));
    let operator = operator
        .ok_or_else(|| row.unsupported(&format!("{place}.group_operator"), &["and", "or"]))?;
    let group = given.get("group").and_then(Value::as_array).filter(|group| !group.is_empty());
    let group = group.ok_or_else(|| row.invalid(&format!("{place}.group")))?;
    let groups = group.iter().filter(|one| one.get("group").is_some_and(Value::is_array));
    if groups.count() > GROUP_LIMIT {
        return Err(row.too_long(&format!("{place}.group"), GROUP_LIMIT));
    }
    let parts = group.iter().enumerate().map(|(index, one)| {
        field_selection(row, module, one, &format!("{place}.group[{index}]"), count)
    });
    let parts: Vec<Value> = parts.collect::<Result<_, _>>()?;
    Ok(json!({ "group_operator": operator, "group": parts }))
}

/// Returns the module that a condition names.
fn selected_module<'c>(
    cx: &'c Context<'_>,
    row: Row<'_>,
    given: Option<&Value>,
    place: &str,
) -> Result<&'c ModuleSpec, RowError> {
    let (name, id) = reference(row, given, place)?;
    let by_name = |name: &str| cx.state.modules.get(name).map(AsRef::as_ref);
    let by_id = |id: &str| {
        let mut all = cx.state.modules.values();
        all.find(|module| module.id.to_string() == id).map(AsRef::as_ref)
    };
    agreed(row, place, name.map(by_name), id.map(by_id), |module: &ModuleSpec| module.id)
}

/// Returns the field that a part of a selection names.
fn selected_field<'m>(
    row: Row<'_>,
    module: &'m ModuleSpec,
    given: Option<&Value>,
    place: &str,
) -> Result<&'m FieldSpec, RowError> {
    let (name, id) = reference(row, given, place)?;
    let by_id = |id: &str| module.fields.iter().find(|field| field.id.to_string() == id);
    let by_name = |name: &str| module.find(name);
    agreed(row, place, name.map(by_name), id.map(by_id), |field: &FieldSpec| field.id)
}

/// Returns the name and the id of a module or field; at least one must be given.
fn reference<'v>(
    row: Row<'_>,
    given: Option<&'v Value>,
    place: &str,
) -> Result<(Option<&'v str>, Option<&'v str>), RowError> {
    let given = given.filter(|given| given.is_object()).ok_or_else(|| row.missing(place))?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    match (text("api_name"), text("id")) {
        (None, None) => {
            let expected: Vec<Value> =
                ["api_name", "id"].map(|name| row.details(&format!("{place}.{name}"))).into();
            Err(RowError::new(
                "EXPECTED_FIELD_MISSING",
                "one of the expected fields is missing",
                json!({ "expected_fields": expected }),
            ))
        }
        both => Ok(both),
    }
}

/// Returns what name and id mean, if they mean the same.
fn agreed<'c, T>(
    row: Row<'_>,
    place: &str,
    by_name: Option<Option<&'c T>>,
    by_id: Option<Option<&'c T>>,
    id: impl Fn(&T) -> u64,
) -> Result<&'c T, RowError> {
    let unknown = |name: &str| row.invalid(&format!("{place}.{name}"));
    match (by_name, by_id) {
        (Some(None), _) => Err(unknown("api_name")),
        (_, Some(None)) | (None, None) => Err(unknown("id")),
        (Some(Some(named)), Some(Some(numbered))) if id(named) != id(numbered) => {
            let both: Vec<Value> =
                ["api_name", "id"].map(|name| row.details(&format!("{place}.{name}"))).into();
            Err(RowError::new(
                "AMBIGUITY_DURING_PROCESSING",
                "ambiguity while processing the request",
                json!({ "ambiguity_due_to": both }),
            ))
        }
        (Some(Some(found)), _) | (None, Some(Some(found))) => Ok(found),
    }
}

/// Returns the error of a selection without the type that it depends on.
fn without_type(row: Row<'_>, selection: &str, kind: &str) -> RowError {
    let details = row.details_with(kind, "dependee", row.details(selection));
    RowError::new("DEPENDENT_FIELD_MISSING", "dependent field missing", details)
}
