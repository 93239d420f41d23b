//! Empty input: nothing is sent, and the result is empty too.

use serde_json::{Value, json};
use zcrm_api::{
    Note, Request,
    request::{Kind, WriteItems},
};
use zcrm_core::{ApiVersion, Id, ItemSuccess, Record, Tag, WriteResults};

use crate::canned::{BOTH, canned, refused};

const NONE: [&str; 0] = [];
const NO_ROWS: [Value; 0] = [];

async fn nothing<K>(write: Request<K>)
where
    K: Kind<Output = WriteResults, Preview = Vec<http::Request<bytes::Bytes>>>,
{
    assert!(write.preview().unwrap().is_empty());
    assert!(write.send().await.unwrap().is_empty());
}

#[tokio::test]
async fn sends_nothing_for_empty_lists_of_records() {
    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        let leads = api.records("Leads");
        nothing(leads.create_many(NO_ROWS)).await;
        nothing(leads.upsert_many(NO_ROWS).by("Email")).await;
        for write in
            [leads.update_many(Vec::<Record>::new()), leads.mass_update(NONE, "City", "Pune")]
        {
            nothing(write).await;
        }
        assert!(leads.delete_many(NONE).preview().unwrap().is_empty());
        assert!(
            leads.delete_many(Vec::<Id>::new()).send().await.unwrap().all().unwrap().is_empty()
        );
        // mistakes are reported even if nothing would be sent
        refused(api.records("Le ads").create_many(NO_ROWS).send().await, &["invalid module name"]);
        refused(api.records("").delete_many(NONE).send().await, &["invalid module name"]);
        refused(leads.mass_update(NONE, "", 1).send().await, &["invalid field"]);
        assert!(sent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn sends_nothing_for_empty_lists_of_other_items() {
    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        let lead = api.record("Leads", "5");
        let (tags, notes, variables) = (api.module("Leads").tags(), api.notes(), api.variables());
        let (users, contacts) = (api.users(), lead.related("Contacts"));
        let writes: Vec<Request<WriteItems>> = vec![
            tags.create_many([] as [Tag; 0]),
            tags.update_many(NO_ROWS),
            notes.create_many([] as [Note; 0]),
            notes.update_many(NO_ROWS),
            notes.delete_many(NONE),
            lead.notes().create_many(NO_ROWS),
            users.update_many(NO_ROWS),
            variables.create_many(NO_ROWS),
            variables.update_many(NO_ROWS),
            variables.delete_many(NONE),
            lead.attachments().delete_many(NONE),
        ];
        let joins: Vec<Request<WriteItems<ItemSuccess>>> = vec![
            users.user("1").add_territories(NONE),
            users.user("1").remove_territories(NONE),
            contacts.add_many(NO_ROWS),
            contacts.remove_many(NONE),
        ];
        for write in joins {
            refused(write.preview(), &["no request to preview", "empty"]);
            assert!(write.send().await.unwrap().is_empty());
        }
        for write in writes {
            refused(write.preview(), &["no request to preview", "empty"]);
            assert!(write.send().await.unwrap().is_empty());
        }
        for change in [
            lead.tags().add(NONE),
            lead.tags().remove(NONE),
            tags.add_to(NONE, ["Hot"]),
            tags.add_to(["1", "2"], NONE),
            tags.remove_from(NONE, NONE),
        ] {
            refused(change.preview(), &["no request to preview", "empty"]);
            assert!(change.send().await.unwrap().is_empty());
        }
        refused(lead.tags().add(NONE).over_write(true).send().await, &["`remove`"]);
        assert!(sent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn sends_nothing_for_empty_changes_of_rows() {
    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        let rows = api.record("Leads", "5").rows("Visits");
        assert!(rows.create_many(NO_ROWS).await.unwrap().is_none());
        assert!(rows.delete_many(NONE).await.unwrap().is_none());
        assert!(sent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn reads_nothing_for_an_empty_list_of_ids() {
    let (api, sent) = canned(ApiVersion::V8, 500, &[], "");
    let list = || api.records("Leads").list().fields(["Email"]).ids(NONE);
    assert!(list().send().await.unwrap().items.is_empty());
    assert!(list().stream().next().await.is_none());
    refused(list().preview(), &["no request to preview"]);
    refused(list().ids(["1"]).send().await, &["`ids`", "twice"]);
    assert!(sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn refuses_to_create_items_with_an_id() {
    #[derive(serde::Serialize)]
    struct Lead {
        id: Option<&'static str>,
        #[serde(rename = "Last_Name")]
        last_name: &'static str,
    }
    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        let (leads, old) = (api.records("Leads"), json!({ "id": "7", "name": "x" }));
        let typed = |id| Lead { id, last_name: "Kay" };
        refused(
            leads.create_many([typed(None), typed(Some("7"))]).send().await,
            &["record 1", "`id`"],
        );
        assert_eq!(leads.create_many([typed(None)]).preview().unwrap().len(), 1);
        refused(leads.create(&Record::new().with("id", 7)).await, &["record 0", "`id`"]);
        refused(leads.create_many([json!({ "id": "7" })]).preview(), &["duplicate", "remove `id`"]);
        let raw: Box<serde_json::value::RawValue> =
            serde_json::from_str(r#"{"\u0069d":"7","Last_Name":"Kay"}"#).unwrap();
        refused(leads.create_many([raw]).send().await, &["record 0", "`id`"]);
        let note = Note::new("x").on("Leads", "5").with_id("7");
        refused(api.notes().create_many([&note]).send().await, &["item 0", "`id`"]);
        refused(api.record("Leads", "5").notes().create_many([&note]).send().await, &["item 0"]);
        refused(api.users().create(&old).send().await, &["item 0", "`id`"]);
        refused(api.roles().create(&old).send().await, &["item 0", "`id`"]);
        refused(api.variables().create_many([&old]).send().await, &["item 0", "`id`"]);
        refused(api.module("Leads").tags().create_many([&old]).send().await, &["item 0", "`id`"]);
        refused(api.profiles().create_from("1", &old).send().await, &["item 0", "`id`"]);
        refused(api.record("Leads", "1").convert().deal(&old).send().await, &["deal", "`id`"]);
        // nested ids, and ids in upserts and updates, are allowed
        let lookup = json!({ "Last_Name": "Kay", "Owner": { "id": "9" } });
        assert!(leads.create_many([&lookup]).preview().is_ok());
        assert!(leads.upsert_many([&old]).preview().is_ok());
        assert!(leads.update_many([&old]).preview().is_ok());
        assert!(sent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn refuses_empty_values_of_a_search() {
    use zcrm_api::{Condition, field};

    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        let leads = api.records("Leads");
        for (condition, word) in [
            (field("Email").eq(""), "`Email`"),
            (field("Email").ne("  "), "`Email`"),
            (field("City").starts_with(""), "`City`"),
            (field("Amount").gt(String::new()), "`Amount`"),
            (field("Amount").between("", 2), "`Amount`"),
            (field("Amount").between(1, ""), "`Amount`"),
            (field("City").is_in(["Pune", ""]), "`City`"),
            (field(" ").eq("x"), "no field"),
            (field("A").eq(1).and(field("B").eq("")), "`B`"),
            (field("A").eq("").or(field("B").eq(1)), "`A`"),
            (Condition::raw(""), "empty"),
            (field("A").eq(1).and(Condition::raw("")), "empty"),
            (Condition::raw(" ").or(field("A").eq(1)), "empty"),
            (field("A").eq(f64::NAN), "NaN"),
            (field("A").between(1, f64::INFINITY), "infinity"),
            (Condition::raw(" "), "empty"),
        ] {
            refused(leads.search(condition.clone()).send().await, &[word]);
            let first = leads.search(condition.clone()).stream().next().await.unwrap();
            refused(first, &[word]);
            refused(api.users().search(condition).send().await, &[word]);
        }
        for blank in ["", " ", "\t"] {
            refused(leads.search_word(blank).send().await, &["`word`", "empty"]);
            refused(leads.search_email(blank).send().await, &["`email`", "empty"]);
            refused(leads.search_phone(blank).send().await, &["`phone`", "empty"]);
            let list = || leads.list().fields(["Email"]);
            refused(list().param("cvid", blank).send().await, &["`cvid`", "empty"]);
            refused(leads.list().fields(["Email", blank]).send().await, &["empty field name"]);
            refused(leads.get("1").fields([blank]).send().await, &["empty field name"]);
        }
        assert!(leads.search(field("Email").eq("a@example.com")).preview().is_ok());
        assert!(sent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn refuses_empty_names_and_tokens() {
    let api = canned(ApiVersion::V8, 500, &[], "").0;
    let (leads, lead) = (api.records("Leads"), Record::new().with("Last_Name", "Kay"));
    for blank in ["", " \t"] {
        refused(leads.mass_update(["1"], blank, 1).preview(), &["invalid field"]);
        let upsert = leads.upsert_many([&lead]);
        refused(upsert.by(blank).preview(), &["`by`", "empty"]);
        refused(leads.create_many([&lead]).process(blank).preview(), &["`process`", "empty"]);
        refused(leads.create_many([&lead]).apply_feature(blank).preview(), &["`apply_feature`"]);
        refused(leads.create_many([&lead]).skip_feature(blank).preview(), &["`skip_feature`"]);
        let notes = || api.notes().list();
        refused(notes().page_token(blank).preview(), &["empty `page_token`"]);
        refused(notes().sort_by(blank).preview(), &["empty `sort_by`"]);
        let related = api.record("Leads", "5").related("Campaigns");
        refused(related.list().fields(["id"]).page_token(blank).send().await, &["`page_token`"]);
        let first = notes().page_token(blank).stream().next().await.unwrap();
        refused(first, &["`page_token`"]);
    }
    refused(api.module("Leads").tags().merge("1", "1").preview(), &["itself"]);
    api.notes().create_many([Note::new("").on("Leads", "1")]).preview().unwrap();
}

#[tokio::test]
async fn refuses_to_create_a_record_with_a_repeated_id() {
    let leads = canned(ApiVersion::V8, 500, &[], "").0.records("Leads");
    for row in [r#"{"id":"1","id":"2"}"#, r#"{"id":null,"City":"Pune","id":7}"#] {
        let raw = serde_json::value::RawValue::from_string(row.to_owned()).unwrap();
        refused(leads.create_many([&raw]).preview(), &["record 0 has an `id`"]);
        leads.update_many([&raw]).preview().unwrap();
    }
    let none =
        serde_json::value::RawValue::from_string(r#"{"id":1,"id":null}"#.to_owned()).unwrap();
    leads.create_many([none]).preview().unwrap();
}

#[tokio::test]
async fn refuses_numbers_that_json_does_not_have() {
    use std::collections::BTreeMap;
    let leads = canned(ApiVersion::V8, 500, &[], "").0.records("Leads");
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let record = Record::new().with("Amount", odd);
        refused(leads.create_many([record]).preview(), &["record 0", "`Amount`", "NaN"]);
        let map = BTreeMap::from([("Amount", Some(odd))]);
        refused(leads.create_many([map]).preview(), &["record 0", "NaN"]);
        refused(leads.mass_update(["1"], "Amount", odd).preview(), &["`Amount`", "NaN"]);
        let small = [f32::NAN];
        refused(leads.mass_update(["1"], "Amount", small).preview(), &["`Amount`", "NaN"]);
    }
}
