//! Territories, and who and what belongs to them.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::clock::whole_seconds;
use crate::crm::call::{
    Context, PageParams, Refusal, RowError, RowPosition, RowResult, answer, each, each_id, page,
    success,
};
use crate::http::Answer;
use crate::json::{mentioned_id, record_key, text_of};
use crate::state::FOUNDED;

/// The most territories of a call.
const LIMIT: usize = 10;
/// The most records of a call.
const RECORD_LIMIT: usize = 100;

fn mention(cx: &Context<'_>, id: &str) -> Value {
    let one = cx.store().territories.get(id);
    one.map_or(Value::Null, |one| json!({ "id": id, "name": one.get("name") }))
}

fn show(cx: &Context<'_>, territory: &Map<String, Value>) -> Value {
    let first = cx.state.users.first().map(|user| cx.view().actor(&user.id));
    let mut shown = territory.clone();
    let manager = text_of(territory, "manager");
    let manager = (!manager.is_empty()).then(|| cx.view().actor(manager));
    shown.insert("manager".into(), manager.into());
    shown.insert("reporting_to".into(), mention(cx, text_of(territory, "reporting_to")));
    for name in ["created_by", "modified_by"] {
        shown.insert(name.into(), first.clone().into());
    }
    for name in ["created_time", "modified_time"] {
        shown.insert(name.into(), FOUNDED.into());
    }
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
    place: RowPosition<'_>,
    row: &Map<String, Value>,
    id: Option<&str>,
) -> Result<Map<String, Value>, RowError> {
    let mut territory = Map::new();
    if id.is_none() || row.contains_key("name") {
        let name = place.text(row, "name")?;
        let twin = cx.store().territories.by("name", name).map(|one| text_of(one, "id"));
        if let Some(twin) = twin.filter(|twin| Some(*twin) != id) {
            let details = place.with("name", "id", twin);
            return Err(RowError::new("DUPLICATE_DATA", "duplicate data", details));
        }
        territory.insert("name".into(), name.into());
        territory.insert("api_name".into(), name.replace(' ', "_").into());
    }
    let given = |name: &str| row.get(name).filter(|value| !value.is_null());
    if let Some(above) = given("reporting_to") {
        let above = mentioned_id(above).unwrap_or_default();
        if cx.store().territories.get(&above).is_none() || id == Some(&above) {
            return Err(RowError::invalid(place.of("reporting_to")));
        }
        territory.insert("reporting_to".into(), above.into());
    } else if id.is_none() {
        return Err(RowError::mandatory(place.of("reporting_to")));
    }
    if let Some(manager) = given("manager") {
        let manager = mentioned_id(manager).unwrap_or_default();
        cx.state.user(&manager).ok_or_else(|| RowError::invalid(place.of("manager")))?;
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
    each(cx, "territories", LIMIT, StatusCode::CREATED, |cx, place, row| {
        let mut territory = checked(cx, place, row, None)?;
        territory.entry("description").or_insert(Value::Null);
        territory.entry("permission_type").or_insert_with(|| "read_write_delete".into());
        let id = cx.state.rng.next_id();
        cx.store_mut().territories.put(id, territory);
        Ok(success("territory created successfully", json!({ "id": id.to_string() })))
    })
}

fn change(
    cx: &mut Context<'_>,
    place: RowPosition<'_>,
    row: &Map<String, Value>,
    id: &str,
) -> RowResult {
    cx.store().territories.get(id).ok_or_else(|| RowError::unknown_id(id))?;
    let changes = checked(cx, place, row, Some(id))?;
    if let Some(territory) = cx.store_mut().territories.get_mut(id) {
        territory.extend(changes);
    }
    Ok(success("territory updated successfully", json!({ "id": id })))
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each(cx, "territories", LIMIT, StatusCode::OK, |cx, place, row| {
        let id = place.text(row, "id")?;
        change(cx, place, row, id)
    })
}

pub(crate) fn update_one(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.path_value(0);
    each(cx, "territories", 1, StatusCode::OK, |cx, place, row| change(cx, place, row, id))
}

/// Deletes a territory that has none below it; users and records leave it.
fn drop_one(cx: &mut Context<'_>, id: &str) -> RowResult {
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
    each_id(cx, "territories", LIMIT, drop_one)
}

pub(crate) fn delete_one(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let outcome = drop_one(cx, cx.path_value(0));
    Ok(answer(cx, "territories", &[outcome], StatusCode::OK))
}

/// The territories of the user of the path, as users show them.
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
            "Reporting_To": name(mention(cx, text_of(one, "reporting_to"))),
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
    each(cx, "territories", LIMIT, StatusCode::OK, |cx, place, row| {
        let id = place.text(row, "id")?;
        cx.store().territories.get(id).ok_or_else(|| RowError::unknown_id(id))?;
        if let Some(user) = cx.state.users.iter_mut().find(|one| one.id == user)
            && !user.territories.iter().any(|one| one == id)
        {
            user.territories.push(id.to_owned());
        }
        Ok(success("User is associated with the territory", json!({ "id": id })))
    })
}

fn leave(cx: &mut Context<'_>, id: &str) -> RowResult {
    let user = cx.path_value(0);
    let found = cx.state.users.iter_mut().find(|one| one.id == user);
    let user = found.ok_or_else(|| RowError::unknown_id(user))?;
    let place = user.territories.iter().position(|one| one == id);
    user.territories.remove(place.ok_or_else(|| RowError::unknown_id(id))?);
    Ok(success("User is removed from the territory", json!({ "id": id })))
}

pub(crate) fn remove_user(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each_id(cx, "territories", LIMIT, leave)
}

pub(crate) fn remove_one_of_user(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let outcome = leave(cx, cx.path_value(1));
    Ok(answer(cx, "territories", &[outcome], StatusCode::OK))
}

pub(crate) fn assign(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    records(cx, None, true)
}

pub(crate) fn remove(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    records(cx, None, false)
}

pub(crate) fn assign_one(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record()?;
    records(cx, Some(record), true)
}

pub(crate) fn remove_one(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record()?;
    records(cx, Some(record), false)
}

/// Puts records into territories or takes them out: the record of the path, or that of each row.
fn records(cx: &mut Context<'_>, of_path: Option<u64>, add: bool) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    if module.find("Territories").is_none() {
        let details = json!({ "resource_path_index": 0 });
        return Err(Refusal::bad("NOT_SUPPORTED", "the module has no territories", details));
    }
    each(cx, "data", RECORD_LIMIT, StatusCode::OK, |cx, place, row| {
        let key = match of_path {
            Some(record) => record,
            None => {
                let id = place.text(row, "id")?;
                record_key(id).ok_or_else(|| RowError::unknown_id(id))?
            }
        };
        let Some(named) = row.get("Territories").and_then(Value::as_array) else {
            return Err(RowError::mandatory(place.of("Territories")));
        };
        let mut ids = Vec::new();
        for (index, one) in named.iter().enumerate() {
            let id = mentioned_id(one).unwrap_or_default();
            if cx.store().territories.get(&id).is_none() {
                return Err(RowError::invalid(place.of(&format!("Territories[{index}].id"))));
            }
            ids.push(Value::from(id));
        }
        let (user, now) = (cx.user.clone(), whole_seconds(cx.now));
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
        record.modified = now;
        record.modified_by = user;
        cx.note(&module, key, Some(before));
        let message = if add {
            "territories assigned successfully"
        } else {
            "territories removed successfully"
        };
        Ok(success(message, json!({ "id": key.to_string() })))
    })
}
