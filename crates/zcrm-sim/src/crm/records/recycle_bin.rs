//! The recycle bin of all modules.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::bin_filter::{BinFilter, Place};
use super::restore::{purge, restore, size};
use super::schedule::schedule;
use crate::clock::utc_stamp;
use crate::crm::call::{Context, PageParams, Refusal, answer, body, each_id, page, success};
use crate::http::Answer;
use crate::json::record_key;
use crate::state::{DeletedRecord, RecordWork};

/// The maximum number of ids of a deletion, and of a restoration.
const DELETE_LIMIT: usize = 100;
const RESTORE_LIMIT: usize = 200;
const SORTABLE: [&str; 3] = ["display_name", "deleted_time", "deleted_by"];
/// The members of the body that say what to restore.
const SCOPES: [&str; 3] = ["ids", "filters", "restore_all_records"];

/// Returns the records in the recycle bin with their modules, the latest deletion first.
fn bin<'s>(cx: &'s Context<'_>) -> Vec<(&'s str, &'s DeletedRecord)> {
    let tables = cx.store().tables();
    let all = tables.flat_map(|(module, table)| table.deleted.iter().map(move |one| (module, one)));
    let mut found: Vec<_> = all.filter(|(_, one)| one.is_in_bin(cx.now)).collect();
    found.sort_by_key(|(_, one)| std::cmp::Reverse((one.deleted, one.id)));
    found
}

fn shown(cx: &Context<'_>, (module, one): (&str, &DeletedRecord)) -> Value {
    let view = cx.view();
    let id = cx.state.modules.get(module).map(|module| module.id.to_string());
    json!({
        "id": one.id.to_string(),
        "display_name": one.display_name,
        "module": { "api_name": module, "id": id },
        "owner": view.actor(&one.owner),
        "deleted_by": view.actor(&one.deleted_by),
        "deleted_time": utc_stamp(one.deleted),
    })
}

