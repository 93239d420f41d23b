//! New jobs, their callbacks, and their ends.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::{StatusCode, Uri};
use serde_json::{Map, Value, json};

use crate::clock::span;
use crate::crm::call::{Context, Refusal};
use crate::state::{Job, JobFault};

/// An ended job as the receiver of its callback sees it.
pub(crate) struct Ended {
    pub(crate) module: String,
    pub(crate) body: Value,
}

/// Adds a job of the call to a queue.
pub(crate) fn schedule(
    cx: &mut Context<'_>,
    queue: &str,
    takes: Duration,
    callback: Option<String>,
) -> Job {
    let (now, user) = (cx.now, cx.user.clone());
    let id = cx.state.rng.next_id();
    let version = cx.call.segments.get(2).cloned().unwrap_or_default();
    let (starts, ends) = cx.store_mut().bulk_queue.add(id, queue, span(takes), now);
    Job { id, user, version, created: now, starts, ends, callback, fault: None }
}

/// Returns when the result of an ended job expires. A job ends on time, even if the clock was moved
/// far beyond that.
pub(crate) fn expires(job: &Job, life: Duration) -> DateTime<Utc> {
    if matches!(job.fault, Some(JobFault::ExpireResult)) {
        return job.ends;
    }
    job.ends.checked_add_signed(span(life)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Refuses a job or a result that does not exist.
pub(crate) fn not_found(resource: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "RESOURCE_NOT_FOUND",
        "The requested resource doesn't exist.",
        json!({ "resource": resource }),
    )
}

/// Returns the address of the callback in a request.
pub(crate) fn callback(body: &Map<String, Value>) -> Result<Option<String>, Refusal> {
    let Some(callback) = body.get("callback").filter(|callback| !callback.is_null()) else {
        return Ok(None);
    };
    if callback.get("method").and_then(Value::as_str) != Some("post") {
        return Err(Refusal::bad(
            "INVALID_CALLBACK_METHOD",
            "the method of the callback is invalid",
            json!({ "supported_callback_methods": ["post"] }),
        ));
    }
    let url = callback.get("url").and_then(Value::as_str).unwrap_or_default();
    let uri = url.parse::<Uri>().ok();
    let http = |uri: &Uri| {
        uri.scheme_str().is_some_and(|scheme| ["http", "https"].contains(&scheme))
            && uri.host().is_some_and(|host| !host.is_empty())
    };
    if !uri.as_ref().is_some_and(http) {
        let message = "the address of the callback is invalid";
        return Err(Refusal::bad("INVALID_CALLBACK_URL", message, json!({})));
    }
    Ok(Some(url.to_owned()))
}
