//! The deliveries of notifications.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::response::{ControlError, ControlResult, ok};
use crate::http::IncomingCall;
use crate::shared::Shared;

/// The parameters: whether to wait first, and filters of deliveries.
const PARAMETERS: [&str; 4] = ["settled", "since", "channel_id", "state"];

/// Returns whether the answer waits until all due deliveries are made.
pub(super) fn waits(call: &IncomingCall) -> bool {
    call.method == hyper::Method::GET
        && call.path.trim_end_matches('/') == "/deliveries"
        && call.param("settled") == Some("true")
}

pub(super) fn list(shared: &Shared, call: &IncomingCall) -> ControlResult {
    let wrong = |text: String| ControlError::new(StatusCode::BAD_REQUEST, text);
    if let Some((unknown, _)) =
        call.query.iter().find(|(name, _)| !PARAMETERS.contains(&name.as_str()))
    {
        let known = PARAMETERS.join(", ");
        return Err(wrong(format!("unknown parameter `{unknown}`: expected one of {known}")));
    }
    let since = call.param("since").map(str::parse::<u64>).transpose();
    let since = since.map_err(|error| wrong(format!("since: {error}")))?.unwrap_or_default();
    let wanted = |shown: &Value| {
        let is = |place: &str, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| shown.pointer(place).and_then(Value::as_str) == Some(wanted))
        };
        is("/channel_id", call.param("channel_id")) && is("/outcome/state", call.param("state"))
    };
    let deliveries = shared.dispatcher.deliveries().into_iter().filter(|one| one.seq >= since);
    // Text, numbers and times: JSON can represent all of them.
    let shown = deliveries.map(|one| serde_json::to_value(one).unwrap_or_default());
    let deliveries: Vec<Value> = shown.filter(wanted).collect();
    Ok(ok(&json!({ "count": deliveries.len(), "deliveries": deliveries })))
}
