//! Jobs that are refused when they are created.

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::Simulator;

use super::{
    ask, at_once, create, immediate, job, refused, request, result, start, upload, upload_csv, zip,
};
use crate::client::Http;

/// The CSV of the refused jobs.
const CSV: &str = "Last_Name,Email,City,Account\nBoyle,b@example.com,Pune,Zylker\n";

fn mappings() -> Value {
    json!([{ "api_name": "Last_Name", "index": 0 }, { "api_name": "Email", "index": 1 }])
}

/// Returns a request that is accepted.
fn good(file_id: &str) -> Value {
    request(
        "upsert",
        json!({ "module": "Leads", "file_id": file_id, "file_names": ["rows.csv"],
            "find_by": "Email", "field_mappings": mappings() }),
    )
}

/// Returns a value for a pointer into the request; without one, the member is removed.
fn with(mut body: Value, pointer: &str, value: Option<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap();
    match (value, parent) {
        (Some(value), Value::Array(list)) => list[name.parse::<usize>().unwrap()] = value,
        (Some(value), parent) => parent[name] = value,
        (None, parent) => drop(parent.as_object_mut().unwrap().remove(name)),
    }
    body
}

#[tokio::test]
async fn a_body_that_is_not_an_object_is_refused() {
    let http = at_once().await;
    let url = format!("{}/crm/bulk/v8/write", http.sim.api_url());
    let authorization = format!("Zoho-oauthtoken {}", http.token);
    for body in ["", "[]", "nothing", "{"] {
        let headers = [("authorization", authorization.as_str())];
        let reply = http.send(Method::POST, &url, &headers, body).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (400, "REQUEST_BODY_NOT_SUPPORTED"));
    }
}

#[tokio::test]
async fn missing_keys_are_named_with_their_path() {
    let http = at_once().await;
    let file_id = upload_csv(&http, CSV).await;
    assert_eq!(ask(&http, &good(&file_id)).await.status, 201);
    for (pointer, path) in [
        ("/operation", "$.operation"),
        ("/resource", "$.resource"),
        ("/resource/0/type", "$.resource[0].type"),
        ("/resource/0/module", "$.resource[0].module"),
        ("/resource/0/module/api_name", "$.resource[0].module.api_name"),
        ("/resource/0/file_id", "$.resource[0].file_id"),
        ("/resource/0/field_mappings/1/api_name", "$.resource[0].field_mappings[1].api_name"),
        ("/resource/0/field_mappings/1/index", "$.resource[0].field_mappings[1].index"),
    ] {
        let (code, details) = refused(&http, &with(good(&file_id), pointer, None)).await;
        assert_eq!(code, "MISSING_REQUIRED_KEY", "{pointer}");
        assert_eq!(details, json!({ "json_path": path }));
    }
    let (code, _) = refused(&http, &with(good(&file_id), "/resource/0/find_by", None)).await;
    assert_eq!(code, "MANDATORY_NOT_FOUND");
}

#[tokio::test]
async fn wrong_values_are_named_with_their_path() {
    let http = at_once().await;
    let file_id = upload_csv(&http, CSV).await;
    let many = |count: usize| json!(vec![json!({}); count]);
    for (pointer, value, code, path) in [
        ("/operation", json!("delete"), "INVALID_DATA", "$.operation"),
        ("/ignore_empty", json!("yes"), "INVALID_DATA", "$.ignore_empty"),
        ("/character_encoding", json!("EBCDIC"), "INVALID_DATA", "$.character_encoding"),
        ("/resource", many(101), "INVALID_DATA", "$.resource"),
        ("/resource", json!([]), "INVALID_DATA", "$.resource"),
        ("/resource", json!([7]), "INVALID_DATA", "$.resource[0]"),
        ("/resource/0/type", json!("file"), "INVALID_DATA", "$.resource[0].type"),
        ("/resource/0/find_by", json!(["id"]), "INVALID_DATA", "$.resource[0].find_by"),
        ("/resource/0/file_names", many(11), "INVALID_DATA", "$.resource[0].file_names"),
        ("/resource/0/field_mappings", many(501), "INVALID_DATA", "$.resource[0].field_mappings"),
        (
            "/resource/0/field_mappings/0/index",
            json!(-1),
            "INVALID_DATA",
            "$.resource[0].field_mappings[0].index",
        ),
    ] {
        let (found, details) = refused(&http, &with(good(&file_id), pointer, Some(value))).await;
        assert_eq!((found.as_str(), &details["json_path"]), (code, &json!(path)), "{pointer}");
    }
}

