//! Single records, and what is left of deleted ones.

use chrono::{DateTime, TimeDelta, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::Context;
use super::list::{Paging, condition, fields};
use super::refusal::Refusal;
use crate::call::Answer;
use crate::clock::stamp;
use crate::schema::ModuleSpec;
use crate::state::{Deleted, record_key};

/// How long a deleted record lies in the recycle bin, and how long its id is kept after all.
const RECYCLE_BIN: TimeDelta = TimeDelta::days(60);
const DELETED_IDS: TimeDelta = TimeDelta::days(120);

/// A record by its id. For an id that no record has, the answer is 204 with no body, as for any
/// read without a result; what is no id at all is refused.
pub(super) fn by_id(cx: &Context<'_>, module: &ModuleSpec, id: &str) -> Result<Answer, Refusal> {
    if record_key(id).is_none() {
        return Err(Refusal::bad(
            "INVALID_DATA",
            "the id given seems to be invalid",
            json!({ "id": id, "resource_path_index": 1 }),
        ));
    }
    let fields = fields(cx.call, cx.version)?;
    let since = condition(cx.call, "if-modified-since")?;
    let table = cx.state.store(cx.environment).table(module.api_name());
    let Some(record) = table.get(id) else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    if since.is_some_and(|since| record.modified < since) {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    let shown = cx.view().record(module, record, fields.as_deref(), true);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": [shown] })))
}

/// How a deletion stands by now; `None` once it is forgotten.
fn kind(deleted: &Deleted, now: DateTime<Utc>) -> Option<&'static str> {
    let age = now - deleted.deleted;
    if age >= DELETED_IDS {
        None
    } else if age >= RECYCLE_BIN {
        Some("permanent")
    } else {
        Some("recycle")
    }
}

/// Deleted records, the latest first.
pub(super) fn deleted(cx: &Context<'_>, module: &ModuleSpec) -> Result<Answer, Refusal> {
    let wanted = match cx.call.param("type") {
        None | Some("all") => None,
        Some(kind @ ("recycle" | "permanent")) => Some(kind),
        Some(_) => {
            return Err(Refusal::bad(
                "INVALID_DATA",
                "invalid data",
                json!({ "param_name": "type", "supported_values": ["all", "recycle", "permanent"] }),
            ));
        }
    };
    let paging = Paging::of(cx.call)?;
    let since = condition(cx.call, "if-modified-since")?;
    let view = cx.view();
    let table = cx.state.store(cx.environment).table(module.api_name());
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
    let page = found.get(paging.offset()..).unwrap_or_default();
    let more = page.len() > paging.per_page;
    let page = page.get(..paging.per_page).unwrap_or(page);
    if page.is_empty() {
        let status =
            if since.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
        return Ok(Answer::empty(status));
    }
    let info = json!({
        "per_page": paging.per_page,
        "count": page.len(),
        "page": paging.page,
        "more_records": more,
    });
    Ok(Answer::json(StatusCode::OK, &json!({ "data": page, "info": info })))
}
