//! Tests of the generator with small files.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::build::{Built, build};
use super::facts::{Body, Paging, Response, Retry, Version, from_lock, to_lock};
use super::generation::Generation;
use super::overlay::Overlay;
use super::spec::Spec;
use super::{compare, generate};
use crate::shell::Workspace;

/// Creates a folder with one file, `things.json`.
pub(super) fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("things.json"), text).unwrap();
    folder
}

pub(super) fn things(paths: Value) -> String {
    let outcome = json!({ "type": "object", "properties": { "code": {}, "status": {} } });
    json!({
        "openapi": "3.0.0",
        "servers": [{ "url": "https://zohoapis.com" }],
        "security": [{ "oauth": ["ZohoCRM.things.all"] }],
        "paths": paths,
        "components": {
            "schemas": {
                "Outcome": outcome,
                "WriteResults": { "type": "object", "properties": { "things": {
                    "type": "array", "items": { "$ref": "#/components/schemas/Outcome" } } } },
                "Things": { "type": "object", "properties": {
                    "things": { "type": "array", "items": { "type": "object" } },
                    "info": { "type": "object" } } },
            },
            "parameters": { "page": { "name": "page", "in": "query" } },
        },
    })
    .to_string()
}

pub(super) fn answer(schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({ "200": { "content": { "application/json": { "schema": schema } } } })
}

pub(super) fn list() -> Value {
    let parameters = json!([
        { "$ref": "#/components/parameters/page" },
        { "name": "per_page", "in": "query" },
        { "name": "X-CRM-ORG", "in": "header" },
    ]);
    json!({ "parameters": parameters, "responses": answer("Things") })
}

fn built(text: &str, overlay: &str) -> Result<Built> {
    let folder = folder(text);
    let overlay = Overlay::parse(overlay)?;
    build(&[Spec::read(folder.path(), overlay.repairs.clone())?], &overlay)
}

fn refused(text: &str, overlay: &str) -> String {
    format!("{:#}", built(text, overlay).unwrap_err())
}

#[test]
fn reads_an_operation_by_the_rules() {
    let body = json!({ "$ref": "#/components/schemas/Things" });
    let body = json!({ "content": { "application/json": { "schema": body } } });
    let text = things(json!({
        "/crm/v8/settings/things": {
            "get": list(),
            "put": { "requestBody": body, "responses": answer("WriteResults") },
        },
        "/crm/v8/settings/things/{thingId}": {
            "get": { "responses": answer("Things") },
            "delete": { "responses": answer("WriteResults") },
        },
    }));
    let all = built(&text, "").unwrap().all;
    let ids: Vec<_> = all.iter().map(|facts| facts.id.as_str()).collect();
    assert_eq!(ids, ["things.delete_one", "things.get", "things.list", "things.update"]);
    let [delete, get, list, update] = all.as_slice() else { panic!() };
    assert_eq!(get.path, "/settings/things/{thing_id}");
    assert_eq!(get.response, Response::Object("things".into()));
    assert_eq!(delete.response, Response::WriteResults("things".into()));
    assert_eq!(delete.retry, Retry::Idempotent);
    assert_eq!(list.response, Response::List("things".into()));
    assert_eq!(list.query, ["page", "per_page"]);
    assert_eq!(list.headers, ["X-CRM-ORG"]);
    assert_eq!((list.paging, list.retry), (Paging::Numbers, Retry::Read));
    assert_eq!(list.scopes, ["ZohoCRM.things.ALL"]);
    assert_eq!(list.all_sources(), "things.json GET /crm/v8/settings/things");
    assert!(list.sources.keys().eq([&Generation::First]));
    assert_eq!(update.retry, Retry::Idempotent);
    assert_eq!(update.body, Body::Json);
    assert_eq!(update.body_keys, ["info", "things"]);
    assert_eq!(from_lock(&to_lock(&all).unwrap()).unwrap(), all);
}

