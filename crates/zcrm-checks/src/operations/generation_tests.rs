//! Tests of the comparison with two descriptions of the API.

use serde_json::{Value, json};

use super::{compare, files::Files, table::OperationRow};

fn files(file: &Value) -> Files {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("things.json"), file.to_string()).unwrap();
    Files::read(folder.path()).unwrap()
}

fn found(all: &[&Value], rows: &[OperationRow], overlay: &str) -> Vec<String> {
    let all: Vec<Files> = all.iter().map(|file| files(file)).collect();
    let reports = compare::differences(&all, rows, overlay).unwrap();
    reports.into_iter().flat_map(|report| report.differences).collect()
}

fn get(parameters: Value) -> Value {
    json!({ "get": { "parameters": parameters, "responses": {} } })
}

/// Returns both descriptions of one operation, and its row.
fn both() -> (Value, Value, Vec<OperationRow>) {
    let older = json!({ "openapi": "3.0.0", "servers": [{ "url": "https://zohoapis.com" }], "paths": {
        "/crm/v8/settings/things": get(json!([{ "name": "page", "in": "query" }])),
    } });
    let newer = json!({ "openapi": "3.1.0",
        "servers": [{ "url": "https://zohoapis.{dc}/crm/{version}" }], "paths": {
        "/settings/things": get(json!([{ "name": "include", "in": "query" }])),
    } });
    let row = json!({
        "id": "things.list", "method": "GET", "path": "/settings/things",
        "query": ["page", "include"], "response": "bare", "retry": "read",
        "sources": { "2025": ["things.json GET /crm/v8/settings/things"],
                     "2026": ["things.json GET /settings/things"] },
    });
    (older, newer, vec![row.as_object().unwrap().clone()])
}

#[test]
fn compares_each_description_with_its_own_sources() {
    let (older, newer, rows) = both();
    for given in [vec![&older], vec![&newer], vec![&older, &newer]] {
        assert_eq!(found(&given, &rows, ""), Vec::<String>::new());
    }
    // drift against either description
    let drifted = |file: &Value| {
        let text =
            file.to_string().replace("\"in\":\"query\"", "\"in\":\"query\",\"required\":true");
        let text = text.replace("\"page\"", "\"pages\"").replace("\"include\"", "\"includes\"");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let said = found(&[&drifted(&older), &newer], &rows, "");
    assert!(said.iter().any(|it| it.contains("query lacks `pages`")), "{said:?}");
    assert!(said.iter().any(|it| it.contains("query has `page`")), "{said:?}");
    assert!(said.iter().any(|it| it.contains("required lacks `pages`")), "{said:?}");
    let said = found(&[&older, &drifted(&newer)], &rows, "");
    assert!(said.iter().any(|it| it.contains("query lacks `includes`")), "{said:?}");
    let refuse = "[[change]]\nids = ['things.list']\nrefuse = ['includes']\nquery = ['include']\n";
    assert_eq!(found(&[&older, &drifted(&newer)], &rows, refuse), Vec::<String>::new());
}

#[test]
fn covers_a_route_by_its_static_segments_or_a_listed_general_row() {
    let (_, mut newer, mut rows) = both();
    newer["paths"]["/Special/{id}"] = get(json!([{ "name": "color", "in": "query" }]));
    let source = "things.json GET /Special/{id}";
    assert_eq!(found(&[&newer], &rows, ""), [format!("{source}: is not in the table")]);
    let mut general = rows[0].clone();
    general.insert("id".into(), json!("records.get"));
    general.insert("path".into(), json!("/{module}/{id}"));
    general.insert("covers".into(), json!([source]));
    general.remove("sources");
    rows.push(general);
    let add = "[[add]]\nid = 'records.get'\nmethod = 'GET'\npath = '/{module}/{id}'\n\
               query = ['page', 'include']\n";
    let said = found(&[&newer], &rows, add);
    let unexplained = format!("{source}: is in a general row, and the overlay does not say why");
    let lacks = format!("records.get: query lacks `color` of {source}");
    assert!(said.contains(&unexplained) && said.contains(&lacks), "{said:?}");
    let listed = format!("{add}[[general]]\noperations = ['{source}']\nof = 'records.get'\n");
    assert_eq!(found(&[&newer], &rows, &listed), [lacks.as_str()]);
    let refused = format!("{listed}refuse = ['color']\n");
    assert_eq!(found(&[&newer], &rows, &refused), Vec::<String>::new());
    rows[1].insert("path".into(), json!("/{module}/x"));
    let said = found(&[&newer], &rows, &refused.replace("{module}/{id}", "{module}/x"));
    assert!(said[0].contains("does not cover the route"), "{said:?}");
}

#[test]
fn needs_files_of_one_known_format_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let said = |text: &str| {
        std::fs::write(folder.path().join("b.json"), text).unwrap();
        Files::read(folder.path()).unwrap_err().to_string()
    };
    assert!(said("{}").contains("b.json: expected OpenAPI 3.0 or 3.1"));
    std::fs::write(folder.path().join("a.json"), r#"{"openapi": "3.0.0"}"#).unwrap();
    assert!(said(r#"{"openapi": "3.1.0"}"#).contains("contains files of both generations"));
}
