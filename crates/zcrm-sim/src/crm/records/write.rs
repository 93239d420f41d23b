//! Inserts, updates, upserts and deletions of records, row by row.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::list::changed_since;
use super::locks::locked;
use super::merge_rows::merge;
use crate::clock::stamp;
use crate::crm::call::{
    Context, External, Refusal, Row, RowError, RowErrors, answer, body, condition, each_of, rows,
    success,
};
use crate::crm::records::computed;
use crate::crm::settings::tags;
use crate::crm::validation::{CleanedRow, Rules, clean};
use crate::http::Answer;
use crate::json::{mentioned_id, text_of};
use crate::schema::{FieldKind, ModuleSpec};
use crate::state::{Record, Table};

/// The maximum number of records written by a call.
pub(crate) const WRITE_LIMIT: usize = 100;
/// The maximum number of fields that an upsert compares.
const CHECK_LIMIT: usize = 10;
/// The actions that a write can trigger.
const TRIGGERS: [&str; 6] =
    ["workflow", "approval", "blueprint", "pathfinder", "orchestration", "assignment"];

/// The options that apply to all rows of a write.
pub(crate) struct Write {
    rows: Vec<Value>,
    external: External,
    /// The owner that an assignment rule gives to new records.
    assigned: Option<String>,
    unmodified_since: Option<DateTime<Utc>>,
}

impl Write {
    fn of(cx: &Context<'_>, module: &ModuleSpec) -> Result<(Self, Map<String, Value>), Refusal> {
        let body = body(cx)?;
        let write = Self {
            rows: rows(&body, "data", WRITE_LIMIT)?,
            external: External::of(cx)?,
            assigned: assigned(cx, module, &body)?,
            unmodified_since: condition(cx.call, "if-unmodified-since")?,
        };
        check_triggers(&body)?;
        Ok((write, body))
    }
}

/// Returns the user to whom the assignment rule of `lar_id` assigns records.
fn assigned(
    cx: &Context<'_>,
    module: &ModuleSpec,
    body: &Map<String, Value>,
) -> Result<Option<String>, Refusal> {
    let Some(rule) = body.get("lar_id").filter(|id| !id.is_null()) else { return Ok(None) };
    let id = mentioned_id(rule).unwrap_or_default();
    let known = cx.store().assignment_rules.get(&id);
    match known.filter(|rule| text_of(rule, "module") == module.api_name()) {
        Some(rule) => Ok(Some(text_of(rule, "owner").to_owned())),
        None => Err(Refusal::invalid_id(json!({ "api_name": "lar_id", "json_path": "$.lar_id" }))),
    }
}

fn check_triggers(body: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(given) = body.get("trigger").filter(|given| !given.is_null()) else { return Ok(()) };
    let known = |one: &Value| one.as_str().is_some_and(|one| TRIGGERS.contains(&one));
    if given.as_array().is_some_and(|all| all.iter().all(known)) {
        return Ok(());
    }
    let details = json!({
        "api_name": "trigger", "json_path": "$.trigger", "supported_values": TRIGGERS,
    });
    Err(Refusal::bad("INVALID_DATA", "invalid data", details))
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let (write, _) = Write::of(cx, &module)?;
    let outcomes = each_of(cx, "data", &write.rows, |cx, row| {
        let id = insert(cx, &module, row, &write)?;
        Ok(success("record added", details(cx, &module, id)))
    });
    Ok(answer(cx, "data", &outcomes, StatusCode::CREATED))
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let path_id = cx.path_values.get(1).copied();
    let module = cx.path_module()?;
    let (write, _) = Write::of(cx, &module)?;
    let outcomes = each_of(cx, "data", &write.rows, |cx, row| {
        let by = write.external.of_module(&module);
        let text = match (path_id, row.get(by.unwrap_or("id"))) {
            (Some(id), _) => id.to_owned(),
            (None, Some(Value::String(text))) if by.is_some() => text.clone(),
            (None, Some(id)) => mentioned_id(id).unwrap_or_else(|| id.to_string()),
            (None, None) => {
                let path = format!("$.{}[{}].id", row.key, row.index);
                let details = json!({ "api_name": "id", "json_path": path });
                return Err(RowError::mandatory(details));
            }
        };
        let record = write.external.record(cx, &module, &text);
        let record = record.ok_or_else(|| RowError::unknown_id(&text))?;
        unmodified(record, write.unmodified_since)?;
        let id = record.id;
        change(cx, &module, row, id, &write.external)?;
        Ok(success("record updated", details(cx, &module, id)))
    });
    Ok(answer(cx, "data", &outcomes, StatusCode::OK))
}

