//! Deleted records, and the recycle bin that they can be restored from.

use chrono::{DateTime, TimeDelta, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::crm::call::{
    Context, PageParams, Refusal, RowError, RowResult, condition, each_id, page, success,
};
use crate::http::Answer;
use crate::json::record_key;
use crate::state::DeletedRecord;

/// The time for which a deleted record is in the recycle bin, and the time for which its id is
/// kept.
const RECYCLE_BIN: TimeDelta = TimeDelta::days(60);
const DELETED_IDS: TimeDelta = TimeDelta::days(120);

/// Returns the type of a deleted record; `None` once its id is forgotten.
fn kind(deleted: &DeletedRecord, now: DateTime<Utc>) -> Option<&'static str> {
    let age = now - deleted.deleted;
    if age >= DELETED_IDS {
        None
    } else if age >= RECYCLE_BIN || deleted.purged {
        Some("permanent")
    } else {
        Some("recycle")
    }
}

/// Lists deleted records, the latest first.
pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let wanted = match cx.call.param("type") {
        None | Some("all") => None,
        Some(kind @ ("recycle" | "permanent")) => Some(kind),
        Some(_) => {
            return Err(Refusal::unsupported_param("type", &["all", "recycle", "permanent"]));
        }
    };
    let paging = PageParams::of(cx.call)?;
    let since = condition(cx.call, "if-modified-since")?;
    let view = cx.view();
    let table = cx.store().table(module.api_name());
    let found: Vec<Value> = table
        .deleted
        .iter()
        .rev()
        .filter(|deleted| since.is_none_or(|since| deleted.deleted >= since))
        .filter_map(|deleted| Some((deleted, kind(deleted, cx.now)?)))
        .filter(|(_, kind)| wanted.is_none_or(|wanted| wanted == *kind))
        .map(|(deleted, kind)| {
            json!({
                "id": deleted.id.to_string(),
                "display_name": deleted.display_name,
                "type": kind,
                "deleted_time": stamp(deleted.deleted),
                "deleted_by": view.actor(&deleted.deleted_by),
                "created_by": view.actor(&deleted.created_by),
            })
        })
        .collect();
    let status = if since.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
    Ok(page("data", &found, &paging, status))
}

/// The maximum number of ids in a call.
const LIMIT: usize = 100;

/// Returns the records in the recycle bin of all modules, the latest first; with an id, only this
/// record.
fn bin(cx: &Context<'_>, id: Option<u64>) -> Vec<Value> {
    let view = cx.view();
    let mut found: Vec<_> = cx
        .store()
        .tables()
        .flat_map(|(module, table)| table.deleted.iter().map(move |one| (module, one)))
        .filter(|(_, one)| id.is_none_or(|id| one.id == id))
        .filter(|(_, one)| kind(one, cx.now) == Some("recycle"))
        .collect();
    found.sort_by_key(|(_, one)| std::cmp::Reverse((one.deleted, one.id)));
    let shown = found.into_iter().map(|(module, one)| {
        let id = cx.state.modules.get(module).map(|module| module.id.to_string());
        json!({
            "id": one.id.to_string(),
            "display_name": one.display_name,
            "module": { "api_name": module, "id": id },
            "owner": view.actor(&one.owner),
            "deleted_by": view.actor(&one.deleted_by),
            "deleted_time": stamp(one.deleted),
        })
    });
    shown.collect()
}

pub(crate) fn list_bin(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let paging = PageParams::of(cx.call)?;
    Ok(page("recycle_bin", &bin(cx, None), &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn get_from_bin(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let found = record_key(cx.path_id(0)?).map(|id| bin(cx, Some(id))).unwrap_or_default();
    let paging = PageParams { page: 1, per_page: 1 };
    Ok(page("recycle_bin", &found, &paging, StatusCode::NO_CONTENT))
}

pub(crate) fn purge(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.optional_path_value(0);
    each_id(cx, "recycle_bin", id, LIMIT, purge_one)
}

/// Deletes a record from the recycle bin permanently.
fn purge_one(cx: &mut Context<'_>, id: &str) -> RowResult {
    let now = cx.now;
    let key = record_key(id).ok_or_else(|| RowError::unknown_id(id))?;
    let names: Vec<String> = cx.state.modules.keys().cloned().collect();
    for name in names {
        let deleted = &mut cx.store_mut().table_mut(&name).deleted;
        let found = deleted.iter_mut().find(|one| one.id == key);
        if let Some(one) = found.filter(|one| kind(one, now) == Some("recycle")) {
            one.purged = true;
            return Ok(success("record deleted permanently", json!({ "id": id })));
        }
    }
    Err(RowError::unknown_id(id))
}
