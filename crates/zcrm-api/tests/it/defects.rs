//! Tests for the groups of defects of the Ruby SDK that concern records, each with the number of
//! the group.

use serde_json::{Value, json};
use zcrm_api::{field, records::Include};
use zcrm_core::{
    Action, ApiVersion, Discount, ErrorKind, Id, LineItem, Outcome, Record, RetryClass, Tag,
};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec};

use crate::{
    canned::replying,
    fixture::{Fixture, on_both_versions},
};

fn lead(last_name: &str) -> Record {
    Record::new().with("Last_Name", last_name).with("Company", "Zylker")
}

#[tokio::test]
async fn encodes_path_segments() {
    let api = replying(ApiVersion::V2, 204, &[], "");
    let leads = api.records("Leads");
    for (value, path) in [
        ("a/b", "/crm/v2/Leads/a%2Fb"),
        ("a b", "/crm/v2/Leads/a%20b"),
        ("é?#", "/crm/v2/Leads/%C3%A9%3F%23"),
        ("%2F", "/crm/v2/Leads/%252F"),
    ] {
        let get = leads.record_by_external("Shop_Id", value).get().preview().unwrap();
        assert_eq!((get.uri().path(), get.uri().query()), (path, None));
        assert!(leads.get(value).preview().is_err(), "an id cannot be {value}");
    }
    assert!(api.records("Le ads").get("1").preview().is_err());
}

#[tokio::test]
async fn sends_assignment_rules_with_upserts() {
    let done = r#"{"data":[{"code":"SUCCESS","details":{"id":"5"},"message":"record updated",
        "status":"success","action":"update","duplicate_field":"Email"}]}"#;
    let api = replying(ApiVersion::V2, 200, &[], done);
    let row = lead("Boyle").with("Email", "b@example.com");
    let upsert = api.records("Leads").upsert_many([row]).by("Email");
    let upsert = upsert.assignment_rule("4150868000000173001");
    let sent = upsert.preview().unwrap().remove(0);
    let body: Value = serde_json::from_slice(sent.body()).unwrap();
    assert_eq!(body["lar_id"], "4150868000000173001");
    let done = upsert.send().await.unwrap().all().unwrap().remove(0);
    assert_eq!(done.action, Some(Action::Updated));
}

on_both_versions! {
    async fn keeps_rows_when_a_record_is_read_changed_and_written(version) {
        let tours = ModuleSpec::new("Tours")
            .field(FieldSpec::new("Name", FieldKind::Text))
            .field(FieldSpec::new("Visits", FieldKind::Subform));
        let Fixture { sim: _sim, api } = Fixture::with(version, |sim| sim.module(tours)).await;
        let mut tour = Record::new().with("Name", "North");
        tour.append_rows("Visits", [json!({ "City": "Pune", "Odd": [1, { "a": 1.5 }] })]).unwrap();
        let id = api.records("Tours").create(&tour).await.unwrap().id;
        let mut read = api.record("Tours", &id).get().send().await.unwrap();
        let rows = read.raw("Visits").unwrap().to_owned();
        assert!(rows.contains(r#""Odd":[1,{"a":1.5}]"#), "{rows}");
        read.set("Name", "South").unwrap();
        api.records("Tours").update_many([&read]).send().await.unwrap().all().unwrap();
        let after = api.record("Tours", &id).get().send().await.unwrap();
        assert_eq!(after.raw("Visits").unwrap(), rows);
        assert_eq!(after.get::<String>("Name").unwrap().as_deref(), Some("South"));
    }

    async fn keeps_decimals_of_quantities_and_kinds_of_discounts(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let product = Record::new().with("Product_Name", "Pump");
        let product = api.records("Products").create(&product).await.unwrap().id;
        let mut quote = Record::new().with("Subject", "Offer");
        let half: zcrm_core::Decimal = "1.5".parse().unwrap();
        let line = LineItem::new(product, half.clone()).with_discount(Discount::Percent(10.into()));
        quote.set_line_items([line]).unwrap();
        let quotes = api.records("Quotes");
        let id = quotes.create(&quote).await.unwrap().id;
        let read = quotes.get(&id).send().await.unwrap();
        quotes.update_many([&read]).send().await.unwrap().all().unwrap();
        let again = quotes.get(&id).send().await.unwrap().line_items().unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].quantity().unwrap(), Some(half));
        assert_eq!(again[0].discount().unwrap(), Some(Discount::Percent(10.into())));
    }

    async fn does_not_send_unset_options(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Leads", 1)).await;
        let leads = api.records("Leads");
        leads.list().fields(["Last_Name"]).send().await.unwrap();
        let _ = leads.deleted().send().await;
        leads.search(field("Last_Name").eq("x")).send().await.unwrap();
        let journal = sim.journal();
        assert_eq!(journal.entries().len(), 3);
        for entry in journal.entries() {
            assert!(entry.query.iter().all(|(_, value)| !value.is_empty()), "{:?}", entry.query);
            assert!(entry.query.len() == 1, "{:?}", entry.query);
        }
    }
}

/// `$line_tax` and `Tax` differ and are kept apart.
#[test]
fn keeps_line_taxes_and_record_taxes_apart() {
    let text = r#"{"id":"1","Tax":[],"$line_tax":[{"percentage":12.50,"name":"Vat","id":"7","value":0.10}]}"#;
    let record: Record = text.parse().unwrap();
    assert!(record.taxes().unwrap().is_empty());
    let taxes = record.line_taxes().unwrap();
    assert_eq!(taxes[0].percentage().unwrap().unwrap().as_str(), "12.50");
    assert_eq!(record.to_json(), text);
}

