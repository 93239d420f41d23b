//! Lists: the content of pages, and the limits of paging.

use std::time::Duration;

use serde_json::{Value, json};
use zcrm_sim::{ClockMode, Simulator};

use crate::client::Http;

async fn contacts(count: usize) -> Http {
    let sim = Simulator::builder().records("Contacts", count).start().await.unwrap();
    Http::logged_in(&sim).await
}

fn ids(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn fields_are_mandatory_from_v3_on_and_optional_in_v2() {
    let http = contacts(3).await;
    let refused = http.get("/crm/v3/Contacts").await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "REQUIRED_PARAM_MISSING"));
    assert_eq!(refused.json()["details"]["param_name"], "fields");
    let page = http.get("/crm/v2/Contacts").await.json();
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
    let first = &page["data"][0];
    assert_eq!(first["$approved"], true);
    assert_eq!(first["Owner"]["email"], http.sim.user_email());
    assert!(first["Created_Time"].as_str().unwrap().ends_with("+05:30"));
    assert!(page["info"].get("next_page_token").is_none());

    let page = http.get("/crm/v8/Contacts?fields=Last_Name,Account_Name").await.json();
    let keys: Vec<&String> = page["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["Account_Name", "Last_Name", "id"]);
    let many = vec!["Last_Name"; 51].join(",");
    let refused = http.get(&format!("/crm/v8/Contacts?fields={many}")).await;
    assert_eq!(refused.code(), "LIMIT_EXCEEDED");
}

#[tokio::test]
async fn page_tokens_reach_every_record_once() {
    let http = contacts(450).await;
    let mut seen = Vec::new();
    let mut path =
        String::from("/crm/v8/Contacts?fields=Email&sort_by=Created_Time&sort_order=asc");
    let base = path.clone();
    let mut pages = 0;
    loop {
        let page = http.get(&path).await.json();
        pages += 1;
        seen.extend(ids(&page));
        assert_eq!(page["info"]["page"], pages);
        assert_eq!(page["info"]["sort_order"], "asc");
        if pages == 1 {
            // A record inserted in between neither shifts nor repeats the next pages.
            let body = json!({ "data": [{ "Last_Name": "late" }] });
            assert_eq!(http.post("/crm/v8/Contacts", &body).await.status, 201);
        }
        match page["info"]["next_page_token"].as_str() {
            Some(token) => path = format!("{base}&page_token={token}"),
            None => {
                assert_eq!(page["info"]["more_records"], false);
                break;
            }
        }
    }
    assert_eq!((pages, seen.len()), (3, 451));
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique, seen);
}

#[tokio::test]
async fn a_previous_token_goes_back_in_every_order() {
    let http = contacts(5).await;
    for order in
        ["", "&sort_order=asc", "&sort_by=Created_Time", "&sort_by=Modified_Time&sort_order=asc"]
    {
        let base = format!("/crm/v8/Contacts?fields=id&per_page=2{order}");
        let first = http.get(&base).await.json();
        assert_eq!(first["info"]["previous_page_token"], Value::Null);
        let next = |page: &Value, which: &str| {
            format!("{base}&page_token={}", page["info"][which].as_str().unwrap())
        };
        let second = http.get(&next(&first, "next_page_token")).await.json();
        let third = http.get(&next(&second, "next_page_token")).await.json();
        assert_eq!(ids(&third).len(), 1);
        let back = http.get(&next(&third, "previous_page_token")).await.json();
        assert_eq!(ids(&back), ids(&second), "{order}");
        let back = http.get(&next(&back, "previous_page_token")).await.json();
        assert_eq!(ids(&back), ids(&first), "{order}");
        let mut all = [ids(&first), ids(&second), ids(&third)].concat();
        if !order.ends_with("asc") {
            all.reverse();
        }
        assert!(all.is_sorted(), "{order}");
        let by_number = http.get(&format!("{base}&page=2")).await.json();
        assert_eq!(ids(&by_number), ids(&second), "{order}");
    }
}

