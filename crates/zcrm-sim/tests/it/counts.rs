//! Counts of records, of modules and of related lists.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use zcrm_sim::{ClockMode, Simulator};

use crate::client::{Http, Reply};

const COUNT: &str = "/crm/v8/Leads/actions/count";

async fn count(http: &Http, query: &str) -> Value {
    let reply = http.get(&format!("{COUNT}?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    reply.json()["count"].clone()
}

#[tokio::test]
async fn counts_by_view_search_and_state() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let lead = |name: &str| json!({ "Last_Name": name, "City": "Pune" });
    let ids: Vec<String> =
        ["A", "B", "C"].map(|name| sim.insert("Leads", lead(name)).unwrap()).into();
    let convert = format!("/crm/v8/Leads/{}/actions/convert", ids[0]);
    assert_eq!(http.post(&convert, &json!({ "data": [{}] })).await.status, 200);
    let views = http.get("/crm/v8/settings/custom_views?module=Leads").await.json();
    let views: Vec<String> = views["custom_views"]
        .as_array()
        .unwrap()
        .iter()
        .map(|view| view["id"].as_str().unwrap().to_owned())
        .collect();
    for (query, expected) in [
        ("", 2),
        ("converted=true", 1),
        ("converted=both", 3),
        ("approved=false&converted=both", 0),
        ("criteria=(City:equals:Pune)", 2),
        ("criteria=(City:equals:Pune)&converted=both", 3),
        ("word=pune&converted=true", 1),
    ] {
        assert_eq!(count(&http, query).await, expected, "{query}");
    }
    for view in &views {
        let list = http.get(&format!("/crm/v8/Leads?fields=id&cvid={view}")).await;
        let listed = if list.status == 204 { 0 } else { list.rows().len() };
        assert_eq!(count(&http, &format!("cvid={view}")).await, listed, "{view}");
    }
    for name in ["criteria=(City:equals:Pune)", "email=a%40b.c", "phone=1", "word=ab"] {
        let reply = http.get(&format!("{COUNT}?cvid={}&{name}", views[0])).await;
        let param = name.split('=').next();
        assert_eq!((reply.status, reply.code().as_str()), (400, "AMBIGUITY_DURING_PROCESSING"));
        let due_to =
            json!({ "ambiguity_due_to": [{ "param_name": "cvid" }, { "param_name": param }] });
        assert_eq!(reply.json()["details"], due_to);
    }
}

#[tokio::test]
async fn rejects_too_many_conditions_and_values() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let conditions =
        |count: usize| format!("criteria=({})", vec!["(City:equals:A)"; count].join("or"));
    let values = |count: usize| format!("criteria=(City:in:{})", vec!["A"; count].join(","));
    assert_eq!(count(&http, &conditions(15)).await, 0);
    assert_eq!(count(&http, &values(100)).await, 0);
    for (query, code) in [
        (conditions(16), "CRITERIA_LIMIT_EXCEEDED"),
        (values(101), "INVALID_QUERY"),
        (String::from("criteria=(City)"), "INVALID_QUERY"),
        (String::from("criteria=(No:equals:x)"), "INVALID_QUERY"),
        (String::from("cvid=1"), "INVALID_DATA"),
        (String::from("converted=perhaps"), "INVALID_DATA"),
        (String::from("word=a"), "INVALID_DATA"),
    ] {
        let reply = http.get(&format!("{COUNT}?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{query}");
    }
    let reply = http.get("/crm/v2/Leads/actions/count").await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "API_NOT_SUPPORTED"));
    assert_eq!(http.get("/crm/v2.1/Leads/actions/count").await.status, 200);
    let narrow = Http::limited(&sim, &["ZohoCRM.modules.ALL"]).await;
    assert_eq!(narrow.get(COUNT).await.code(), "OAUTH_SCOPE_MISMATCH");
}

#[tokio::test]
async fn a_count_lags_behind_writes() {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let lag = Duration::from_secs(600);
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).count_lag(lag);
    let sim = builder.records("Leads", 3).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let id = sim.insert("Leads", json!({ "Last_Name": "A", "City": "Pune" })).unwrap();
    let pune = "criteria=(City:equals:Pune)";
    assert_eq!((count(&http, "").await, count(&http, pune).await), (json!(3), json!(0)));
    let found = http.get("/crm/v8/Leads/search?criteria=(City:equals:Pune)&fields=id").await;
    assert_eq!(found.status, 200, "a search does not lag");
    sim.advance(lag);
    assert_eq!((count(&http, "").await, count(&http, pune).await), (json!(4), json!(1)));
    sim.delete("Leads", &id).unwrap();
    assert_eq!(count(&http, "").await, 4);
    sim.advance(lag);
    assert_eq!(count(&http, "").await, 3);
}

/// Counts related lists of an account.
async fn related(http: &Http, id: &str, rows: Value) -> Reply {
    let path = format!("/crm/v8/Accounts/{id}/actions/get_related_records_count");
    http.post(&path, &json!({ "get_related_records_count": rows })).await
}

