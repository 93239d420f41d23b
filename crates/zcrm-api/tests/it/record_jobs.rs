//! Merges, and changes of many records in jobs.
//!
//! Sources: Zoho's OpenAPI files `mass_update`, `mass_delete_cvid`, `mass_change_owner`,
//! `mass_convert` and `find_and_merge` of 2025, and those of the same subjects of 2026.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use zcrm_api::{Api, RecordJobKind, RecordJobState, RecordJobStatus, field};
use zcrm_core::{ApiVersion, Code, ErrorKind, Id, ManualClock, Outcome, Record};
use zcrm_sim::{ChangeOptions, ClockMode};

use crate::canned::{answering, asks, at, canned, refused};
use crate::fixture::Fixture;

/// Returns a simulator with two leads whose jobs take two seconds, and the leads.
async fn world() -> (Fixture, Api, [Id; 2], Id) {
    let clock = ManualClock::skipping_waits();
    let mode = ClockMode::following(clock.reader());
    let world = Fixture::with(ApiVersion::V8, |builder| builder.clock(mode)).await;
    let api = world.api.with_clock(Arc::new(clock));
    let leads = api.records("Leads");
    let row = |name: &str| Record::new().with("Last_Name", name).with("Company", "Zylker");
    let made = leads.create_many([row("Boyle"), row("Hooke")]).await.unwrap();
    let ids: Vec<Id> = made.all().unwrap().into_iter().map(|made| made.id).collect();
    let views = api.module("Leads").custom_views().list().all().await.unwrap();
    let view = views[0].id.clone().unwrap();
    (world, api, ids.try_into().unwrap(), view)
}

#[tokio::test]
async fn waits_for_a_mass_update_and_a_mass_deletion() {
    let (world, api, [first, _], view) = world().await;
    let leads = api.records("Leads");
    let change = Record::new().with("City", "Pune");
    let job = leads.mass_update_view(&view, &change).await.unwrap();
    assert_eq!(job.status().await.unwrap().state, RecordJobState::SCHEDULED);
    let second = leads.mass_update_view(&view, &change).await.unwrap_err();
    assert_eq!(second.code().unwrap().as_str(), "ALREADY_SCHEDULED");
    assert_eq!(second.outcome(), Outcome::Refused);
    let status = job.wait().await.unwrap();
    assert_eq!((status.total, status.done, status.failed), (Some(2), Some(2), Some(0)));
    assert_eq!(world.sim.record("Leads", first.as_str()).unwrap()["City"], "Pune");

    // another program continues with the id
    let job = leads.mass_delete_view(&view).await.unwrap();
    let same = leads.resume_job(RecordJobKind::Delete, job.id());
    assert_eq!(same.wait().await.unwrap().done, Some(2));
    assert_eq!(world.sim.record_count("Leads"), 0);
    let none = leads.mass_delete_view(&view).await.unwrap_err();
    assert_eq!(none.code().unwrap().as_str(), "NO_RECORDS_FOUND");
    let unknown = leads.resume_job(RecordJobKind::Update, job.id()).wait().await.unwrap_err();
    assert_eq!(unknown.code(), Some(&Code::INVALID_DATA));
}

#[tokio::test]
async fn converts_leads_and_changes_their_owner_in_jobs() {
    let (world, api, [first, second], view) = world().await;
    let leads = api.records("Leads");
    let me = api.users().current().await.unwrap().id.unwrap();
    let job = leads.mass_change_owner_of_view(&view, &me).await.unwrap();
    assert_eq!(job.wait().await.unwrap().done, Some(2));
    let locked = api.record("Leads", &second).locks().create("signed").await.unwrap().id;
    let job = leads.mass_convert([&first, &second]).await.unwrap();
    let status = job.wait().await.unwrap();
    // a locked lead is not converted
    assert_eq!((status.total, status.done, status.failed), (Some(2), Some(1), Some(1)));
    assert_eq!(world.sim.record_count("Contacts"), 1);
    api.record("Leads", &second).locks().delete(locked).await.unwrap();
    let twice = leads.mass_convert([first]).await.unwrap_err();
    assert_eq!(twice.code(), Some(&Code::INVALID_DATA));
}

