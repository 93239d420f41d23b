//! The compiled table of operations, in the format of the lock file.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use zcrm_api::operations::ALL;
use zcrm_core::{ApiVersion, Base, BodyShape, Host, Operation, Paging, ResponseShape, RetryClass};

use zcrm_core::BoxError;

/// The versions that the printed table lists.
const VERSIONS: [ApiVersion; 8] = [
    ApiVersion::V2,
    ApiVersion::V2_1,
    ApiVersion::V3,
    ApiVersion::V4,
    ApiVersion::V5,
    ApiVersion::V6,
    ApiVersion::V7,
    ApiVersion::V8,
];

/// Returns the facts that the table and the lock file share, each with its default.
fn usual() -> [(&'static str, Value); 19] {
    [
        ("id", Value::Null),
        ("method", Value::Null),
        ("base", json!("crm")),
        ("path", Value::Null),
        ("query", json!([])),
        ("query_since", json!({})),
        ("required", json!([])),
        ("headers", json!([])),
        ("body", json!("none")),
        ("body_keys", json!([])),
        ("body_optional", json!(false)),
        ("response", Value::Null),
        ("paging", json!("none")),
        ("retry", Value::Null),
        ("host", json!("api")),
        ("credits", json!(1)),
        ("scopes", json!([])),
        ("since", json!("v2")),
        ("instead", json!("")),
    ]
}

/// An operation as a list of facts.
pub type OperationRow = Map<String, Value>;

/// Returns every compiled operation.
#[must_use]
pub fn compiled() -> Vec<OperationRow> {
    ALL.iter().map(|operation| row(operation)).collect()
}

/// Returns the facts of one operation.
#[must_use]
pub fn row(operation: &Operation) -> OperationRow {
    let list = match operation.body_shape() {
        BodyShape::List(key) => Some(key),
        _ => None,
    };
    let keys: Vec<&str> =
        operation.body_key_names().iter().copied().filter(|key| list != Some(*key)).collect();
    let younger: BTreeMap<&str, String> = operation
        .query_names()
        .iter()
        .map(|name| (*name, operation.query_first_version(name)))
        .filter(|(_, version)| *version > operation.first_version())
        .map(|(name, version)| (name, version.to_string()))
        .collect();
    let (response, key) = response(operation);
    let response = match key {
        Some(key) => json!({ response: key }),
        None => json!(response),
    };
    let mut row = json!({
        "id": operation.name(),
        "method": operation.method().as_str(),
        "base": match operation.base_of() {
            Base::Crm => "crm",
            Base::Bulk => "bulk",
            Base::Email => "email",
            _ => "other",
        },
        "path": operation.template(),
        "query": operation.query_names(),
        "query_since": younger,
        "required": operation.required_query_names(),
        "headers": operation.header_names(),
        "body": match operation.body_shape() {
            BodyShape::None => json!("none"),
            BodyShape::List(key) => json!({ "list": key }),
            BodyShape::Json => json!("json"),
            BodyShape::Multipart(part) => json!({ "multipart": part }),
            _ => json!("other"),
        },
        "body_keys": keys,
        "body_optional": operation.is_body_optional(),
        "response": response,
        "paging": match operation.pages() {
            Paging::None => "none",
            Paging::Numbers => "numbers",
            Paging::Tokens => "tokens",
            _ => "other",
        },
        "retry": match operation.retry_class() {
            RetryClass::Read => "read",
            RetryClass::Idempotent => "idempotent",
            _ if operation.retries_by_body() => "by-body",
            _ => "no",
        },
        "host": match operation.host_of() {
            Host::Api => "api",
            Host::Content => "content",
            _ => "other",
        },
        "credits": operation.least_credits(),
        "scopes": operation.scope_names(),
        "since": operation.first_version().to_string(),
        "instead": operation.alternative().unwrap_or_default(),
    });
    if let (Some(last), Some(row)) = (operation.last_version(), row.as_object_mut()) {
        row.insert("until".into(), json!(last.to_string()));
    }
    match row {
        Value::Object(row) => row,
        _ => OperationRow::new(),
    }
}

fn response(operation: &Operation) -> (&'static str, Option<&'static str>) {
    match operation.response() {
        ResponseShape::List(key) => ("list", Some(key)),
        ResponseShape::WriteResults(key) => ("outcomes", Some(key)),
        ResponseShape::WriteResult(key) => ("outcome", Some(key)),
        ResponseShape::Object(key) => ("object", Some(key)),
        ResponseShape::Bare => ("bare", None),
        ResponseShape::Binary => ("binary", None),
        _ => ("other", None),
    }
}

/// Returns an operation as `cargo xtask operations` prints it.
#[must_use]
pub fn shown(operation: &Operation, surface: Option<&str>) -> Value {
    let (response, key) = response(operation);
    let prefix = match operation.base_of() {
        Base::Bulk => "/crm/bulk/{version}",
        Base::Email => "/crm/email/{version}",
        _ => "",
    };
    let has = |version: &ApiVersion| {
        *version >= operation.first_version()
            && operation.last_version().is_none_or(|last| *version <= last)
    };
    let versions: Vec<String> =
        VERSIONS.iter().filter(|version| has(version)).map(ToString::to_string).collect();
    json!({
        "id": operation.name(),
        "method": operation.method().as_str(),
        "path": format!("{prefix}{}", operation.template()),
        "query": operation.query_names(),
        "response": response,
        "key": key,
        "versions": versions,
        "surface": surface,
    })
}

/// Reads the lock file.
///
/// # Errors
/// Returns an error that names the line that is not an operation.
pub fn lock(text: &str) -> Result<Vec<OperationRow>, BoxError> {
    let read = |(line, text): (usize, &str)| match serde_json::from_str(text) {
        Ok(Value::Object(row)) => Ok(row),
        _ => Err(format!("operations.lock:{line}: this is not an operation").into()),
    };
    (1..).zip(text.lines()).map(read).collect()
}

/// Returns whether a path matches a template.
pub(super) fn fits(path: &str, template: &str) -> bool {
    let (path, template) = (path.split('/'), template.split('/'));
    path.clone().count() == template.clone().count()
        && path.zip(template).all(|(given, wanted)| wanted.starts_with('{') || given == wanted)
}

/// Returns the text of a fact.
#[must_use]
pub fn text<'a>(row: &'a OperationRow, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the texts in a list.
#[must_use]
pub fn texts<'a>(row: &'a OperationRow, key: &str) -> Vec<&'a str> {
    let list = row.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Returns the sources of a row in the files of one generation.
