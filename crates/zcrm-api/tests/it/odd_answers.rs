//! Responses whose members have other shapes than in Zoho's documentation.

use serde_json::{Value, json};
use zcrm_api::{Cursor, operations::RECORDS_CREATE};
use zcrm_core::{ApiVersion, Error, ErrorKind, Outcome, Record};

use crate::canned::replying;

fn lead() -> Record {
    Record::new().with("Last_Name", "Kay")
}

/// Creates a record whose response has this row.
async fn created(status: u16, row: &str) -> Result<zcrm_core::Written, Error> {
    let body = format!(r#"{{"data":[{row}]}}"#);
    replying(ApiVersion::V8, status, &[], &body).records("Leads").create(&lead()).await
}

#[tokio::test]
async fn keeps_a_refusal_with_unexpected_members() {
    for row in [
        r#"{"code":"INVALID_DATA","status":"error","message":7}"#,
        r#"{"code":"INVALID_DATA","status":"error","message":{"a":1},"details":[{"api_name":"Email"}]}"#,
        r#"{"code":"OTHER","code":"INVALID_DATA","status":"error"}"#,
        r#"{"code":"INVALID_DATA","status":"Error","details":"text"}"#,
        r#"{"code":"INVALID_DATA","status":"ERROR","action":[],"details":[]}"#,
    ] {
        for status in [200, 202, 400] {
            let error = created(status, row).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Refused, "{row}: {error}");
            assert_eq!(error.code().unwrap(), "INVALID_DATA", "{row}: {error}");
            // a refusal can also be the whole response, or be under a member
            for body in [row.to_owned(), format!(r#"{{"data":{row}}}"#)] {
                let api = replying(ApiVersion::V8, status, &[], &body);
                for error in [
                    api.records("Leads").create(&lead()).await.unwrap_err(),
                    api.record("Leads", "1").photo().delete().await.unwrap_err(),
                    api.record("Leads", "1").get().send().await.unwrap_err(),
                ] {
                    assert_eq!(error.code().unwrap(), "INVALID_DATA", "{body}: {error}");
                    assert!(error.is_safe_to_repeat(), "{body}: {error}");
                }
            }
        }
    }
    let error = created(200, r#"{"code":"X","status":"error","details":[{"api_name":"Email"}]}"#);
    assert_eq!(error.await.unwrap_err().api().unwrap().field(), Some("Email"));
    let several = r#"{"code":"MULTIPLE_OR_MULTI_ERRORS","status":"error","details":[
        {"code":7,"details":{"api_name":"A"}},{"code":"INVALID_DATA","details":{"api_name":"B"}}]}"#;
    let text = created(400, several).await.unwrap_err().to_string();
    assert!(text.contains("7 (api_name A), ") || text.contains("{7 (api_name A)}"), "{text}");
    assert!(text.contains("INVALID_DATA (api_name B)"), "{text}");
}

