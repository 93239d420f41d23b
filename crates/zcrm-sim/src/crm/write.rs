//! Inserts, updates, upserts and deletions, row by row.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::Context;
use super::list::{changed_since, condition};
use super::refusal::{Refusal, RowError};
use super::render::display_name;
use super::validate::{Cleaned, Rules, finish_names, mentioned_id};
use super::version::Version;
use crate::call::Answer;
use crate::clock::{stamp, whole_seconds};
use crate::schema::{FieldKind, ModuleSpec};
use crate::state::{Deleted, Record, Table, record_key};

/// The most records that one call writes.
const WRITE_LIMIT: usize = 100;
/// The most fields that an upsert compares.
const CHECK_LIMIT: usize = 10;

type Outcome = Result<Value, RowError>;

pub(super) fn create(cx: &mut Context<'_>, module: &ModuleSpec) -> Result<Answer, Refusal> {
    let rows = rows(&body(cx)?)?;
    let outcomes = rows.iter().enumerate().map(|(index, row)| {
        let id = insert(cx, module, index, object(row, index)?)?;
        Ok(success("record added", details(cx, module, id)))
    });
    let outcomes: Vec<Outcome> = outcomes.collect();
    Ok(answer(cx, &outcomes, StatusCode::CREATED))
}

pub(super) fn update(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    path_id: Option<&str>,
) -> Result<Answer, Refusal> {
    let rows = rows(&body(cx)?)?;
    let unmodified_since = condition(cx.call, "if-unmodified-since")?;
    let one = |cx: &mut Context<'_>, index: usize, row: &Value| -> Outcome {
        let row = object(row, index)?;
        let id = match (path_id, row.get("id")) {
            (Some(id), _) => id.to_owned(),
            (None, Some(id)) => mentioned_id(id).unwrap_or_else(|| id.to_string()),
            (None, None) => {
                let path = format!("$.data[{index}].id");
                return Err(RowError::mandatory(json!({ "api_name": "id", "json_path": path })));
            }
        };
        let table = cx.state.store(cx.environment).table(module.api_name());
        let record = table.get(&id).ok_or_else(|| RowError::unknown_id(&id))?;
        unmodified(record, unmodified_since)?;
        let id = record.id;
        change(cx, module, index, row, id)?;
        Ok(success("record updated", details(cx, module, id)))
    };
    let outcomes: Vec<Outcome> =
        rows.iter().enumerate().map(|(index, row)| one(cx, index, row)).collect();
    Ok(answer(cx, &outcomes, StatusCode::OK))
}

pub(super) fn upsert(cx: &mut Context<'_>, module: &ModuleSpec) -> Result<Answer, Refusal> {
    let body = body(cx)?;
    let rows = rows(&body)?;
    let checks = check_fields(&body, module)?;
    let unmodified_since = condition(cx.call, "if-unmodified-since")?;
    let one = |cx: &mut Context<'_>, index: usize, row: &Value| -> Outcome {
        let row = object(row, index)?;
        let table = cx.state.store(cx.environment).table(module.api_name());
        let found = match row.get("id").filter(|id| !id.is_null()) {
            Some(id) => {
                let id = mentioned_id(id).unwrap_or_else(|| id.to_string());
                let record = table.get(&id).ok_or_else(|| RowError::unknown_id(&id))?;
                Some((record, "id"))
            }
            None => checks.iter().find_map(|field| {
                let value = row.get(*field).filter(|value| !value.is_null())?;
                let twin = twin(table, field, value, None)?;
                Some((twin, *field))
            }),
        };
        let duplicate_field = found.map(|(_, field)| field);
        let (id, action, message) = match found {
            Some((record, _)) => {
                unmodified(record, unmodified_since)?;
                let id = record.id;
                change(cx, module, index, row, id)?;
                (id, "update", "record updated")
            }
            None => (insert(cx, module, index, row)?, "insert", "record added"),
        };
        let mut item = success(message, details(cx, module, id));
        if let Some(map) = item.as_object_mut() {
            map.insert("action".into(), action.into());
            map.insert("duplicate_field".into(), duplicate_field.into());
        }
        Ok(item)
    };
    let outcomes: Vec<Outcome> =
        rows.iter().enumerate().map(|(index, row)| one(cx, index, row)).collect();
    Ok(answer(cx, &outcomes, StatusCode::OK))
}