/// Reading twice does not duplicate values.
#[test]
fn reads_tags_without_adding_duplicates() {
    let text = r#"{"id":"1","Tag":[{"name":"Hot","id":"7","color_code":null}]}"#;
    let record: Record = text.parse().unwrap();
    for _ in 0..2 {
        let tags = record.tags().unwrap();
        assert_eq!(tags.len(), 1);
        assert_eq!(tags[0].name().unwrap().as_deref(), Some("Hot"));
        assert_eq!(tags[0].id().unwrap().unwrap(), "7");
    }
    let mut named = Record::new();
    named.set("Tag", [Tag::named("Hot")]).unwrap();
    assert_eq!(named.to_json(), r#"{"Tag":[{"name":"Hot"}]}"#);
}

#[tokio::test]
async fn reads_responses_without_optional_members() {
    let created = r#"{"data":[{"code":"SUCCESS","details":{"id":"5"},"message":"record added",
        "status":"success"}]}"#;
    let api = replying(ApiVersion::V2, 201, &[], created);
    assert_eq!(api.records("Leads").create(&lead("Kay")).await.unwrap().id, "5");
    let bare = r#"{"data":[{"id":"1","Product_Details":[{"quantity":1}],"Owner":null}]}"#;
    let api = replying(ApiVersion::V2, 200, &[], bare);
    let quote = api.records("Quotes").get("1").send().await.unwrap();
    let line = quote.line_items().unwrap().remove(0);
    assert!(line.product().unwrap().is_none() && line.id().unwrap().is_none());
    assert!(quote.owner().unwrap().is_none() && quote.layout().unwrap().is_none());
    assert!(quote.participants().unwrap().is_empty() && quote.alarm().unwrap().is_none());
}

#[tokio::test]
async fn reads_a_record_with_a_field_named_status() {
    let body = r#"{"data":[{"id":"1","status":"error","code":"X","message":"mine"}]}"#;
    let api = replying(ApiVersion::V2, 200, &[], body);
    let record = api.records("Cases").get("1").send().await.unwrap();
    assert_eq!(record.get::<String>("status").unwrap().as_deref(), Some("error"));
    let page = api.records("Cases").list().fields(["status"]).send().await.unwrap();
    assert!(page.items[0].is_ok());
}

#[tokio::test]
async fn accepts_ids_as_numbers_and_text() {
    let api = replying(ApiVersion::V2, 204, &[], "");
    let id = 3_652_397_000_000_649_013_u64;
    let text = id.to_string();
    let leads = api.records("Leads");
    assert_eq!(leads.get(id).preview().unwrap().uri(), leads.get(&text).preview().unwrap().uri());
    let update = leads.update_many([json!({ "id": id, "City": "Pune" })]).preview();
    assert!(update.is_ok());
    let delete = leads.delete_many([Id::from(id), Id::from(text)]).preview().unwrap();
    assert!(!delete[0].uri().query().unwrap().ends_with("%2C"), "the list ends with a comma");
}

#[tokio::test]
async fn maps_every_status_to_its_error() {
    for (status, kind) in [(502, ErrorKind::Decode), (503, ErrorKind::Decode)] {
        let html = replying(ApiVersion::V2, status, &[], "<html>down</html>");
        let error = html.records("Leads").get("1").send().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().contains("down"), "{error}");
        let json = r#"{"code":"INTERNAL_ERROR","status":"error","message":"x","details":{}}"#;
        let error = replying(ApiVersion::V2, status, &[], json);
        let error = error.records("Leads").create(&lead("Kay")).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Api, Outcome::Unknown), "{error}");
    }
    let empty = replying(ApiVersion::V2, 204, &[], "");
    assert!(empty.records("Leads").list().send().await.unwrap().items.is_empty());
    assert!(empty.records("Leads").get("1").send().await.unwrap_err().is_not_found());
    // a refusal with status 200 is not an empty list
    let refused = r#"{"code":"INVALID_MODULE","status":"error","message":"x","details":{}}"#;
    let refused = replying(ApiVersion::V2, 200, &[], refused);
    let error = refused.records("Leads").list().send().await.unwrap_err();
    assert_eq!(error.code().unwrap(), "INVALID_MODULE");
    let outcome = refused.records("Leads").create_many([lead("Kay")]).send().await;
    assert_eq!(outcome.unwrap_err().code().unwrap(), "INVALID_MODULE");
}

#[tokio::test]
async fn builders_share_no_state_and_leave_arguments_unchanged() {
    let api = replying(ApiVersion::V2, 204, &[], "");
    let (word, leads) = ("a b".to_owned(), api.records("Leads"));
    let list = leads.list().fields(["City"]);
    let narrowed = list.clone().per_page(5).converted(Include::Also);
    assert_ne!(list.preview().unwrap().uri(), narrowed.preview().unwrap().uri());
    let first = leads.search_word(&word).preview().unwrap();
    let second = leads.search_word(&word).preview().unwrap();
    assert_eq!(first.uri(), second.uri());
    assert_eq!((word.as_str(), first.uri().query()), ("a b", Some("word=a%20b")));
}

/// Every body is JSON and has the content type of JSON.
#[tokio::test]
async fn sends_bodies_as_json_with_a_content_type() {
    let api = replying(ApiVersion::V2, 204, &[], "");
    let leads = api.records("Leads");
    let create = leads.create_many([lead("Kay")]).preview().unwrap().remove(0);
    let convert = leads.record("1").convert().preview().unwrap();
    for request in [create, convert] {
        assert_eq!(request.headers()["content-type"], "application/json");
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert!(body["data"].is_array());
        let call = request.extensions().get::<zcrm_core::CallMeta>().unwrap();
        assert_eq!(call.retry_class(), RetryClass::NotIdempotent);
    }
}
