//! Single records, lists and searches.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use zcrm_api::{Api, field};
use zcrm_core::{Action, ApiVersion, Code, ErrorKind, Id, ManualClock, Module, Patch, Record};

use crate::fixture::{Fixture, on_both_versions};

#[derive(Debug, Deserialize)]
struct Lead {
    id: Id,
    #[serde(rename = "Last_Name")]
    last_name: String,
    #[serde(rename = "Email")]
    email: Option<String>,
}

impl Module for Lead {
    const API_NAME: &'static str = "Leads";
    const FIELDS: &'static [&'static str] = &["Last_Name", "Email"];
}

#[derive(Serialize)]
struct LeadChange {
    #[serde(rename = "Email", skip_serializing_if = "Patch::is_absent")]
    email: Patch<String>,
    #[serde(rename = "Phone", skip_serializing_if = "Patch::is_absent")]
    phone: Patch<String>,
}

fn lead(last_name: &str) -> Record {
    Record::new().with("Last_Name", last_name).with("Company", "Zylker")
}

on_both_versions! {
    async fn creates_reads_updates_and_deletes_a_record(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let leads = api.records_of::<Lead>();
        let row = lead("Boyle").with("Email", "b@example.com").with("Phone", "1");
        let id = leads.create(&row).await.unwrap().id;

        let read = leads.get(&id).send().await.unwrap();
        assert_eq!((read.id, read.last_name.as_str()), (id.clone(), "Boyle"));

        let change = LeadChange { email: Patch::Null, phone: Patch::Absent };
        leads.update(&id, &change).await.unwrap();
        assert_eq!(leads.get(&id).send().await.unwrap().email, None);
        let dynamic = api.records("Leads").get(&id).send().await.unwrap();
        assert_eq!(dynamic.get::<String>("Phone").unwrap().as_deref(), Some("1"));

        leads.delete(&id).await.unwrap();
        let error = leads.get(&id).send().await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        assert_eq!(sim.record_count("Leads"), 0);
    }

    async fn writes_back_a_record_unchanged(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let deals = api.records("Leads");
        let row = lead("Kay").with("Annual_Revenue", 12.5).with("Description", "a\n\"b\" \\ é");
        let id = deals.create(&row).await.unwrap().id;
        let before = deals.get(&id).fields(["Last_Name", "Annual_Revenue", "Description"]);
        let before = before.send().await.unwrap();
        deals.update(&id, &before).await.unwrap();
        let after = sim.record("Leads", id.as_str()).unwrap();
        assert_eq!(after["Annual_Revenue"], 12.5);
        assert_eq!(after["Description"], "a\n\"b\" \\ é");
    }

    async fn reads_the_requested_page(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 30)).await;
        let page = api
            .records("Contacts")
            .list()
            .fields(["Last_Name"])
            .sort_by("id")
            .per_page(20)
            .page(2)
            .send()
            .await
            .unwrap();
        let ids: Vec<Id> = page.items.iter().map(|it| it.as_ref().unwrap().id().unwrap()).collect();
        assert_eq!(ids.len(), 10);
        assert!(ids.is_sorted());
        assert!(!page.info.more_records);
        assert_eq!(page.info.page, Some(2));
        let journal = sim.journal();
        let query = &journal.entries().last().unwrap().query;
        assert!(query.contains(&("sort_order".to_owned(), "asc".to_owned())), "{query:?}");
    }

    async fn reads_an_empty_page_of_an_empty_module(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let page = api.records_of::<Lead>().list().send().await.unwrap();
        assert!(page.items.is_empty());
        assert!(api.records_of::<Lead>().list().stream().next().await.is_none());
    }

    async fn upsert_matches_by_the_given_fields(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let leads = api.records("Leads");
        let email = "boyle@example.com";
        leads.create(&lead("Boyle").with("Email", email)).await.unwrap();
        let rows = [
            lead("Boyle-Kay").with("Email", email),
            lead("Zhang").with("Email", "zhang@example.com"),
        ];
        let done = leads.upsert_many(rows).by("Email").send().await.unwrap();
        let done = done.all().unwrap();
        let actions: Vec<_> = done.iter().map(|it| it.action.clone().unwrap()).collect();
        assert_eq!(actions, [Action::Updated, Action::Inserted]);
        assert_eq!(sim.record_count("Leads"), 2);
    }

    async fn search_finds_values_with_special_characters(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let leads = api.records("Leads");
        let names = [
            "Kay (Zylker), Inc", r"back\slash", "a&b=c#d?e", "50%+1", "O'Brien", "é ü 漢", "\"q\"",
            "a/b", "::", "and)or(",
        ];
        leads.create_many(names.map(lead)).send().await.unwrap().all().unwrap();
        for name in names {
            let found = leads.search(field("Last_Name").eq(name)).send().await.unwrap();
            assert_eq!(found.items.len(), 1, "{name}");
            let record = found.items[0].as_ref().unwrap();
            assert_eq!(record.get::<String>("Last_Name").unwrap().as_deref(), Some(name));
        }
        let either = field("Last_Name").eq("50%+1").or(field("Last_Name").eq("::"));
        assert_eq!(leads.search(either).send().await.unwrap().items.len(), 2);
    }

    async fn reports_zohos_code_for_an_unknown_module(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let error = api.records("Leadz").list().fields(["id"]).send().await.unwrap_err();
        assert_eq!(error.code(), Some(&Code::INVALID_MODULE));
        assert_eq!(error.operation(), Some("records.list"));
        assert!(error.host().is_some());
    }

    async fn reports_an_html_response(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        sim.faults().on_path_prefix("/crm/").html(502, "<html>down</html>");
        sim.faults().on_path_prefix("/crm/").times(9).html(500, "<html>down</html>");
        let error = api.records("Leads").list().fields(["id"]).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let text = error.to_string();
        assert!(text.contains("HTML") && text.contains("500") && text.contains("2 attempts"), "{text}");
        assert!(!text.contains("down"), "{text}");
    }
}