#[tokio::test]
async fn keeps_the_id_of_a_success_with_unexpected_members() {
    for row in [
        r#"{"code":"SUCCESS","status":"success","message":5,"details":{"id":"1"}}"#,
        r#"{"code":"SUCCESS","status":"success","action":["x"],"details":{"id":1}}"#,
        r#"{"code":"SUCCESS","status":true,"details":{"id":1}}"#,
        r#"{"code":200,"status":"success","duplicate_field":{},"details":[{"id":1}]}"#,
        r#"{"code":"SUCCESS","status":"success","status":"success","details":{"id":"1"}}"#,
    ] {
        assert_eq!(created(201, row).await.unwrap().id.as_str(), "1", "{row}");
        // the result of one item may come without a list
        for body in [row.to_owned(), format!(r#"{{"data":{row}}}"#)] {
            let api = replying(ApiVersion::V8, 200, &[], &body);
            let made = api.records("Leads").create(&lead()).await.unwrap();
            assert_eq!(made.id.as_str(), "1", "{body}");
            api.record("Leads", "1").photo().delete().await.unwrap();
            // with several items it is unknown which one it belongs to
            let several = api.records("Leads").create_many([lead(), lead()]).send().await;
            let executed = several
                .unwrap()
                .iter()
                .all(|row| row.as_ref().is_err_and(|error| error.outcome() == Outcome::Executed));
            assert!(executed, "{body}");
        }
    }
    for details in ["[]", "null", "\"x\"", "7"] {
        let row = format!(r#"{{"code":"SUCCESS","status":"success","details":{details}}}"#);
        let error = created(200, &row).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Decode, Outcome::Executed),
            "{row}"
        );
        assert!(
            error.to_string().contains("without the id") && error.operation().is_some(),
            "{error}"
        );
        // the raw call keeps Zoho's result
        let api = replying(ApiVersion::V8, 200, &[], &format!(r#"{{"data":[{row}]}}"#));
        let call = api.call(&RECORDS_CREATE).path("module", "Leads").items(&[lead()]);
        let raw = call.outcomes(1).await.unwrap().one().unwrap();
        assert!(raw.id.is_none() && raw.code() == "SUCCESS", "{row}");
    }
    // the id of another record is an error
    let body = r#"{"data":{"code":"SUCCESS","status":"success","details":{"id":"9"}}}"#;
    let api = replying(ApiVersion::V8, 200, &[], body);
    let error = api.record("Leads", "1").update(&lead()).send().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
}

#[tokio::test]
async fn reports_a_contradictory_result_as_unknown() {
    for (status, row) in [
        (200, r#"{"code":"SUCCESS","status":"error","details":{"id":"1"}}"#),
        (200, r#"{"code":"INVALID_DATA","status":"success","details":{"id":"1"}}"#),
        (207, r#"{"code":"DUPLICATE_DATA","status":"success","details":{"id":"1"}}"#),
        (400, r#"{"code":"SUCCESS","details":{"id":1}}"#),
        (400, r#"{"code":"SUCCESS","status":"success","details":{"id":1}}"#),
        (500, r#"{"code":"SUCCESS","status":"error","details":{"id":1}}"#),
    ] {
        let error = created(status, row).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{row}: {error}");
        let text = error.to_string();
        assert!(!error.is_safe_to_repeat() && !text.contains("refused"), "{text}");
        let body = format!(r#"{{"data":{row}}}"#);
        let api = replying(ApiVersion::V8, status, &[], &body);
        let error = api.record("Leads", "1").photo().delete().await.unwrap_err();
        assert!(!error.is_safe_to_repeat(), "{body}: {error}");
    }
}

#[tokio::test]
async fn names_the_members_of_an_unusable_response() {
    for (body, words) in
        [(r#"{"data":null,"x":[]}"#, "`data` (null), `x` (a list)"), ("{}", "an empty object")]
    {
        let api = replying(ApiVersion::V8, 200, &[], body);
        let text = api.record("Leads", "1").update(&lead()).send().await.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn reads_counts_as_numbers_and_text() {
    let count = |body: &'static str| async move {
        replying(ApiVersion::V8, 200, &[], body).module("Leads").tags().count_records("1").await
    };
    assert_eq!(count(r#"{"count":"5"}"#).await.unwrap(), 5);
    assert_eq!(count(r#"{"count":5}"#).await.unwrap(), 5);
    for odd in [r#"{"count":null}"#, r#"{"count":-1}"#, r#"{"count":"x"}"#] {
        let text = count(odd).await.unwrap_err().to_string();
        assert!(!text.contains("closure") && !text.contains("an id"), "{text}");
    }
}

#[tokio::test]
async fn ends_a_list_resumed_from_an_invalid_cursor() {
    let info = json!({"more_records": true});
    let body = json!({"data": [{"id": "1"}, null], "info": info}).to_string();
    let cursor = |next: &Value, index: u64, skip: u64, per_page: &str| -> Cursor {
        serde_json::from_value(json!({
            "path": [["module", "Leads"]], "operation": "records.list", "next": next, "index": index, "skip": skip,
            "params": [["fields", "id"], ["per_page", per_page]],
        }))
        .unwrap()
    };
    for next in [json!({"page": 0}), json!({"page": u64::MAX}), json!({"token": ""})] {
        for (index, skip) in [(0, 0), (u64::MAX, u64::MAX), (u64::MAX - 1, 1), (5, 9)] {
            for per_page in ["0", "18446744073709551615", "x", "200"] {
                let api = replying(ApiVersion::V8, 200, &[], &body);
                let cursor = cursor(&next, index, skip, per_page);
                let all = api.records("Leads").resume(cursor).unwrap().collect_all().await;
                let kind = all.interrupted.unwrap().kind();
                assert!(matches!(kind, ErrorKind::Decode | ErrorKind::Wall), "{next} {per_page}");
            }
        }
    }
}