#[must_use]
pub fn sources_of<'a>(row: &'a OperationRow, generation: &str) -> Vec<&'a str> {
    let all = row.get("sources").and_then(Value::as_object);
    all.map(|all| texts(all, generation)).unwrap_or_default()
}

/// Returns the sources of a row in all files.
#[must_use]
pub fn all_sources(row: &OperationRow) -> Vec<&str> {
    let all = row.get("sources").and_then(Value::as_object);
    let all = all.into_iter().flat_map(|all| all.keys().flat_map(|name| texts(all, name)));
    all.collect()
}

/// Returns the key of a shape such as `{"list":"data"}`.
#[must_use]
pub fn key_of<'a>(row: &'a OperationRow, shape: &str) -> Option<&'a str> {
    row.get(shape)?.as_object()?.values().next()?.as_str()
}

/// Returns the differences between the table and the lock file.
#[must_use]
pub fn differences(table: &[OperationRow], lock: &[OperationRow]) -> Vec<String> {
    let by_id = |rows: &[OperationRow]| -> BTreeMap<String, OperationRow> {
        rows.iter().map(|row| (text(row, "id").to_owned(), row.clone())).collect()
    };
    let (table, lock) = (by_id(table), by_id(lock));
    let mut found = Vec::new();
    for id in table.keys().filter(|id| !lock.contains_key(*id)) {
        found.push(format!("{id}: is in the table but not in the lock file"));
    }
    for (id, locked) in &lock {
        let Some(compiled) = table.get(id) else {
            found.push(format!("{id}: is in the lock file but not in the table"));
            continue;
        };
        let usual = usual();
        let until = [("until", Value::Null)];
        for (key, usual) in usual.iter().chain(&until) {
            let there = |row: &OperationRow| row.get(*key).unwrap_or(usual).clone();
            let (compiled, locked) = (there(compiled), there(locked));
            if compiled != locked {
                found.push(format!("{id}: {key} is {compiled}, but {locked} in the lock file"));
            }
        }
    }
    found
}
