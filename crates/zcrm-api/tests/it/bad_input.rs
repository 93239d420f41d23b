//! Invalid input: errors that name the mistake, before anything is sent.

use serde_json::json;
use zcrm_api::{
    Condition, Note, field,
    records::{SortOrder, Upsert, WriteRecords},
};
use zcrm_core::{ApiVersion, Error, ErrorKind, Id, Tag, Timestamp};

use crate::fixture::Fixture;

fn named(error: &Error, words: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

#[tokio::test]
async fn reports_every_mistake_before_sending() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let leads = api.records("Leads");
    let list = || leads.list().fields(["Last_Name"]);

    for module in ["", "Leads/1", "..", "Le ads", "Leads?x", "Lëads"] {
        named(&api.records(module).list().fields(["id"]).send().await.unwrap_err(), &["module"]);
    }
    for id in ["", ".", "..", "1/2", "1?x=y", "1%2F2"] {
        named(&leads.get(id).send().await.unwrap_err(), &["invalid id"]);
        named(&leads.delete(id).await.unwrap_err(), &["invalid id"]);
        named(&leads.update(id, &json!({})).await.unwrap_err(), &["invalid id"]);
    }
    named(&leads.list().send().await.unwrap_err(), &[".fields(", ".all_fields()", "v8"]);
    named(&list().per_page(0).send().await.unwrap_err(), &["`per_page`", "0", "200"]);
    named(&list().per_page(201).send().await.unwrap_err(), &["`per_page`", "201"]);
    named(&list().page(0).send().await.unwrap_err(), &["`page`"]);
    named(&list().page(1).page(2).send().await.unwrap_err(), &["`page`", "twice"]);
    named(&list().param("cvid", "1").param("cvid", "2").send().await.unwrap_err(), &["`cvid`"]);
    let both = list().page(2).param("page_token", "t");
    named(&both.send().await.unwrap_err(), &["`page`", "`page_token`", "cannot be combined"]);
    let both = list().sort_by("id").param("cvid", "1");
    named(&both.stream().next().await.unwrap().unwrap_err(), &["`cvid`", "`sort_by`"]);
    let sorted = list().sort_by("Last_Name");
    named(&sorted.send().await.unwrap_err(), &["`Last_Name`", "Created_Time"]);
    named(&"sideways".parse::<SortOrder>().unwrap_err(), &["`sideways`", "asc"]);
    named(&list().ids(["1", "2/3"]).send().await.unwrap_err(), &["invalid id"]);
    let ids = (0..101u64).map(Id::from);
    named(&list().ids(ids).send().await.unwrap_err(), &["`ids`", "101", "100"]);
    named(&list().view("1&2").send().await.unwrap_err(), &["invalid id"]);
    named(&list().territory("").send().await.unwrap_err(), &["invalid id"]);
    named(&list().page_token("t").page(2).send().await.unwrap_err(), &["`page_token`"]);
    for field in ["", "A-B", "A..B", ".", "A\r\nX: y"] {
        let odd = list().external_field(field).send().await.unwrap_err();
        named(&odd, &["invalid external field"]);
        let one = leads.record_by_external(field, "1");
        named(&one.get().send().await.unwrap_err(), &["invalid external field"]);
    }
    let hour = "2026-05-24T17:05:12+05:30".parse::<Timestamp>().unwrap();
    let twice = list().modified_since(hour).modified_since(hour);
    named(&twice.send().await.unwrap_err(), &["`If-Modified-Since`", "twice"]);

    let rows = [json!({"Last_Name": "a"}), json!(["b"])];
    named(&leads.create_many(rows).send().await.unwrap_err(), &["record 1", "object"]);
    named(&leads.create(&"text").await.unwrap_err(), &["record 0", "object"]);
    for odd in [json!({"Last_Name": "a"}), json!({"id": "../1"}), json!({"id": null})] {
        let rows = [json!({"id": "1"}), odd];
        named(&leads.update_many(rows).send().await.unwrap_err(), &["record 1", "`id`"]);
    }
    let row = [json!({"Last_Name": "a"})];
    let eleven: Vec<String> = (0..11).map(|n| format!("F{n}")).collect();
    let by = zcrm_api::Request::<WriteRecords<Upsert>>::by;
    let upsert = eleven.into_iter().fold(leads.upsert_many(row), by);
    named(&upsert.send().await.unwrap_err(), &["ten"]);
    let ruled = leads.create_many([json!({"Last_Name": "a"})]).assignment_rule("a b");
    named(&ruled.send().await.unwrap_err(), &["invalid id"]);
    named(&leads.mass_update(["1"], "", 1).send().await.unwrap_err(), &["invalid field ``"]);
    named(&leads.mass_update(["1"], "id", 1).send().await.unwrap_err(), &["`id`"]);
    named(&leads.mass_update(["1", ""], "City", 1).send().await.unwrap_err(), &["record 1"]);

    let search = leads.search(field("A").eq(1)).param("word", "x");
    named(&search.send().await.unwrap_err(), &["`criteria`", "`word`", "cannot be combined"]);
    named(&leads.search_word("").send().await.unwrap_err(), &["`word`", "empty"]);
    let eleven = (0..10).fold(field("A").eq(0), |all, n| all.or(field("A").eq(n)));
    named(&leads.search(eleven).send().await.unwrap_err(), &["11 comparisons", "10"]);
    let nothing = field("City").is_in(Vec::<String>::new());
    named(&leads.search(nothing).send().await.unwrap_err(), &["`City`", "no value"]);
    named(&leads.search(field("").eq(1)).send().await.unwrap_err(), &["no field"]);
    named(&leads.deleted().per_page(201).send().await.unwrap_err(), &["`per_page`", "201"]);
    let both = leads.deleted().recycle_bin().permanent();
    named(&both.send().await.unwrap_err(), &["`type`", "twice"]);

    let lead = api.record("Leads", "1");
    let convert = || lead.convert();
    named(&api.record("Deals", "1").convert().send().await.unwrap_err(), &["`Deals`", "`Leads`"]);
    named(&api.record("Leads", "").convert().send().await.unwrap_err(), &["invalid id"]);
    named(&convert().assign_to("x y").send().await.unwrap_err(), &["invalid id"]);
    named(&convert().deal(&"text").send().await.unwrap_err(), &["deal", "object"]);
    let tags = convert().carry_over_tags("Leads", ["Hot"]);
    named(&tags.send().await.unwrap_err(), &["`Leads`", "`Deals`"]);
    let moved = convert().move_attachments_to("Leads", "9");
    named(&moved.send().await.unwrap_err(), &["`Leads`", "attachments", "`Deals`"]);
    named(&convert().move_attachments_to("Deals", "").preview().unwrap_err(), &["invalid id"]);
    let outside = leads.record_by_external("Shop_Id", "7").convert();
    named(&outside.send().await.unwrap_err(), &["external"]);

    let rows = lead.rows("Visits");
    named(&rows.create_many([json!("x")]).await.unwrap_err(), &["row 0", "`Visits`"]);
    named(&rows.create_many([json!({"id": "1"})]).await.unwrap_err(), &["row 0", "`id`"]);
    let two_kinds = json!({"Product_Details": [], "Quoted_Items": []});
    let quote = api.records("Quotes").create_many([two_kinds]).send().await.unwrap_err();
    named(&quote, &["record 0", "`Product_Details`", "`Quoted_Items`"]);

    let mut stream = leads.list().per_page(0).fields(["id"]).stream();
    named(&stream.next().await.unwrap().unwrap_err(), &["`per_page`"]);
    assert!(stream.next().await.is_none());

    assert_eq!(sim.journal().requests(), 0);
}

