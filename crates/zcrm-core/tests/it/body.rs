//! The cost of a call and whether it may be repeated, by its body.

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
fn repeats_an_update_unless_it_may_append() {
    let class = |row: Value| meta(&UPDATE, &json!({"data": [{"id": "1"}, row]})).retry_class();
    assert_eq!(class(json!({"id": "2", "Phone": "1", "Email": null})), RetryClass::Idempotent);
    assert_eq!(class(json!({"id": "2", "Owner": {"id": "9"}})), RetryClass::Idempotent);
    assert_eq!(class(json!({"id": "2", "Items": [{"Q": 1}]})), RetryClass::NotIdempotent);
    assert_eq!(class(json!({"id": "2", "$append_values": {}})), RetryClass::NotIdempotent);
}

#[test]
fn repeats_an_upsert_only_with_the_checked_fields() {
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
fn counts_credits_by_the_number_of_rows() {
    let call = |rows: usize| meta(&UPDATE, &json!({"data": vec![json!({"id": "1"}); rows]}));
    assert_eq!((call(1).credits(), call(2).credits(), call(3).credits()), (1, 1, 2));
    assert_eq!((call(2).is_heavy(), call(3).is_heavy()), (false, true));
}