pub(super) fn delete(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    path_id: Option<&str>,
) -> Result<Answer, Refusal> {
    let ids: Vec<&str> = match path_id {
        Some(id) => vec![id],
        None => {
            let ids = cx.call.param("ids").filter(|ids| !ids.is_empty());
            let ids = ids.ok_or_else(|| Refusal::missing_param("ids"))?;
            ids.split(',').map(str::trim).collect()
        }
    };
    if ids.len() > WRITE_LIMIT {
        return Err(Refusal::param_limit("ids", WRITE_LIMIT));
    }
    let (user, now) = (cx.user.clone(), whole_seconds(cx.now));
    let table = cx.state.store_mut(cx.environment).table_mut(module.api_name());
    let outcomes: Vec<Outcome> = ids
        .into_iter()
        .map(|id| {
            let removed = record_key(id).and_then(|key| table.records.remove(&key));
            let record = removed.ok_or_else(|| RowError::unknown_id(id))?;
            table.deleted.push(Deleted {
                id: record.id,
                display_name: display_name(module, &record).unwrap_or_default().to_owned(),
                created_by: record.created_by,
                deleted_by: user.clone(),
                deleted: now,
            });
            Ok(success("record deleted", json!({ "id": id })))
        })
        .collect();
    Ok(answer(cx, &outcomes, StatusCode::OK))
}

/// Whether nobody changed the record after the instant that the call named.
fn unmodified(record: &Record, since: Option<DateTime<Utc>>) -> Result<(), RowError> {
    if since.is_some_and(|since| changed_since(record, since)) {
        return Err(RowError::new(
            "ALREADY_MODIFIED",
            "the record was modified after the given time",
            json!({ "id": record.id.to_string(), "Modified_Time": stamp(record.modified) }),
        ));
    }
    Ok(())
}

fn body(cx: &Context<'_>) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(&cx.call.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => {
            Err(Refusal::bad("INVALID_DATA", "body", json!({ "expected_data_type": "jsonobject" })))
        }
    }
}

fn rows(body: &Map<String, Value>) -> Result<Vec<Value>, Refusal> {
    let place = json!({ "api_name": "data", "json_path": "$.data" });
    match body.get("data") {
        None => Err(Refusal::bad("MANDATORY_NOT_FOUND", "required field not found", place)),
        Some(Value::Array(rows)) if rows.len() > WRITE_LIMIT => Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of records is exceeded",
            json!({ "api_name": "data", "json_path": "$.data", "limit": WRITE_LIMIT }),
        )),
        Some(Value::Array(rows)) if !rows.is_empty() => Ok(rows.clone()),
        Some(_) => Err(Refusal::bad(
            "INVALID_DATA",
            "invalid data",
            json!({
                "api_name": "data", "json_path": "$.data", "expected_data_type": "jsonarray",
            }),
        )),
    }
}

fn object(row: &Value, index: usize) -> Result<&Map<String, Value>, RowError> {
    row.as_object().ok_or_else(|| {
        let path = format!("$.data[{index}]");
        RowError::invalid(json!({ "expected_data_type": "jsonobject", "json_path": path }))
    })
}

