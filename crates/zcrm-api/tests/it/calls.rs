//! Raw calls of operations.

use std::future::ready;

use serde_json::json;
use zcrm_api::{Api, operations::RECORDS_LIST};
use zcrm_core::{ApiVersion, ErrorKind, Operation, Record, ResponseShape};
use zcrm_http::CallSettings;
use zcrm_test_kit::ScriptedAuthorizer;

use crate::{canned::answering, fixture::Fixture};

const MODULES: Operation =
    Operation::get("/settings/modules").id("modules.list").returns(ResponseShape::List("modules"));
const MODULE: Operation = Operation::get("/settings/modules/{module}")
    .id("modules.get")
    .returns(ResponseShape::Object("modules"));
const MISSING: Operation = Operation::get("/settings/no_such_thing");

#[tokio::test]
async fn calls_a_custom_operation() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let modules = api.call(&MODULES).list::<Record>().await.unwrap();
    let named = |record: &Record| record.get::<String>("api_name").unwrap().unwrap();
    let names: Vec<String> = modules.items.iter().map(|it| named(it.as_ref().unwrap())).collect();
    assert!(names.contains(&"Leads".to_owned()), "{names:?}");
    let leads = api.call(&MODULE).path("module", "Leads").object::<Record>().await.unwrap();
    assert_eq!(named(&leads), "Leads");
}

#[tokio::test]
async fn names_method_and_path_in_errors_of_unnamed_operations() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let error = api.call(&MISSING).object::<Record>().await.unwrap_err();
    assert!(error.to_string().contains("GET /settings/no_such_thing"), "{error}");
}

#[tokio::test]
async fn refuses_a_wrong_call_before_sending() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let wrong = [
        api.call(&MODULE).object::<Record>().await.unwrap_err(),
        api.call(&MODULES).param("status", "visible").list::<Record>().await.unwrap_err(),
        api.call(&MODULES).body(&1).list::<Record>().await.unwrap_err(),
        api.call(&MODULES).object::<Record>().await.unwrap_err(),
        api.call(&MODULES).outcomes(1).await.unwrap_err(),
    ];
    for error in wrong {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    assert_eq!(sim.journal().requests(), 0);
}

#[tokio::test]
async fn read_only_api_refuses_writes_before_sending() {
    let Fixture { sim, api } = Fixture::with(ApiVersion::V8, |sim| sim.records("Leads", 1)).await;
    let reading = api.read_only();
    let leads = reading.records("Leads");
    let new = Record::new().with("Last_Name", "Kay");
    let row = new.clone().with("id", "1");
    for error in [
        leads.create(&new).await.unwrap_err(),
        leads.update_many([row.clone()]).send().await.unwrap_err(),
        leads.upsert_many([row]).send().await.unwrap_err(),
        leads.delete("1").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains("read-only"), "{error}");
    }
    assert_eq!(sim.journal().requests(), 0);
    let page = leads.list().fields(["Last_Name"]).send().await.unwrap();
    assert_eq!(page.items.len(), 1);
}

#[tokio::test]
async fn settings_apply_only_to_their_own_handle() {
    let Fixture { sim, api } = Fixture::with(ApiVersion::V8, |sim| sim.records("Leads", 1)).await;
    let once = api.with(CallSettings::new().attempts(1));
    sim.faults().method("GET").times(2).zoho_error(503, "SERVICE_UNAVAILABLE");
    let list = |api: &Api| api.records("Leads").list().fields(["id"]).send();
    assert!(list(&once).await.is_err());
    assert_eq!(sim.journal().requests(), 1);
    assert!(list(&api).await.is_ok());
    assert_eq!(sim.journal().requests(), 3);
}

#[tokio::test]
async fn reads_field_names_for_each_user() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let all = |api: &Api| api.records("Leads").list().all_fields();
    let early = all(&api).preview().unwrap_err().to_string();
    assert!(early.contains("fields"), "{early}");
    all(&api).await.unwrap();
    assert!(all(&api).preview().unwrap().uri().query().unwrap().contains("Last_Name"));
    let stranger = api.authorized_by(ScriptedAuthorizer::by(|_| ready(Err("no login".into()))));
    assert!(all(&stranger).await.is_err(), "the fields of another user are cached");
}

#[tokio::test]
async fn reports_a_module_without_fields_and_does_not_cache_it() {
    let Fixture { sim, api } = Fixture::with(ApiVersion::V8, |sim| sim.records("Leads", 1)).await;
    let body = serde_json::json!({"fields": []});
    sim.faults().on_path_prefix("/crm/v8/settings/fields").json(200, &body);
    let all = || api.records("Leads").list().all_fields().send();
    let error = all().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("`Leads`"), "{error}");
    assert_eq!(all().await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn preview_shows_the_request_without_a_token() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let leads = api.records("Leads");
    let get = leads.get("1").fields(["Email", "Phone"]).preview().unwrap();
    assert_eq!(get.uri(), "/crm/v8/Leads/1?fields=Email%2CPhone");
    let list = leads.list().fields(["id"]).per_page(5).preview().unwrap();
    assert_eq!(list.uri(), "/crm/v8/Leads?per_page=5&fields=id");
    let rows = (0..101).map(|n| Record::new().with("Last_Name", n.to_string()));
    let writes = leads.create_many(rows).preview().unwrap();
    assert_eq!(writes.len(), 2);
    assert_eq!(&writes[1].body()[..], br#"{"data":[{"Last_Name":"100"}]}"#);
    let deletions = leads.delete_many(["1", "2"]).run_workflows(false).preview().unwrap();
    assert_eq!(deletions[0].uri(), "/crm/v8/Leads?wf_trigger=false&ids=1%2C2");
    let call = api.call(&MODULE).path("module", "Leads").preview().unwrap();
    assert_eq!(call.uri(), "/crm/v8/settings/modules/Leads");
    assert!(call.headers().get("authorization").is_none());
    assert!(leads.get("..").preview().is_err());
    assert_eq!(sim.journal().requests(), 0);
}

#[tokio::test]
async fn reports_a_page_that_leads_to_itself() {
    let page = json!({
        "data": [{ "id": "1" }], "info": { "more_records": true, "next_page_token": "again" },
    });
    let api = answering(ApiVersion::V8, &page);
    let call = api.call(&RECORDS_LIST).path("module", "Leads").param("fields", "Last_Name");
    let mut pages = call.list::<Record>().pages();
    assert!(pages.next().await.unwrap().is_ok());
    assert!(pages.next().await.unwrap().is_ok());
    let error = pages.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("same page token"), "{error}");
    assert!(pages.next().await.is_none());
}
