//! Refusals before anything is sent.

use serde_json::{Value, json};
use zcrm_api::{
    Api, Request,
    composite::{Composite, CompositePart},
    operations::{self, Operation},
};
use zcrm_core::{ApiVersion, Record, ResponseShape};
use zcrm_http::CallSettings;

use super::{account, lead};
use crate::canned::{at, canned, refused};

fn part<K: CompositePart>(api: &Api, request: Request<K>) -> Request<Composite> {
    let mut batch = api.composite();
    batch.add(request);
    batch
}

fn note(text: &str) -> zcrm_api::Note {
    zcrm_api::Note::new(text).on("Leads", "5")
}

/// Checks that a part is refused with these words, and that nothing is sent.
macro_rules! not_inside {
    ($($words:expr => |$api:ident| $request:expr;)*) => {
        $({
            let ($api, sent) = canned(ApiVersion::V8, 200, &[], "{}");
            let batch = part(&$api, $request);
            refused(batch.preview(), &$words);
            refused(batch.await, &$words);
            assert!(sent.lock().unwrap().is_empty());
        })*
    };
}

#[tokio::test]
async fn refuses_operations_that_cannot_be_inside() {
    const BULK: Operation = Operation::get("/read").base(zcrm_core::Base::Bulk);
    not_inside! {
        ["records.upload_photo", "uploads a file"] => |api| {
            let call = api.call(&operations::RECORDS_UPLOAD_PHOTO).path("module", "Leads");
            call.path_id("id", "1").file("a.png", "image/png", "x").json::<Value>()
        };
        ["records.get_photo", "downloads a file"] => |api| {
            let call = api.call(&operations::RECORDS_GET_PHOTO).path("module", "Leads");
            call.path_id("id", "1").json::<Value>()
        };
        ["/read", "not a call of the CRM's own API"] => |api| api.call(&BULK).json::<Value>();
        ["composite.execute", "does not list it"] => |api| {
            api.call(&operations::COMPOSITE_EXECUTE).body(&json!({})).json::<Value>()
        };
        ["records.mass_update", "does not list it"] => |api| {
            let call = api.call(&operations::RECORDS_MASS_UPDATE).path("module", "Leads");
            call.body_unchecked("{}").json::<Value>()
        };
        ["roles.lost", "roles.lost"] => |api| {
            const LOST: Operation = Operation::get("/{a}").id("roles.lost");
            api.call(&LOST).json::<Value>()
        };
    }
    // an operation of the caller's without an id
    const NEWEST: Operation = Operation::get("/settings/newest").returns(ResponseShape::Bare);
    let api = at(ApiVersion::V8);
    assert!(part(&api, api.call(&NEWEST).json::<Value>()).preview().is_ok());
}

#[tokio::test]
async fn refuses_more_than_one_record_in_a_write() {
    not_inside! {
        ["writes 2 items"] => |api| api.notes().create_many(["x", "y"].map(note));
        ["writes 2 items"] => |api| api.module("Leads").tags().add_to(["1", "2"], ["Hot"]);
        ["writes 2 items"] => |api| {
            let call = api.call(&operations::RECORDS_CREATE).path("module", "Leads");
            call.items(&[lead(), lead()]).outcomes(2)
        };
        ["writes 2 items"] => |api| {
            let call = api.call(&operations::TAGS_ADD).path("module", "Leads");
            call.body(&json!({ "tags": [{ "name": "Hot" }], "ids": ["1", "2"] })).outcomes(2)
        };
        ["no part can be sent"] => |api| api.notes().create_many(Vec::<zcrm_api::Note>::new());
        ["no part can be sent"] => |api| api.record("Leads", "1").tags().add(Vec::<&str>::new());
        ["notes.delete", "by the id in the path"] => |api| api.notes().delete_many(["1"]);
        ["reads the record before"] => |api| api.record("Leads", "1").rows("Visits").delete("5");
        ["no part can be sent"] => |api| api.record("Leads", "1").rows("Visits").create_many(Vec::<Record>::new());
    }
    let api = at(ApiVersion::V8);
    // any number of tags of one record
    assert!(part(&api, api.record("Leads", "1").tags().add(["a", "b", "c"])).preview().is_ok());
    assert!(part(&api, api.module("Leads").tags().add_to(["1"], ["a", "b"])).preview().is_ok());
}