pub(crate) fn upsert(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let (write, body) = Write::of(cx, &module)?;
    let checks = check_fields(cx, &body, &module)?;
    let outcomes = each_of(cx, "data", &write.rows, |cx, row| {
        let table = cx.store().table(module.api_name());
        let found = match row.get("id").filter(|id| !id.is_null()) {
            Some(id) => {
                let id = mentioned_id(id).unwrap_or_else(|| id.to_string());
                let record = table.get(&id).ok_or_else(|| RowError::unknown_id(&id))?;
                Some((record, "id"))
            }
            None => checks.iter().find_map(|field| {
                let value = row.get(field).filter(|value| !value.is_null())?;
                let twin = twin(table, field, value, None)?;
                Some((twin, field.as_str()))
            }),
        };
        let duplicate_field = found.map(|(_, field)| field);
        let (id, action, message) = match found {
            Some((record, _)) => {
                unmodified(record, write.unmodified_since)?;
                let id = record.id;
                change(cx, &module, row, id, &write.external)?;
                (id, "update", "record updated")
            }
            None => (insert(cx, &module, row, &write)?, "insert", "record added"),
        };
        let mut item = success(message, details(cx, &module, id));
        if let Some(map) = item.as_object_mut() {
            map.insert("action".into(), action.into());
            map.insert("duplicate_field".into(), duplicate_field.into());
        }
        Ok(item)
    });
    Ok(answer(cx, "data", &outcomes, StatusCode::OK))
}

/// Refuses a record that was changed after the time given in the call.
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

/// Returns the fields that an upsert compares: those of the call, else the module's, and unique
/// fields in both cases. v2 also accepts them in the query.
fn check_fields(
    cx: &Context<'_>,
    body: &Map<String, Value>,
    module: &ModuleSpec,
) -> Result<Vec<String>, Refusal> {
    let place = |index: usize| {
        json!({
            "api_name": "duplicate_check_fields",
            "json_path": format!("$.duplicate_check_fields[{index}]"),
        })
    };
    let asked = cx.call.param("duplicate_check_fields").unwrap_or_default();
    let asked = asked.split(',').filter(|name| !name.is_empty()).map(|name| json!(name.trim()));
    let named = body.get("duplicate_check_fields").and_then(Value::as_array);
    let mut checks = Vec::new();
    for (index, name) in named.into_iter().flatten().cloned().chain(asked).enumerate() {
        let field = name.as_str().and_then(|name| module.find(name));
        let Some(field) = field else {
            return Err(Refusal::bad("INVALID_DATA", "invalid data", place(index)));
        };
        checks.push(field.api_name.clone());
    }
    if checks.len() > CHECK_LIMIT {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of fields is exceeded",
            json!({ "api_name": "duplicate_check_fields", "limit": CHECK_LIMIT }),
        ));
    }
    if checks.is_empty() {
        checks.extend(module.duplicate_check.iter().cloned());
    }
    checks.extend(module.fields.iter().filter(|f| f.unique).map(|f| f.api_name.clone()));
    Ok(checks)
}

/// Returns a record with the same value in this field, ignoring case. Lookups are compared by id.
pub(crate) fn twin<'a>(
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
    let mut candidates = table.candidates(field, value).filter(|one| Some(one.id) != except);
    candidates.find(|record| record.values.get(field).is_some_and(same))
}

/// Checks a row by itself and against the other records.
fn checked(
    cx: &Context<'_>,
    module: &ModuleSpec,
    row: Row<'_>,
    target: Option<u64>,
    external: &External,
) -> Result<CleanedRow, RowErrors> {
    let table = cx.store().table(module.api_name());
    let record = target.and_then(|id| table.records.get(&id));
    let rules = Rules { view: cx.view(), module, row, target: record, external };
    let (cleaned, mut errors) = clean(rules);
    for field in module.fields.iter().filter(|field| field.unique) {
        let value = cleaned.values.get(&field.api_name).filter(|value| !value.is_null());
        if let Some(twin) = value.and_then(|value| twin(table, &field.api_name, value, target)) {
            let mut details = row.details_with(&field.api_name, "id", twin.id.to_string());
            if let Some(map) = details.as_object_mut() {
                let module = json!({ "api_name": module.api_name(), "id": module.id.to_string() });
                let owner = cx.view().user(&twin.owner);
                let twin = json!({ "id": twin.id.to_string(), "module": module, "Owner": owner });
                map.insert("duplicate_record".into(), twin);
            }
            errors.push(RowError::duplicate(details));
        }
    }
    RowErrors::of(errors).map_or(Ok(cleaned), Err)
}

