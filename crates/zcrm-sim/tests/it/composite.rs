//! Composite calls: their checks, references, order, and what they may contain.

use serde_json::{Value, json};
use zcrm_sim::{CompositeChecks, Simulator};

use crate::client::{Http, Reply};

pub(crate) const PATH: &str = "/crm/v8/__composite_requests";

/// Creates a part that inserts a lead.
pub(crate) fn insert(id: &str, name: &str) -> Value {
    let body = json!({ "data": [{ "Last_Name": name }] });
    json!({ "sub_request_id": id, "method": "POST", "uri": "/crm/v8/Leads", "body": body })
}

/// Creates a part that reads.
pub(crate) fn get(id: &str, uri: &str, params: Value) -> Value {
    json!({ "sub_request_id": id, "method": "GET", "uri": uri, "params": params })
}

pub(crate) async fn started() -> Http {
    Http::logged_in(&Simulator::start().await.unwrap()).await
}

/// Sends parts with these flags.
pub(crate) async fn send(http: &Http, flags: Value, parts: Value) -> Reply {
    let mut body = flags;
    body["__composite_requests"] = parts;
    http.post(PATH, &body).await
}

/// Returns the code of each part, with the status inside if it was executed.
pub(crate) fn results(reply: &Reply) -> Vec<String> {
    let rows = reply.rows();
    let code = |row: &Value| match &row["details"]["response"]["status_code"] {
        Value::Null => row["code"].as_str().unwrap().to_owned(),
        status => format!("{} {status}", row["code"].as_str().unwrap()),
    };
    rows.iter().map(code).collect()
}

/// Returns the body of a part's answer.
pub(crate) fn inner(reply: &Reply, part: usize) -> Value {
    reply.rows()[part]["details"]["response"]["body"].clone()
}

#[tokio::test]
async fn refers_to_answers_in_address_params_and_body() {
    let http = started().await;
    let parts = json!([
        { "sub_request_id": "company", "method": "POST", "uri": "/crm/v8/Accounts",
          "body": { "data": [{ "Account_Name": "Zylker" }] } },
        { "sub_request_id": "person", "method": "POST", "uri": "/crm/v8/Contacts", "body": { "data": [{
            "Last_Name": "Boyle", "Account_Name": { "id": "@{company:$.data[0].details.id}" },
            "Description": "of @{company:$.data[0].details.id}, @{company:$.data[0].status}" }] } },
        get("read", "/crm/v8/Contacts/@{person:$.data[0].details.id}", json!({})),
        get("list", "/crm/v8/Accounts", json!({ "fields": "id", "ids": "@{read:$.data[0].Account_Name.id}" })),
    ]);
    let reply = send(&http, json!({}), parts).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(results(&reply), ["SUCCESS 201", "SUCCESS 201", "SUCCESS 200", "SUCCESS 200"]);
    let account = inner(&reply, 0)["data"][0]["details"]["id"].clone();
    let contact = inner(&reply, 2)["data"][0].clone();
    assert_eq!(contact["Account_Name"], json!({ "id": account, "name": "Zylker" }));
    assert_eq!(contact["Description"], format!("of {}, success", account.as_str().unwrap()));
    assert_eq!(inner(&reply, 3)["data"], json!([{ "id": account }]));
    let row = &reply.rows()[0];
    assert_eq!(row["message"], "composite sub request executed successfully");
    assert_eq!(row["status"], "success");
    let headers = &row["details"]["response"]["headers"];
    assert!(headers["X-ACCESSTOKEN-RESET"].is_string() && headers["content-type"].is_string());
}