#[tokio::test]
async fn refuses_more_than_25_records_in_a_read() {
    let many: Vec<String> = (0..26).map(|id| id.to_string()).collect();
    let few = &many[1..];
    let coql = |api: &Api, query: &str| {
        api.call(&operations::COQL_QUERY).body(&json!({ "select_query": query })).list::<Record>()
    };
    not_inside! {
        ["asks for 26 records", "at most 25"] => |api| api.records("Leads").list().fields(["City"]).per_page(26);
        ["asks for 200 records"] => |api| api.records("Leads").search_word("x").per_page(200);
        ["asks for 26 records"] => |api| api.records("Leads").list().fields(["City"]).ids(&many);
        ["no part can be sent"] => |api| api.records("Leads").list().fields(["City"]).ids(Vec::<&str>::new());
        ["limit 25"] => |api| coql(&api, "select City from Leads where City is not null");
        ["limit 25"] => |api| coql(&api, "select City from Leads where City is not null LIMIT 0, 26");
        ["limit 25"] => |api| coql(&api, "select City from Leads where City = 'limit'");
        ["more than 50 fields"] => |api| {
            api.records("Leads").list().fields((0..60).map(|n| format!("Field_{n}")))
        };
        ["all fields"] => |api| api.records("Leads").list().all_fields();
    }
    let api = at(ApiVersion::V8);
    for query in ["limit 25", "LIMIT 5, 25", "limit 10 offset 400", "limit\t25\noffset  1"] {
        let query = format!("select City from Leads where City is not null {query}");
        assert!(part(&api, coql(&api, &query)).preview().is_ok(), "{query}");
    }
    let list = api.records("Leads").list().fields(["City"]);
    for list in [list.clone(), list.clone().per_page(25), list.ids(few)] {
        let request = part(&api, list).preview().unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body.pointer("/__composite_requests/0/params/per_page"), Some(&json!("25")));
    }
}

#[tokio::test]
async fn refuses_headers_settings_and_clients_that_differ() {
    not_inside! {
        ["`x-crm-org`", "whole request"] => |api| api.records("Leads").get("5").header("X-CRM-ORG", "7");
        ["authorization"] => |api| api.records("Leads").get("5").header("Authorization", "x");
        ["twice"] => |api| api.records("Leads").get("5").header("x-a", "1").header("x-a", "2");
        ["`timeout` or `attempts`"] => |api| api.records("Leads").get("5").attempts(1);
        ["2069 characters"] => |api| {
            api.records("Leads").record_by_external("Shop_Id", "x".repeat(2_055)).get()
        };
        ["part 1: invalid id `..`"] => |api| api.records("Leads").get("..");
    }
    let api = at(ApiVersion::V8);
    let headers = http::HeaderMap::new();
    let others = [
        at(ApiVersion::V8),
        at(ApiVersion::V4),
        api.with_headers(headers).unwrap(),
        api.authorized_by(std::sync::Arc::new(
            zcrm_http::StaticAuthorizer::zoho("t", "https://www.zohoapis.eu".parse().unwrap())
                .unwrap(),
        )),
    ];
    for other in others {
        refused(part(&api, other.records("Leads").get("5")).preview(), &["another user"]);
    }
    // clones, and the same settings on both sides
    assert!(part(&api, api.clone().records("Leads").get("5")).preview().is_ok());
    let hasty = api.with(CallSettings::new().attempts(1));
    assert!(part(&hasty, hasty.records("Leads").get("5")).preview().is_ok());
    // a part of a client that only reads does not write through another one
    refused(part(&api, api.read_only().records("Leads").create(&lead())).preview(), &["read-only"]);
    assert!(part(&api, api.read_only().records("Leads").get("5")).preview().is_ok());
}

#[tokio::test]
async fn refuses_a_sixth_part_and_contradicting_orders() {
    let (api, sent) = canned(ApiVersion::V8, 200, &[], "{}");
    let mut batch = api.composite();
    for _ in 0..5 {
        batch.add(api.records("Leads").get("5"));
    }
    assert!(batch.preview().is_ok());
    batch.add(api.records("Leads").get("5"));
    refused(batch.preview(), &["at most 5 parts"]);
    refused(batch.await, &["at most 5 parts"]);
    let mut both = api.composite().rollback_on_fail().parallel(true);
    both.add(api.records("Leads").get("5"));
    refused(both.await, &["`rollback_on_fail`", "`parallel(true)`"]);
    // the first mistake is reported, and its part is not left out silently
    let mut wrong = api.composite();
    let failed = wrong.add(api.records("Accounts").create(&account().with("id", "5")));
    wrong.add(api.records("Contacts").create(&lead().with("Account_Name", failed.lookup())));
    refused(wrong.await, &["record 0 has an `id`"]);
    assert!(sent.lock().unwrap().is_empty());
}
