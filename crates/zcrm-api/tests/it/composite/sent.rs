//! The calls that composite requests make.

use serde::Serialize;
use serde_json::{Value, json};
use zcrm_api::{composite::RecordReference, field, operations};
use zcrm_core::{ApiVersion, CallMeta, ErrorKind, Record, RetryClass};

use super::{account, batch, body_of, created, envelope, lead, ran};
use crate::canned::{at, canned, refused};

#[test]
fn sends_each_part_with_its_own_options() {
    let api = at(ApiVersion::V8);
    let mut batch = api.composite().rollback_on_fail();
    let account = batch.add(api.records("Accounts").create(&account()).trigger([]));
    let contact = lead().with("Account_Name", account.lookup());
    batch.add(api.records("Contacts").upsert(&contact).by("Email"));
    batch.add(
        api.records("Leads")
            .get("5")
            .fields(["Email", "City"])
            .header("If-Modified-Since", "2026-05-24T17:05:12+05:30"),
    );
    batch.add(api.record("Leads", "5").tags().add(["Hot", "Cold"]));
    batch.add(api.records("Leads").search(field("City").eq("Pune & Chennai")));
    let request = batch.preview().unwrap();
    assert_eq!(
        (request.method().as_str(), request.uri().path()),
        ("POST", "/crm/v8/__composite_requests")
    );
    let reference = "@{p1_MARK:$.data[0].details.id}";
    let expected = json!({
        "rollback_on_fail": true,
        "parallel_execution": false,
        "__composite_requests": [
            { "sub_request_id": "p1_MARK", "method": "POST", "uri": "/crm/v8/Accounts",
              "body": { "data": [{ "Account_Name": "Zylker" }], "trigger": [] } },
            { "sub_request_id": "p2_MARK", "method": "POST", "uri": "/crm/v8/Contacts/upsert",
              "body": {
                  "data": [{ "Last_Name": "Boyle", "Account_Name": { "id": reference } }],
                  "duplicate_check_fields": ["Email"] } },
            { "sub_request_id": "p3_MARK", "method": "GET", "uri": "/crm/v8/Leads/5",
              "params": { "fields": "Email,City" },
              "headers": { "if-modified-since": "2026-05-24T17:05:12+05:30" } },
            { "sub_request_id": "p4_MARK", "method": "POST",
              "uri": "/crm/v8/Leads/5/actions/add_tags",
              "body": { "tags": [{ "name": "Hot" }, { "name": "Cold" }] } },
            { "sub_request_id": "p5_MARK", "method": "GET", "uri": "/crm/v8/Leads/search",
              "params": { "criteria": "(City:equals:Pune & Chennai)", "per_page": "25" } },
        ],
    });
    assert_eq!(body_of(&request), expected);
}

#[test]
fn names_the_order_of_execution_as_the_version_does() {
    for (version, name) in
        [(ApiVersion::V3, "concurrent_execution"), (ApiVersion::V4, "parallel_execution")]
    {
        let api = at(version);
        let mut batch = api.composite().parallel(false);
        batch.add(api.records("Leads").get("5"));
        let body = body_of(&batch.preview().unwrap());
        assert_eq!(body.get(name), Some(&json!(false)), "{version}");
        assert_eq!(body.as_object().unwrap().len(), 2, "{version}");
    }
    let api = at(ApiVersion::V8);
    let mut plain = api.composite();
    plain.add(api.records("Leads").get("5"));
    assert_eq!(body_of(&plain.preview().unwrap()).as_object().unwrap().len(), 1);
    refused(batch(&at(ApiVersion::V2_1), "r").preview(), &["composite.execute", "from v3 on"]);
}

/// The class of a composite request with these parts, and its credits.
fn weight(kinds: &str, rollback: bool) -> (RetryClass, u32) {
    let batch = batch(&at(ApiVersion::V8), kinds);
    let batch = if rollback { batch.rollback_on_fail() } else { batch };
    let request = batch.preview().unwrap();
    let meta = request.extensions().get::<CallMeta>().unwrap();
    assert_eq!((meta.is_heavy(), meta.concurrent_calls()), (true, 5));
    (meta.retry_class(), meta.credits())
}

#[test]
fn may_be_repeated_only_with_one_repeatable_write() {
    use RetryClass::{Idempotent, NotIdempotent, Read};
    for (parts, class) in [
        ("r", Read),
        ("rrrrr", Read),
        ("ru", Idempotent),
        ("dr", Idempotent),
        ("uu", NotIdempotent),
        ("ud", NotIdempotent),
        ("c", NotIdempotent),
        ("rc", NotIdempotent),
    ] {
        assert_eq!(weight(parts, false), (class, 1), "{parts}");
        assert_eq!(weight(parts, true), (class, 2), "{parts}");
    }
}

