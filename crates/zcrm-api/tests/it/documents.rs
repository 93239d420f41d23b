//! Requests and responses of records, as documented by Zoho for v2 and v8.
//!
//! Sources: for v2 the pages on inserting, updating, upserting, deleting, searching and converting
//! records and on deleted records, as the Ruby SDK (gem ZCRMSDK 1.0.5) implements them; for v8
//! `record.json` and `convert_lead.json` in Zoho's OpenAPI files.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use zcrm_api::{
    field,
    records::{DeletedKind, Include, Trigger},
};
use zcrm_core::{ApiVersion, CallMeta, ErrorKind, Outcome, Record, RetryClass, Tax};

use crate::canned::{BOTH, at, replying, shown};

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn writes_records_as_both_versions_document() {
    for version in BOTH {
        let leads = at(version).records("Leads");
        let row = || json!({ "Last_Name": "Boyle" });
        let since = "2026-05-24T17:05:12+05:30".parse::<zcrm_core::Timestamp>().unwrap();

        let create = leads.create_many([row()]).assignment_rule("77").trigger([Trigger::Workflow]);
        let body = json!({ "data": [row()], "trigger": ["workflow"], "lar_id": "77" });
        assert_eq!(shown(&create.preview().unwrap()[0]), ("POST Leads".into(), body));

        // Zoho's pages on inserting and updating records: features are objects, processes are text
        let create = leads
            .create_many([row()])
            .trigger([Trigger::Pathfinder, Trigger::Orchestration])
            .process("review_process")
            .apply_feature("layout_rules")
            .skip_feature("cadences");
        let more = json!({
            "trigger": ["pathfinder", "orchestration"], "process": ["review_process"],
            "apply_feature_execution": [{ "name": "layout_rules" }],
            "skip_feature_execution": [{ "name": "cadences" }],
        });
        let mut body = json!({ "data": [row()] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(shown(&create.preview().unwrap()[0]), ("POST Leads".into(), body));
        let appends = json!({ "Skills": ["Rust"], "$append_values": { "Skills": true } });
        let one = leads.record("5").update(&appends).skip_feature("cadences").preview().unwrap();
        let body = json!({ "data": [appends], "skip_feature_execution": [{ "name": "cadences" }] });
        assert_eq!(shown(&one), ("PUT Leads/5".into(), body));

        let with_id = json!({ "id": "5", "Last_Name": "Boyle" });
        let update = leads.update_many([&with_id]).trigger([]).if_unmodified_since(since);
        let request = &update.preview().unwrap()[0];
        let body = json!({ "data": [with_id], "trigger": [] });
        assert_eq!(shown(request), ("PUT Leads".into(), body));
        assert_eq!(header(request, "if-unmodified-since"), Some("2026-05-24T17:05:12+05:30"));

        let one = leads.record("5").update(&with_id).preview().unwrap();
        assert_eq!(shown(&one), ("PUT Leads/5".into(), json!({ "data": [row()] })));

        // the Ruby SDK raised a NameError for `lar_id` here
        let upsert = leads.upsert_many([row()]).by("Email").by("Phone").assignment_rule("77");
        let body = json!({
            "data": [row()], "duplicate_check_fields": ["Email", "Phone"], "lar_id": "77",
        });
        assert_eq!(shown(&upsert.preview().unwrap()[0]), ("POST Leads/upsert".into(), body));

        let mass = leads.mass_update(["1", "2"], "City", "Pune").preview().unwrap();
        let body =
            json!({ "data": [{ "id": "1", "City": "Pune" }, { "id": "2", "City": "Pune" }] });
        assert_eq!(shown(&mass[0]), ("PUT Leads".into(), body));
        let cleared = leads.mass_update(["1"], "City", None::<()>).preview().unwrap();
        assert_eq!(shown(&cleared[0]).1, json!({ "data": [{ "id": "1", "City": null }] }));

        let delete = leads.delete_many(["1", "2"]).run_workflows(false).preview().unwrap();
        let wanted = "DELETE Leads?wf_trigger=false&ids=1,2";
        assert_eq!(shown(&delete[0]), (wanted.into(), Value::Null));
        let delete = leads.record("1").delete().run_workflows(true).preview().unwrap();
        assert_eq!(shown(&delete).0, "DELETE Leads/1?wf_trigger=true");
    }
}

/// Group 21 of the Ruby SDK's defects: it supports none of these parameters.
#[tokio::test]
async fn reads_records_as_both_versions_document() {
    let since = "2026-05-24T17:05:12+05:30".parse::<zcrm_core::Timestamp>().unwrap();
    for version in BOTH {
        let leads = at(version).records("Leads");
        let list = leads
            .list()
            .fields(["Last_Name", "Email"])
            .view("9")
            .territory("7")
            .include_child(true)
            .approved(Include::Also)
            .converted(Include::Only)
            .ids(["1", "2"])
            .per_page(10)
            .modified_since(since)
            .external_field("Shop_Id")
            .external_field("Leads.Account_Name.Shop_Id");
        let request = list.preview().unwrap();
        let wanted = "GET Leads?cvid=9&territory_id=7&include_child=true&approved=both\
                      &converted=true&ids=1,2&per_page=10&fields=Last_Name,Email";
        assert_eq!(shown(&request).0, wanted);
        assert_eq!(header(&request, "if-modified-since"), Some("2026-05-24T17:05:12+05:30"));
        let external = "Leads.Shop_Id,Leads.Account_Name.Shop_Id";
        assert_eq!(header(&request, "x-external"), Some(external));

        for (search, wanted) in [
            (leads.search_word("Boyle & Co"), "GET Leads/search?word=Boyle & Co"),
            (leads.search_phone("+91 44"), "GET Leads/search?phone=+91 44"),
            (leads.search_email("a+b@example.com"), "GET Leads/search?email=a+b@example.com"),
            (
                leads.search(field("City").eq("A,B")).approved(Include::Only).page(2),
                r"GET Leads/search?criteria=(City:equals:A\,B)&approved=true&page=2",
            ),
        ] {
            assert_eq!(shown(&search.preview().unwrap()).0, wanted);
        }
        for (deleted, wanted) in [
            (leads.deleted(), "type=all"),
            (leads.deleted().recycle_bin(), "type=recycle"),
            (leads.deleted().permanent(), "type=permanent"),
        ] {
            let request = deleted.preview().unwrap();
            assert_eq!(shown(&request).0, format!("GET Leads/deleted?{wanted}"));
        }
        let get = leads.record("5").get().fields(["City"]).converted(Include::Also);
        assert_eq!(shown(&get.preview().unwrap()).0, "GET Leads/5?fields=City&converted=both");
    }
}

/// `X-EXTERNAL`: record.json, `/{module_api_name}/{external_field_value}`.
#[tokio::test]
async fn addresses_records_by_external_ids() {
    let leads = at(ApiVersion::V8).records("Leads");
    let lead = leads.record_by_external("Shop_Id", "A/10 #é?");
    let get = lead.get().preview().unwrap();
    assert_eq!(get.uri().path(), "/crm/v8/Leads/A%2F10%20%23%C3%A9%3F");
    assert_eq!(header(&get, "x-external"), Some("Leads.Shop_Id"));
    let update = lead.update(&json!({ "City": "Pune" })).external_field("Leads.Owner.Shop_Id");
    let update = update.preview().unwrap();
    assert_eq!(header(&update, "x-external"), Some("Leads.Shop_Id,Leads.Owner.Shop_Id"));
    let delete = lead.delete().preview().unwrap();
    assert_eq!(header(&delete, "x-external"), Some("Leads.Shop_Id"));
    let rows = [json!({ "Shop_Id": "A/10", "City": "Pune" })];
    let many = leads.update_many(rows.clone()).external_field("Shop_Id").preview().unwrap();
    assert_eq!(header(&many[0], "x-external"), Some("Leads.Shop_Id"));
    let without = leads.update_many(rows).preview().unwrap_err();
    assert!(without.to_string().contains("record 0 has no valid `id`"), "{without}");
    for dots in ["", ".", ".."] {
        let error = leads.record_by_external("Shop_Id", dots).get().preview().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
}

#[tokio::test]
async fn converts_a_lead_as_each_version_documents() {
    let deal: Record =
        r#"{"Deal_Name":"Website","Amount":12345678901234567890.10}"#.parse().unwrap();
    let request = |version| {
        let convert = at(version).record("Leads", "5").convert();
        let convert =
            convert.overwrite(true).notify_lead_owner(true).notify_new_entity_owner(false);
        let convert = convert.account("1").contact("2").assign_to("3").deal(&deal);
        convert.preview().unwrap()
    };
    let old = request(ApiVersion::V2);
    let wanted = r#"{"data":[{"overwrite":true,"notify_lead_owner":true,"notify_new_entity_owner":false,"Accounts":"1","Contacts":"2","assign_to":"3","Deals":{"Deal_Name":"Website","Amount":12345678901234567890.10}}]}"#;
    assert_eq!(shown(&old).0, "POST Leads/5/actions/convert");
    assert_eq!(old.body(), wanted);
    assert_eq!(
        old.extensions().get::<CallMeta>().unwrap().retry_class(),
        RetryClass::NotIdempotent
    );
    let new = request(ApiVersion::V8);
    let wanted = wanted.replace(r#":"1""#, r#":{"id":"1"}"#).replace(r#":"2""#, r#":{"id":"2"}"#);
    assert_eq!(new.body(), &wanted.replace(r#":"3""#, r#":{"id":"3"}"#));
    // the Ruby SDK sent the JSON text `null` here
    let bare = at(ApiVersion::V2).record("Leads", "5").convert().preview().unwrap();
    assert_eq!(bare.body(), r#"{"data":[{}]}"#);
    let tags = at(ApiVersion::V8).record("Leads", "5").convert();
    let tags = tags.carry_over_tags("Contacts", ["Hot", "VIP"]).preview().unwrap();
    assert_eq!(tags.body(), r#"{"data":[{"carry_over_tags":{"Contacts":["Hot","VIP"]}}]}"#);
    let moved = at(ApiVersion::V8).record("Leads", "5").convert().add_to_existing_record();
    let moved = moved.move_attachments_to("Deals", "9").preview().unwrap();
    let body = json!({ "data": [{
        "add_to_existing_record": true,
        "move_attachments_to": { "id": "9", "api_name": "Deals" },
    }] });
    assert_eq!(shown(&moved).1, body);
}

#[tokio::test]
async fn reads_the_ids_of_a_conversion_in_both_forms() {
    let v2 = r#"{"data":[{"Contacts":"1","Deals":"2","Accounts":"3"}]}"#;
    let v8 = r#"{"data":[{"code":"SUCCESS","details":{"Contacts":{"name":"Boyle","id":"1"},
        "Deals":{"name":"Website","id":"2"},"Accounts":{"name":"Zylker","id":"3"}},
        "message":"The record has been converted successfully","status":"success"}]}"#;
    for (version, body) in [(ApiVersion::V2, v2), (ApiVersion::V8, v8)] {
        let made = replying(version, 200, &[], body).record("Leads", "5").convert();
        let made = made.send().await.unwrap();
        let id = |id: &Option<zcrm_core::Id>| id.as_ref().unwrap().to_string();
        assert_eq!([id(&made.contact), id(&made.deal), id(&made.account)], ["1", "2", "3"]);
    }
    let ids_only = r#"{"data":[{"Contacts":"1","Deals":null,"Accounts":null}]}"#;
    let api = replying(ApiVersion::V2, 200, &[], ids_only);
    let made = api.record("Leads", "5").convert().send().await.unwrap();
    assert_eq!((made.deal, made.account), (None, None));

    let twice = r#"{"code":"ID_ALREADY_CONVERTED","details":{"resource_path_index":0},
        "message":"id already converted","status":"error"}"#;
    for (status, body) in [(202, twice.to_owned()), (400, format!("{{\"data\":[{twice}]}}"))] {
        let api = replying(ApiVersion::V8, status, &[], &body);
        let error = api.record("Leads", "5").convert().send().await.unwrap_err();
        assert_eq!(error.code().unwrap(), "ID_ALREADY_CONVERTED", "{error}");
        assert_eq!(error.outcome(), Outcome::Refused);
    }
    let api = replying(ApiVersion::V8, 200, &[], r#"{"data":[{"new":1}]}"#);
    let error = api.record("Leads", "5").convert().send().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Executed));
}

/// record.json, `Deleted_Record`; the Ruby SDK's trash record of v2 has the same members.
#[tokio::test]
async fn reads_deleted_records_with_missing_members() {
    let body = r#"{"data":[{"deleted_by":{"name":"Boyle","id":"9"},"id":"1","display_name":"Kay",
        "type":"recycle","created_by":null,"deleted_time":"2026-05-24T17:05:12+05:30"},
        {"id":"2","type":"limbo"}],
        "info":{"per_page":200,"count":2,"page":1,"more_records":false}}"#;
    for version in BOTH {
        let api = replying(version, 200, &[], body);
        let page = api.records("Leads").deleted().send().await.unwrap();
        let all: Vec<_> = page.items.into_iter().map(Result::unwrap).collect();
        assert_eq!(all[0].kind, Some(DeletedKind::Recycle));
        assert_eq!(all[0].deleted_by.as_ref().unwrap().id, "9");
        assert_eq!(all[0].deleted_time.unwrap().to_string(), "2026-05-24T17:05:12+05:30");
        assert_eq!(all[1].kind, Some(DeletedKind::Other("limbo".into())));
        assert!(!format!("{:?}", all[0]).contains("Kay"));
    }
}

