//! Tests of operations that two descriptions contain.

use anyhow::Result;
use serde_json::{Value, json};

use super::build::{Built, build};
use super::facts::{Facts, Paging, Response};
use super::generate;
use super::generation::Generation;
use super::overlay::Overlay;
use super::spec::Spec;
use super::tests::{answer, folder, list, things};
use crate::shell::Workspace;

/// Returns a file of the newer description, whose paths lack the version.
fn newer(paths: Value) -> String {
    let server = "https://zohoapis.{dc}/crm/{version}";
    things(paths).replace("3.0.0", "3.1.0").replace("https://zohoapis.com", server)
}

fn joined(older: &str, newer: &str, overlay: &str) -> Result<Built> {
    let overlay = Overlay::parse(overlay)?;
    let read = |text: &str| Spec::read(folder(text).path(), overlay.repairs.clone());
    build(&[read(older)?, read(newer)?], &overlay)
}

fn refused(older: &str, newer: &str, overlay: &str) -> String {
    format!("{:#}", joined(older, newer, overlay).unwrap_err())
}

fn parameter(name: &str, required: bool) -> Value {
    json!({ "name": name, "in": "query", "required": required })
}

fn with(parameters: &[Value]) -> Value {
    json!({ "parameters": parameters, "responses": answer("Things") })
}

fn facts<'a>(built: &'a Built, id: &str) -> &'a Facts {
    built.all.iter().find(|facts| facts.id == id).unwrap()
}

#[test]
fn unites_the_names_of_two_descriptions() {
    let one = things(json!({
        "/crm/v8/settings/things": { "get": list() },
        "/crm/v8/settings/things/{thing_id}": { "get": with(&[parameter("module", true)]) },
    }));
    let two = newer(json!({
        "/settings/things": {
            "get": with(&[parameter("page_token", false)]),
            "post": { "responses": answer("WriteResults") },
        },
    }));
    let built = joined(&one, &two, "").unwrap();
    let list = facts(&built, "things.list");
    assert_eq!(list.query, ["page", "per_page", "page_token"]);
    assert_eq!(list.paging, Paging::Tokens);
    let of = |generation| list.sources.get(&generation).unwrap().join(", ");
    assert_eq!(of(Generation::First), "things.json GET /crm/v8/settings/things");
    assert_eq!(of(Generation::Second), "things.json GET /settings/things");
    // what only one description contains stays
    assert!(facts(&built, "things.get").sources.keys().eq([&Generation::First]));
    let create = facts(&built, "things.create");
    assert_eq!((create.path.as_str(), create.sources.len()), ("/settings/things", 1));
}

#[test]
fn refuses_a_contradiction_until_the_overlay_settles_it() {
    let path = "/settings/things/{thing_id}";
    let one = |get: Value| things(json!({ format!("/crm/v8{path}"): { "get": get } }));
    let two = |get: Value| newer(json!({ path: { "get": get } }));
    let (old, new) = (one(with(&[])), two(with(&[parameter("module", true)])));
    let said = refused(&old, &new, "");
    assert!(said.contains("things.get (") && said.contains("is `module` mandatory?"), "{said}");
    let entry = |what: &str| format!("[[change]]\nids = ['things.get']\n{what}\nreason = 'x'\n");
    let get = |overlay: &str| facts(&joined(&old, &new, overlay).unwrap(), "things.get").clone();
    assert_eq!(get(&entry("mandatory = ['module']")).required, ["module"]);
    let optional = get(&entry("optional = ['module']"));
    assert_eq!((optional.query.len(), optional.required.len()), (1, 0));
    assert_eq!(get(&entry("refuse = ['module']")).query, Vec::<String>::new());
    let vain = refused(&old, &new, &entry("refuse = ['nothing']"));
    assert!(vain.contains("\"nothing\" is not in the files"), "{vain}");
    let vain = refused(&old, &new, &entry("mandatory = ['nothing']"));
    assert!(vain.contains("\"nothing\" is not mandatory in the files"), "{vain}");
}

