//! Inserts, updates, upserts and deletions.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec, Simulator};

use crate::client::{Http, Reply};

async fn http() -> Http {
    let sim = Simulator::builder().unique("Contacts", "Email").start().await.unwrap();
    Http::logged_in(&sim).await
}

fn id(reply: &Reply, row: usize) -> String {
    reply.json()["data"][row]["details"]["id"].as_str().unwrap().to_owned()
}

fn data(rows: Value) -> Value {
    json!({ "data": rows })
}

#[tokio::test]
async fn results_have_the_order_of_the_rows() {
    let http = http().await;
    let rows = json!([
        { "Last_Name": "One", "Email": "one@example.com" },
        { "First_Name": "Nameless" },
        { "Last_Name": "Two", "Email": "not an address" },
        { "Last_Name": "Three", "Email": "ONE@example.com" },
        { "Last_Name": "x".repeat(81) },
        { "Last_Name": "Four", "Account_Name": { "id": "1234567890123456789" } },
        17,
        { "Last_Name": "Five", "Date_of_Birth": "2000-02-30" },
        { "Last_Name": "Six", "Unknown_Field": true, "Created_Time": "ignored" },
    ]);
    let reply = http.post("/crm/v8/Contacts", &data(rows)).await;
    assert_eq!(reply.status, 207);
    assert_eq!(
        reply.codes(),
        [
            "SUCCESS",
            "MANDATORY_NOT_FOUND",
            "INVALID_DATA",
            "DUPLICATE_DATA",
            "INVALID_DATA",
            "INVALID_DATA",
            "INVALID_DATA",
            "INVALID_DATA",
            "SUCCESS",
        ]
    );
    let details = |row: usize| reply.json()["data"][row]["details"].clone();
    assert_eq!(details(1), json!({ "api_name": "Last_Name", "json_path": "$.data[1].Last_Name" }));
    assert_eq!(details(2)["expected_data_type"], "email");
    assert_eq!(details(3)["id"], id(&reply, 0));
    assert_eq!(details(3)["duplicate_record"]["module"]["api_name"], "Contacts");
    assert_eq!(details(4)["maximum_length"], 80);
    assert_eq!(details(5)["json_path"], "$.data[5].Account_Name");
    assert_eq!(details(7)["expected_data_type"], "date");
    assert!(details(8)["Modified_By"]["name"].is_string());
    assert_eq!(http.sim.record_count("Contacts"), 2);
    assert_eq!(http.sim.journal().written(), 2);
}

#[tokio::test]
async fn the_status_depends_on_the_number_of_successes() {
    let http = http().await;
    let good = json!({ "Last_Name": "A" });
    let bad = json!({});
    let post = async |path: &str, rows: Value| http.post(path, &data(rows)).await.status;
    assert_eq!(post("/crm/v8/Leads", json!([good])).await, 201);
    assert_eq!(post("/crm/v8/Leads", json!([good, bad])).await, 207);
    assert_eq!(post("/crm/v8/Leads", json!([bad])).await, 400);
    assert_eq!(post("/crm/v2/Leads", json!([bad])).await, 202);
    let sim = Simulator::builder().all_failed_status(200).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    assert_eq!(http.post("/crm/v8/Leads", &data(json!([bad]))).await.status, 200);
    let v2 = http.post("/crm/v2/Leads", &data(json!([bad]))).await.json();
    assert_eq!(v2["data"][0]["details"], json!({ "api_name": "Last_Name" }));
}

