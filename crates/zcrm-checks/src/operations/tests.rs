//! Deliberate differences that the checks must find and name.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use zcrm_core::ApiVersion;

use super::{
    SmokeRun, compare,
    files::Files,
    locked,
    schemas::{KnownFaults, Schemas},
    smoke,
    table::{self, OperationRow, text},
};

fn lock() -> Vec<OperationRow> {
    table::lock(include_str!("../../../zcrm-api/table/operations.lock")).unwrap()
}

fn edit(rows: &mut [OperationRow], id: &str, key: &str, value: Value) {
    let row = rows.iter_mut().find(|row| text(row, "id") == id).unwrap();
    row.insert(key.into(), value);
}

/// Returns facts with a wrong value that no operation has.
fn planted() -> [(&'static str, Value); 7] {
    [
        ("query", json!(["page", "per_pag"])),
        ("response", json!({ "list": "dta" })),
        ("method", json!("PATCH")),
        ("path", json!("/settings/nots")),
        ("since", json!("v9")),
        ("body_keys", json!(["triger"])),
        ("headers", json!(["X-CRM-ORGS"])),
    ]
}

#[test]
fn matches_the_table_with_the_lock_file() {
    assert_eq!(table::differences(&table::compiled(), &lock()), Vec::<String>::new());
}

#[test]
fn finds_a_fault_planted_in_the_table() {
    for (key, value) in planted() {
        let mut rows = table::compiled();
        edit(&mut rows, "records.list", key, value);
        let found = table::differences(&rows, &lock());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("records.list: {key} is ")), "{found:?}");
    }
    let mut fewer = table::compiled();
    let gone = fewer.pop().unwrap();
    let said = format!("{}: is in the lock file but not in the table", text(&gone, "id"));
    assert_eq!(table::differences(&fewer, &lock()), [said]);
    let mut more = lock();
    more.pop();
    assert_eq!(table::differences(&table::compiled(), &more).len(), 1);
}

#[tokio::test]
async fn checks_builders_and_simulator_against_the_lock_file() {
    for version in [ApiVersion::V2, ApiVersion::V8] {
        let smoke = smoke(version).await.unwrap();
        assert_eq!(locked::differences(&smoke, &lock()), Vec::<String>::new());
        surfaces_arrive(&smoke);
    }
    let smoke = smoke(ApiVersion::V8).await.unwrap();
    let found = |id: &str, key: &str, value: Value| {
        let mut rows = lock();
        edit(&mut rows, id, key, value);
        locked::differences(&smoke, &rows)
    };
    let about = |found: &[String], what: &str| found.iter().any(|said| said.contains(what));
    assert!(about(&found("records.list", "query", json!(["page"])), "parameter `fields`"));
    assert!(about(&found("records.list", "response", json!({ "list": "x" })), "without `x`"));
    assert!(about(&found("records.list", "method", json!("PUT")), "is sent as GET"));
    assert!(about(&found("records.list", "path", json!("/{module}/x")), "is sent to /crm/v8/L"));
    assert!(about(&found("records.create", "body", json!({ "list": "x" })), "`data` in its body"));
    let missing = found("notes.get", "required", json!(["fields", "nope"]));
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(about(&missing, "Notes::get does not send the mandatory parameter `nope`"));
    let mut fewer = lock();
    fewer.retain(|row| text(row, "id") != "records.get");
    assert!(about(&locked::differences(&smoke, &fewer), "the lock file lacks"));
}

/// Operations with a public method that neither the Ruby SDK nor the simulator has.
const NOT_SIMULATED: [&str; 6] = [
    "profiles.clone",
    "profiles.delete_one",
    "profiles.update_one",
    "roles.create",
    "roles.delete_one",
    "roles.update_one",
];

/// Checks that the request of every surface reached the simulator, or that the simulator reported
/// it as unsupported.
fn surfaces_arrive(smoke: &SmokeRun) {
    let exchanges: Vec<_> =
        smoke.exchanges.iter().filter(|exchange| !exchange.surface.is_empty()).collect();
    assert!(exchanges.len() >= 14);
    for exchange in exchanges {
        let entry = smoke
            .journal
            .entries()
            .iter()
            .find(|entry| entry.method == exchange.method && entry.path == exchange.path);
        let executed = entry.is_some_and(|entry| entry.executed);
        let lacks = NOT_SIMULATED.contains(&exchange.operation);
        assert_eq!(executed, !lacks, "{} {}", exchange.surface, exchange.path);
    }
}

/// Returns a file with one operation in Zoho's format, and its row.
fn small() -> (Value, Vec<OperationRow>) {
    let things = json!({ "type": "object", "required": ["things"], "properties": {
        "things": { "type": "array", "items": { "type": "object", "properties": {
            "name": { "type": "string", "nullable": true } } } } } });
    let file = json!({
        "openapi": "3.0.0",
        "paths": { "/crm/v8/settings/things": { "post": {
            "parameters": [{ "name": "module", "in": "query" }, { "name": "X-A", "in": "header" }],
            "requestBody": { "content": { "application/json": { "schema": things.clone() } } },
            "responses": { "200": { "content": { "application/json": { "schema": things } } } },
        } } },
    });
    let row = json!({
        "id": "things.create", "method": "POST", "path": "/settings/things", "query": ["module"],
        "headers": ["X-A"], "body": { "list": "things" }, "response": { "list": "things" },
        "retry": "no", "sources": { "2025": ["things.json POST /crm/v8/settings/things"] },
    });
    (file, vec![row.as_object().unwrap().clone()])
}

