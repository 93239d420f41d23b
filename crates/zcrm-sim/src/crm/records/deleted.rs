//! What is left of deleted records.

use chrono::{DateTime, TimeDelta, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::crm::call::{Context, PageParams, Refusal, condition, page};
use crate::http::Answer;
use crate::state::DeletedRecord;

/// How long a deleted record lies in the recycle bin, and how long its id is kept after all.
const RECYCLE_BIN: TimeDelta = TimeDelta::days(60);

const DELETED_IDS: TimeDelta = TimeDelta::days(120);

/// How a deletion stands by now; `None` once it is forgotten.
pub(crate) fn kind(deleted: &DeletedRecord, now: DateTime<Utc>) -> Option<&'static str> {
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
pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
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
