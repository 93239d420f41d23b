//! What became of notifications.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::response::{ControlError, ControlResult, ok};
use crate::http::IncomingCall;
use crate::shared::Shared;

/// The parameters: whether to wait first, and which deliveries are meant.
const PARAMETERS: [&str; 4] = ["settled", "since", "channel_id", "state"];

/// Whether the answer waits until the deliveries are made whose time has come.
pub(super) fn waits(call: &IncomingCall) -> bool {
    call.method == hyper::Method::GET
        && call.path.trim_end_matches('/') == "/deliveries"
        && call.param("settled") == Some("true")
}

pub(super) fn list(shared: &Shared, call: &IncomingCall) -> ControlResult {
    let wrong = |text: String| ControlError::new(StatusCode::BAD_REQUEST, text);
    if let Some((odd, _)) = call.query.iter().find(|(name, _)| !PARAMETERS.contains(&name.as_str()))
    {
        let known = PARAMETERS.join(", ");
        return Err(wrong(format!("`{odd}` is no parameter; these are: {known}")));
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
    // Text, numbers and times: nothing that JSON cannot hold.
    let shown = deliveries.map(|one| serde_json::to_value(one).unwrap_or_default());
    let deliveries: Vec<Value> = shown.filter(wanted).collect();
    Ok(ok(&json!({ "count": deliveries.len(), "deliveries": deliveries })))
}