fn files(file: &Value) -> Files {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("things.json"), file.to_string()).unwrap();
    Files::read(folder.path()).unwrap()
}

fn against(file: &Value, rows: &[OperationRow], overlay: &str) -> Vec<String> {
    all_against(&[files(file)], rows, overlay)
}

fn all_against(all: &[Files], rows: &[OperationRow], overlay: &str) -> Vec<String> {
    let reports = compare::differences(all, rows, overlay).unwrap();
    reports.into_iter().flat_map(|report| report.differences).collect()
}

#[test]
fn finds_a_fault_planted_against_the_files() {
    let (file, rows) = small();
    assert_eq!(against(&file, &rows, ""), Vec::<String>::new());
    for (key, value) in planted() {
        let mut rows = rows.clone();
        edit(&mut rows, "things.create", key, value);
        let found = against(&file, &rows, "");
        let named = found.iter().all(|said| said.starts_with("things.create: "));
        assert!(!found.is_empty() && named, "{key}: {found:?}");
        assert!(found.iter().any(|said| said.contains(key)), "{key}: {found:?}");
    }
    let source = "things.json POST /crm/v8/settings/things";
    assert_eq!(against(&file, &[], ""), [format!("{source}: is not in the table")]);
    let skip = format!("[[skip]]\noperations = ['{source}']\nreason = 'x'");
    assert_eq!(against(&file, &[], &skip), Vec::<String>::new());
    assert_eq!(against(&file, &rows, &skip), [format!("{source}: is skipped but in the table")]);
    let mut unfounded = rows.clone();
    let mut other = rows[0].clone();
    other.insert("id".into(), json!("things.lost"));
    other.remove("sources");
    unfounded.push(other);
    let found = against(&file, &unfounded, "");
    assert!(found.iter().any(|said| said.starts_with("things.lost: is unfounded")), "{found:?}");
}

#[test]
fn requires_a_reason_for_every_overlay_entry() {
    let (file, mut rows) = small();
    edit(&mut rows, "things.create", "since", json!("v3"));
    edit(&mut rows, "things.create", "query", json!(["module", "type"]));
    assert_eq!(against(&file, &rows, "").len(), 2);
    let overlay = "[[change]]\nids = ['things.create']\nsince = 'v3'\nquery = ['type']\n";
    assert_eq!(against(&file, &rows, overlay), Vec::<String>::new());
    // a second entry adds to the first
    edit(&mut rows, "things.create", "query", json!(["module", "type", "page"]));
    let more = format!("{overlay}[[change]]\nids = ['things.create']\nquery = ['page']\n");
    assert_eq!(against(&file, &rows, &more), Vec::<String>::new());
}

#[test]
fn finds_mandatory_parameters_that_the_table_lacks() {
    let (mut file, mut rows) = small();
    let place = "/paths/~1crm~1v8~1settings~1things/post/parameters/0";
    file.pointer_mut(place).unwrap()["required"] = json!(true);
    let found = against(&file, &rows, "");
    assert_eq!(found, ["things.create: required lacks `module`, which the files have"]);
    let optional = "[[change]]\nids = ['things.create']\noptional = ['module']\nreason = 'x'\n";
    assert_eq!(against(&file, &rows, optional), Vec::<String>::new());
    edit(&mut rows, "things.create", "required", json!(["module"]));
    assert_eq!(against(&file, &rows, ""), Vec::<String>::new());
    edit(&mut rows, "things.create", "required", json!(["module", "type"]));
    assert!(against(&file, &rows, "")[0].contains("required has `type`"));
}