/// Converts rows and tags to the form in which they are stored.
fn store_tags_and_rows(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    values: &mut Map<String, Value>,
    id: u64,
) {
    for field in &module.fields {
        let Some(Value::Array(new)) = values.get(&field.api_name) else { continue };
        let new = new.clone();
        let kept: Vec<Value> = if field.kind == FieldKind::Tags {
            let names: Vec<&str> = new.iter().filter_map(Value::as_str).collect();
            tags::find_or_create(cx, module, &names).into_iter().map(Value::from).collect()
        } else if field.kind.has_rows() {
            let record = cx.store().table(module.api_name()).records.get(&id);
            let old = record.and_then(|record| record.values.get(&field.api_name)?.as_array());
            let old = old.cloned().unwrap_or_default();
            merge(cx.version, &mut cx.state.rng, old, new)
        } else {
            continue;
        };
        values.insert(field.api_name.clone(), kept.into());
    }
}

/// Checks a row that inserts a record, or updates the target.
pub(crate) fn check_row(
    cx: &Context<'_>,
    module: &ModuleSpec,
    row: Row<'_>,
    target: Option<u64>,
) -> Result<(), RowErrors> {
    checked(cx, module, row, target, &External::default()).map(drop)
}

/// Checks a row and inserts a record.
pub(crate) fn insert_row(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    row: Row<'_>,
) -> Result<u64, RowErrors> {
    let cleaned = checked(cx, module, row, None, &External::default())?;
    Ok(store_new(cx, module, cleaned))
}

/// Inserts a row of a write. An assignment rule may set another owner.
fn insert(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    row: Row<'_>,
    write: &Write,
) -> Result<u64, RowError> {
    let mut cleaned = checked(cx, module, row, None, &write.external)?;
    cleaned.owner = write.assigned.clone().or(cleaned.owner);
    Ok(store_new(cx, module, cleaned))
}

fn store_new(cx: &mut Context<'_>, module: &ModuleSpec, cleaned: CleanedRow) -> u64 {
    let CleanedRow { mut values, owner } = cleaned;
    let id = cx.state.rng.next_id();
    store_tags_and_rows(cx, module, &mut values, id);
    computed::defaults(module, &mut values, cx.store());
    computed::compute(module, &mut values, cx.store());
    let now = cx.write_time();
    let user = cx.user.clone();
    let table = cx.store_mut().table_mut(module.api_name());
    computed::assign_numbers(module, &mut values, table);
    table.add(Record {
        id,
        owner: owner.unwrap_or_else(|| user.clone()),
        created_by: user.clone(),
        modified_by: user,
        created: now,
        modified: now,
        converted: false,
        approved: true,
        values,
    });
    cx.note(module, id, None);
    id
}

/// Checks a row and updates the record.
pub(crate) fn change(
    cx: &mut Context<'_>,
    module: &ModuleSpec,
    row: Row<'_>,
    id: u64,
    external: &External,
) -> Result<(), RowErrors> {
    if let Some(locked) = RowErrors::of(locked(cx, id).into_iter().collect()) {
        return Err(locked);
    }
    let CleanedRow { mut values, owner } = checked(cx, module, row, Some(id), external)?;
    store_tags_and_rows(cx, module, &mut values, id);
    let known = cx.store().table(module.api_name()).records.get(&id).cloned();
    let mut merged = known.as_ref().map(|record| record.values.clone()).unwrap_or_default();
    // Computed prices and rates are computed again when their inputs change.
    if values.contains_key("Currency") && !values.contains_key("Exchange_Rate") {
        merged.remove("Exchange_Rate");
    }
    if values.contains_key("Stage") && !values.contains_key("Probability") {
        merged.remove("Probability");
    }
    merged.extend(values);
    computed::compute(module, &mut merged, cx.store());
    let (user, now) = (cx.user.clone(), cx.write_time());
    let table = cx.store_mut().table_mut(module.api_name());
    if let Some(record) = table.change(id, merged) {
        record.modified = now;
        record.modified_by = user;
        if let Some(owner) = owner {
            record.owner = owner;
        }
    }
    cx.note(module, id, known);
    Ok(())
}

/// Returns the details of the record in the answer to a write.
pub(crate) fn details(cx: &Context<'_>, module: &ModuleSpec, id: u64) -> Value {
    let view = cx.view();
    let table = cx.store().table(module.api_name());
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
