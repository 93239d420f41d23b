//! Records that a test writes beside its client.

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};

use super::{Context, Version, write};
use crate::Error;
use crate::call::{Answer, IncomingCall};
use crate::journal::Host;
use crate::state::{Environment, Policy, State};

/// A record that a test writes.
#[derive(Debug)]
pub(crate) enum TestWrite<'a> {
    Insert { module: &'a str, fields: Value },
    Change { module: &'a str, id: &'a str, fields: Value },
    Delete { module: &'a str, id: &'a str },
}

/// Carries out a write by the rules of v8, for the first user, and returns the record's id.
pub(crate) fn by_test(
    state: &mut State,
    policy: &Policy,
    environment: Environment,
    write: TestWrite<'_>,
    now: DateTime<Utc>,
) -> Result<String, Error> {
    let (module, method, id, fields) = match write {
        TestWrite::Insert { module, fields } => (module, Method::POST, None, Some(fields)),
        TestWrite::Change { module, id, fields } => (module, Method::PUT, Some(id), Some(fields)),
        TestWrite::Delete { module, id } => (module, Method::DELETE, Some(id), None),
    };
    if state.module(module).is_none() {
        return Err(Error::UnknownModule(module.to_owned()));
    }
    let user = state.users.first().map(|user| user.id.clone()).unwrap_or_default();
    let segments = ["crm", "v8", module].into_iter().chain(id).map(String::from);
    let body = fields.map(|fields| json!({ "data": [fields] }).to_string()).unwrap_or_default();
    let call = IncomingCall::made(Host::Api, method.clone(), segments.collect(), body);
    let values = std::iter::once(module).chain(id).collect();
    let version = Version::V8;
    let mut cx = Context { state, policy, call: &call, environment, version, values, user, now };
    let run = match method {
        Method::POST => write::create,
        Method::PUT => write::update_one,
        _ => write::delete_one,
    };
    let answer = run(&mut cx).unwrap_or_else(Answer::from);
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let outcome = body.pointer("/data/0").unwrap_or(&body);
    let text = |place: &str| outcome.pointer(place).and_then(Value::as_str).map(String::from);
    match text("/code").as_deref() {
        Some("SUCCESS") => Ok(text("/details/id").unwrap_or_default()),
        code => Err(Error::Refused {
            module: module.to_owned(),
            id: id.map(str::to_owned),
            code: code.unwrap_or_default().to_owned(),
            details: outcome.get("details").cloned().unwrap_or_default(),
        }),
    }
}