#[test]
fn serialises_a_reference_in_structs_of_the_caller() {
    #[derive(Serialize)]
    struct Contact {
        #[serde(rename = "Account_Name")]
        account: Option<RecordReference>,
        #[serde(rename = "Reporting_To")]
        manager: RecordReference,
    }
    let api = at(ApiVersion::V8);
    let mut batch = api.composite();
    let account = batch.add(api.records("Accounts").create(&account()));
    let boss = batch.add(api.records("Contacts").create(&lead()));
    let contact = Contact { account: Some(account.lookup()), manager: boss.lookup() };
    batch.add(api.records("Contacts").create(&contact));
    let body = body_of(&batch.preview().unwrap());
    let row = body.pointer("/__composite_requests/2/body/data/0").unwrap();
    let id = |number| format!("@{{p{number}_MARK:$.data[0].details.id}}");
    assert_eq!(*row, json!({ "Account_Name": { "id": id(1) }, "Reporting_To": { "id": id(2) } }));
}

#[test]
fn refers_to_the_key_of_the_results() {
    let api = at(ApiVersion::V8);
    let mut batch = api.composite();
    let user = batch.add(api.users().create(&json!({ "last_name": "Kay" })));
    batch.add(api.records("Leads").create(&lead().with("Owner", user.lookup())));
    let body = body_of(&batch.preview().unwrap());
    let owner = body.pointer("/__composite_requests/1/body/data/0/Owner/id").unwrap();
    assert_eq!(owner, "@{p1_MARK:$.users[0].details.id}");
}

#[test]
fn keeps_digits_and_order_of_a_body() {
    let api = at(ApiVersion::V8);
    let mut batch = api.composite();
    let row = Record::from_json(r#"{"Z":1.10,"A":12345678901234567890.5,"id2":"x"}"#.to_owned());
    batch.add(api.records("Leads").create(&row.unwrap()));
    let request = batch.preview().unwrap();
    let text = std::str::from_utf8(request.body()).unwrap();
    assert!(text.contains(r#"{"Z":1.10,"A":12345678901234567890.5,"id2":"x"}"#), "{text}");
}

#[tokio::test]
async fn sends_nothing_for_no_parts() {
    let (api, sent) = canned(ApiVersion::V8, 200, &[], "{}");
    assert_eq!(api.composite().await.unwrap().failures().count(), 0);
    refused(api.composite().preview(), &["no request to preview"]);
    assert!(sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sends_one_call_with_the_settings_of_the_request() {
    let body = envelope(&[ran(201, created("10"))]);
    let (api, sent) = canned(ApiVersion::V8, 200, &[], body);
    let mut batch = api.composite().header("x-trace", "7").param_unchecked("beta", "1").attempts(1);
    let made = batch.add(api.records("Leads").create(&lead()));
    let mut answers = batch.send().await.unwrap();
    assert_eq!(answers.take(made).unwrap().id.as_str(), "10");
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].uri(), "/crm/v8/__composite_requests?beta=1");
    assert_eq!(sent[0].headers()["x-trace"], "7");
}

#[tokio::test]
async fn read_only_client_sends_only_reads() {
    let body = envelope(&[ran(200, json!({ "data": [{ "id": "5" }] }))]);
    let (api, sent) = canned(ApiVersion::V8, 200, &[], body);
    let api = api.read_only();
    let mut reads = api.composite();
    let lead_5 = reads.add(api.records("Leads").get("5"));
    assert!(reads.await.unwrap().take(lead_5).is_ok());
    let mut writes = api.composite();
    writes.add(api.records("Leads").create(&lead()));
    refused(writes.await, &["read-only"]);
    assert_eq!(sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn raw_calls_can_be_parts() {
    let body = envelope(&[ran(200, json!({ "blueprint": {} }))]);
    let (api, _) = canned(ApiVersion::V8, 200, &[], body);
    let mut batch = api.composite();
    let call =
        api.call(&operations::BLUEPRINT_GET).path("module", "Leads").path_id("record_id", "5");
    let blueprint = batch.add(call.json::<Value>());
    assert_eq!(batch.await.unwrap().take(blueprint).unwrap(), json!({ "blueprint": {} }));
    let mut wrong = api.composite();
    wrong.add(api.call(&operations::BLUEPRINT_GET).json::<Value>());
    assert_eq!(wrong.await.unwrap_err().kind(), ErrorKind::Input);
}