#[tokio::test]
async fn counts_related_records() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let id = sim.insert("Accounts", json!({ "Account_Name": "Zylker" })).unwrap();
    for name in ["Boyle", "Boyle", "Hooke"] {
        let row = json!({ "Last_Name": name, "Account_Name": id });
        sim.insert("Contacts", row).unwrap();
    }
    http.upload(&format!("/crm/v8/Accounts/{id}/Attachments"), &[("a.txt", b"a")]).await;
    let list = |name: &str| json!({ "related_list": { "api_name": name } });
    let with = |name: &str, params: Value| json!({ "related_list": { "api_name": name }, "params": params });
    let named = |value: &str| json!({ "filters": { "comparator": "equal", "field": { "api_name": "Last_Name" }, "value": value } });
    let rows = json!([
        list("Contacts"),
        list("Notes"),
        list("Attachments"),
        with("Attachments", json!({ "category": "link" })),
        with("Contacts", named("Boyle")),
        with("Contacts", json!({ "approved": true, "approval_state": "approved" })),
        with("Contacts", json!({ "approved": false })),
    ]);
    let reply = related(&http, &id, rows).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let counts: Vec<Value> = reply.rows().iter().map(|row| row["count"].clone()).collect();
    assert_eq!(counts, [3, 0, 1, 0, 2, 3, 0]);
    let by_id = json!([{ "related_list": { "id": reply.rows()[0]["related_list"]["id"] } }]);
    let again = related(&http, &id, by_id).await;
    assert_eq!(again.rows()[0], reply.rows()[0]);
    assert_eq!(reply.rows()[0]["related_list"]["api_name"], "Contacts");
    assert_eq!(
        sim.journal().count(|entry| entry.path.contains("records_count") && entry.written > 0),
        0
    );
}

#[tokio::test]
async fn rejects_wrong_related_lists_row_by_row() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let id = sim.insert("Accounts", json!({ "Account_Name": "Zylker" })).unwrap();
    let good = json!({ "related_list": { "api_name": "Contacts" } });
    let ids = related(&http, &id, json!([good, { "related_list": { "api_name": "Notes" } }]))
        .await
        .rows();
    let notes = &ids[1]["related_list"]["id"];
    let list = |list: Value| json!({ "related_list": list });
    let with =
        |params: Value| json!({ "related_list": { "api_name": "Contacts" }, "params": params });
    let filter = |filter: Value| with(json!({ "filters": filter }));
    for (row, code) in [
        (json!({}), "MANDATORY_NOT_FOUND"),
        (list(json!({})), "EXPECTED_FIELD_MISSING"),
        (list(json!({ "id": "1" })), "INVALID_DATA"),
        (list(json!({ "api_name": "None" })), "INVALID_DATA"),
        (list(json!({ "api_name": "Contacts", "id": notes })), "AMBIGUITY_DURING_PROCESSING"),
        (with(json!({ "approved": "yes" })), "INVALID_DATA"),
        (with(json!({ "category": "pictures" })), "INVALID_DATA"),
        (
            filter(json!({ "comparator": "less", "field": { "api_name": "Email" }, "value": "a" })),
            "INVALID_DATA",
        ),
        (
            filter(json!({ "comparator": "equal", "field": { "api_name": "None" }, "value": "a" })),
            "INVALID_DATA",
        ),
        (filter(json!({ "comparator": "equal", "value": "a" })), "MANDATORY_NOT_FOUND"),
        (
            json!({ "related_list": { "api_name": "Attachments" }, "params": { "filters": {} } }),
            "NOT_SUPPORTED",
        ),
    ] {
        let reply = related(&http, &id, json!([good, row])).await;
        assert_eq!((reply.status, reply.rows()[1]["code"].as_str()), (207, Some(code)), "{row}");
        let reply = related(&http, &id, json!([row])).await;
        assert_eq!((reply.status, reply.codes()), (400, vec![code.to_owned()]), "{row}");
    }
    let expected = json!({ "expected_fields": [
        { "api_name": "api_name", "json_path": "$.get_related_records_count[0].related_list.api_name" },
        { "api_name": "id", "json_path": "$.get_related_records_count[0].related_list.id" },
    ] });
    assert_eq!(related(&http, &id, json!([list(json!({}))])).await.rows()[0]["details"], expected);
    for (rows, code) in [
        (Value::Null, "MANDATORY_NOT_FOUND"),
        (json!([]), "INVALID_DATA"),
        (json!(vec![good.clone(); 21]), "INVALID_DATA"),
    ] {
        assert_eq!(related(&http, &id, rows).await.code(), code);
    }
    assert_eq!(related(&http, "1", json!([good])).await.code(), "INVALID_DATA");
    let path = format!("/crm/v7/Accounts/{id}/actions/get_related_records_count");
    assert_eq!(http.post(&path, &json!({})).await.code(), "API_NOT_SUPPORTED");
    let lead = sim.insert("Leads", json!({ "Last_Name": "A" })).unwrap();
    http.post(&format!("/crm/v8/Leads/{lead}/actions/convert"), &json!({ "data": [{}] })).await;
    let path = format!("/crm/v8/Leads/{lead}/actions/get_related_records_count");
    let reply = http
        .post(
            &path,
            &json!({ "get_related_records_count": [{ "related_list": { "api_name": "Notes" } }] }),
        )
        .await;
    assert_eq!(
        (reply.status, reply.json()["message"].clone()),
        (400, json!("id already converted"))
    );
}
