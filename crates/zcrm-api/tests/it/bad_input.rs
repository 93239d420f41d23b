//! Mistakes are named, and nothing is sent.

use serde_json::json;
use zcrm_api::{Criteria, SortOrder};
use zcrm_core::{ApiVersion, Error, ErrorKind, Id, Record};

use crate::world::World;

fn named(error: &Error, words: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

#[tokio::test]
async fn every_mistake_is_told_before_anything_is_sent() {
    let World { sim, api } = World::new(ApiVersion::V8).await;
    let leads = api.records("Leads");
    let list = || leads.list().fields(["Last_Name"]);

    for module in ["", "Leads/1", "..", "Le ads", "Leads?x", "Lëads"] {
        named(&api.records(module).list().fields(["id"]).send().await.unwrap_err(), &["module"]);
    }
    for id in ["", ".", "..", "1/2", "1?x=y", "1%2F2"] {
        named(&leads.get(id).send().await.unwrap_err(), &["is no id"]);
        named(&leads.delete_one(id).await.unwrap_err(), &["is no id"]);
        named(&leads.update_one(id, &json!({})).await.unwrap_err(), &["is no id"]);
    }
    named(&leads.list().send().await.unwrap_err(), &[".fields(", ".all_fields()", "v8"]);
    named(&list().per_page(0).send().await.unwrap_err(), &["`per_page`", "0", "200"]);
    named(&list().per_page(201).send().await.unwrap_err(), &["`per_page`", "201"]);
    named(&list().page(0).send().await.unwrap_err(), &["`page`"]);
    named(&list().page(1).page(2).send().await.unwrap_err(), &["`page`", "twice"]);
    named(&list().param("cvid", "1").param("cvid", "2").send().await.unwrap_err(), &["`cvid`"]);
    let both = list().page(2).param("page_token", "t");
    named(&both.send().await.unwrap_err(), &["`page`", "`page_token`", "contradict"]);
    let both = list().sort_by("id", SortOrder::Ascending).param("cvid", "1");
    named(&both.stream().next().await.unwrap().unwrap_err(), &["`cvid`", "`sort_by`"]);
    let sorted = list().sort_by("Last_Name", SortOrder::Ascending);
    named(&sorted.send().await.unwrap_err(), &["`Last_Name`", "Created_Time"]);
    named(&"sideways".parse::<SortOrder>().unwrap_err(), &["`sideways`", "asc"]);
    let names: Vec<String> = (0..51).map(|n| format!("Field_{n}")).collect();
    named(&leads.list().fields(names).send().await.unwrap_err(), &["51", "50"]);

    let none: [Record; 0] = [];
    named(&leads.create(none.clone()).send().await.unwrap_err(), &["empty"]);
    named(&leads.update(none).send().await.unwrap_err(), &["empty"]);
    named(&leads.delete(Vec::<Id>::new()).send().await.unwrap_err(), &["empty"]);
    let rows = [json!({"Last_Name": "a"}), json!(["b"])];
    named(&leads.create(rows).send().await.unwrap_err(), &["record 1", "object"]);
    named(&leads.create_one(&"text").await.unwrap_err(), &["record 0", "object"]);
    for odd in [json!({"Last_Name": "a"}), json!({"id": "../1"}), json!({"id": null})] {
        let rows = [json!({"id": "1"}), odd];
        named(&leads.update(rows).send().await.unwrap_err(), &["record 1", "`id`"]);
    }
    let row = [json!({"Last_Name": "a"})];
    let eleven: Vec<String> = (0..11).map(|n| format!("F{n}")).collect();
    let upsert = leads.upsert(row.clone()).duplicate_check(eleven);
    named(&upsert.send().await.unwrap_err(), &["ten"]);
    let create = leads.create(row).duplicate_check(["Email"]);
    named(&create.send().await.unwrap_err(), &["upsert"]);

    let mut stream = leads.list().per_page(0).fields(["id"]).stream();
    named(&stream.next().await.unwrap().unwrap_err(), &["`per_page`"]);
    assert!(stream.next().await.is_none());

    assert_eq!(sim.journal().requests(), 0);
}

#[tokio::test]
async fn v2_sorts_by_any_field_and_needs_no_fields() {
    let World { sim: _sim, api } =
        World::with(ApiVersion::V2, |sim| sim.records("Contacts", 3)).await;
    let list = api.records("Contacts").list().sort_by("Last_Name", SortOrder::Ascending);
    let page = list.send().await.unwrap();
    assert_eq!(page.items.len(), 3);
    assert!(page.items[0].as_ref().unwrap().contains("Email"));
    let all = api.records("Contacts").list().all_fields().send().await.unwrap();
    assert_eq!(all.items.len(), 3);
}

#[tokio::test]
async fn fifty_fields_are_not_too_many_and_a_search_needs_none() {
    let World { sim: _sim, api } = World::new(ApiVersion::V8).await;
    let leads = api.records("Leads");
    let names = (0..50).map(|n| format!("Field_{n}"));
    assert!(leads.list().fields(names).preview().await.is_ok());
    let search = leads.search(Criteria::equals("Last_Name", "a")).preview().await.unwrap();
    assert_eq!(search.uri().query(), Some("criteria=%28Last_Name%3Aequals%3Aa%29"));
}

#[tokio::test]
async fn criteria_in_zohos_own_words_are_sent_as_they_are() {
    let World { sim, api } = World::new(ApiVersion::V8).await;
    let criteria = Criteria::raw("(Last_Name:equals:a)");
    api.records("Leads").search(criteria).send().await.unwrap();
    let journal = sim.journal();
    let query = &journal.entries().last().unwrap().query;
    assert!(query.contains(&("criteria".to_owned(), "(Last_Name:equals:a)".to_owned())));
}
