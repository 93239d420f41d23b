//! The routes of the control API.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::response::{ControlError, ControlResult, ok};
use crate::clock::stamp;
use crate::control::{deliveries, faults, journal};
use crate::crm;
use crate::crm::StateChange;
use crate::environment::Environment;
use crate::grant::DEFAULT_SCOPES;
use crate::http::{Answer, IncomingCall, origin};
use crate::shared::Shared;

/// The routes, for humans: method, path and description.
const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/", "shows addresses, client, users, time, and these routes"),
    ("GET", "/ca.pem", "shows the certificate authority to trust"),
    ("GET", "/operations", "lists the operations of the CRM API that are simulated"),
    ("POST", "/reset", "restores the initial state"),
    ("POST", "/records", "adds generated records: module, count, environment"),
    (
        "POST",
        "/records/approval",
        "submits a record for approval or approves it: module, id, approved, environment",
    ),
    (
        "POST",
        "/records/computed",
        "sets computed fields of a record: module, id, fields, environment",
    ),
    ("POST", "/clock", "advances the clock: advance_ms or advance_seconds"),
    ("POST", "/grants", "makes a grant token: user, environment, scopes"),
    ("POST", "/tokens/expire", "expires every access token"),
    ("POST", "/tokens/revoke", "revokes every refresh token"),
    ("POST", "/devices", "approves or rejects a device: user_code, user, accept, environment"),
    ("GET", "/credits", "shows the API credits spent in the last 24 hours: environment"),
    ("POST", "/credits", "spends API credits: credits, environment"),
    ("GET", "/channels", "lists notification channels: end, openings, renewals, deliveries"),
    ("DELETE", "/channels", "ends channels as if Zoho had lost them: channel_id, or all"),
    (
        "POST",
        "/permissions",
        "allows or forbids an action for a profile: profile, permission, allowed",
    ),
    ("GET", "/faults", "shows how many more calls, deliveries and bulk jobs will fail"),
    ("POST", "/faults", "adds a failure, or a list of them"),
    ("DELETE", "/faults", "removes the failures that have not happened yet"),
    ("GET", "/journal", "lists requests and their answers, with filters as parameters"),
    ("GET", "/journal/tally", "counts requests and executions by method and path"),
    (
        "POST",
        "/journal/assert",
        "checks the number of matching requests: filters, and exactly, at_least or at_most; 409 if it differs",
    ),
    ("DELETE", "/journal", "clears the journal"),
    (
        "GET",
        "/deliveries",
        "lists notifications and their outcomes: settled, since, channel_id, state",
    ),
    ("DELETE", "/deliveries", "forgets the notifications that were delivered or failed"),
    ("GET", "/snapshot", "shows the entire state"),
    ("PUT", "/snapshot", "replaces the state"),
];

/// Waits before the call is answered if it asks for that: for the notifications that are due.
pub(crate) async fn prepare(shared: &Shared, call: &IncomingCall) {
    if origin::refusal(call).is_none() && deliveries::waits(call) {
        shared.dispatcher.settled(shared.clock()).await;
    }
}

/// Answers one call.
///
/// Requests from web pages of other origins are refused. So is a body that is not declared as JSON:
/// a browser sends JSON to another origin only if the server permits it, and this one never does.
pub(crate) fn answer(shared: &Shared, call: &IncomingCall) -> Answer {
    if let Some(refused) = origin::refusal(call) {
        return refused;
    }
    let kind = call.header("content-type").unwrap_or_default();
    let mime = kind.split(';').next().unwrap_or_default().trim();
    let declared = call.body.is_empty() || mime.eq_ignore_ascii_case("application/json");
    let outcome = if declared {
        route(shared, call)
    } else {
        Err(ControlError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported media type: the body must be application/json",
        ))
    };
    outcome
        .unwrap_or_else(|refused| Answer::json(refused.status, &json!({ "error": refused.text })))
}