#[tokio::test]
async fn rejects_a_call_that_is_wrong_as_a_whole() {
    let http = started().await;
    let part = insert("1", "A");
    let parts = json!([part]);
    for (flags, parts, code, details) in [
        (
            json!({ "rollback_on_fail": "yes" }),
            &parts,
            "INVALID_DATA",
            json!({ "api_name": "rollback_on_fail", "json_path": "$.rollback_on_fail", "expected_data_type": "boolean" }),
        ),
        (
            json!({ "rollback_on_fail": true, "parallel_execution": true }),
            &parts,
            "AMBIGUITY_DURING_PROCESSING",
            json!({ "ambiguity_due_to": [
             { "api_name": "rollback_on_fail", "json_path": "$.rollback_on_fail" },
             { "api_name": "parallel_execution", "json_path": "$.parallel_execution" }] }),
        ),
        (
            json!({ "rollback_on_fail": true, "concurrent_execution": true }),
            &parts,
            "AMBIGUITY_DURING_PROCESSING",
            json!({ "ambiguity_due_to": [
             { "api_name": "rollback_on_fail", "json_path": "$.rollback_on_fail" },
             { "api_name": "concurrent_execution", "json_path": "$.concurrent_execution" }] }),
        ),
        (
            json!({}),
            &json!(null),
            "MANDATORY_NOT_FOUND",
            json!({ "api_name": "__composite_requests", "json_path": "$.__composite_requests" }),
        ),
        (
            json!({}),
            &json!({ "0": part }),
            "INVALID_DATA",
            json!({ "api_name": "__composite_requests", "json_path": "$.__composite_requests", "expected_data_type": "jsonarray" }),
        ),
        (
            json!({}),
            &json!(vec![get("", "/crm/v8/org", json!({})); 6]),
            "INVALID_DATA",
            json!({ "api_name": "__composite_requests", "json_path": "$.__composite_requests", "maximum_length": 5 }),
        ),
    ] {
        let reply = send(&http, flags.clone(), parts.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{flags} {parts}");
        assert_eq!(reply.json()["details"], details);
    }
    for version in ["v2", "v2.1"] {
        let path = format!("/crm/{version}/__composite_requests");
        let reply = http.post(&path, &json!({ "__composite_requests": parts })).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "API_NOT_SUPPORTED"));
    }
    assert_eq!(http.sim.record_count("Leads"), 0);
    let path = "/crm/v3/__composite_requests";
    let part = json!({ "method": "POST", "uri": "/crm/v3/Leads", "body": { "data": [{ "Last_Name": "A" }] } });
    assert_eq!(http.post(path, &json!({ "__composite_requests": [part] })).await.status, 200);
}

#[tokio::test]
async fn rejects_a_wrong_part_and_runs_the_others() {
    let http = started().await;
    let at = |name: &str| format!("$.__composite_requests[1].{name}");
    let place = |name: &str| json!({ "api_name": name, "json_path": at(name) });
    let with = |name: &str, more: Value| {
        let mut details = place(name);
        details.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        details
    };
    let good = get("b", "/crm/v8/org", json!({}));
    let changed = |name: &str, value: Value| {
        let mut part = good.clone();
        part[name] = value;
        part
    };
    let uri_regex = "/crm(/.*)?/v[0-9]+([.][0-9]+)?/.*";
    for (part, code, details) in [
        (
            json!(7),
            "INVALID_DATA",
            json!({ "api_name": "__composite_requests",
            "json_path": "$.__composite_requests[1]", "expected_data_type": "jsonobject" }),
        ),
        (changed("uri", Value::Null), "MANDATORY_NOT_FOUND", place("uri")),
        (changed("method", Value::Null), "MANDATORY_NOT_FOUND", place("method")),
        (
            changed("uri", json!("crm/v8/org")),
            "INVALID_DATA",
            with("uri", json!({ "expected_data_type": "text", "regex": uri_regex })),
        ),
        (
            changed("uri", json!("/crm/v8")),
            "INVALID_DATA",
            with("uri", json!({ "expected_data_type": "text", "regex": uri_regex })),
        ),
        (
            changed("method", json!("HEAD")),
            "INVALID_DATA",
            with(
                "method",
                json!({ "supported_values": ["GET", "POST", "PUT", "PATCH", "DELETE"] }),
            ),
        ),
        (
            changed("sub_request_id", json!("_x")),
            "INVALID_DATA",
            with(
                "sub_request_id",
                json!({ "expected_data_type": "text", "regex": "[a-zA-Z0-9][a-zA-Z0-9_]*" }),
            ),
        ),
        (
            changed("sub_request_id", json!(1)),
            "INVALID_DATA",
            with(
                "sub_request_id",
                json!({ "expected_data_type": "text", "regex": "[a-zA-Z0-9][a-zA-Z0-9_]*" }),
            ),
        ),
        (
            changed("body", json!([])),
            "INVALID_DATA",
            with("body", json!({ "expected_data_type": "jsonobject" })),
        ),
        (
            changed("params", json!({ "ids": ["1"] })),
            "INVALID_DATA",
            with("params.ids", json!({ "expected_data_type": "text" })),
        ),
        (
            changed("headers", json!({ "Authorization": "x", "X-CRM-ORG": "1", "x": "1" })),
            "INVALID_DATA",
            with("headers", json!({ "restricted_headers": ["Authorization", "X-CRM-ORG"] })),
        ),
        (
            changed("uri", json!("/crm/v8.1/org")),
            "NOT_ALLOWED",
            json!({ "sub_request_version": 8.1, "composite_request_version": 8 }),
        ),
        (
            changed("uri", json!("/crm/v9/org")),
            "NOT_ALLOWED",
            json!({ "sub_request_version": 9, "composite_request_version": 8 }),
        ),
        (
            changed("uri", json!("/crm/bulk/v8/read")),
            "NOT_SUPPORTED",
            json!({ "allowed_services": ["crm"] }),
        ),
        (
            changed("uri", json!("/crm/v8/files")),
            "NOT_SUPPORTED",
            json!({ "allowed_services": ["crm"] }),
        ),
        (
            changed("uri", json!("/crm/v8/Leads/@{a:$.none}")),
            "INVALID_REFERENCE",
            with("uri", json!({ "reference": "@{a:$.none}" })),
        ),
        (
            changed("uri", json!("/crm/v8/Leads/@{b:$.id}")),
            "INVALID_REFERENCE",
            with("uri", json!({ "reference": "@{b:$.id}" })),
        ),
        (
            changed("params", json!({ "ids": "@{c:$.id}" })),
            "INVALID_REFERENCE",
            json!({ "api_name": "ids", "json_path": at("params.ids"), "reference": "@{c:$.id}" }),
        ),
        (
            changed("body", json!({ "data": [{ "A": "@{a" }] })),
            "INVALID_REFERENCE",
            json!({ "api_name": "A", "json_path": at("body.data[0].A"), "reference": "@{a" }),
        ),
    ] {
        let reply = send(&http, json!({}), json!([get("a", "/crm/v8/org", json!({})), part])).await;
        assert_eq!(
            (reply.status, results(&reply)),
            (207, vec!["SUCCESS 200".into(), code.into()]),
            "{part}"
        );
        let row = &reply.rows()[1];
        assert_eq!(row["details"], details, "{part}");
        assert_eq!(row["status"], "error");
    }
}