#[tokio::test]
async fn rejects_invalid_bodies_before_writing_any_record() {
    let http = http().await;
    let post = async |body: &str| {
        let url = format!("{}/crm/v8/Leads", http.sim.api_url());
        let token = format!("Zoho-oauthtoken {}", http.token);
        let headers = [("authorization", token.as_str())];
        let reply = http.send(Method::POST, &url, &headers, body.to_owned()).await.unwrap();
        (reply.status, reply.code())
    };
    let expected = |code: &str| (400, code.to_owned());
    assert_eq!(post("{\"data\":").await, expected("INVALID_DATA"));
    assert_eq!(post("{}").await, expected("MANDATORY_NOT_FOUND"));
    assert_eq!(post("{\"data\":{}}").await, expected("INVALID_DATA"));
    assert_eq!(post("{\"data\":[]}").await, expected("INVALID_DATA"));
    let many = data(json!(vec![json!({ "Last_Name": "A" }); 101])).to_string();
    assert_eq!(post(&many).await, expected("LIMIT_EXCEEDED"));
    assert_eq!(http.sim.record_count("Leads"), 0);
}

#[tokio::test]
async fn an_update_changes_only_the_named_fields() {
    let http = http().await;
    let made = http
        .post(
            "/crm/v8/Contacts",
            &data(json!([{ "Last_Name": "A", "First_Name": "B" }, { "Last_Name": "C" }])),
        )
        .await;
    let (a, c) = (id(&made, 0), id(&made, 1));
    http.sim.advance(Duration::from_secs(60));
    let reply = http
        .put(
            "/crm/v8/Contacts",
            &data(json!([
                { "id": a, "First_Name": null, "Phone": "1" },
                { "id": "1234567890123456789", "Phone": "2" },
                { "Phone": "3" },
                { "id": c, "Last_Name": null },
            ])),
        )
        .await;
    assert_eq!(reply.status, 207);
    assert_eq!(
        reply.codes(),
        ["SUCCESS", "INVALID_DATA", "MANDATORY_NOT_FOUND", "MANDATORY_NOT_FOUND"]
    );
    let record = http.sim.record("Contacts", &a).unwrap();
    assert_eq!((&record["Last_Name"], &record["First_Name"]), (&json!("A"), &Value::Null));
    assert_eq!(record["Full_Name"], "A");
    assert_ne!(record["Modified_Time"], record["Created_Time"]);
    let one = http.put(&format!("/crm/v8/Contacts/{c}"), &data(json!([{ "City": "X" }]))).await;
    assert_eq!((one.status, one.codes()), (200, vec![String::from("SUCCESS")]));
    let gone = http.put("/crm/v8/Contacts/12", &data(json!([{ "City": "X" }]))).await;
    assert_eq!((gone.status, gone.codes()), (400, vec![String::from("INVALID_DATA")]));
}

#[tokio::test]
async fn rejects_an_update_of_a_record_modified_since() {
    let http = http().await;
    let made = http.post("/crm/v8/Leads", &data(json!([{ "Last_Name": "A" }]))).await;
    let path = format!("/crm/v8/Leads/{}", id(&made, 0));
    let seen = made.json()["data"][0]["details"]["Modified_Time"].as_str().unwrap().to_owned();
    let put = async |city: &str| {
        let header = [("if-unmodified-since", seen.as_str())];
        let body = data(json!([{ "City": city }]));
        http.try_call(Method::PUT, &path, &header, &body).await.unwrap()
    };
    http.sim.advance(Duration::from_secs(5));
    assert_eq!(put("first").await.status, 200);
    let refused = put("second").await;
    assert_eq!((refused.status, refused.codes()), (412, vec![String::from("ALREADY_MODIFIED")]));
    let rows = json!([{ "id": id(&made, 0), "Last_Name": "B" }, { "Last_Name": "C" }]);
    let header = [("if-unmodified-since", seen.as_str())];
    let rows = data(rows);
    let upsert = http.try_call(Method::POST, "/crm/v8/Leads/upsert", &header, &rows).await.unwrap();
    assert_eq!((upsert.status, upsert.codes()[0].as_str()), (207, "ALREADY_MODIFIED"));
    let record = http.sim.record("Leads", &id(&made, 0)).unwrap();
    assert_eq!((&record["City"], &record["Last_Name"]), (&json!("first"), &json!("A")));
}