#[tokio::test]
async fn merges_records_immediately_or_in_a_job() {
    let (world, api, [first, second], _) = world().await;
    let leads = api.records("Leads");
    leads.update(&second, &Record::new().with("Email", "b@example.com")).await.unwrap();
    let merged = leads.record(&first).merge([&second]).take("Email", &second).await.unwrap();
    assert!(merged.job.is_none());
    assert_eq!(world.sim.record("Leads", first.as_str()).unwrap()["Email"], "b@example.com");
    assert_eq!(leads.get(&second).await.unwrap_err().kind(), ErrorKind::NotFound);

    for upper in [false, true] {
        let options = ChangeOptions::default().job_records(0).upper_case_merges(upper);
        let clock = ManualClock::skipping_waits();
        let mode = ClockMode::following(clock.reader());
        let change = |builder: zcrm_sim::Builder| builder.clock(mode).changes(options);
        let world = Fixture::with(ApiVersion::V8, change).await;
        let leads = world.api.with_clock(Arc::new(clock)).records("Leads");
        let row = |name: &str| Record::new().with("Last_Name", name).with("Company", "Zylker");
        let first = leads.create(&row("Boyle")).await.unwrap().id;
        let second = leads.create(&row("Hooke")).await.unwrap().id;
        leads.record(&second).notes().create("called").await.unwrap();
        let job = leads.record(&first).merge([second]).await.unwrap().job.unwrap();
        assert_eq!(job.status().await.unwrap().state, RecordJobState::SCHEDULED);
        assert_eq!(job.kind(), &RecordJobKind::Merge(first));
        assert_eq!(job.wait().await.unwrap().state, RecordJobState::COMPLETED);
        assert_eq!(world.sim.record_count("Leads"), 1);
    }
}

#[test]
fn requests_jobs_and_merges() {
    let api = at(ApiVersion::V8);
    let leads = api.records("Leads");
    let change = Record::new().with("City", "Pune");
    let body = json!({ "data": [{ "City": "Pune" }], "cvid": "7",
        "territory": { "id": "8", "include_child": true } });
    let update = leads.mass_update_view("7", &change).territory("8", true);
    asks(update.preview(), "POST Leads/actions/mass_update", body);
    let delete = leads.mass_delete_view("7").preview();
    asks(delete, "POST Leads/actions/mass_delete", json!({ "cvid": "7" }));
    let body = json!({ "cvid": "7", "owner": { "id": "9" },
        "criteria": { "field": { "api_name": "City" }, "comparator": "equal", "value": "Pune" } });
    let owner = leads.mass_change_owner_of_view("7", "9").filter(field("City").eq("Pune"));
    asks(owner.preview(), "POST Leads/actions/mass_change_owner", body);
    let body = json!({ "ids": ["1", "2"], "assign_to": { "id": "9" }, "Deals": { "Deal_Name": "D" },
        "carry_over_tags": [{ "api_name": "Contacts", "id": "11" }],
        "move_attachments_to": { "api_name": "Contacts", "id": "11" } });
    let deal = Record::new().with("Deal_Name", "D");
    let convert = leads.mass_convert(["1", "2"]).assign_to("9").deal(&deal);
    let convert =
        convert.carry_over_tags_to("Contacts", "11").move_attachments_to("Contacts", "11");
    asks(convert.preview(), "POST Leads/actions/mass_convert", body);
    let status = leads.resume_job(RecordJobKind::Convert, "3").status();
    asks(status.preview(), "GET Leads/actions/mass_convert?job_id=3", Value::Null);
    let status = leads.resume_job(RecordJobKind::Merge("5".into()), "3").status();
    asks(status.preview(), "GET Leads/5/actions/merge?job_id=3", Value::Null);
    let body = json!({ "merge": [{
        "data": [{ "id": "6", "_fields": [{ "api_name": "Email" }] }, { "id": "7" }],
        "master_record_fields": [{ "api_name": "Phone" }],
    }] });
    let merge = api.record("Leads", "5").merge(["6", "7"]).take("Email", "6").take("Phone", "5");
    asks(merge.preview(), "POST Leads/5/actions/merge", body);

    let four = ["A", "B", "C", "D"].into_iter().fold(Record::new(), |row, name| row.with(name, 1));
    refused(leads.mass_update_view("7", &four).preview(), &["4 fields"]);
    refused(leads.mass_update_view("7", &Record::new()).preview(), &["0 fields"]);
    refused(leads.mass_convert(vec!["1"; 51]).preview(), &["50"]);
    refused(leads.mass_convert(Vec::<Id>::new()).preview(), &["at least one"]);
    refused(api.records("Deals").mass_convert(["1"]).preview(), &["`Deals`"]);
    refused(api.record("Leads", "5").merge(["6", "7", "8"]).preview(), &["3 records"]);
    refused(api.record("Leads", "5").merge(["5"]).preview(), &["into itself"]);
    refused(api.record("Leads", "5").merge(["6"]).take("Email", "9").preview(), &["`Email`", "9"]);
}

