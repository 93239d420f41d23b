//! Records that a test writes without a call.

use hyper::Method;
use serde_json::{Value, json};

use crate::crm::call::Workspace;
use crate::crm::records::{delete, write};
use crate::environment::Host;
use crate::error::Error;
use crate::http::{Answer, IncomingCall};

/// A write by the test, without a call.
#[derive(Debug)]
pub(crate) enum DirectWrite<'a> {
    Insert { module: &'a str, fields: Value },
    Change { module: &'a str, id: &'a str, fields: Value },
    Delete { module: &'a str, id: &'a str },
}

/// Executes a write by the rules of v8, as the first user, and returns the record's id.
pub(crate) fn write_directly(
    workspace: &mut Workspace<'_>,
    write: DirectWrite<'_>,
) -> Result<String, Error> {
    let state = &*workspace.state;
    let (module, method, id, fields) = match write {
        DirectWrite::Insert { module, fields } => (module, Method::POST, None, Some(fields)),
        DirectWrite::Change { module, id, fields } => (module, Method::PUT, Some(id), Some(fields)),
        DirectWrite::Delete { module, id } => (module, Method::DELETE, Some(id), None),
    };
    if state.module(module).is_none() {
        return Err(Error::UnknownModule(module.to_owned()));
    }
    let user = state.users.first().map(|user| user.id.clone()).unwrap_or_default();
    let segments = ["crm", "v8", module].into_iter().chain(id).map(String::from);
    let body = fields.map(|fields| json!({ "data": [fields] }).to_string()).unwrap_or_default();
    let call = IncomingCall::internal(Host::Api, method.clone(), segments.collect(), body);
    let path_values = std::iter::once(module).chain(id).collect();
    let mut cx = workspace.context(&call, path_values, user);
    let run = match method {
        Method::POST => write::create,
        Method::PUT => write::update,
        _ => delete::delete,
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