#[tokio::test]
async fn an_upsert_updates_matches_and_inserts_the_rest() {
    let http = http().await;
    http.post("/crm/v8/Leads", &data(json!([{ "Last_Name": "A", "Email": "a@example.com" }])))
        .await;
    let body = json!({
        "data": [
            { "Last_Name": "B", "Email": "A@example.com" },
            { "Last_Name": "C", "Email": "c@example.com" },
            { "Last_Name": "D", "Email": "c@example.com" },
            { "Email": "e@example.com" },
        ],
        "duplicate_check_fields": ["Email"],
    });
    let reply = http.post("/crm/v8/Leads/upsert", &body).await;
    assert_eq!(reply.status, 207);
    assert_eq!(reply.codes(), ["SUCCESS", "SUCCESS", "SUCCESS", "MANDATORY_NOT_FOUND"]);
    let json = reply.json();
    let row = |row: usize| {
        (json["data"][row]["action"].clone(), json["data"][row]["duplicate_field"].clone())
    };
    assert_eq!(row(0), (json!("update"), json!("Email")));
    assert_eq!(row(1), (json!("insert"), Value::Null));
    assert_eq!(row(2), (json!("update"), json!("Email")));
    assert_eq!(id(&reply, 1), id(&reply, 2));
    assert_eq!(http.sim.record_count("Leads"), 2);
    // A row without the compared field is inserted.
    let body = json!({ "data": [{ "Last_Name": "F" }], "duplicate_check_fields": ["Email"] });
    assert_eq!(
        http.post("/crm/v8/Leads/upsert", &body).await.json()["data"][0]["action"],
        "insert"
    );
    let body = json!({ "data": [{ "Last_Name": "F" }], "duplicate_check_fields": ["Nothing"] });
    assert_eq!(http.post("/crm/v8/Leads/upsert", &body).await.code(), "INVALID_DATA");
}

#[tokio::test]
async fn lists_deleted_records_for_a_limited_time() {
    let http = http().await;
    let ids = http.sim.add_records("Leads", 3).unwrap();
    assert_eq!(http.get("/crm/v8/Leads/deleted").await.status, 204);
    let path = format!("/crm/v8/Leads?ids={},{},77", ids[0], ids[1]);
    let reply = http.delete(&path).await;
    assert_eq!(
        (reply.status, reply.codes()),
        (207, ["SUCCESS", "SUCCESS", "INVALID_DATA"].map(String::from).to_vec())
    );
    assert_eq!(http.delete(&format!("/crm/v8/Leads/{}", ids[2])).await.status, 200);
    assert_eq!(http.delete(&format!("/crm/v8/Leads/{}", ids[2])).await.status, 400);
    assert_eq!(http.delete("/crm/v8/Leads").await.code(), "REQUIRED_PARAM_MISSING");
    assert_eq!(http.sim.record_count("Leads"), 0);

    let page = http.get("/crm/v8/Leads/deleted?type=recycle&per_page=2").await.json();
    assert_eq!(page["data"][0]["id"], ids[2].as_str());
    assert_eq!(page["data"][0]["type"], "recycle");
    assert_eq!(page["info"]["more_records"], true);
    let days = |days: u64| Duration::from_secs(days * 24 * 3_600);
    for (more, kind, left) in
        [(59, "recycle", 3), (1, "recycle", 0), (59, "permanent", 3), (1, "all", 0)]
    {
        http.sim.advance(days(more));
        let http = Http::logged_in(&http.sim).await;
        let page = http.get(&format!("/crm/v8/Leads/deleted?type={kind}")).await;
        assert_eq!(page.status, if left > 0 { 200 } else { 204 }, "{kind}");
        assert!(left == 0 || page.json()["info"]["count"] == left, "{kind}");
    }
}