#[test]
fn refuses_another_key_of_the_response_until_the_overlay_settles_it() {
    let delete = json!({ "delete": { "responses": answer("WriteResults") } });
    let one = things(json!({ "/crm/v8/settings/things": delete }));
    let two = newer(json!({ "/settings/things": delete }));
    let two = two.replace("{\"things\":{\"items\":{\"$ref\"", "{\"data\":{\"items\":{\"$ref\"");
    let said = refused(&one, &two, "");
    let question = "is the response WriteResults(\"things\") or WriteResults(\"data\")?";
    assert!(said.contains(question), "{said}");
    let entry = "[[change]]\nids = ['things.delete']\nresponse = { outcomes = 'things' }\n\
                 reason = 'an SDK'\n";
    let built = joined(&one, &two, entry).unwrap();
    assert_eq!(facts(&built, "things.delete").response, Response::WriteResults("things".into()));
    let upload = newer(json!({ "/settings/things": delete })).replace("//zohoapis", "//content");
    let said = refused(&one, &upload, "");
    assert!(said.contains("is the host Api or Content?"), "{said}");
}

#[test]
fn covers_a_route_only_with_a_general_row_that_can_send_it() {
    let one = things(json!({ "/crm/v8/{module}/{record_id}": { "get": list() } }));
    let route = |path: &str, get: Value| newer(json!({ path: { "get": get } }));
    let exact = joined(&one, &route("/{moduleName}/{id}", list()), "").unwrap();
    assert_eq!((exact.all.len(), exact.covered), (1, 0));
    // other static segments are another operation, unless the overlay says otherwise
    let special = route("/Special/{id}", list());
    assert_eq!(joined(&one, &special, "").unwrap().all.len(), 2);
    let overlay = "[[general]]\noperations = ['things.json GET /Special/{id}']\nof = 'things.get'\n\
                   reason = 'a module'\n";
    let built = joined(&one, &special, overlay).unwrap();
    assert_eq!((built.all.len(), built.covered), (1, 1));
    assert_eq!(built.all[0].covers, ["things.json GET /Special/{id}"]);
    let more = route("/Special/{id}", with(&[parameter("color", false)]));
    let said = refused(&one, &more, overlay);
    assert!(said.contains("lacks the parameter `color`"), "{said}");
    let refuse = overlay.replace("reason", "refuse = ['color']\nreason");
    assert_eq!(joined(&one, &more, &refuse).unwrap().covered, 1);
    let longer = newer(json!({ "/Special/{id}/x": { "get": list() } }));
    let said = refused(&one, &longer, &overlay.replace("{id}", "{id}/x"));
    assert!(said.contains("does not cover"), "{said}");
    let unexplained = overlay.replace("reason = 'a module'", "reason = ''");
    assert!(refused(&one, &special, &unexplained).contains("general[1] needs a reason"));
}

#[test]
fn needs_the_files_of_both_descriptions() {
    let workspace = Workspace::find().unwrap();
    let (older, newer) = (folder(&things(json!({}))), folder(&newer(json!({}))));
    for given in [vec![older.path()], vec![newer.path()], vec![older.path(), older.path()]] {
        let error = generate(&workspace, &given).err().unwrap().to_string();
        assert!(error.contains("name a folder for each of 2025 and 2026"), "{error}");
    }
    std::fs::write(older.path().join("other.json"), r#"{"openapi": "3.1.0"}"#).unwrap();
    let mixed = generate(&workspace, &[older.path(), newer.path()]).err().unwrap().to_string();
    assert!(mixed.contains("contains files of both generations"), "{mixed}");
}

#[test]
fn allows_two_rows_of_one_route_only_with_other_kinds_of_bodies() {
    let file = things(json!({ "/crm/v8/settings/things": { "get": list() } }));
    let add = |id: &str, more: &str| {
        format!(
            "[[add]]\nid = '{id}'\nmethod = 'POST'\npath = '/settings/things/{{id}}/run'\n\
             response = 'bare'\n{more}\nreason = 'an SDK'\n"
        )
    };
    let json = add("things.run", "body = 'json'");
    let twice = format!("{json}{}", add("things.run_file", "body = { multipart = 'file' }"));
    let overlay = |text: &str| Overlay::parse(text).unwrap();
    let read = || [Spec::read(folder(&file).path(), Vec::new()).unwrap()];
    let said = format!("{:#}", build(&read(), &overlay(&twice)).unwrap_err());
    assert!(said.contains("things.run_file and things.run have the same route"), "{said}");
    let more = "body = { multipart = 'file' }\nform_of = 'things.run'";
    let both = format!("{json}{}", add("things.run_file", more));
    let built = build(&read(), &overlay(&both)).unwrap();
    assert_eq!(built.all.len(), 3);
    // unlike forms of other versions, they do not replace each other
    assert!(facts(&built, "things.run").instead.is_empty());
}