#[tokio::test]
async fn reads_the_states_of_jobs_and_gives_up_at_the_deadline() {
    let status = |json: Value| -> RecordJobStatus { serde_json::from_value(json).unwrap() };
    let update = json!({ "Status": "RUNNING", "Failed_Count": 1, "Updated_Count": 2,
        "Not_Updated_Count": 3, "Total_Count": 6 });
    let update = status(update);
    assert_eq!((update.done, update.not_done, update.failed), (Some(2), Some(3), Some(1)));
    assert_eq!(status(json!({ "Status": "COMPLETED", "Deleted_Count": 5 })).done, Some(5));
    assert_eq!(status(json!({ "job_id": "3", "status": "FAILURE" })).state, RecordJobState::FAILED);

    let clock = || Arc::new(ManualClock::skipping_waits());
    let row = json!({ "Status": "RUNNING", "Updated_Count": 2, "Total_Count": 6 });
    let api = answering(ApiVersion::V8, &json!({ "data": [row] })).with_clock(clock());
    let job = api.records("Leads").resume_job(RecordJobKind::Update, "3");
    let late = job.wait().deadline(Duration::from_secs(60)).await.unwrap_err();
    assert_eq!((late.kind(), late.outcome()), (ErrorKind::Timeout, Outcome::Local));
    assert!(late.to_string().contains("60 s (job 3, state `RUNNING`)"), "{late}");
    let row = json!({ "Status": "FAILED", "Updated_Count": 2, "Total_Count": 6 });
    let api = answering(ApiVersion::V8, &json!({ "data": [row] })).with_clock(clock());
    let failed = api.records("Leads").resume_job(RecordJobKind::Update, "3").wait().await;
    let failed = failed.unwrap_err().to_string();
    assert!(failed.contains("job 3, 2 of 6 records done"), "{failed}");
}

#[tokio::test]
async fn does_not_schedule_a_second_job_after_a_lost_answer() {
    let (api, sent) = canned(ApiVersion::V8, 500, &[], "");
    let leads = api.records("Leads");
    for error in [
        leads.mass_delete_view("7").await.unwrap_err(),
        leads.mass_convert(["1"]).await.unwrap_err(),
        leads.record("5").merge(["6"]).await.unwrap_err(),
    ] {
        assert!(!error.is_safe_to_repeat(), "{error}");
    }
    assert_eq!(sent.lock().unwrap().len(), 3);
    // a success without the id of the job
    let row = json!({ "code": "SUCCESS", "details": {}, "message": "done", "status": "success" });
    let api = answering(ApiVersion::V8, &json!({ "data": [row] }));
    let error = api.records("Leads").mass_delete_view("7").await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Executed);
}
