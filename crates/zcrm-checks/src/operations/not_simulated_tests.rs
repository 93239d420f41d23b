//! Tests of the simulator with every operation of the table.

use serde_json::Value;
use zcrm_api::operations::{ALL, BodyShape, find};
use zcrm_core::ApiVersion;

use super::smoke::{connect, with_path};

#[tokio::test]
async fn answers_501_to_each_operation_that_is_not_simulated() {
    let (sim, api, recorder) = connect(ApiVersion::V8).await.unwrap();
    let of_v8 = |operation: &&&zcrm_core::Operation| {
        operation.last_version().is_none_or(|last| last >= ApiVersion::V8)
    };
    for operation in ALL.iter().filter(of_v8) {
        let call = with_path(&api, operation);
        let call = match operation.body_shape() {
            BodyShape::None => call,
            BodyShape::Multipart(_) => call.file("a.txt", "text/plain", "a"),
            _ => call.body_unchecked("{}"),
        };
        // the recorder keeps the answer
        let _ = call.send().await;
    }
    let seen = recorder.seen();
    assert!(seen.len() > 450, "{}", seen.len());
    let mut lacking = 0;
    let mut wrong = Vec::new();
    for exchange in &seen {
        let operation = find(exchange.operation).unwrap();
        let answer: Value = serde_json::from_slice(&exchange.answer).unwrap_or_default();
        let code = answer["code"].as_str().unwrap_or_default();
        // a word of the API must not be read as the name of a module
        let of_module = operation.template().starts_with("/{module}")
            || operation.template().chars().nth(1).is_some_and(char::is_uppercase)
            || operation.query_names().contains(&"module");
        let fits = match code {
            "INVALID_REQUEST_METHOD" | "INVALID_URL_PATTERN" => false,
            "INVALID_MODULE" => of_module,
            "NOT_SIMULATED" => exchange.status == 501,
            _ => exchange.status != 501,
        };
        if !fits {
            let (method, path) = (&exchange.method, &exchange.path);
            wrong.push(format!("{method} {path}: {} {code}", exchange.status));
        }
        lacking += usize::from(exchange.status == 501);
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(lacking > 300, "{lacking}");
    sim.stop().await;
}
