//! Single records, and what is left of deleted ones.

use chrono::{DateTime, TimeDelta, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::Context;
use super::external::External;
use super::list::{PageParams, condition, fields};
use super::refusal::Refusal;
use crate::call::Answer;
use crate::clock::stamp;
use crate::store::{DeletedRecord, record_key};

/// How long a deleted record lies in the recycle bin, and how long its id is kept after all.
const RECYCLE_BIN: TimeDelta = TimeDelta::days(60);
const DELETED_IDS: TimeDelta = TimeDelta::days(120);

/// A record by its id. For an id that no record has, the answer is 204 with no body, as for any
/// read without a result; what is no id at all is refused.
pub(super) fn by_id(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let id = cx.value(1);
    let external = External::of(cx)?;
    if record_key(id).is_none() && external.of_module(&module).is_none() {
        return Err(no_id(id, 1));
    }
    let fields = fields(cx.call, cx.version)?;
    let since = condition(cx.call, "if-modified-since")?;
    let Some(record) = external.record(cx, &module, id) else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    if since.is_some_and(|since| record.modified < since) {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    let shown = cx.view().record(&module, record, fields.as_deref(), true);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": [shown] })))
}

/// What stands in a path's place is no id, or the id of nothing.
pub(super) fn no_id(id: &str, place: usize) -> Refusal {
    Refusal::bad(
        "INVALID_DATA",
        "the id given seems to be invalid",
        json!({ "id": id, "resource_path_index": place }),
    )
}

/// Refuses what stands in that place of the path if it is no id at all.
pub(super) fn path_id<'c>(cx: &Context<'c>, place: usize) -> Result<&'c str, Refusal> {
    let text = cx.value(place);
    let index = cx.call.segments.iter().skip(2).position(|segment| segment == text);
    record_key(text).map(|_| text).ok_or_else(|| no_id(text, index.unwrap_or_default()))
}

/// How a deletion stands by now; `None` once it is forgotten.
pub(super) fn kind(deleted: &DeletedRecord, now: DateTime<Utc>) -> Option<&'static str> {
    let age = now - deleted.deleted;
    if age >= DELETED_IDS {
        None
    } else if age >= RECYCLE_BIN || deleted.purged {
        Some("permanent")
    } else {
        Some("recycle")
    }
}

/// Deleted records, the latest first.
pub(super) fn deleted(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
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

/// A page of what was found, by page numbers; `none` where it is empty.
pub(super) fn page(key: &str, found: &[Value], paging: &PageParams, none: StatusCode) -> Answer {
    let page = found.get(paging.offset()..).unwrap_or_default();
    let more = page.len() > paging.per_page;
    let page = page.get(..paging.per_page).unwrap_or(page);
    if page.is_empty() {
        return Answer::empty(none);
    }
    let info = json!({
        "per_page": paging.per_page,
        "count": page.len(),
        "page": paging.page,
        "more_records": more,
    });
    Answer::json(StatusCode::OK, &json!({ key: page, "info": info }))
}
