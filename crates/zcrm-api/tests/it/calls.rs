//! Calls of endpoints that have no method of their own.

use zcrm_core::{ApiVersion, Endpoint, ErrorKind, Record, ResponseShape};

use crate::world::World;

const MODULES: Endpoint =
    Endpoint::get("/settings/modules").id("modules.list").returns(ResponseShape::List("modules"));
const MODULE: Endpoint = Endpoint::get("/settings/modules/{module}")
    .id("modules.get")
    .returns(ResponseShape::Object("modules"));
const MISSING: Endpoint = Endpoint::get("/settings/no_such_thing");

#[tokio::test]
async fn an_endpoint_of_ones_own_is_a_few_lines() {
    let World { sim: _sim, api } = World::new(ApiVersion::V8).await;
    let modules = api.call(&MODULES).page::<Record>().await.unwrap();
    let named = |record: &Record| record.get::<String>("api_name").unwrap().unwrap();
    let names: Vec<String> = modules.items.iter().map(|it| named(it.as_ref().unwrap())).collect();
    assert!(names.contains(&"Leads".to_owned()), "{names:?}");
    let leads = api.call(&MODULE).path("module", "Leads").object::<Record>().await.unwrap();
    assert_eq!(named(&leads), "Leads");
}

#[tokio::test]
async fn an_error_of_an_unnamed_endpoint_still_says_what_was_called() {
    let World { sim: _sim, api } = World::new(ApiVersion::V8).await;
    let error = api.call(&MISSING).object::<Record>().await.unwrap_err();
    assert!(error.to_string().contains("GET /settings/no_such_thing"), "{error}");
}

#[tokio::test]
async fn mistakes_in_a_call_are_told_before_it_is_made() {
    let World { sim, api } = World::new(ApiVersion::V8).await;
    let wrong = [
        api.call(&MODULE).object::<Record>().await.unwrap_err(),
        api.call(&MODULES).query("status", "visible").page::<Record>().await.unwrap_err(),
        api.call(&MODULES).json(&1).page::<Record>().await.unwrap_err(),
        api.call(&MODULES).object::<Record>().await.unwrap_err(),
        api.call(&MODULES).outcomes(1).await.unwrap_err(),
    ];
    for error in wrong {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    assert_eq!(sim.journal().requests(), 0);
}