/// Returns the filter of the query, if there is one.
fn filter(cx: &Context<'_>) -> Result<Option<BinFilter>, Refusal> {
    cx.call.param("filters").map(BinFilter::of_query).transpose()
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let paging = PageParams::of(cx.call)?;
    let filter = filter(cx)?;
    let mut found = bin(cx);
    found.retain(|(module, one)| filter.as_ref().is_none_or(|filter| filter.holds(module, one)));
    match cx.call.param("sort_by") {
        None | Some("deleted_time") => {}
        Some("display_name") => {
            found.sort_by(|(_, a), (_, b)| b.display_name.cmp(&a.display_name));
        }
        Some("deleted_by") => found.sort_by(|(_, a), (_, b)| b.deleted_by.cmp(&a.deleted_by)),
        Some(_) => return Err(Refusal::unsupported_param("sort_by", &SORTABLE)),
    }
    match cx.call.param("sort_order") {
        None | Some("desc") => {}
        Some("asc") => found.reverse(),
        Some(_) => return Err(Refusal::unsupported_param("sort_order", &["asc", "desc"])),
    }
    let found: Vec<Value> = found.into_iter().map(|one| shown(cx, one)).collect();
    Ok(page("recycle_bin", &found, &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = record_key(cx.path_id(0)?);
    let found = bin(cx).into_iter().filter(|(_, one)| Some(one.id) == id);
    let found: Vec<Value> = found.map(|one| shown(cx, one)).collect();
    let paging = PageParams { page: 1, per_page: 1 };
    Ok(page("recycle_bin", &found, &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn count(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::json(StatusCode::OK, &json!({ "count": bin(cx).len() })))
}

/// Deletes records from the recycle bin permanently: the one in the path, or those named by ids or
/// by a filter.
pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.optional_path_value(0);
    if id.is_some() || cx.call.param("filters").is_none() {
        return each_id(cx, "recycle_bin", id, DELETE_LIMIT, purge);
    }
    let ids = filtered(cx, &BinFilter::of_query(cx.call.param("filters").unwrap_or_default())?);
    if size(cx, &ids) > cx.config.changes.job_records {
        let rows = scheduled_rows(&ids, "record has been scheduled for deletion");
        schedule(cx, RecordWork::Purge(ids));
        return Ok(Answer::json(StatusCode::ACCEPTED, &json!({ "recycle_bin": rows })));
    }
    let outcomes: Vec<_> = ids.iter().map(|id| purge(cx, &id.to_string())).collect();
    if outcomes.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    Ok(answer(cx, "recycle_bin", &outcomes, StatusCode::OK))
}

/// Deletes all records from the recycle bin permanently.
pub(crate) fn empty(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    if !cx.is_administrator() {
        return Err(Refusal::bad(
            "AUTHORIZATION_FAILED",
            "User does not have sufficient privilege to empty the recycle bin",
            json!({}),
        ));
    }
    let ids: Vec<u64> = bin(cx).iter().map(|(_, one)| one.id).collect();
    let later = size(cx, &ids) > cx.config.changes.job_records;
    let (status, code, message) = if later {
        (StatusCode::ACCEPTED, "SCHEDULED", "Empty bin action has been scheduled")
    } else {
        (StatusCode::OK, "SUCCESS", "recyclebin is cleared")
    };
    if later {
        schedule(cx, RecordWork::Purge(ids));
    } else {
        for id in ids {
            purge(cx, &id.to_string())?;
        }
    }
    let body = json!({ "code": code, "details": {}, "message": message, "status": "success" });
    Ok(Answer::json(status, &body))
}

/// Restores the record in the path.
pub(crate) fn restore_one(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.path_id(0)?;
    let ids: Vec<u64> = record_key(id).into_iter().collect();
    restore_ids(cx, &[id.to_owned()], &ids)
}

/// Restores records by ids, by a filter, or all of them.
pub(crate) fn restore_many(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let body = body(cx)?;
    let given: Vec<&str> = SCOPES
        .into_iter()
        .filter(|name| body.get(*name).is_some_and(|one| !one.is_null()))
        .collect();
    let places = |names: &[&str]| -> Vec<Value> {
        let place = |name: &&str| json!({ "api_name": name, "json_path": format!("$.{name}") });
        names.iter().map(place).collect()
    };
    let missing = |names: &[&str]| {
        Refusal::bad(
            "EXPECTED_FIELD_MISSING",
            "one of the expected fields is missing",
            json!({ "expected_fields": places(names) }),
        )
    };
    match given.as_slice() {
        ["ids"] => {
            let ids = named(&body)?;
            let keys: Vec<u64> = ids.iter().filter_map(|id| record_key(id)).collect();
            restore_ids(cx, &ids, &keys)
        }
        ["filters"] => {
            let filters = body.get("filters").filter(|filters| filters.is_object());
            let filters = filters.ok_or_else(|| {
                Refusal::invalid_member("filters", "expected_data_type", "jsonobject")
            })?;
            let ids = filtered(cx, &BinFilter::of(Place::Body, filters)?);
            Ok(restore_later(cx, ids))
        }
        ["restore_all_records"] => match body.get("restore_all_records") {
            Some(Value::Bool(true)) => {
                let ids = bin(cx).iter().map(|(_, one)| one.id).collect();
                Ok(restore_later(cx, ids))
            }
            Some(Value::Bool(false)) => Err(missing(&["ids", "filters"])),
            _ => {
                Err(Refusal::invalid_member("restore_all_records", "expected_data_type", "boolean"))
            }
        },
        [] => Err(missing(&SCOPES)),
        several => Err(Refusal::bad(
            "AMBIGUITY_DURING_PROCESSING",
            "Please use only one of the members that select records",
            json!({ "ambiguity_due_to": places(several) }),
        )),
    }
}

/// Returns the ids in the body.
fn named(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let ids = body.get("ids").and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let ids =
        ids.ok_or_else(|| Refusal::invalid_member("ids", "expected_data_type", "jsonarray"))?;
    if ids.len() > RESTORE_LIMIT {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of ids is exceeded",
            json!({ "api_name": "ids", "json_path": "$.ids", "limit": RESTORE_LIMIT }),
        ));
    }
    let text = |(index, id): (usize, &Value)| {
        id.as_str().map(String::from).ok_or_else(|| {
            Refusal::invalid_member(&format!("ids[{index}]"), "expected_data_type", "string")
        })
    };
    ids.iter().enumerate().map(text).collect()
}

/// Restores records by id: immediately, or as a job if they are too many with their notes and
/// attachments.
fn restore_ids(cx: &mut Context<'_>, ids: &[String], keys: &[u64]) -> Result<Answer, Refusal> {
    if size(cx, keys) > cx.config.changes.job_records {
        let rows = scheduled_rows(keys, "record has been scheduled for restoration");
        schedule(cx, RecordWork::Restore(keys.to_vec()));
        return Ok(Answer::json(StatusCode::ACCEPTED, &json!({ "recycle_bin": rows })));
    }
    let outcomes: Vec<_> = ids.iter().map(|id| restore(cx, id)).collect();
    Ok(answer(cx, "recycle_bin", &outcomes, StatusCode::OK))
}

/// Restores records as a job, however few they are.
fn restore_later(cx: &mut Context<'_>, ids: Vec<u64>) -> Answer {
    schedule(cx, RecordWork::Restore(ids));
    let row = json!({
        "code": "SCHEDULED",
        "details": {},
        "message": "Bulk restoration of records based on filters has been scheduled",
        "status": "success",
    });
    Answer::json(StatusCode::ACCEPTED, &json!({ "recycle_bin": [row] }))
}

fn filtered(cx: &Context<'_>, filter: &BinFilter) -> Vec<u64> {
    let found = bin(cx).into_iter().filter(|(module, one)| filter.holds(module, one));
    found.map(|(_, one)| one.id).collect()
}

fn scheduled_rows(ids: &[u64], message: &str) -> Vec<Value> {
    let row = |id: &u64| {
        let mut row = success(message, json!({ "id": id.to_string() }));
        if let Some(map) = row.as_object_mut() {
            map.insert("code".into(), "SCHEDULED".into());
        }
        row
    };
    ids.iter().map(row).collect()
}