#[tokio::test]
async fn modules_fields_columns_and_files_must_exist() {
    let http = at_once().await;
    let file_id = upload_csv(&http, CSV).await;
    let field = "/resource/0/field_mappings/1";
    let mapping = |name: &str| json!({ "api_name": name, "index": 1 });
    for (pointer, value, code) in [
        ("/resource/0/module/api_name", json!("Nothing"), "MODULE_NOT_AVAILABLE"),
        ("/resource/0/module/api_name", json!("Notes"), "MODULE_NOT_AVAILABLE"),
        ("/resource/0/module/api_name", json!("Events"), "MODULE_NOT_AVAILABLE"),
        ("/resource/0/module/api_name", json!("Calls"), "MODULE_NOT_AVAILABLE"),
        (field, mapping("ast_Name"), "INVALID_FIELD"),
        (field, mapping("Full_Name"), "INVALID_FIELD"),
        (field, mapping("Created_Time"), "INVALID_FIELD"),
        (field, mapping("Modified_By"), "INVALID_FIELD"),
        (field, mapping("Territories"), "INVALID_FIELD"),
        ("/resource/0/field_mappings/1/index", json!(4), "COLUMN_INDEX_NOT_FOUND"),
        ("/resource/0/field_mappings/1/format", json!("MM/dd/yyyy"), "INVALID_FORMAT"),
        ("/resource/0/find_by", json!("City"), "INVALID_FIELD"),
        ("/resource/0/find_by", json!("id"), "MANDATORY_FIELDS_NOT_MAPPED"),
        ("/resource/0/field_mappings/0", mapping("City"), "MANDATORY_FIELDS_NOT_MAPPED"),
        ("/resource/0/file_id", json!("7"), "INVALID_FILE_ID"),
        ("/resource/0/file_id", json!("x"), "INVALID_FILE_ID"),
        ("/resource/0/file_names/0", json!("other.csv"), "FILE_NOT_FOUND"),
        ("/resource/0/file_names", json!(["rows.csv", "rows.csv"]), "INVALID_REQUEST"),
    ] {
        let (found, _) = refused(&http, &with(good(&file_id), pointer, Some(value))).await;
        assert_eq!(found, code, "{pointer}");
    }
    let update = with(good(&file_id), "/operation", Some(json!("update")));
    let update = with(update, "/resource/0/field_mappings/0", Some(mapping("City")));
    assert_eq!(ask(&http, &update).await.status, 201, "an update needs no mandatory fields");
}

#[tokio::test]
async fn a_lookup_names_the_field_that_finds_its_record() {
    let http = at_once().await;
    let file_id = upload_csv(&http, CSV).await;
    let lookup = |more: Value| {
        let mut mapping = json!({ "api_name": "Account_Name", "index": 3 });
        mapping.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mappings = json!([{ "api_name": "Last_Name", "index": 0 }, mapping]);
        let resource =
            json!({ "module": "Contacts", "file_id": file_id, "field_mappings": mappings });
        request("insert", resource)
    };
    let reply = ask(&http, &lookup(json!({}))).await;
    assert_eq!(reply.code(), "MANDATORY_NOT_FOUND");
    assert_eq!(reply.json()["message"], "Required key find_by is not available");
    for (by, status) in
        [("Account_Name", 201), ("id", 201), ("Parent_Account", 201), ("Phone", 400)]
    {
        let reply = ask(&http, &lookup(json!({ "find_by": by }))).await;
        assert_eq!(reply.status, status, "{by} {}", reply.text());
    }
    let mappings = json!([{ "api_name": "Subject", "index": 0 },
        { "api_name": "What_Id", "index": 1, "find_by": "id" }]);
    let resource = json!({ "module": "Tasks", "file_id": file_id, "field_mappings": mappings });
    let reply = ask(&http, &request("insert", resource)).await;
    assert_eq!(reply.json()["message"], "Required key module is not available");
    let headers = upload_csv(&http, "Last_Name,Account_Name\nBoyle,Zylker\n").await;
    let resource = json!({ "module": "Contacts", "file_id": headers });
    assert_eq!(refused(&http, &request("insert", resource)).await.0, "MANDATORY_NOT_FOUND");
}

#[tokio::test]
async fn a_callback_needs_an_address_and_post() {
    let http = at_once().await;
    let file_id = upload_csv(&http, CSV).await;
    let callback = |url: &str, method: &str| {
        let mut body = good(&file_id);
        body["callback"] = json!({ "url": url, "method": method });
        body
    };
    let (code, details) = refused(&http, &callback("https://example.com", "get")).await;
    assert_eq!(code, "INVALID_CALLBACK_METHOD");
    assert_eq!(details, json!({ "supported_callback_methods": ["post"] }));
    assert_eq!(refused(&http, &callback("nowhere", "post")).await.0, "INVALID_CALLBACK_URL");
}