#[tokio::test]
async fn reports_duplicate_ids_in_each_part() {
    let http = started().await;
    let reply =
        send(&http, json!({}), json!([insert("1", "A"), insert("2", "B"), insert("1", "C")])).await;
    assert_eq!(reply.status, 207);
    assert_eq!(results(&reply), ["DUPLICATE_DATA", "SUCCESS 201", "DUPLICATE_DATA"]);
    let path = "$.__composite_requests[2].sub_request_id";
    let details =
        json!({ "api_name": "sub_request_id", "json_path": path, "sub_request_indexes": [0, 2] });
    assert_eq!(reply.rows()[2]["details"], details);
    assert_eq!(http.sim.record_count("Leads"), 1);
    // Parts without an id are not duplicates.
    let mut part = insert("", "D");
    part.as_object_mut().unwrap().remove("sub_request_id");
    assert_eq!(send(&http, json!({}), json!([part, part])).await.status, 200);
}

#[tokio::test]
async fn parallel_parts_wait_for_the_parts_they_refer_to() {
    let http = started().await;
    let change = json!({ "sub_request_id": "1", "method": "PUT", "uri": "/crm/v8/Leads/@{2:$.data[0].details.id}",
        "body": { "data": [{ "City": "Pune" }] } });
    let parts = json!([change, insert("2", "A")]);
    let reply = send(&http, json!({}), parts.clone()).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (200, vec!["SUCCESS 200".into(), "SUCCESS 201".into()])
    );
    // One after the other, the first one refers to a part that was not executed yet.
    let reply = send(&http, json!({ "parallel_execution": false }), parts).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (207, vec!["INVALID_REFERENCE".into(), "SUCCESS 201".into()])
    );
}

#[tokio::test]
async fn refuses_references_whose_values_are_too_large_together() {
    let http = started().await;
    let text = "x".repeat(30_000);
    let lead = json!({ "data": [{ "Last_Name": "A", "Description": text }] });
    assert_eq!(http.post("/crm/v8/Leads", &lead).await.status, 201);
    let read = get("1", "/crm/v8/Leads", json!({ "fields": "Description" }));
    let repeated = |times: usize| {
        let mut part = insert("2", "B");
        part["body"]["data"][0]["Description"] = "@{1:$.data[0].Description}".repeat(times).into();
        json!([read, part])
    };
    let reply = send(&http, json!({}), repeated(1)).await;
    assert_eq!(results(&reply), ["SUCCESS 200", "SUCCESS 201"]);
    let reply = send(&http, json!({}), repeated(1_000)).await;
    assert_eq!(results(&reply), ["SUCCESS 200", "INVALID_REFERENCE"]);
    assert_eq!(reply.rows()[1]["details"]["api_name"], "Description");
}