fn route(shared: &Shared, call: &IncomingCall) -> ControlResult {
    let path = call.path.trim_end_matches('/');
    match (call.method.as_str(), path) {
        ("GET", "") => Ok(about(shared)),
        ("GET", "/ca.pem") => Ok(Answer::typed(
            StatusCode::OK,
            "application/x-pem-file",
            shared.config().ca_pem.clone(),
        )),
        ("GET", "/operations") => Ok(ok(&operations())),
        ("POST", "/reset") => {
            shared.reset()?;
            Ok(ok(&json!({})))
        }
        ("POST", "/records") => records(shared, &read(call)?),
        ("POST", "/records/approval") => {
            let form: Approval = read(call)?;
            let change = StateChange::Approved(form.approved);
            shared.change_state(form.environment, &form.module, &form.id, change)?;
            Ok(ok(&json!({})))
        }
        ("POST", "/records/computed") => {
            let form: Computed = read(call)?;
            let change = StateChange::Computed(form.fields);
            shared.change_state(form.environment, &form.module, &form.id, change)?;
            Ok(ok(&json!({})))
        }
        ("POST", "/clock") => {
            let advance: Advance = read(call)?;
            let seconds = Duration::from_secs(advance.advance_seconds);
            shared
                .clock()
                .advance(seconds.saturating_add(Duration::from_millis(advance.advance_ms)));
            Ok(ok(&json!({ "now": stamp(shared.clock().now()) })))
        }
        ("POST", "/grants") => {
            let grant: GrantForm = read(call)?;
            let scopes = grant.scopes.unwrap_or_else(|| DEFAULT_SCOPES.map(String::from).to_vec());
            let code = shared.new_grant(grant.user.as_deref(), grant.environment, scopes)?;
            Ok(ok(&json!({ "code": code })))
        }
        ("POST", "/tokens/expire") => {
            shared.state().accounts.forget_access_tokens();
            Ok(ok(&json!({})))
        }
        ("POST", "/tokens/revoke") => {
            shared.state().accounts.forget_refresh_tokens();
            Ok(ok(&json!({})))
        }
        ("POST", "/devices") => device(shared, &read(call)?),
        ("GET", "/credits") => {
            let environment = environment(call)?;
            Ok(ok(&json!({ "spent": shared.spent_credits(environment) })))
        }
        ("GET", "/channels") => Ok(ok(&json!({ "channels": shared.channels() }))),
        ("DELETE", "/channels") => {
            let forgotten = shared.forget_channels(call.param("channel_id"));
            Ok(ok(&json!({ "forgotten": forgotten })))
        }
        ("POST", "/credits") => {
            let form: Credits = read(call)?;
            shared.spend_credits(form.environment, form.credits);
            Ok(ok(&json!({ "spent": shared.spent_credits(form.environment) })))
        }
        ("POST", "/permissions") => {
            let form: Permission = read(call)?;
            shared.set_permission(&form.profile, &form.permission, form.allowed)?;
            Ok(ok(&json!({})))
        }
        ("GET", "/faults") => Ok(ok(&json!({ "pending": shared.pending_faults() }))),
        ("POST", "/faults") => {
            faults::order(shared, read(call)?)?;
            Ok(ok(&json!({ "pending": shared.pending_faults() })))
        }
        ("DELETE", "/faults") => {
            shared.clear_faults();
            Ok(ok(&json!({})))
        }
        ("GET", "/journal") => journal::list(shared, call),
        ("GET", "/journal/tally") => Ok(ok(&json!({ "tally": shared.log().copy().tally() }))),
        ("POST", "/journal/assert") => journal::assert(shared, &read(call)?),
        ("DELETE", "/journal") => {
            shared.log().clear();
            Ok(ok(&json!({})))
        }
        ("GET", "/deliveries") => deliveries::list(shared, call),
        ("DELETE", "/deliveries") => {
            shared.dispatcher.forget();
            Ok(ok(&json!({})))
        }
        ("GET", "/snapshot") => Ok(ok(&shared.snapshot().json())),
        ("PUT", "/snapshot") => {
            shared.restore(read(call)?)?;
            Ok(ok(&json!({})))
        }
        (_, path) => Err(unknown(path)),
    }
}