/// An unmodified record is a value; a refused write of a modified record is an error of kind
/// `Conflict`.
#[tokio::test]
async fn reads_unmodified_as_a_value_and_conflict_as_an_error() {
    let since = "2026-05-24T17:05:12+05:30".parse::<zcrm_core::Timestamp>().unwrap();
    let api = replying(ApiVersion::V8, 304, &[], "");
    let read = api.record("Leads", "1").get().if_modified_since(since).await.unwrap();
    assert!(read.is_none());
    let page = api.records("Leads").list().fields(["City"]).modified_since(since).send().await;
    assert!(page.unwrap().items.is_empty());
    assert!(api.records("Leads").deleted().modified_since(since).send().await.is_ok());

    let refused = r#"{"code":"ALREADY_MODIFIED","details":{},"message":"x","status":"error"}"#;
    let api = replying(ApiVersion::V8, 412, &[], refused);
    let update = api.record("Leads", "1").update(&json!({ "City": "Pune" }));
    let error = update.if_unmodified_since(since).send().await.unwrap_err();
    assert!(error.is_conflict() && error.outcome() == Outcome::Refused, "{error}");
    let one = format!(
        r#"{{"data":[{refused},{{"code":"SUCCESS","status":"success","message":"x","details":{{"id":"2"}}}}]}}"#
    );
    let api = replying(ApiVersion::V8, 207, &[], &one);
    let rows = [json!({ "id": "1" }), json!({ "id": "2" })];
    let write = api.records("Leads").update_many(rows).if_unmodified_since(since);
    let outcomes = write.send().await.unwrap();
    let (index, failure) = outcomes.failures().next().unwrap();
    assert!(index == 0 && failure.is_conflict() && failure.outcome() == Outcome::Refused);
    assert_eq!(outcomes.successes().count(), 1);
}