#[tokio::test]
async fn a_page_continues_after_a_deleted_record() {
    let http = contacts(6).await;
    for order in ["", "&sort_by=Created_Time"] {
        let base = format!("/crm/v8/Contacts?fields=id&per_page=2{order}");
        let first = http.get(&base).await.json();
        let all = ids(&http.get(&format!("/crm/v8/Contacts?fields=id{order}")).await.json());
        let gone = &ids(&first)[1];
        assert_eq!(http.delete(&format!("/crm/v8/Contacts/{gone}")).await.status, 200);
        let token = first["info"]["next_page_token"].as_str().unwrap();
        let second = http.get(&format!("{base}&page_token={token}")).await.json();
        assert_eq!(ids(&second), all[2..4], "{order}");
    }
}

#[tokio::test]
async fn page_numbers_end_at_2000_records() {
    let http = contacts(2_100).await;
    for version in ["v2", "v8"] {
        let path = format!("/crm/{version}/Contacts?fields=id&page=");
        let last = http.get(&format!("{path}10")).await.json();
        assert_eq!(last["info"]["more_records"], true);
        let wall = http.get(&format!("{path}11")).await;
        assert_eq!(
            (wall.status, wall.code().as_str()),
            (400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED")
        );
        assert_eq!(wall.json()["details"]["limit"], 2_000);
    }
    let last = http.get("/crm/v8/Contacts?fields=id&page=10").await.json();
    let token = last["info"]["next_page_token"].as_str().unwrap();
    let beyond = http.get(&format!("/crm/v8/Contacts?fields=id&page_token={token}")).await.json();
    assert_eq!(ids(&beyond).len(), 100);
}

#[tokio::test]
async fn page_tokens_end_at_100000_records() {
    let http = contacts(100_001).await;
    let mut token = None;
    let mut records = 0;
    let wall = loop {
        let path = match &token {
            None => String::from("/crm/v8/Contacts?fields=id"),
            Some(token) => format!("/crm/v8/Contacts?fields=id&page_token={token}"),
        };
        let page = http.get(&path).await;
        if page.status != 200 {
            break page;
        }
        let page = page.json();
        records += page["data"].as_array().unwrap().len();
        token = page["info"]["next_page_token"].as_str().map(String::from);
        assert!(token.is_some());
    };
    assert_eq!(records, 100_000);
    assert_eq!((wall.status, wall.code().as_str()), (400, "PAGINATION_LIMIT_EXCEEDED"));
}

#[tokio::test]
async fn a_page_token_is_bound_to_its_query_and_expires() {
    let http = contacts(300).await;
    let page = http.get("/crm/v8/Contacts?fields=id").await.json();
    let token = page["info"]["next_page_token"].as_str().unwrap();
    let path = format!("/crm/v8/Contacts?fields=id&page_token={token}");
    let code = async |path: &str| http.get(path).await.code();
    assert_eq!(code(&format!("{path}&page=2")).await, "AMBIGUITY_DURING_PROCESSING");
    assert_eq!(code(&format!("{path}&sort_order=asc")).await, "TOKEN_BOUND_DATA_MISMATCH");
    let elsewhere = format!("/crm/v8/Leads?fields=id&page_token={token}");
    assert_eq!(code(&elsewhere).await, "TOKEN_BOUND_DATA_MISMATCH");
    assert_eq!(code("/crm/v8/Contacts?fields=id&page_token=no").await, "INVALID_DATA");
    http.sim.advance(Duration::from_secs(24 * 3_600 - 10));
    let http = Http::logged_in(&http.sim).await;
    assert_eq!(http.get(&path).await.status, 200);
    http.sim.advance(Duration::from_secs(10));
    assert_eq!(http.get(&path).await.code(), "EXPIRED_VALUE");
}

#[tokio::test]
async fn rejects_invalid_list_parameters() {
    let http = contacts(1).await;
    for (query, code) in [
        ("per_page=0", "INVALID_DATA"),
        ("per_page=x", "INVALID_DATA"),
        ("per_page=201", "LIMIT_EXCEEDED"),
        ("page=0", "INVALID_DATA"),
        ("sort_by=Last_Name", "INVALID_DATA"),
        ("sort_order=up", "INVALID_DATA"),
        ("ids=abc", "INVALID_DATA"),
    ] {
        let reply = http.get(&format!("/crm/v8/Contacts?fields=id&{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, code), "{query}");
    }
    // v2 also sorts by other fields.
    assert_eq!(http.get("/crm/v2/Contacts?sort_by=Last_Name").await.status, 200);
    assert_eq!(http.get("/crm/v8/Contacts?fields=id&uid=1").await.code(), "NOT_SIMULATED");
    for query in ["cvid=1", "territory_id=1", "converted=maybe", "approved=maybe"] {
        let reply = http.get(&format!("/crm/v2/Contacts?{query}")).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "INVALID_DATA"), "{query}");
    }
}

#[tokio::test]
async fn conditional_reads_include_the_given_time() {
    let at = chrono::DateTime::parse_from_rfc3339("2026-03-01T10:00:00+05:30").unwrap();
    let sim = Simulator::builder()
        .clock(ClockMode::Frozen(at.to_utc()))
        .records("Leads", 3)
        .start()
        .await
        .unwrap();
    let http = Http::logged_in(&sim).await;
    let since = async |path: &str, stamp: &str| {
        let header = [("if-modified-since", stamp)];
        http.try_call(hyper::Method::GET, path, &header, &Value::Null).await.unwrap()
    };
    let list = "/crm/v8/Leads?fields=id";
    let found = since(list, "2026-03-01T10:00:00+05:30").await.json();
    assert_eq!(ids(&found).len(), 1);
    let none = since(list, "2026-03-01T10:00:01+05:30").await;
    assert_eq!((none.status, none.body.len()), (304, 0));
    let one = format!("/crm/v8/Leads/{}", ids(&found)[0]);
    assert_eq!(since(&one, "2026-03-01T10:00:00+05:30").await.status, 200);
    assert_eq!(since(&one, "2026-03-01T10:00:01+05:30").await.status, 304);
}

#[tokio::test]
async fn single_records_show_all_fields_and_lookups() {
    let http = contacts(0).await;
    let empty = http.get("/crm/v8/Contacts?fields=id").await;
    assert_eq!((empty.status, empty.body.len()), (204, 0));
    let account =
        http.post("/crm/v8/Accounts", &json!({ "data": [{ "Account_Name": "Acme" }] })).await;
    let account = account.json()["data"][0]["details"]["id"].clone();
    let body = json!({ "data": [{
        "First_Name": "Ada", "Last_Name": "Bee", "Account_Name": { "id": account },
    }] });
    let contact = http.post("/crm/v8/Contacts", &body).await.json();
    let id = contact["data"][0]["details"]["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 19);
    let shown = http.get(&format!("/crm/v8/Contacts/{id}")).await.json();
    let shown = &shown["data"][0];
    assert_eq!(shown["Full_Name"], "Ada Bee");
    assert_eq!(shown["Account_Name"], json!({ "id": account, "name": "Acme" }));
    assert_eq!(shown["Email"], Value::Null);
    assert_eq!(shown["Record_Status__s"], "Available");
    assert_eq!(http.sim.record("Contacts", &id).as_ref(), Some(shown));

    assert_eq!(http.get("/crm/v8/Contacts/1234567890123456789").await.status, 204);
    let wrong = http.get("/crm/v8/Contacts/..%2FLeads").await;
    assert_eq!((wrong.status, wrong.json()["details"]["id"].clone()), (400, json!("../Leads")));
    // A path is decoded once.
    let twice = http.get("/crm/v8/Contacts/%2531").await.json();
    assert_eq!(twice["details"]["id"], "%31");
}