/// Returns the environment that the query names.
fn environment(call: &IncomingCall) -> Result<Environment, ControlError> {
    let Some(name) = call.param("environment") else { return Ok(Environment::default()) };
    serde_json::from_value(name.into()).map_err(|error| {
        ControlError::new(StatusCode::BAD_REQUEST, format!("invalid environment: {error}"))
    })
}

fn unknown(path: &str) -> ControlError {
    let known = ROUTES.iter().any(|(_, route, _)| *route == path);
    let status = if known { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::NOT_FOUND };
    ControlError::new(status, "unknown route: GET / lists all routes")
}

/// Parses the body. An empty one counts as an empty object.
fn read<T: DeserializeOwned>(call: &IncomingCall) -> Result<T, ControlError> {
    let body = if call.body.is_empty() { b"{}".as_slice() } else { &call.body };
    serde_json::from_slice(body).map_err(|error| {
        ControlError::new(StatusCode::BAD_REQUEST, format!("invalid body: {error}"))
    })
}

fn about(shared: &Shared) -> Answer {
    let config = shared.config();
    let state = shared.state();
    let users: Vec<Value> = state
        .users
        .iter()
        .map(|user| json!({ "id": user.id, "email": user.email, "name": user.full_name() }))
        .collect();
    let route = |(method, path, text): &(&str, &str, &str)| json!({ "method": method, "path": path, "does": text });
    ok(&json!({
        "accounts_url": config.accounts_url,
        "api_url": config.api_url,
        "sandbox_url": config.sandbox_url,
        "content_url": config.content_url,
        "control_url": config.control_url,
        "data_center": config.data_center,
        "edition": config.edition,
        "client_id": state.client.id,
        "client_secret": state.client.secret,
        "redirect_uri": state.client.redirect_uri,
        "org_id": state.org_id,
        "users": users,
        "now": stamp(shared.clock().now()),
        "routes": ROUTES.iter().map(route).collect::<Vec<Value>>(),
    }))
}

fn operations() -> Value {
    let one = |(method, path): (&str, &str)| json!({ "method": method, "path": path });
    json!({ "operations": crm::operations().map(one).collect::<Vec<Value>>() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordsForm {
    module: String,
    count: usize,
    #[serde(default)]
    environment: Environment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Permission {
    profile: String,
    permission: String,
    allowed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    module: String,
    id: String,
    approved: bool,
    #[serde(default)]
    environment: Environment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Computed {
    module: String,
    id: String,
    fields: Map<String, Value>,
    #[serde(default)]
    environment: Environment,
}

/// The maximum number of records that one call may add.
const RECORDS: usize = 1_000_000;

fn records(shared: &Shared, form: &RecordsForm) -> ControlResult {
    if form.count > RECORDS {
        return Err(ControlError::new(
            StatusCode::BAD_REQUEST,
            format!("count is too large: expected at most {RECORDS}"),
        ));
    }
    let ids = shared.add_records(form.environment, &form.module, form.count)?;
    Ok(ok(&json!({ "ids": ids })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Advance {
    advance_ms: u64,
    advance_seconds: u64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct GrantForm {
    user: Option<String>,
    environment: Environment,
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceForm {
    user_code: String,
    #[serde(default)]
    user: String,
    accept: bool,
    #[serde(default)]
    environment: Environment,
}

fn device(shared: &Shared, form: &DeviceForm) -> ControlResult {
    if form.accept {
        shared.approve_device(&form.user_code, &form.user, form.environment)?;
    } else {
        shared.refuse_device(&form.user_code)?;
    }
    Ok(ok(&json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credits {
    credits: u64,
    #[serde(default)]
    environment: Environment,
}
