//! Checks that need no files of Zoho: the table, the builders and the simulator against the lock
//! file.

use serde_json::Value;
use zcrm_core::ApiVersion;

use super::{
    recorder::Exchange,
    smoke::SmokeRun,
    table::{OperationRow, fits, key_of, text, texts},
};

/// Returns the differences between a smoke run and the lock file.
#[must_use]
pub fn differences(smoke: &SmokeRun, lock: &[OperationRow]) -> Vec<String> {
    let mut found = Vec::new();
    for exchange in &smoke.exchanges {
        found.extend(of_exchange(exchange, smoke.version, lock));
        let arrived = smoke.journal.count(|entry| {
            entry.method == exchange.method && entry.path == exchange.path && entry.authorised
        });
        if !exchange.surface.is_empty() && arrived == 0 {
            found.push(format!("{}: the request did not reach the simulator", exchange.surface));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Returns `true` if the simulator lacks the operation.
#[must_use]
pub fn is_not_simulated(exchange: &Exchange) -> bool {
    exchange.status == 501
}

fn of_exchange(exchange: &Exchange, version: ApiVersion, lock: &[OperationRow]) -> Vec<String> {
    let id = exchange.operation;
    let Some(row) = lock.iter().find(|row| text(row, "id") == id) else {
        return vec![format!(
            "{id}: {} sends an operation that the lock file lacks",
            exchange.surface
        )];
    };
    let mut found = Vec::new();
    let mut differ = |what: String| found.push(format!("{id}: {what}"));
    if exchange.method != text(row, "method") {
        differ(format!("is sent as {}", exchange.method));
    }
    let prefix = match text(row, "base") {
        "bulk" => format!("/crm/bulk/{version}"),
        "email" => format!("/crm/email/{version}"),
        _ => format!("/crm/{version}"),
    };
    if !fits(&exchange.path, &format!("{prefix}{}", text(row, "path"))) {
        differ(format!("is sent to {}", exchange.path));
    }
    let known = texts(row, "query");
    for name in exchange.query.iter().filter(|name| !known.contains(&name.as_str())) {
        differ(format!("is sent with the query parameter `{name}`"));
    }
    // the mandatory parameters are known for v8 only; reads of the table itself send no parameters
    let mandatory = texts(row, "required").into_iter();
    let mandatory = mandatory.filter(|_| version == ApiVersion::V8 && !exchange.surface.is_empty());
    for name in mandatory.filter(|name| !exchange.query.iter().any(|given| given == name)) {
        differ(format!("{} does not send the mandatory parameter `{name}`", exchange.surface));
    }
    let key = key_of(row, "body");
    let keys = texts(row, "body_keys");
    if let Ok(Value::Object(body)) = serde_json::from_slice(&exchange.body) {
        for name in body.keys().filter(|name| key != Some(*name) && !keys.contains(&name.as_str()))
        {
            differ(format!("is sent with `{name}` in its body"));
        }
        if let Some(key) = key.filter(|key| !body.contains_key(*key)) {
            differ(format!("is sent without `{key}` in its body"));
        }
    }
    if let Some(key) = key_of(row, "response").filter(|_| answered(exchange)) {
        let answer: Value = serde_json::from_slice(&exchange.answer).unwrap_or_default();
        if answer.pointer(&format!("/{}", key.replace('.', "/"))).is_none() {
            differ(format!("the simulator answers without `{key}`"));
        }
    }
    found
}

/// Returns whether the answer contains data, so that it is not only an error.
fn answered(exchange: &Exchange) -> bool {
    (200..300).contains(&exchange.status) && !exchange.answer.is_empty()
}
