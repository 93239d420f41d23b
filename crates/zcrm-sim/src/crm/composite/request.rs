//! The body of a composite call, and the checks that refuse the call as a whole.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::call::Refusal;
use crate::http::IncomingCall;
use crate::version::Version;

/// The member with the parts.
pub(super) const KEY: &str = "__composite_requests";
/// The maximum number of parts.
const PARTS: usize = 5;
/// The first version with composite calls.
const SINCE: Version = Version::V3;

/// A composite call.
pub(super) struct CompositeRequest {
    pub(super) rollback: bool,
    /// Whether parts that do not refer to each other run in parallel.
    pub(super) parallel: bool,
    pub(super) parts: Vec<Value>,
}

impl CompositeRequest {
    pub(super) fn read(call: &IncomingCall, version: Version) -> Result<Self, Refusal> {
        if version < SINCE {
            return Err(Refusal::unsupported_version("v3"));
        }
        let Ok(Value::Object(body)) = serde_json::from_slice(&call.body) else {
            let details = json!({ "expected_data_type": "jsonobject" });
            return Err(Refusal::bad("INVALID_DATA", "body", details));
        };
        let rollback = flag(&body, "rollback_on_fail")?;
        // The name in v3.
        let parallel_name = ["parallel_execution", "concurrent_execution"]
            .into_iter()
            .find(|name| body.get(*name).is_some_and(|value| !value.is_null()))
            .unwrap_or("parallel_execution");
        let parallel = flag(&body, parallel_name)?;
        if rollback == Some(true) && parallel == Some(true) {
            let due_to = ["rollback_on_fail", parallel_name]
                .map(|name| json!({ "api_name": name, "json_path": format!("$.{name}") }));
            return Err(Refusal::bad(
                "AMBIGUITY_DURING_PROCESSING",
                "ambiguity while processing the request",
                json!({ "ambiguity_due_to": due_to }),
            ));
        }
        let rollback = rollback.unwrap_or(false);
        Ok(Self { rollback, parallel: parallel.unwrap_or(!rollback), parts: parts(&body)? })
    }
}

fn flag(body: &Map<String, Value>, name: &str) -> Result<Option<bool>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(Refusal::invalid_member(name, "expected_data_type", "boolean")),
    }
}

fn parts(body: &Map<String, Value>) -> Result<Vec<Value>, Refusal> {
    match body.get(KEY) {
        None | Some(Value::Null) => Err(Refusal::missing_member(KEY)),
        Some(Value::Array(parts)) if parts.len() > PARTS => {
            Err(Refusal::invalid_member(KEY, "maximum_length", PARTS))
        }
        Some(Value::Array(parts)) if !parts.is_empty() => Ok(parts.clone()),
        Some(_) => Err(Refusal::invalid_member(KEY, "expected_data_type", "jsonarray")),
    }
}

/// Returns the HTTP status of a call without rollback: by how many of its parts were executed,
/// with any answer.
pub(super) fn status(executed: usize, parts: usize) -> StatusCode {
    match executed {
        0 => StatusCode::BAD_REQUEST,
        executed if executed < parts => StatusCode::MULTI_STATUS,
        _ => StatusCode::OK,
    }
}
