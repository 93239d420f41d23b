//! The timeline of a record, from the recent changes.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::crm::call::{Context, PageParams, Refusal};
use crate::crm::render::display_name;
use crate::http::Answer;
use crate::schema::ModuleSpec;
use crate::state::Record;

/// The largest page, and the default.
const PER_PAGE: usize = 200;

/// An entry of a timeline.
struct Event<'s> {
    number: u64,
    at: DateTime<Utc>,
    action: &'static str,
    by: Option<&'s str>,
    before: Option<&'s Record>,
    after: Option<&'s Record>,
}

/// Lists the additions, changes, deletions and restorations of the path's record, the latest first.
pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, id) = cx.path_record_or("the related id given seems to be invalid")?;
    let spec = cx.module(&module)?;
    for unsupported in ["filters", "filter"] {
        if cx.call.param(unsupported).is_some() {
            let details = json!({ "param_name": unsupported });
            let message = "the simulator does not filter timelines";
            return Err(Refusal::new(
                StatusCode::NOT_IMPLEMENTED,
                "NOT_SIMULATED",
                message,
                details,
            ));
        }
    }
    if cx.call.param("sort_by").is_some_and(|field| field != "audited_time") {
        return Err(Refusal::unsupported_param("sort_by", &["audited_time"]));
    }
    let mut events = events(cx, &module, id);
    match cx.call.param("sort_order") {
        None | Some("desc") => events.reverse(),
        Some("asc") => {}
        Some(_) => return Err(Refusal::unsupported_param("sort_order", &["asc", "desc"])),
    }
    let paging = PageParams::of(cx.call)?;
    let (offset, size) = match cx.call.param("page_token") {
        None => (paging.offset(), paging.per_page),
        Some(token) => position(token)?,
    };
    let rest = events.get(offset..).unwrap_or_default();
    let shown: Vec<Value> = rest.iter().take(size).map(|one| shown(cx, &spec, one)).collect();
    if shown.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let more = rest.len() > size;
    let info = json!({
        "per_page": size, "count": shown.len(), "page": offset / size + 1, "more_records": more,
        "next_page_token": more.then(|| token(offset + size, size)),
        "previous_page_token": offset.checked_sub(size).map(|offset| token(offset, size)),
    });
    Ok(Answer::json(StatusCode::OK, &json!({ "__timeline": shown, "info": info })))
}

/// Returns the token of the page at a position. `per_page` belongs to the token.
fn token(offset: usize, size: usize) -> String {
    format!("t{offset}x{size}")
}

fn position(token: &str) -> Result<(usize, usize), Refusal> {
    let parts = token.strip_prefix('t').and_then(|rest| rest.split_once('x'));
    let numbers = parts.and_then(|(offset, size)| Some((offset.parse().ok()?, size.parse().ok()?)));
    let valid = numbers.filter(|(_, size)| (1..=PER_PAGE).contains(size));
    valid.ok_or_else(|| Refusal::invalid_param("page_token", "string"))
}

/// Returns the recent changes of a record, the oldest first.
fn events<'s>(cx: &'s Context<'_>, module: &str, id: u64) -> Vec<Event<'s>> {
    let store = cx.store();
    let changes: Vec<_> = store.history.of_record(module, id).collect();
    let now = store.table(module).records.get(&id);
    let mut deleted = false;
    let mut events = Vec::new();
    for (index, (number, change)) in changes.iter().enumerate() {
        let before = change.before.as_deref();
        let after = match changes.get(index + 1) {
            Some((_, next)) => next.before.as_deref(),
            None => now,
        };
        let action = match (before, after) {
            (None, None) => continue,
            (None, Some(_)) if deleted => "restored",
            (None, Some(_)) => "added",
            (Some(_), None) => "deleted",
            (Some(_), Some(_)) => "updated",
        };
        deleted = after.is_none();
        let by = after.map(|record| record.modified_by.as_str());
        events.push(Event { number: *number, at: change.at(), action, by, before, after });
    }
    events
}

fn shown(cx: &Context<'_>, module: &ModuleSpec, event: &Event<'_>) -> Value {
    let record = event.after.or(event.before);
    let history = match event.action {
        "updated" => changed_fields(cx, module, event),
        _ => Vec::new(),
    };
    json!({
        "id": event.number.to_string(),
        "audited_time": stamp(event.at),
        "action": event.action,
        "source": "crm_api",
        "type": "timeline",
        "done_by": event.by.map(|user| cx.view().actor(user)),
        "related_record": null,
        "automation_details": null,
        "extension": null,
        "record": {
            "id": record.map(|record| record.id.to_string()),
            "name": record.and_then(|record| display_name(module, record)),
            "module": { "api_name": module.api_name(), "id": module.id.to_string() },
        },
        "field_history": if history.is_empty() { Value::Null } else { history.into() },
    })
}

/// Returns the fields that a change has changed, with their old and new values as text.
fn changed_fields(cx: &Context<'_>, module: &ModuleSpec, event: &Event<'_>) -> Vec<Value> {
    let (Some(before), Some(after)) = (event.before, event.after) else { return Vec::new() };
    let view = cx.view();
    let of_records =
        module.fields.iter().filter(|field| !field.system || field.api_name == "Owner");
    let changed = of_records.filter_map(|field| {
        let (old, new) = (view.value(field, before), view.value(field, after));
        (old != new).then(|| {
            json!({
                "api_name": field.api_name,
                "id": field.id.to_string(),
                "data_type": field.kind.data_type(),
                "_value": { "old": text(&old), "new": text(&new) },
            })
        })
    });
    changed.collect()
}

/// Returns a value as the timeline shows it: the name of a reference, otherwise its text.
fn text(value: &Value) -> Value {
    match value.get("name").unwrap_or(value) {
        Value::Null => Value::Null,
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}