/// The fields that an upsert compares: those of the call, else the module's own; unique fields in
/// any case.
fn check_fields<'a>(
    body: &'a Map<String, Value>,
    module: &'a ModuleSpec,
) -> Result<Vec<&'a str>, Refusal> {
    let place = |index: usize| {
        json!({
            "api_name": "duplicate_check_fields",
            "json_path": format!("$.duplicate_check_fields[{index}]"),
        })
    };
    let named = body.get("duplicate_check_fields").and_then(Value::as_array);
    let mut checks = Vec::new();
    for (index, name) in named.into_iter().flatten().enumerate() {
        let field = name.as_str().and_then(|name| module.find(name));
        let Some(field) = field else {
            return Err(Refusal::bad("INVALID_DATA", "invalid data", place(index)));
        };
        checks.push(field.api_name.as_str());
    }
    if checks.len() > CHECK_LIMIT {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of fields is exceeded",
            json!({ "api_name": "duplicate_check_fields", "limit": CHECK_LIMIT }),
        ));
    }
    if checks.is_empty() {
        checks.extend(module.duplicate_check.iter().map(String::as_str));
    }
    checks.extend(module.fields.iter().filter(|f| f.unique).map(|f| f.api_name.as_str()));
    Ok(checks)
}

/// A record with the same value in that field. Case does not matter, and a lookup is compared by
/// the id that it names.
fn twin<'a>(
    table: &'a Table,
    field: &str,
    value: &Value,
    except: Option<u64>,
) -> Option<&'a Record> {
    let value = value.get("id").unwrap_or(value);
    let same = |other: &Value| match (other.as_str(), value.as_str()) {
        (Some(a), Some(b)) => a.to_lowercase() == b.to_lowercase(),
        _ => other == value,
    };
    table
        .records
        .values()
        .filter(|record| Some(record.id) != except)
        .find(|record| record.values.get(field).is_some_and(same))
}

/// Checks a row on its own and against the other records.
fn checked(
    cx: &Context<'_>,
    module: &ModuleSpec,
    index: usize,
    row: &Map<String, Value>,
    target: Option<u64>,
) -> Result<Cleaned, RowError> {
    let rules = Rules {
        state: cx.state,
        environment: cx.environment,
        version: cx.version,
        module,
        index,
        update: target.is_some(),
    };
    let cleaned = rules.clean(row)?;
    let table = cx.state.store(cx.environment).table(module.api_name());
    for field in module.fields.iter().filter(|field| field.unique) {
        let value = cleaned.values.get(&field.api_name).filter(|value| !value.is_null());
        if let Some(twin) = value.and_then(|value| twin(table, &field.api_name, value, target)) {
            let mut details = rules.place(&field.api_name);
            if let Some(map) = details.as_object_mut() {
                map.insert("id".into(), twin.id.to_string().into());
                let module = json!({ "api_name": module.api_name(), "id": module.id.to_string() });
                let owner = cx.view().user(&twin.owner);
                let twin = json!({ "id": twin.id.to_string(), "module": module, "Owner": owner });
                map.insert("duplicate_record".into(), twin);
            }
            return Err(RowError::new("DUPLICATE_DATA", "duplicate data", details));
        }
    }
    Ok(cleaned)
}

fn insert(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    index: usize,
    row: &Map<String, Value>,
) -> Result<u64, RowError> {
    let Cleaned { mut values, owner } = checked(cx, module, index, row, None)?;
    for field in module.fields.iter().filter(|field| field.kind == FieldKind::Subform) {
        if let Some(Value::Array(rows)) = values.get(&field.api_name).cloned() {
            let rows = merge(cx, Vec::new(), rows);
            values.insert(field.api_name.clone(), rows.into());
        }
    }
    finish_names(module, &mut values);
    let id = cx.state.chance.next_id();
    let now = whole_seconds(cx.now);
    let record = Record {
        id,
        owner: owner.unwrap_or_else(|| cx.user.clone()),
        created_by: cx.user.clone(),
        modified_by: cx.user.clone(),
        created: now,
        modified: now,
        values,
    };
    cx.state.store_mut(cx.environment).table_mut(module.api_name()).records.insert(id, record);
    Ok(id)
}