#[test]
fn reads_files_of_openapi_3_1() {
    let (file, mut rows) = small();
    let newer = file.to_string().replace("3.0.0", "3.1.0").replace("/v8/", "/v9/");
    let newer = newer.replace(r#""nullable":true,"type":"string""#, r#""type":["string","null"]"#);
    let newer: Value = serde_json::from_str(&newer).unwrap();
    edit(
        &mut rows,
        "things.create",
        "sources",
        json!({ "2026": ["things.json POST /crm/v9/settings/things"] }),
    );
    assert_eq!(against(&newer, &rows, ""), Vec::<String>::new());
    mismatches(&newer, &rows, json!({ "things": [{ "name": null }] }), 0);
    mismatches(&newer, &rows, json!({ "things": [{ "name": 1 }] }), 1);
}

/// Validates a body as request and as answer, and expects this number of differences in each.
fn mismatches(file: &Value, rows: &[OperationRow], body: Value, count: usize) {
    let files = files(file);
    let text = bytes::Bytes::from(body.to_string());
    let exchange = super::Exchange {
        surface: "",
        operation: "things.create",
        method: "POST".into(),
        path: String::new(),
        query: Vec::new(),
        body: text.clone(),
        status: 200,
        answer: text,
    };
    let none = KnownFaults::read("fault = []").unwrap();
    let schemas = Schemas::new(&files).unwrap();
    let report = schemas.check(std::slice::from_ref(&exchange), rows, &none).unwrap();
    assert_eq!((report.requests, report.answers), (1, 1));
    assert_eq!(report.differences.len(), 2 * count, "{:?}", report.differences);
    let generation = files.generation();
    let known = format!(
        "[[fault]]\ngeneration = '{generation}'\nschema = '/type'\ninstance = '/things/*/name'\n\
         at.'things.json' = ['things.create']\nreason = 'x'"
    );
    // an excuse for another operation or description does not count
    for (own, other) in [("things.create", "things.update"), (generation, "2024")] {
        let known = KnownFaults::read(&known.replace(own, other)).unwrap();
        let report = schemas.check(std::slice::from_ref(&exchange), rows, &known).unwrap();
        let unneeded = usize::from(own != generation);
        assert_eq!(report.differences.len(), 2 * count + unneeded, "{:?}", report.differences);
    }
    let known = KnownFaults::read(&known).unwrap();
    let report = schemas.check(&[exchange], rows, &known).unwrap();
    // a known fault that does not occur is a difference itself
    assert_eq!(report.differences.len(), usize::from(count == 0), "{:?}", report.differences);
}

#[test]
fn finds_a_value_that_does_not_fit_its_schema() {
    let (file, rows) = small();
    mismatches(&file, &rows, json!({ "things": [{ "name": "x" }, { "name": null }] }), 0);
    mismatches(&file, &rows, json!({ "things": [{ "name": "x" }, { "name": 1 }] }), 1);
    let fault = "[[fault]]\ngeneration = '2025'\nschema = '/type'\nreason = 'x'\n";
    let read = |text: &str| KnownFaults::read(text).map(|known| known.counts());
    assert_eq!(read(&format!("{fault}at.'a.json' = ['a.b', 'a.c']")).unwrap(), (1, 2));
    let refused = |text: &str| read(text).unwrap_err().to_string();
    assert!(refused(&format!("{fault}at = {{}}")).contains("does not name its files"));
    for any in ["at.'a.json' = []", "at.'a.json' = ['*']", "at.'*' = ['a.b']"] {
        assert!(refused(&format!("{fault}{any}")).contains("does not name its files"), "{any}");
    }
    let silent = fault.replace("'x'", "' '");
    assert!(refused(&format!("{silent}at.'a.json' = ['a.b']")).contains("has no reason"));
    assert!(KnownFaults::read(fault).is_err());
}

#[test]
fn names_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let said = |folder: &std::path::Path| Files::read(folder).unwrap_err().to_string();
    assert!(said(folder.path()).contains("contains no .json file"));
    assert!(said(&folder.path().join("none")).contains("none"));
    std::fs::write(folder.path().join("a.json"), "{").unwrap();
    assert!(said(folder.path()).contains("a.json: invalid JSON"));
    assert!(table::lock("[]\n").unwrap_err().to_string().contains("operations.lock:1"));
}

/// The requests that the Ruby SDK sends and zcrm replaces: method, path, query names, members of
/// the body. Related lists lack its `sort_by_field`, which no version of Zoho supports.
const RUBY: &str = include_str!("ruby-requests.txt");

#[tokio::test]
async fn covers_every_request_of_the_ruby_sdk() {
    let lock = lock();
    let exchanges = smoke(ApiVersion::V2).await.unwrap().exchanges;
    let called = exchanges.iter().filter(|exchange| !exchange.surface.is_empty());
    let surfaces: BTreeSet<&str> = called.map(|exchange| exchange.operation).collect();
    let mut missing = Vec::new();
    for request in RUBY.lines() {
        let [method, path, query, body] = request.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{request}")
        };
        let names = |list: &'static str| list.split(',').filter(|name| *name != "-");
        let serves = |row: &&OperationRow| {
            let template = text(row, "path").split('/');
            let segments: Vec<&str> = path.split('/').collect();
            let fits = template.clone().count() == segments.len()
                && template.zip(segments).all(|(wanted, given)| {
                    wanted == given || (wanted.starts_with('{') && given != "settings")
                });
            let known = table::texts(row, "query");
            let mut keys = table::texts(row, "body_keys");
            let key = table::key_of(row, "body");
            keys.extend(key);
            fits && text(row, "method") == method
                && surfaces.contains(text(row, "id"))
                && row.get("since").is_none()
                && names(query).all(|name| known.contains(&name))
                && names(body).all(|name| match name.strip_prefix("multipart:") {
                    // a link is a text part of the same upload
                    Some("attachmentUrl") => key == Some("file"),
                    Some(part) => key == Some(part),
                    None => keys.contains(&name),
                })
        };
        if !lock.iter().any(|row| serves(&row)) {
            missing.push(request);
        }
    }
    assert_eq!(RUBY.lines().count(), 103);
    assert_eq!(missing, Vec::<&str>::new());
}