#[test]
fn reads_openapi_3_1() {
    let text = things(json!({ "/crm/v9/settings/things": { "get": list() } }))
        .replace("3.0.0", "3.1.0")
        .replace(r#""type":"array""#, r#""type":["null","array"]"#)
        .replace(r#""type":"object""#, r#""type":["object","null"]"#);
    let all = built(&text, "").unwrap().all;
    assert_eq!(all.first().unwrap().response, Response::List("things".into()));
    assert_eq!(all.first().unwrap().path, "/settings/things");
}

#[test]
fn names_an_unreadable_folder_and_invalid_json() {
    let error = |path: &Path| format!("{:#}", Spec::read(path, Vec::new()).unwrap_err());
    let missing = Path::new("no-such-folder");
    assert!(error(missing).contains("cannot read the folder no-such-folder"));
    let empty = tempfile::tempdir().unwrap();
    assert!(error(empty.path()).contains("contains no .json file"));
    let broken = folder("{\"paths\": ");
    let said = error(broken.path());
    assert!(said.contains("things.json: EOF") && said.contains("line 1"), "{said}");
    let said = refused("{}", "");
    assert!(said.contains("things.json: unknown format `openapi: none`"), "{said}");
    let file = r#"{"openapi": "3.0.1"}"#;
    assert!(refused(file, "").contains("things.json#: has no `paths`"));
    let file = r#"{"openapi": "3.0.1", "paths": 1}"#;
    assert!(refused(file, "").contains("things.json#/paths: must be an object"));
}

#[test]
fn names_the_position_of_a_broken_reference() {
    let text = things(json!({ "/crm/v8/settings/things": { "get": list() } }));
    let text = text.replace("#/components/parameters/page", "#/components/parameters/pages");
    let place = "things.json#/paths/~1crm~1v8~1settings~1things/get/parameters/0/$ref";
    let said = refused(&text, "");
    assert!(said.contains(place), "{said}");
    assert!(said.contains("`#/components/parameters/pages` has no target"), "{said}");
    let other = text.replace("#/components/parameters/pages", "https://host/other.json#/x");
    assert!(refused(&other, "").contains("other.json#/x"));
    let repair = "[[reference]]\nfile = 'things.json'\nref = '#/components/parameters/pages'\n\
                  instead = '#/components/parameters/page'\nreason = 'misspelt'\n";
    assert_eq!(built(&text, repair).unwrap().all.first().unwrap().query, ["page", "per_page"]);
    let circle = text.replace("#/components/parameters/pages", "#/components/circle").replace(
        r#""components":{"#,
        r##""components":{"circle":{"$ref":"#/components/circle"},"##,
    );
    assert!(refused(&circle, "").contains("the references form a circle"));
}

#[test]
fn overlay_skips_aliases_adds_and_changes_operations() {
    let text = things(json!({
        "/crm/v8/settings/things": { "get": list() },
        "/crm/v8/settings/things/{id}": { "get": { "responses": answer("Things") } },
        "/crm/v8/settings/things/{name}": { "get": list() },
        "/{download_url}": { "get": { "responses": {} } },
    }));
    let overlay = "
[[skip]]
operations = ['things.json GET /{download_url}']
reason = 'no path'
[[alias]]
operations = ['things.json GET /crm/v8/settings/things/{name}']
of = 'things.get'
reason = 'the same route'
[[add]]
id = 'things.create'
method = 'POST'
path = '/settings/things'
body = { list = 'things' }
response = { outcomes = 'things' }
reason = 'the file lacks it'
[[change]]
ids = ['things.list']
since = 'v3'
query_since = { page = 'v4' }
reason = 'a changelog'
";
    let built = built(&text, overlay).unwrap();
    assert_eq!((built.operations, built.skipped, built.aliases), (4, 1, 1));
    let [create, get, list] = built.all.as_slice() else { panic!() };
    assert_eq!(create.body, Body::List("things".into()));
    assert!(create.sources.is_empty());
    assert_eq!(get.sources.values().map(Vec::len).sum::<usize>(), 2);
    assert_eq!(get.query, ["page", "per_page"]);
    assert_eq!(list.since, Version::V3);
    assert_eq!(list.query_since, [("page".to_owned(), Version::V4)].into());
}

#[test]
fn reads_mandatory_parameters_and_optional_bodies() {
    let mut get = list();
    get["parameters"] = json!([
        { "name": "module", "in": "query", "required": true },
        { "name": "ids", "in": "query", "required": true },
        { "name": "X-A", "in": "header", "required": true },
    ]);
    let copy = json!({ "responses": answer("WriteResults") });
    let text = things(json!({
        "/crm/v8/settings/things": { "get": get },
        "/crm/v8/settings/things/{id}/actions/clone": { "post": copy },
    }));
    let overlay = "
[[change]]
ids = ['things.list']
optional = ['ids']
since = 'v3'
reason = 'a fault of the file'
[[change]]
ids = ['things.clone']
body = { list = 'things' }
body_optional = true
response = { outcome = 'things' }
reason = 'a newer file'
[[add]]
id = 'things.list_v2'
method = 'GET'
path = '/settings/things'
response = { list = 'things' }
until = 'v2.1'
beside = 'things.list'
reason = 'the form of v2'
";
    let all = built(&text, overlay).unwrap().all;
    let [clone, list, old] = all.as_slice() else { panic!("{all:?}") };
    assert!(clone.body_optional);
    assert_eq!(clone.body, Body::List("things".into()));
    assert_eq!(clone.response, Response::Outcome("things".into()));
    assert_eq!(list.required, ["module"]);
    // both forms of the route name each other
    assert_eq!((list.instead.as_str(), old.instead.as_str()), (old.id.as_str(), list.id.as_str()));
    assert_eq!(from_lock(&to_lock(&all).unwrap()).unwrap(), all);
    let wrong = |overlay: &str| refused(&text, overlay);
    let vain = "[[change]]\nids = ['things.list']\noptional = ['page']\nreason = 'x'\n";
    assert!(wrong(vain).contains("\"page\" is already optional"));
    let lost = "[[change]]\nids = ['things.list']\ninstead = 'things.lost'\nreason = 'x'\n";
    assert!(wrong(lost).contains("things.list names things.lost, which does not exist"));
}

#[test]
fn rejects_overlay_entries_without_effect() {
    let text = things(json!({ "/crm/v8/settings/things": { "get": list() } }));
    let with = |overlay: &str| refused(&text, overlay);
    let skip = "[[skip]]\noperations = ['things.json PUT /crm/v8/none']\nreason = 'x'\n";
    assert!(with(skip).contains("unused: skip[1]: things.json PUT /crm/v8/none"));
    let change = "[[change]]\nids = ['things.lost']\nsince = 'v3'\nreason = 'x'\n";
    assert!(with(change).contains("unused: change[1]: things.lost"));
    let same = "[[change]]\nids = ['things.list']\nsince = 'v2'\nreason = 'x'\n";
    assert!(with(same).contains("change[1] does not change things.list"));
    let names = "[groups]\nreason = 'x'\n[groups.names]\nnothing = 'some'\n";
    assert!(with(names).contains("unused: groups.nothing"));
    let reference = "[[reference]]\nfile = 'a'\nref = 'b'\ninstead = 'c'\nreason = 'x'\n";
    assert!(with(reference).contains("unused: reference b in a"));
    let odd = "[[change]]\nids = ['things.list']\nsinze = 'v3'\nreason = 'x'\n";
    assert!(with(odd).contains("change[1] cannot be used: unknown field `sinze`"));
    for lacking in ["[[skip]]\noperations = ['a']\n", "[ids]\n[ids.names]\n", "[[add]]\nid = 'a.b'"]
    {
        assert!(with(lacking).contains("reason"), "{lacking}");
    }
    assert!(with("[surfaces]\nreason = 'x'").contains("unknown field `surfaces`"));
    assert!(with("[[skip]").contains("TOML parse error"));
}

#[test]
fn requires_an_overlay_entry_for_an_ambiguous_answer() {
    let unclear = json!({ "responses": { "200": { "content": { "application/json": {} } } } });
    let text = things(json!({ "/crm/v8/settings/things": { "get": unclear } }));
    assert!(refused(&text, "").contains("the rule cannot determine its response"));
    let change = "[[change]]\nids = ['things.list']\nresponse = 'bare'\nreason = 'x'\n";
    assert_eq!(built(&text, change).unwrap().all.first().unwrap().response, Response::Bare);
    let twice = things(json!({
        "/crm/v8/settings/things/{id}": { "get": { "responses": answer("Things") } },
        "/crm/v8/settings/things/{name}": { "get": { "responses": answer("Things") } },
    }));
    assert!(refused(&twice, "").contains("are both named things.get"));
}

#[test]
fn names_the_line_of_an_invalid_lock_entry() {
    let said = |text: &str| format!("{:#}", from_lock(text).unwrap_err());
    assert_eq!(said("{}\n"), "operations.lock:1: this is not an operation");
    assert!(said("{\n").starts_with("operations.lock:1: EOF"));
    assert!(said("{\"paging\":\"some\"}\n").contains("unknown variant `some`"));
}

#[test]
fn generated_table_is_up_to_date_and_reproducible() {
    let workspace = Workspace::find().unwrap();
    let one = generate(&workspace, &[]).unwrap();
    let other = generate(&workspace, &[]).unwrap();
    assert!(one.lock == other.lock && one.files == other.files);
    compare(&workspace, &one).unwrap();
}