#[tokio::test]
async fn reports_parts_that_refer_to_each_other() {
    let http = started().await;
    let to =
        |own: &str, other: &str| get(own, &format!("/crm/v8/Leads/@{{{other}:$.id}}"), json!({}));
    let parts =
        json!([to("a", "b"), to("b", "a"), to("c", "a"), get("d", "/crm/v8/org", json!({}))]);
    let reply = send(&http, json!({}), parts.clone()).await;
    assert_eq!(reply.status, 207);
    assert_eq!(
        results(&reply),
        ["LOOPING_FOUND", "LOOPING_FOUND", "INVALID_REFERENCE", "SUCCESS 200"]
    );
    let data = json!({ "dependent_data": [
        { "sub_request_id": "a", "referred_sub_request_ids": ["b"] },
        { "sub_request_id": "b", "referred_sub_request_ids": ["a"] },
    ] });
    assert_eq!(reply.rows()[0]["details"], data);
    let reply = send(&http, json!({ "parallel_execution": false }), parts).await;
    assert_eq!(
        results(&reply),
        ["INVALID_REFERENCE", "INVALID_REFERENCE", "INVALID_REFERENCE", "SUCCESS 200"]
    );
    let both = send(&http, json!({}), json!([to("a", "b"), to("b", "a")])).await;
    assert_eq!(
        (both.status, results(&both)),
        (400, vec!["LOOPING_FOUND".into(), "LOOPING_FOUND".into()])
    );
}

#[tokio::test]
async fn a_failed_part_counts_as_executed() {
    let http = started().await;
    let wrong = json!({ "sub_request_id": "1", "method": "POST", "uri": "/crm/v8/Leads", "body": { "data": [{}] } });
    let after = get("2", "/crm/v8/Leads/@{1:$.data[0].code}", json!({}));
    let reply = send(&http, json!({}), json!([wrong.clone(), insert("3", "A")])).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (200, vec!["SUCCESS 400".into(), "SUCCESS 201".into()])
    );
    assert_eq!(inner(&reply, 0)["data"][0]["code"], "MANDATORY_NOT_FOUND");
    // Parallel parts cannot refer to a failed part, later parts can.
    let reply = send(&http, json!({}), json!([wrong, after])).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (207, vec!["SUCCESS 400".into(), "INVALID_REFERENCE".into()])
    );
    let reply = send(&http, json!({ "parallel_execution": false }), json!([wrong, after])).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (200, vec!["SUCCESS 400".into(), "SUCCESS 400".into()])
    );
    assert_eq!(http.sim.journal().written(), 1);
}

#[tokio::test]
async fn parts_have_limits_of_records() {
    let sim = Simulator::builder().records("Leads", 30).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let list = |params: Value| get("1", "/crm/v8/Leads", params);
    let reply = send(&http, json!({}), json!([list(json!({ "fields": "id" }))])).await;
    assert_eq!(inner(&reply, 0)["info"]["per_page"], 25);
    assert_eq!(inner(&reply, 0)["data"].as_array().unwrap().len(), 25);
    let two = json!({ "data": [{ "Last_Name": "A" }, { "Last_Name": "B" }] });
    let write = |method: &str, uri: &str| json!({ "method": method, "uri": uri, "body": two });
    let query = |text: &str| {
        json!({ "method": "POST", "uri": "/crm/v8/coql",
        "body": { "select_query": format!("select id from Leads where id is not null {text}") } })
    };
    for (part, details) in [
        (list(json!({ "fields": "id", "per_page": 26 })), json!({ "by": "per_page", "limit": 25 })),
        (query("limit 26"), json!({ "by": "limit", "limit": 25 })),
        (query(""), json!({ "by": "limit", "limit": 25 })),
        (write("POST", "/crm/v8/Leads"), json!({ "by": "data", "limit": 1 })),
        (write("POST", "/crm/v8/Leads/upsert"), json!({ "by": "data", "limit": 1 })),
        (write("PUT", "/crm/v8/Leads"), json!({ "by": "data", "limit": 1 })),
    ] {
        let reply = send(&http, json!({}), json!([part])).await;
        assert_eq!((reply.status, results(&reply)), (200, vec!["SUCCESS 400".into()]), "{part}");
        let body = json!({ "code": "LIMIT_EXCEEDED", "details": details, "message": "limit exceeded", "status": "error" });
        assert_eq!(inner(&reply, 0), body);
    }
    assert_eq!(sim.record_count("Leads"), 30);
    let good = list(json!({ "fields": "id", "per_page": 25 }));
    assert_eq!(inner(&send(&http, json!({}), json!([good])).await, 0)["info"]["per_page"], 25);
    let all = json!({ "method": "DELETE", "uri": "/crm/v8/Leads", "params": { "ids": "1" } });
    let reply = send(&http, json!({}), json!([all])).await;
    assert_eq!((reply.status, results(&reply)), (400, vec!["NOT_SUPPORTED".into()]));
}