#[tokio::test]
async fn files_have_limits_of_rows_and_columns() {
    let settings = immediate().rows_per_file(2);
    let http = start(Simulator::builder().bulk_write(settings)).await;
    let resource = async |csv: &str| {
        let file_id = upload_csv(&http, csv).await;
        request("insert", json!({ "module": "Leads", "file_id": file_id }))
    };
    assert_eq!(ask(&http, &resource("Last_Name\na\nb\n").await).await.status, 201);
    let (code, details) = refused(&http, &resource("Last_Name\na\nb\nc\n").await).await;
    assert_eq!((code.as_str(), details), ("LIMIT_EXCEEDED", json!({ "limit": 2 })));
    let wide = |columns: usize| format!("{}\n", vec!["Last_Name"; columns].join(","));
    assert_eq!(ask(&http, &resource(&wide(200)).await).await.status, 201);
    let (code, _) = refused(&http, &resource(&wide(201)).await).await;
    assert_eq!(code, "HEADER_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn files_without_a_csv_are_refused() {
    let http = at_once().await;
    for (files, code) in [
        (vec![], "FILE_NOT_FOUND"),
        (vec![("a.csv", b"".as_slice())], "FILE_NOT_SUPPORTED"),
        (
            vec![("a.csv", b"Last_Name\nA\n".as_slice()), ("b.csv", b"x".as_slice())],
            "MISSING_REQUIRED_KEY",
        ),
    ] {
        let file_id = upload(&http, &zip(&files)).await;
        let body = request("insert", json!({ "module": "Leads", "file_id": file_id }));
        assert_eq!(refused(&http, &body).await.0, code);
    }
    let file_id = upload(&http, &zip(&[("a.csv", b"Last_Name\n\xff\xff\n")])).await;
    let mut body = request("insert", json!({ "module": "Leads", "file_id": file_id }));
    body["character_encoding"] = json!("UTF-8");
    assert_eq!(refused(&http, &body).await.0, "FILE_NOT_SUPPORTED");
    let mut damaged = zip(&[("a.csv", b"Last_Name\nBoyle\n")]);
    let place = damaged.windows(5).position(|bytes| bytes == b"Boyle");
    if let Some(place) = place {
        damaged[place] = b'X';
    } else {
        damaged[40] ^= 0xff;
    }
    let file_id = upload(&http, &damaged).await;
    let body = request("insert", json!({ "module": "Leads", "file_id": file_id }));
    assert_eq!(refused(&http, &body).await.0, "FILE_NOT_SUPPORTED");
}

#[tokio::test]
async fn each_version_takes_jobs_and_v2_names_modules_by_text() {
    let http = at_once().await;
    for version in ["v2", "v2.1", "v3", "v4", "v5", "v6", "v7", "v8"] {
        let file_id = upload_csv(&http, CSV).await;
        let text = with(good(&file_id), "/resource/0/module", Some(json!("Leads")));
        for (body, accepted) in [(good(&file_id), true), (text, version == "v2")] {
            let reply = http.post(&format!("/crm/bulk/{version}/write"), &body).await;
            assert_eq!(reply.status == 201, accepted, "{version} {}", reply.text());
        }
    }
    assert_eq!(http.sim.record_count("Leads"), 1);
}

#[tokio::test]
async fn members_that_are_null_count_as_missing() {
    let http = at_once().await;
    let file_id = upload_csv(&http, CSV).await;
    let mut body = good(&file_id);
    body["character_encoding"] = Value::Null;
    body["callback"] = Value::Null;
    body["resource"][0]["ignore_empty"] = Value::Null;
    body["resource"][0]["field_mappings"][0]["format"] = Value::Null;
    let reply = ask(&http, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let id = reply.json()["details"]["id"].as_str().unwrap().to_owned();
    assert_eq!(result(&http, &id).await.len(), 2);
}

/// A client that asks for the state of a job in another version sees the same.
#[tokio::test]
async fn a_job_is_shown_in_each_version() {
    let http: Http = at_once().await;
    let file_id = upload_csv(&http, CSV).await;
    let resource = json!({ "module": "Leads", "file_id": file_id, "field_mappings": mappings() });
    let id = create(&http, "insert", resource).await;
    let shown = job(&http, &id).await;
    for version in ["v2", "v3", "v7"] {
        assert_eq!(http.get(&format!("/crm/bulk/{version}/write/{id}")).await.json(), shown);
    }
}