#[tokio::test]
async fn subforms_append_from_v5_on_and_are_replaced_in_v2() {
    let http = http().await;
    let product = http.post("/crm/v8/Products", &data(json!([{ "Product_Name": "Bolt" }]))).await;
    let line = json!({ "Product_Name": { "id": id(&product, 0) }, "Quantity": 2 });
    let body = data(json!([{ "Subject": "Q", "Quoted_Items": [line] }]));
    let quote = id(&http.post("/crm/v8/Quotes", &body).await, 0);
    let path = format!("/crm/v8/Quotes/{quote}");
    let items = async |version: &str, name: &str| {
        let reply = http.get(&format!("/crm/{version}/Quotes/{quote}")).await.json();
        reply["data"][0][name].as_array().unwrap().clone()
    };
    let first = items("v8", "Quoted_Items").await;
    assert_eq!(first[0]["Product_Name"]["name"], "Bolt");
    let listed = http.get("/crm/v8/Quotes?fields=Subject,Quoted_Items").await.json();
    assert!(listed["data"][0].get("Quoted_Items").is_none());

    let product = json!({ "id": id(&product, 0) });
    let more = json!([{ "Product_Name": product, "Quantity": 5 }]);
    let more = data(json!([{ "Quoted_Items": more }]));
    http.put(&path, &more).await;
    assert_eq!(items("v8", "Quoted_Items").await.len(), 2);
    let removed = data(json!([{ "Quoted_Items": [{ "id": first[0]["id"], "_delete": null }] }]));
    http.put(&path, &removed).await;
    assert_eq!(items("v8", "Quoted_Items").await.len(), 1);

    // v2 has its own names for the lines, and removes those that are not mentioned.
    assert_eq!(items("v2", "Product_Details").await[0]["quantity"], 5);
    let replaced = data(json!([{ "Product_Details": [
        { "product": product, "quantity": 9 }, { "product": product, "quantity": 8 },
    ] }]));
    http.put(&format!("/crm/v2/Quotes/{quote}"), &replaced).await;
    let rows = items("v8", "Quoted_Items").await;
    assert_eq!((rows.len(), &rows[0]["Quantity"]), (2, &json!(9)));
    http.put(&path, &data(json!([{ "Quoted_Items": [] }]))).await;
    assert_eq!(items("v8", "Quoted_Items").await.len(), 0);
}

#[tokio::test]
async fn custom_modules_follow_their_definition() {
    let houses = ModuleSpec::new("Houses")
        .field(FieldSpec::new("Name", FieldKind::Text).mandatory().unique())
        .field(FieldSpec::new("Price", FieldKind::Currency))
        .field(FieldSpec::new("Sold", FieldKind::Boolean))
        .field(FieldSpec::new("Viewed", FieldKind::DateTime));
    let sim = Simulator::builder().module(houses).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let rows = json!([
        { "Name": "Mill", "Price": 10.5, "Sold": false, "Viewed": "2026-01-01T00:00:00+00:00" },
        { "Name": "mill" },
        { "Name": "Barn", "Price": "10" },
        { "Name": "Barn", "Sold": "no" },
        { "Name": "Barn", "Viewed": "2026-01-01T00:00:00Z" },
    ]);
    let reply = http.post("/crm/v8/Houses", &data(rows)).await;
    let mut expected = vec!["SUCCESS", "DUPLICATE_DATA"];
    expected.extend(["INVALID_DATA"; 3]);
    assert_eq!(reply.codes(), expected);
    let record = sim.record("Houses", &id(&reply, 0)).unwrap();
    assert_eq!(record["Viewed"], "2026-01-01T05:30:00+05:30");
}

#[tokio::test]
async fn rejects_phone_numbers_with_letters() {
    let http = http().await;
    for (phone, status) in [
        ("+91 (22) 555-0199", 201),
        ("044.555.0199", 201),
        ("call me", 400),
        ("555-CALL", 400),
        ("+-", 400),
    ] {
        for field in ["Phone", "Mobile"] {
            let row = data(json!([{ "Last_Name": "A", field: phone }]));
            let reply = http.post("/crm/v8/Leads", &row).await;
            assert_eq!(reply.status, status, "{field} {phone}: {}", reply.text());
        }
    }
}
