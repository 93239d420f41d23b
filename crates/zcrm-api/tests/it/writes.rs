//! Writes of any size, and the result of each record after a failure.

use serde_json::json;
use zcrm_api::{Request, records::Trigger, request::Kind};
use zcrm_core::{ApiVersion, CallMeta, Code, ErrorKind, Id, Outcome, Record, RetryClass};

use crate::fixture::{Fixture, on_both_versions};

fn leads(count: usize) -> Vec<Record> {
    let lead = |n| Record::new().with("Last_Name", format!("Lead {n}")).with("Company", "Zylker");
    (0..count).map(lead).collect()
}

on_both_versions! {
    async fn sends_records_in_order_in_calls_of_100(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let mut rows = leads(250);
        rows[120].remove("Last_Name");
        let outcomes = api.records("Leads").create_many(rows).send().await.unwrap();
        assert_eq!(outcomes.len(), 250);
        let failed: Vec<_> = outcomes.failures().collect();
        assert_eq!(failed.len(), 1);
        let (index, error) = failed[0];
        assert_eq!(error.outcome(), Outcome::Refused);
        assert_eq!((index, error.api().unwrap().field()), (120, Some("Last_Name")));
        for (index, done) in outcomes.successes() {
            let id = &done.id;
            let row = sim.record("Leads", id.as_str()).unwrap();
            assert_eq!(row["Last_Name"], format!("Lead {index}"));
        }
        assert_eq!(sim.journal().api_requests(), 3);
    }

    async fn keeps_the_order_of_concurrent_calls(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let write = api.records("Leads").create_many(leads(550)).concurrency(4);
        let done = write.send().await.unwrap().all().unwrap();
        let first = sim.record("Leads", done[0].id.as_str()).unwrap();
        let last = sim.record("Leads", done[549].id.as_str()).unwrap();
        assert_eq!((first["Last_Name"].as_str(), last["Last_Name"].as_str()),
            (Some("Lead 0"), Some("Lead 549")));
        assert_eq!(sim.record_count("Leads"), 550);
    }

    async fn marks_records_unknown_after_a_lost_response(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        sim.faults().method("POST").skip(1).after_executing().reset();
        let outcomes = api.records("Leads").create_many(leads(250)).send().await.unwrap();
        let kinds: Vec<_> = outcomes
            .iter()
            .map(|outcome| match outcome {
                Ok(_) => "done",
                Err(error) if error.outcome() == Outcome::Unknown => "unknown",
                Err(error) if error.outcome() == Outcome::NotSent => "not sent",
                Err(_) => "refused",
            })
            .collect();
        assert!(kinds[..100].iter().all(|kind| *kind == "done"));
        assert!(kinds[100..200].iter().all(|kind| *kind == "unknown"));
        assert!(kinds[200..].iter().all(|kind| *kind == "not sent"));
        // an insert whose response is lost is not retried
        assert_eq!(sim.record_count("Leads"), 200);
        assert_eq!(sim.journal().count(|entry| entry.method == "POST"), 2);
    }

    async fn reports_a_single_write_with_a_lost_response_as_unknown(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        sim.faults().method("POST").after_executing().reset();
        let error = api.records("Leads").create(&leads(1)[0]).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.to_string().contains("outcome unknown"), "{error}");
        assert_eq!(sim.record_count("Leads"), 1);
    }

    async fn fails_as_a_whole_if_nothing_was_written(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let error = api.records("Leadz").create_many(leads(150)).send().await.unwrap_err();
        assert_eq!(error.code(), Some(&Code::INVALID_MODULE));
        assert_eq!(sim.journal().api_requests(), 1);
        sim.faults().method("POST").times(9).zoho_error(429, "TOO_MANY_REQUESTS");
        let error = api.records("Leads").create_many(leads(150)).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert_eq!(error.outcome(), Outcome::Refused);
        assert_eq!(error.attempts(), 4);
        assert_eq!(sim.record_count("Leads"), 0);
    }

    async fn retries_a_throttled_insert(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        sim.faults().method("POST").times(2).zoho_error(429, "TOO_MANY_REQUESTS");
        api.records("Leads").create(&leads(1)[0]).await.unwrap();
        assert_eq!(sim.record_count("Leads"), 1);
    }

    async fn retries_updates_of_plain_values_but_not_of_lists(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let records = api.records("Leads");
        let id = records.create(&leads(1)[0]).await.unwrap().id;
        sim.faults().method("PUT").after_executing().reset();
        records.update(&id, &Record::new().with("Phone", "1")).await.unwrap();
        sim.faults().method("PUT").after_executing().reset();
        let rows = Record::new().with("Subform_1", serde_json::json!([{"Name": "row"}]));
        let error = records.update(&id, &rows).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(sim.journal().count(|entry| entry.method == "PUT"), 3);
    }

    async fn retries_an_upsert_only_if_every_record_has_its_key(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let records = api.records("Leads");
        let row = leads(1).remove(0).with("Email", "a@example.com");
        sim.faults().path_of_upserts().reset_after();
        let upsert = records.upsert_many([row.clone()]).by("Email");
        upsert.send().await.unwrap().all().unwrap();
        assert_eq!(sim.record_count("Leads"), 1);
        sim.faults().path_of_upserts().reset_after();
        let lacking = records.upsert_many([row, leads(1).remove(0)]).by("Email");
        let outcomes = lacking.send().await.unwrap();
        assert!(outcomes.failures().all(|(_, error)| error.outcome() == Outcome::Unknown));
        assert_eq!(outcomes.failures().count(), 2);
    }

    async fn updates_the_named_record(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Leads", 2)).await;
        let records = api.records("Leads");
        let page = records.list().fields(["Last_Name"]).send().await.unwrap();
        let ids: Vec<Id> = page.items.iter().map(|it| it.as_ref().unwrap().id().unwrap()).collect();
        let copied = Record::new().with("id", ids[1].as_str()).with("Phone", "123");
        records.update(&ids[0], &copied).await.unwrap();
        assert_eq!(sim.record("Leads", ids[0].as_str()).unwrap()["Phone"], "123");
        assert_ne!(sim.record("Leads", ids[1].as_str()).unwrap()["Phone"], "123");
    }

    async fn ends_the_write_at_a_refused_call_and_keeps_earlier_results(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        sim.faults().method("POST").skip(1).zoho_error(403, "NO_PERMISSION");
        let outcomes = api.records("Leads").create_many(leads(250)).send().await.unwrap();
        assert_eq!(outcomes.successes().count(), 100);
        for (index, failure) in outcomes.failures() {
            assert_eq!(failure.outcome() == Outcome::Refused, index < 200, "{index}");
            assert_eq!(failure.outcome() == Outcome::NotSent, index >= 200, "{index}");
            assert_eq!(failure.api().unwrap().code(), &Code::NO_PERMISSION);
        }
        assert_eq!(sim.journal().count(|entry| entry.method == "POST"), 2);
    }

    async fn deletes_any_number_of_records_with_a_result_per_id(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Leads", 130)).await;
        let records = api.records("Leads");
        let mut ids = Vec::new();
        let mut stream = records.list().fields(["Last_Name"]).stream();
        while let Some(record) = stream.next().await {
            ids.push(record.unwrap().id().unwrap());
        }
        ids.insert(101, Id::from("999"));
        let outcomes = records.delete_many(ids).send().await.unwrap();
        let failed: Vec<usize> = outcomes.failures().map(|(index, _)| index).collect();
        assert_eq!(failed, [101]);
        assert_eq!(sim.record_count("Leads"), 0);
    }
}