/// The taxes of a product: names in v2 (as the Ruby SDK writes them), objects in record.json.
#[tokio::test]
async fn writes_taxes_in_the_form_of_the_version() {
    let sent = |version, product: &Record| {
        let write = at(version).records("Products").create_many([product]);
        shown(&write.preview().unwrap()[0]).1["data"][0]["Tax"].clone()
    };
    let mut new = Record::new().with("Product_Name", "Pump");
    new.set("Tax", [Tax::named("Vat")]).unwrap();
    let old: Record = r#"{"Tax":[{"id":"7","value":"Vat"}]}"#.parse().unwrap();
    assert_eq!(sent(ApiVersion::V2, &new), json!(["Vat"]));
    assert_eq!(sent(ApiVersion::V2, &old), json!(["Vat"]));
    assert_eq!(sent(ApiVersion::V8, &new), json!([{ "value": "Vat" }]));
    assert_eq!(sent(ApiVersion::V8, &old), json!([{ "id": "7", "value": "Vat" }]));
    let none: Record = r#"{"Tax":null}"#.parse().unwrap();
    assert_eq!(sent(ApiVersion::V8, &none), Value::Null);
}

#[tokio::test]
async fn refuses_page_tokens_before_v3() {
    let api = at(ApiVersion::V2);
    let list = api.records("Leads").list().page_token("t");
    let error = list.send().await.unwrap_err();
    assert!(error.to_string().contains("`page_token` exists from v3 on"), "{error}");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
}
