//! Locks of records. A locked record can neither be changed nor be deleted.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::crm::call::{
    Context, PageParams, Refusal, Row, RowError, RowResult, each, fields, page, success,
};
use crate::http::Answer;
use crate::json::record_key;
use crate::state::RecordLock;

/// The maximum number of characters of a reason.
const REASON: usize = 3_000;
const UNRELATED: &str = "the related id given seems to be invalid";

/// Returns the error of a write of this record if it is locked.
pub(super) fn locked(cx: &Context<'_>, record: u64) -> Option<RowError> {
    cx.store().lock_of(record)?;
    let details = json!({ "id": record.to_string(), "action": "record_locking" });
    Some(RowError::new("RECORD_LOCKED", "the record is locked", details))
}

fn shown(cx: &Context<'_>, lock: &RecordLock, fields: Option<&[String]>) -> Value {
    let module = cx.state.modules.get(&lock.module);
    let record = module.zip(cx.store().table(&lock.module).records.get(&lock.record));
    let name = record.and_then(|(module, record)| crate::crm::render::display_name(module, record));
    let mut by = cx.view().actor(&lock.by);
    if let Some(map) = by.as_object_mut() {
        map.insert("module".into(), "users".into());
    }
    let mut shown = json!({
        "Locked_By__s": by,
        "Locked_For__s": {
            "module": { "api_name": lock.module, "id": module.map(|module| module.id.to_string()) },
            "name": name, "id": lock.record.to_string(),
        },
        "Locked_Reason__s": lock.reason,
        "Locked_Time__s": stamp(lock.at),
        "Lock_Source__s": "Manual",
        "Feature_Type__s": "record_locking",
        "$editable": true,
        "$sharing_permission": "full_access",
        "$field_states": null,
        "$zia_visions": null,
    });
    if let Some(map) = shown.as_object_mut() {
        map.retain(|name, _| fields.is_none_or(|fields| fields.iter().any(|one| one == name)));
        map.insert("id".into(), lock.id.to_string().into());
    }
    shown
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (_, record) = cx.path_record_or(UNRELATED)?;
    let (paging, fields) = (PageParams::of(cx.call)?, fields(cx.call, cx.version)?);
    let locks = cx.store().lock_of(record);
    let found: Vec<Value> =
        locks.into_iter().map(|lock| shown(cx, lock, fields.as_deref())).collect();
    Ok(page("data", &found, &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = existing(cx)?;
    let (paging, fields) = (PageParams { page: 1, per_page: 200 }, fields(cx.call, cx.version)?);
    let lock = cx.store().locks.get(&id);
    let found: Vec<Value> =
        lock.into_iter().map(|lock| shown(cx, lock, fields.as_deref())).collect();
    Ok(page("data", &found, &paging, StatusCode::NO_CONTENT))
}

/// Returns the id of the path's lock, which must be a lock of the path's record.
fn existing(cx: &Context<'_>) -> Result<u64, Refusal> {
    let (_, record) = cx.path_record_or(UNRELATED)?;
    let id = record_key(cx.path_value(2)).filter(|id| {
        let lock = cx.store().locks.get(id);
        lock.is_some_and(|lock| lock.record == record)
    });
    id.ok_or_else(|| Refusal::bad("INVALID_DATA", UNRELATED, json!({ "resource_path_index": 3 })))
}

fn reason(row: Row<'_>) -> Result<String, RowError> {
    let reason = row.text("Locked_Reason__s")?;
    match reason.chars().count() > REASON {
        true => Err(row.too_long("Locked_Reason__s", REASON)),
        false => Ok(reason.to_owned()),
    }
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, record) = cx.path_record_or(UNRELATED)?;
    each(cx, "data", 1, StatusCode::CREATED, |cx, row| {
        let reason = reason(row)?;
        if let Some(error) = locked(cx, record) {
            return Err(error);
        }
        let (by, at, id) = (cx.user.clone(), cx.write_time(), cx.state.rng.next_id());
        let lock = RecordLock { id, module: module.clone(), record, reason, by, at };
        cx.store_mut().locks.insert(id, lock);
        written(cx, "record added", id)
    })
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = existing(cx)?;
    each(cx, "data", 1, StatusCode::OK, |cx, row| {
        let reason = reason(row)?;
        if let Some(lock) = cx.store_mut().locks.get_mut(&id) {
            lock.reason = reason;
        }
        written(cx, "record updated", id)
    })
}

/// Returns the result of a write of a lock, whose creation is not shown elsewhere.
fn written(cx: &Context<'_>, message: &str, id: u64) -> RowResult {
    let lock = cx.store().locks.get(&id).ok_or_else(|| RowError::unknown_id(&id.to_string()))?;
    let (created, by) = (stamp(lock.at), cx.view().actor(&lock.by));
    let modified = stamp(cx.write_time());
    let details = json!({
        "id": id.to_string(), "Created_Time": created, "Created_By": by,
        "Modified_Time": modified, "Modified_By": cx.view().actor(&cx.user),
    });
    Ok(success(message, details))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = existing(cx)?;
    cx.store_mut().locks.remove(&id);
    let row = success("record deleted", json!({ "id": id.to_string() }));
    Ok(Answer::json(StatusCode::OK, &json!({ "data": [row] })).wrote(1))
}