#[tokio::test]
async fn sets_the_retry_class_of_each_call() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let leads = api.records("Leads");
    fn class<K: Kind<Preview = Vec<http::Request<bytes::Bytes>>>>(write: Request<K>) -> RetryClass {
        let requests = write.preview().unwrap();
        requests[0].extensions().get::<CallMeta>().unwrap().retry_class()
    }
    let row = json!({"id": "1", "Email": "a@example.com"});
    let new = json!({"Email": "a@example.com"});
    assert_eq!(class(leads.create_many([&new])), RetryClass::NotIdempotent);
    assert_eq!(class(leads.update_many([&row])), RetryClass::Idempotent);
    assert_eq!(
        class(leads.update_many([json!({"id": "1", "Rows": []})])),
        RetryClass::NotIdempotent
    );
    let upsert = |row: &serde_json::Value| leads.upsert_many([row]);
    assert_eq!(class(upsert(&row)), RetryClass::NotIdempotent);
    assert_eq!(class(upsert(&row).by("Email")), RetryClass::Idempotent);
    for row in [json!({}), json!({"Email": null}), json!({"Email": ""})] {
        let write = upsert(&row).by("Email");
        assert_eq!(class(write), RetryClass::NotIdempotent, "{row}");
    }
}

#[tokio::test]
async fn sends_write_options_with_every_call() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let write = api.records("Leads").create_many(leads(101)).assignment_rule("7");
    for (write, trigger) in [
        (write.clone().trigger([Trigger::Workflow]), r#""trigger":["workflow"],"#),
        (write.clone().trigger([]), r#""trigger":[],"#),
        (write, ""),
    ] {
        for request in write.preview().unwrap() {
            let body = std::str::from_utf8(request.body()).unwrap();
            assert!(body.ends_with(&format!(r#"],{trigger}"lar_id":"7"}}"#)), "{body}");
        }
    }
}

/// Shorthands for faults of upserts.
trait Upserts {
    fn path_of_upserts(self) -> Self;
    fn reset_after(self);
}

impl Upserts for zcrm_sim::Faults {
    fn path_of_upserts(self) -> Self {
        self.method("POST")
    }

    fn reset_after(self) {
        self.after_executing().reset();
    }
}
