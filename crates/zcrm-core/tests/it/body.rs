//! What is sent: what it costs and whether it may be sent twice.

use serde_json::{Value, json};
use zcrm_core::{ApiVersion, BodyShape, CallMeta, Operation, RetryClass};

const UPDATE: Operation = Operation::put("/Leads")
    .body(BodyShape::List("data"))
    .retry_by_body()
    .heavy_above(2)
    .items_per_credit(2);
const UPSERT: Operation =
    Operation::post("/Leads/upsert").body(BodyShape::List("data")).retry_by_body();

fn meta(operation: &Operation, body: &Value) -> CallMeta {
    let request = operation.request(ApiVersion::V8).json(body).build().unwrap();
    request.extensions().get::<CallMeta>().unwrap().clone()
}

#[test]
fn an_update_may_be_repeated_unless_it_appends() {
    let class = |row: Value| meta(&UPDATE, &json!({"data": [{"id": "1"}, row]})).retry_class();
    assert_eq!(class(json!({"id": "2", "Phone": "1", "Email": null})), RetryClass::Idempotent);
    assert_eq!(class(json!({"id": "2", "Owner": {"id": "9"}})), RetryClass::Idempotent);
    assert_eq!(class(json!({"id": "2", "Items": [{"Q": 1}]})), RetryClass::NotIdempotent);
    assert_eq!(class(json!({"id": "2", "$append_values": {}})), RetryClass::NotIdempotent);
}

#[test]
fn an_upsert_may_be_repeated_only_if_every_row_can_be_found() {
    let class = |body: Value| meta(&UPSERT, &body).retry_class();
    let checked = |row: Value| {
        class(json!({"data": [{"Email": "a@example.com"}, row],
            "duplicate_check_fields": ["Email"]}))
    };
    assert_eq!(checked(json!({"Email": "b@example.com"})), RetryClass::Idempotent);
    for row in [json!({"Phone": "1"}), json!({"Email": null}), json!({"Email": ""})] {
        assert_eq!(checked(row.clone()), RetryClass::NotIdempotent, "{row}");
    }
    assert_eq!(class(json!({"data": [{"Email": "a"}]})), RetryClass::NotIdempotent);
}

#[test]
fn the_number_of_rows_says_what_a_call_costs() {
    let call = |rows: usize| meta(&UPDATE, &json!({"data": vec![json!({"id": "1"}); rows]}));
    assert_eq!((call(1).credits(), call(2).credits(), call(3).credits()), (1, 1, 2));
    assert_eq!((call(2).is_heavy(), call(3).is_heavy()), (false, true));
}