fn change(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    index: usize,
    row: &Map<String, Value>,
    id: u64,
) -> Result<(), RowError> {
    let Cleaned { mut values, owner } = checked(cx, module, index, row, Some(id))?;
    for field in module.fields.iter().filter(|field| field.kind == FieldKind::Subform) {
        if let Some(Value::Array(new)) = values.get(&field.api_name).cloned() {
            let table = cx.state.store(cx.environment).table(module.api_name());
            let old = table.records.get(&id).and_then(|record| record.values.get(&field.api_name));
            let old = old.and_then(Value::as_array).cloned().unwrap_or_default();
            let rows = merge(cx, old, new);
            values.insert(field.api_name.clone(), rows.into());
        }
    }
    let (user, now) = (cx.user.clone(), whole_seconds(cx.now));
    let table = cx.state.store_mut(cx.environment).table_mut(module.api_name());
    if let Some(record) = table.records.get_mut(&id) {
        record.values.extend(values);
        finish_names(module, &mut record.values);
        record.modified = now;
        record.modified_by = user;
        if let Some(owner) = owner {
            record.owner = owner;
        }
    }
    Ok(())
}

/// The rows of a subform after a write.
///
/// An empty list clears the subform; a row with `_delete` goes; a row whose id is known is changed;
/// others are new. What is not mentioned stays from v5 on and goes in v2; the versions between are
/// taken to be as v2, which is not known.
fn merge(cx: &mut Context<'_>, old: Vec<Value>, new: Vec<Value>) -> Vec<Value> {
    if new.is_empty() {
        return new;
    }
    let id_of = |row: &Value| row.get("id").and_then(mentioned_id);
    let mentioned: Vec<String> = new.iter().filter_map(id_of).collect();
    let is_mentioned = |row: &Value| id_of(row).is_some_and(|id| mentioned.contains(&id));
    let keep = cx.version >= Version::V5;
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
                    row.insert("id".into(), cx.state.chance.next_id().to_string().into());
                    rows.push(Value::Object(row));
                }
            }
        }
    }
    rows
}

fn success(message: &str, details: Value) -> Value {
    json!({ "code": "SUCCESS", "details": details, "message": message, "status": "success" })
}

/// What the answer to a write tells about the record.
fn details(cx: &Context<'_>, module: &ModuleSpec, id: u64) -> Value {
    let view = cx.view();
    let table = cx.state.store(cx.environment).table(module.api_name());
    table.records.get(&id).map_or(Value::Null, |record| {
        json!({
            "id": id.to_string(),
            "Created_Time": stamp(record.created),
            "Created_By": view.actor(&record.created_by),
            "Modified_Time": stamp(record.modified),
            "Modified_By": view.actor(&record.modified_by),
        })
    })
}

/// Puts the rows' outcomes together.
///
/// If every row fails, the status is 412 where all of them were modified meanwhile, else what the
/// simulator was told, else 202 in v2 and 400 after it: what Zoho sends differs between its pages.
fn answer(cx: &Context<'_>, outcomes: &[Outcome], good: StatusCode) -> Answer {
    let written = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let failures: Vec<&RowError> =
        outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    let status = if failures.is_empty() {
        good
    } else if written > 0 {
        StatusCode::MULTI_STATUS
    } else if failures.iter().all(|error| error.code == "ALREADY_MODIFIED") {
        StatusCode::PRECONDITION_FAILED
    } else {
        let told = cx.policy.all_failed_status.and_then(|told| StatusCode::from_u16(told).ok());
        told.unwrap_or(if cx.version == Version::V2 {
            StatusCode::ACCEPTED
        } else {
            StatusCode::BAD_REQUEST
        })
    };
    let data: Vec<Value> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().map_or_else(RowError::json, Value::clone))
        .collect();
    let answer = Answer::json(status, &json!({ "data": data })).wrote(written);
    match failures.first() {
        Some(first) if written == 0 => answer.with_code(first.code),
        _ => answer,
    }
}