#[tokio::test]
async fn parts_need_their_scopes_and_rights() {
    let sim = Simulator::start().await.unwrap();
    let parts = json!({ "__composite_requests": [
        get("1", "/crm/v8/org", json!({})), get("2", "/crm/v8/Leads", json!({ "fields": "id" })),
    ] });
    let http = Http::limited(&sim, &["ZohoCRM.modules.ALL", "ZohoCRM.org.READ"]).await;
    assert_eq!(http.post(PATH, &parts).await.code(), "OAUTH_SCOPE_MISMATCH");
    let http =
        Http::limited(&sim, &["ZohoCRM.composite_requests.CUSTOM", "ZohoCRM.org.READ"]).await;
    let reply = http.post(PATH, &parts).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (200, vec!["SUCCESS 200".into(), "SUCCESS 401".into()])
    );
    assert_eq!(inner(&reply, 1)["code"], "OAUTH_SCOPE_MISMATCH");
}

#[tokio::test]
async fn parts_have_headers_and_earlier_versions() {
    let http = started().await;
    let id = http.sim.insert("Leads", json!({ "Last_Name": "A" })).unwrap();
    let mut part = get("1", "/crm/v8/Leads", json!({ "fields": "id" }));
    part["headers"] = json!({ "If-Modified-Since": "2040-01-01T00:00:00+00:00" });
    let old = get("2", &format!("/crm/v2/Leads/{id}?fields=Last_Name"), json!({}));
    let reply = send(&http, json!({}), json!([part, old])).await;
    assert_eq!(results(&reply), ["SUCCESS 304", "SUCCESS 200"]);
    assert_eq!(inner(&reply, 0), Value::Null);
    assert_eq!(inner(&reply, 1)["data"][0]["Last_Name"], "A");
    assert_eq!(http.sim.journal().count(|entry| entry.path == PATH && entry.executed), 1);
}

#[tokio::test]
async fn checks_of_the_whole_call_come_before_any_part() {
    let checks = CompositeChecks::WholeCall;
    let sim = Simulator::builder().composite_checks(checks).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let first = insert("1", "A");
    let to = |own: &str, other: &str| {
        get(own, &format!("/crm/v8/Leads/@{{{other}:$.data[0].details.id}}"), json!({}))
    };
    for (second, third, code) in [
        (json!(7), insert("3", "B"), "INVALID_DATA"),
        (insert("1", "B"), insert("3", "C"), "DUPLICATE_DATA"),
        (to("2", "2"), insert("3", "B"), "INVALID_REFERENCE"),
        (to("2", "4"), insert("3", "B"), "INVALID_REFERENCE"),
        (to("2", "3"), to("3", "2"), "LOOPING_FOUND"),
        (get("2", "/crm/v9/org", json!({})), insert("3", "B"), "NOT_ALLOWED"),
        (get("2", "/crm/v8/files", json!({})), insert("3", "B"), "NOT_SUPPORTED"),
    ] {
        let reply = send(&http, json!({}), json!([first, second, third])).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{second} {third}");
    }
    assert_eq!(sim.record_count("Leads"), 0);
    let reply = send(&http, json!({}), json!([first, to("2", "1"), to("3", "2")])).await;
    let codes = ["SUCCESS 201", "SUCCESS 200", "INVALID_REFERENCE"];
    assert_eq!((reply.status, results(&reply)), (207, codes.map(String::from).to_vec()));
    let flags = json!({ "parallel_execution": false });
    let reply = send(&http, flags, json!([to("1", "2"), insert("2", "A")])).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "INVALID_REFERENCE"));
}
