//! Territories, with their users and records.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::call::{
    Context, PageParams, Refusal, Row, RowError, RowResult, each, each_id, page, row_id, success,
};
use crate::http::Answer;
use crate::json::{mentioned_id, record_key, text_of};

/// The maximum number of territories in a call.
const LIMIT: usize = 10;
/// The maximum number of records in a call.
const RECORD_LIMIT: usize = 100;

fn id_and_name(cx: &Context<'_>, id: &str) -> Value {
    let one = cx.store().territories.get(id);
    one.map_or(Value::Null, |one| json!({ "id": id, "name": one.get("name") }))
}

fn show(cx: &Context<'_>, territory: &Map<String, Value>) -> Value {
    let mut shown = territory.clone();
    let manager = text_of(territory, "manager");
    let manager = (!manager.is_empty()).then(|| cx.view().actor(manager));
    shown.insert("manager".into(), manager.into());
    shown.insert("reporting_to".into(), id_and_name(cx, text_of(territory, "reporting_to")));
    cx.view().add_founder(&mut shown);
    for name in ["account_rule_criteria", "deal_rule_criteria", "lead_rule_criteria"] {
        shown.insert(name.into(), Value::Null);
    }
    Value::Object(shown)
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let paging = PageParams::of(cx.call)?;
    let all: Vec<Value> = cx.store().territories.values().map(|one| show(cx, one)).collect();
    Ok(page("territories", &all, &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let one = cx.store().territories.get(cx.path_id(0)?);
    let one: Vec<Value> = one.map(|one| show(cx, one)).into_iter().collect();
    Ok(page("territories", &one, &PageParams { page: 1, per_page: 1 }, StatusCode::NO_CONTENT))
}

fn checked(
    cx: &Context<'_>,
    row: Row<'_>,
    id: Option<&str>,
) -> Result<Map<String, Value>, RowError> {
    let mut territory = Map::new();
    if id.is_none() || row.get("name").is_some() {
        let name = row.text("name")?;
        let twin = cx.store().territories.find_by("name", name).map(|one| text_of(one, "id"));
        if let Some(twin) = twin.filter(|twin| Some(*twin) != id) {
            let details = row.details_with("name", "id", twin);
            return Err(RowError::duplicate(details));
        }
        territory.insert("name".into(), name.into());
        territory.insert("api_name".into(), name.replace(' ', "_").into());
    }
    let given = |name: &str| row.get(name).filter(|value| !value.is_null());
    if let Some(above) = given("reporting_to") {
        let above = mentioned_id(above).unwrap_or_default();
        if cx.store().territories.get(&above).is_none() || id == Some(&above) {
            return Err(row.invalid("reporting_to"));
        }
        territory.insert("reporting_to".into(), above.into());
    } else if id.is_none() {
        return Err(row.missing("reporting_to"));
    }
    if let Some(manager) = given("manager") {
        let manager = mentioned_id(manager).unwrap_or_default();
        cx.state.user(&manager).ok_or_else(|| row.invalid("manager"))?;
        territory.insert("manager".into(), manager.into());
    }
    for name in ["description", "permission_type"] {
        if let Some(value) = given(name) {
            territory.insert(name.into(), value.clone());
        }
    }
    Ok(territory)
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each(cx, "territories", LIMIT, StatusCode::CREATED, |cx, row| {
        let mut territory = checked(cx, row, None)?;
        territory.entry("description").or_insert(Value::Null);
        territory.entry("permission_type").or_insert_with(|| "read_write_delete".into());
        let id = cx.state.rng.next_id();
        cx.store_mut().territories.put(id, territory);
        Ok(success("territory created successfully", json!({ "id": id.to_string() })))
    })
}

fn change(cx: &mut Context<'_>, row: Row<'_>, id: &str) -> RowResult {
    cx.store().territories.get(id).ok_or_else(|| RowError::unknown_id(id))?;
    let changes = checked(cx, row, Some(id))?;
    if let Some(territory) = cx.store_mut().territories.get_mut(id) {
        territory.extend(changes);
    }
    Ok(success("territory updated successfully", json!({ "id": id })))
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let limit = if cx.path_values.is_empty() { LIMIT } else { 1 };
    each(cx, "territories", limit, StatusCode::OK, |cx, row| {
        let id = row_id(cx, row)?;
        change(cx, row, id)
    })
}

/// Deletes a territory that has no territories below it, and removes its users and records from it.
fn delete_one(cx: &mut Context<'_>, id: &str) -> RowResult {
    cx.store().territories.get(id).ok_or_else(|| RowError::unknown_id(id))?;
    if cx.store().territories.values().any(|one| text_of(one, "reporting_to") == id) {
        let message = "the territory has others below it";
        return Err(RowError::new("NOT_ALLOWED", message, json!({ "id": id })));
    }
    cx.store_mut().territories.remove(id);
    for user in &mut cx.state.users {
        user.territories.retain(|one| one != id);
    }
    Ok(success("territory deleted successfully", json!({ "id": id })))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.optional_path_value(0);
    each_id(cx, "territories", id, LIMIT, delete_one)
}

/// Returns the territories of the user in the path, as users show them.
fn users_territories(cx: &Context<'_>) -> Result<Vec<Value>, Refusal> {
    let user = cx
        .state
        .user(cx.path_value(0))
        .ok_or_else(|| Refusal::invalid_path_id(cx.path_value(0), 1))?;
    let shown = user.territories.iter().filter_map(|id| {
        let one = cx.store().territories.get(id)?;
        let name = |value: Value| json!({ "id": value.get("id"), "Name": value.get("name") });
        let manager = text_of(one, "manager");
        let manager = if manager.is_empty() { Value::Null } else { cx.view().actor(manager) };
        Some(json!({
            "id": id,
            "Name": one.get("name"),
            "Manager": name(manager),
            "Reporting_To": name(id_and_name(cx, text_of(one, "reporting_to"))),
        }))
    });
    Ok(shown.collect())
}

pub(crate) fn of_user(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let paging = PageParams::of(cx.call)?;
    Ok(page("territories", &users_territories(cx)?, &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn one_of_user(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let mut all = users_territories(cx)?;
    all.retain(|one| one.get("id").and_then(Value::as_str) == Some(cx.path_value(1)));
    Ok(page("territories", &all, &PageParams { page: 1, per_page: 1 }, StatusCode::NO_CONTENT))
}

pub(crate) fn assign_user(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let user = cx.path_value(0);
    cx.state.user(user).ok_or_else(|| Refusal::invalid_path_id(user, 1))?;
    each(cx, "territories", LIMIT, StatusCode::OK, |cx, row| {
        let id = row.text("id")?;
        cx.store().territories.get(id).ok_or_else(|| RowError::unknown_id(id))?;
        if let Some(user) = cx.state.users.iter_mut().find(|one| one.id == user)
            && !user.territories.iter().any(|one| one == id)
        {
            user.territories.push(id.to_owned());
        }
        Ok(success("User is associated with the territory", json!({ "id": id })))
    })
}

fn leave_territory(cx: &mut Context<'_>, id: &str) -> RowResult {
    let user = cx.path_value(0);
    let found = cx.state.users.iter_mut().find(|one| one.id == user);
    let user = found.ok_or_else(|| RowError::unknown_id(user))?;
    let place = user.territories.iter().position(|one| one == id);
    user.territories.remove(place.ok_or_else(|| RowError::unknown_id(id))?);
    Ok(success("User is removed from the territory", json!({ "id": id })))
}

pub(crate) fn remove_user(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.optional_path_value(1);
    each_id(cx, "territories", id, LIMIT, leave_territory)
}

pub(crate) fn assign(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    assign_or_remove(cx, true)
}

pub(crate) fn remove(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    assign_or_remove(cx, false)
}

/// Adds records to territories or removes them: the record in the path, or the records of the rows.
fn assign_or_remove(cx: &mut Context<'_>, add: bool) -> Result<Answer, Refusal> {
    let of_path = match cx.path_values.len() {
        1 => None,
        _ => Some(cx.path_record()?.1),
    };
    let module = cx.path_module()?;
    if module.find("Territories").is_none() {
        let details = json!({ "resource_path_index": 0 });
        return Err(Refusal::bad("NOT_SUPPORTED", "the module has no territories", details));
    }
    each(cx, "data", RECORD_LIMIT, StatusCode::OK, |cx, row| {
        let key = match of_path {
            Some(record) => record,
            None => {
                let id = row.text("id")?;
                record_key(id).ok_or_else(|| RowError::unknown_id(id))?
            }
        };
        let Some(named) = row.get("Territories").and_then(Value::as_array) else {
            return Err(row.missing("Territories"));
        };
        let mut ids = Vec::new();
        for (index, one) in named.iter().enumerate() {
            let id = mentioned_id(one).unwrap_or_default();
            if cx.store().territories.get(&id).is_none() {
                return Err(row.invalid(&format!("Territories[{index}].id")));
            }
            ids.push(Value::from(id));
        }
        let (user, now) = (cx.user.clone(), cx.write_time());
        let modifies = cx.config.changes.territories_modify;
        let table = cx.store_mut().table_mut(module.api_name());
        let record = table.records.get_mut(&key);
        let record = record.ok_or_else(|| RowError::unknown_id(&key.to_string()))?;
        let own = record.values.get("Territories").and_then(Value::as_array);
        let mut own = own.cloned().unwrap_or_default();
        let before = record.clone();
        own.retain(|id| !ids.contains(id));
        if add {
            own.extend(ids);
        }
        record.values.insert("Territories".into(), own.into());
        if modifies {
            record.modified = now;
            record.modified_by = user;
        }
        cx.note(&module, key, Some(before));
        let message = if add {
            "territories assigned successfully"
        } else {
            "territories removed successfully"
        };
        Ok(success(message, json!({ "id": key.to_string() })))
    })
}
