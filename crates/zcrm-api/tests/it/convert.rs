//! Conversions of leads, against the simulator.

use zcrm_core::{ApiVersion, Record, Tag};

use crate::fixture::{Fixture, on_both_versions};

async fn a_lead(api: &zcrm_api::Api) -> zcrm_core::Id {
    let mut lead = Record::new().with("Last_Name", "Kay").with("Company", "Zylker");
    lead.set("Tag", [Tag::named("Hot")]).unwrap();
    api.records("Leads").create(&lead).await.unwrap().id
}

on_both_versions! {
    async fn converts_a_lead_to_contact_account_and_deal(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let lead = a_lead(&api).await;
        let deal = Record::new()
            .with("Deal_Name", "Website")
            .with("Closing_Date", "2026-12-31")
            .with("Stage", "Qualification")
            .with("Amount", 100.5);
        let users = api.call(&zcrm_api::operations::USERS_LIST).param("type", "AllUsers");
        let users = users.list::<Record>().await.unwrap();
        let owner = users.items[0].as_ref().unwrap().id().unwrap();
        let convert = api.record("Leads", &lead).convert().notify_lead_owner(true);
        let made = convert.assign_to(owner).deal(&deal).send().await.unwrap();
        let record = |module: &str, id: &Option<zcrm_core::Id>| {
            sim.record(module, id.as_ref().unwrap().as_str()).unwrap()
        };
        assert_eq!(record("Contacts", &made.contact)["Last_Name"], "Kay");
        assert_eq!(record("Accounts", &made.account)["Account_Name"], "Zylker");
        assert_eq!(record("Deals", &made.deal)["Amount"], 100.5);
        let again = api.record("Leads", &lead).convert().send().await.unwrap_err();
        assert_eq!(again.code().unwrap(), "ID_ALREADY_CONVERTED", "{again}");
        // a converted lead is listed only on request
        let list = || api.records("Leads").list().fields(["Last_Name"]);
        assert!(list().send().await.unwrap().items.is_empty());
        let found = list().converted(zcrm_api::records::Include::Only).send().await.unwrap();
        assert_eq!(found.items.len(), 1);
    }

    async fn converts_into_an_existing_contact_and_overwrites_on_demand(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let contact = Record::new().with("Last_Name", "Boyle");
        let contact = api.records("Contacts").create(&contact).await.unwrap().id;
        for (overwrite, name) in [(false, "Boyle"), (true, "Kay")] {
            let lead = a_lead(&api).await;
            let convert = api.record("Leads", &lead).convert().overwrite(overwrite);
            let made = convert.contact(&contact).send().await.unwrap();
            assert_eq!(made.contact.as_ref(), Some(&contact));
            assert!(made.deal.is_none());
            let stored = sim.record("Contacts", contact.as_str()).unwrap();
            assert_eq!(stored["Last_Name"], name);
        }
    }

    async fn does_not_retry_a_conversion_whose_response_is_lost(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let lead = a_lead(&api).await;
        sim.faults().method("POST").after_executing().reset();
        let error = api.record("Leads", &lead).convert().send().await.unwrap_err();
        assert_eq!(error.outcome(), zcrm_core::Outcome::Unknown, "{error}");
        assert_eq!(sim.record_count("Contacts"), 1);
    }
}

#[tokio::test]
async fn refuses_a_conversion_with_a_deal_without_stage() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let lead = a_lead(&api).await;
    let deal = Record::new().with("Deal_Name", "Website");
    let error = api.record("Leads", &lead).convert().deal(&deal).send().await.unwrap_err();
    assert_eq!(error.code().unwrap(), "MANDATORY_NOT_FOUND", "{error}");
    assert_eq!(sim.record_count("Contacts"), 0);
}