#[tokio::test]
async fn v2_sorts_by_any_field_and_needs_no_field_names() {
    let Fixture { sim: _sim, api } =
        Fixture::with(ApiVersion::V2, |sim| sim.records("Contacts", 3)).await;
    let list = api.records("Contacts").list().sort_by("Last_Name");
    let page = list.send().await.unwrap();
    assert_eq!(page.items.len(), 3);
    assert!(page.items[0].as_ref().unwrap().contains("Email"));
    let all = api.records("Contacts").list().all_fields().send().await.unwrap();
    assert_eq!(all.items.len(), 3);
}

#[tokio::test]
async fn accepts_50_fields_and_a_search_without_fields() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let leads = api.records("Leads");
    let names = (0..50).map(|n| format!("Field_{n}"));
    assert!(leads.list().fields(names).preview().is_ok());
    let search = leads.search(field("Last_Name").eq("a")).preview().unwrap();
    assert_eq!(search.uri().query(), Some("criteria=%28Last_Name%3Aequals%3Aa%29"));
}

#[tokio::test]
async fn sends_a_raw_condition_unchanged() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let criteria = Condition::raw("(Last_Name:equals:a)");
    api.records("Leads").search(criteria).send().await.unwrap();
    let journal = sim.journal();
    let query = &journal.entries().last().unwrap().query;
    assert!(query.contains(&("criteria".to_owned(), "(Last_Name:equals:a)".to_owned())));
}

#[tokio::test]
async fn refuses_too_many_items_before_sending() {
    for version in [ApiVersion::V2, ApiVersion::V8] {
        let Fixture { sim, api } = Fixture::new(version).await;
        let ids = |count: u64| (0..count).map(|n| Id::from(n + 1));
        let tags = api.module("Leads").tags();
        let made = |count: u64| (0..count).map(|n| Tag::named(format!("T{n}")));
        let notes = |count| (0..count).map(|_| Note::new("x").on("Leads", "1"));
        let words = ["51", "50", "split the list"];
        named(&tags.create_many(made(51)).send().await.unwrap_err(), &words);
        named(&tags.add_to(["1"], made(51)).send().await.unwrap_err(), &words);
        let words = ["101", "100", "split the list"];
        named(&tags.add_to(ids(101), ["Hot"]).send().await.unwrap_err(), &words);
        named(&tags.remove_from(ids(101), ["Hot"]).send().await.unwrap_err(), &words);
        named(&api.notes().create_many(notes(101)).send().await.unwrap_err(), &words);
        named(&api.notes().delete_many(ids(101)).send().await.unwrap_err(), &words);
        named(&api.variables().delete_many(ids(101)).send().await.unwrap_err(), &words);
        assert_eq!(sim.journal().requests(), 0);
        // the maximum is accepted
        assert!(tags.create_many(made(50)).preview().is_ok());
        assert!(tags.add_to(ids(100), made(50)).preview().is_ok());
        assert!(api.notes().create_many(notes(100)).preview().is_ok());
    }
}