#[tokio::test]
async fn rereads_field_names_after_an_hour_or_when_cleared() {
    let Fixture { sim, api } =
        Fixture::with(ApiVersion::V8, |sim| sim.records("Accounts", 2)).await;
    let clock = ManualClock::new();
    let api = api.with_clock(Arc::new(clock.clone()));
    let list = async |api: &Api| {
        let page = api.records("Accounts").list().all_fields().send().await.unwrap();
        assert!(page.items[0].as_ref().unwrap().contains("Account_Name"));
        sim.journal().count(|entry| entry.path.ends_with("/settings/fields"))
    };
    assert_eq!(list(&api).await, 1);
    clock.advance(Duration::from_secs(3_599));
    assert_eq!(list(&api.clone()).await, 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(list(&api).await, 2);
    assert_eq!(list(&api).await, 2);
    api.forget_fields();
    assert_eq!(list(&api).await, 3);
}

#[test]
fn search_finds_any_text() {
    use proptest::{
        strategy::{Strategy, ValueTree},
        test_runner::TestRunner,
    };

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
        let leads = api.records("Leads");
        let mut runner = TestRunner::default();
        let texts = r"[a-zA-Z(),\\:&=+%#'\x22./?;é漢 -]{0,24}".prop_map(|text| format!("<{text}>"));
        for round in 0..100 {
            let text = texts.new_tree(&mut runner).unwrap().current();
            let company = format!("Company {round}");
            let row = lead(&text).with("Company", company.as_str());
            let id = leads.create(&row).await.unwrap().id;
            let criteria = field("Last_Name").eq(&text).and(field("Company").eq(&company));
            let found = leads.search(criteria).send().await.unwrap();
            let ids: Vec<_> = found.items.iter().map(|it| it.as_ref().unwrap().id()).collect();
            assert_eq!(ids, [Some(id)], "{text}");
        }
    });
}
