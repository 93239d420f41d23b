//! Outcomes and values of the parts, by the answer of the call.

use serde_json::{Value, json};
use zcrm_core::{ApiVersion, Code, Error, ErrorKind, Outcome, Page, Record};

use super::{created, envelope, lead, not_run, ran, refusal, three};
use crate::canned::{canned, refused, replying};

/// The end of a part: done, or the kind and outcome of its error.
type Became = Result<(), (ErrorKind, Outcome)>;

fn became<T>(answer: Result<T, Error>) -> Became {
    answer.map(drop).map_err(|error| (error.kind(), error.outcome()))
}

/// Returns the ends of two creations and a read that are answered in this way.
async fn parts(status: u16, rollback: bool, answers: [Value; 3]) -> [Became; 3] {
    let api = replying(ApiVersion::V8, status, &[], &envelope(&answers));
    let (account, contact, lead, answers) = three(&api, rollback).await;
    let mut answers = answers.unwrap();
    [became(answers.take(account)), became(answers.take(contact)), became(answers.take(lead))]
}

fn found() -> Value {
    ran(200, json!({ "data": [{ "id": "5", "Email": "p@example.com" }] }))
}

const REFUSED: Became = Err((ErrorKind::Api, Outcome::Refused));
const UNKNOWN: Became = Err((ErrorKind::Decode, Outcome::Unknown));

#[tokio::test]
async fn reports_each_part_by_its_own_answer() {
    let done = || ran(201, created("10"));
    let failed = || ran(400, refusal("INVALID_DATA"));
    let rows: [(u16, bool, [Value; 3], [Became; 3]); 8] = [
        // all parts were begun, and it does not matter how they ended
        (200, false, [done(), done(), found()], [Ok(()); 3]),
        (200, false, [done(), failed(), found()], [Ok(()), REFUSED, Ok(())]),
        (
            200,
            false,
            [failed(), failed(), ran(204, Value::Null)],
            [REFUSED, REFUSED, Err((ErrorKind::NotFound, Outcome::Local))],
        ),
        // some were begun
        (207, false, [done(), not_run("INVALID_REFERENCE"), found()], [Ok(()), REFUSED, Ok(())]),
        // none was begun
        (
            400,
            false,
            [not_run("NOT_SUPPORTED"), not_run("INVALID_DATA"), not_run("NOT_ALLOWED")],
            [REFUSED; 3],
        ),
        // undone by the second part, and the third was not begun
        (
            400,
            true,
            [not_run("ROLLBACK_PERFORMED"), failed(), not_run("PROCESSING_STOPPED")],
            [REFUSED; 3],
        ),
        (200, true, [done(), done(), found()], [Ok(()); 3]),
        // the limit of records in a part
        (
            200,
            false,
            [
                done(),
                done(),
                ran(
                    400,
                    json!({
                        "code": "LIMIT_EXCEEDED", "status": "error", "message": "no",
                        "details": { "by": "limit", "limit": 25 },
                    }),
                ),
            ],
            [Ok(()), Ok(()), REFUSED],
        ),
    ];
    for (status, rollback, answers, expected) in rows {
        let shown = json!(answers).to_string();
        assert_eq!(parts(status, rollback, answers).await, expected, "{status} {shown}");
    }
}

#[tokio::test]
async fn reports_the_outcome_of_odd_answers_of_a_part() {
    let executed = Err((ErrorKind::Decode, Outcome::Executed));
    let local = Err((ErrorKind::Decode, Outcome::Local));
    let unknown_api = Err((ErrorKind::Api, Outcome::Unknown));
    let rows: [(Value, Became, Became); 10] = [
        // executed, but unreadable
        (ran(201, json!({ "odd": 1 })), executed, local),
        (ran(201, Value::Null), executed, local),
        (ran(500, refusal("INTERNAL_ERROR")), unknown_api, unknown_api),
        (ran(503, json!({})), UNKNOWN, UNKNOWN),
        // stopped at Zoho's time limit
        (not_run("REQUEST_TIMEOUT"), unknown_api, unknown_api),
        (not_run("INTERNAL_ERROR"), unknown_api, unknown_api),
        // neither a response nor an error
        (json!({}), UNKNOWN, UNKNOWN),
        (json!(null), UNKNOWN, UNKNOWN),
        (json!({ "code": "SUCCESS", "status": "success", "details": {} }), UNKNOWN, UNKNOWN),
        (ran(7, json!({})), UNKNOWN, UNKNOWN),
    ];
    for (answer, of_write, of_read) in rows {
        let shown = answer.to_string();
        let answers = [answer.clone(), ran(201, created("1")), answer];
        let [write, other, read] = parts(207, false, answers).await;
        // a read that is answered with 201 is as odd
        assert_eq!((write, other), (of_write, Ok(())), "{shown}");
        assert_eq!(read, of_read, "{shown}");
    }
}

#[tokio::test]
async fn gives_the_reason_of_a_part_that_was_not_executed() {
    let answers = [
        not_run("ROLLBACK_PERFORMED"),
        ran(400, refusal("DUPLICATE_DATA")),
        not_run("PROCESSING_STOPPED"),
    ];
    let api = replying(ApiVersion::V8, 400, &[], &envelope(&answers));
    let (account, contact, lead, answers) = three(&api, true).await;
    let mut answers = answers.unwrap();
    assert!(answers.is_rolled_back());
    let failures: Vec<_> =
        answers.failures().map(|(index, error)| (index, error.code().unwrap().clone())).collect();
    assert_eq!(failures.len(), 3);
    assert_eq!(failures[1], (1, Code::DUPLICATE_DATA));
    assert!(answers.reply(account).unwrap().is_none());
    assert_eq!(answers.reply(contact).unwrap().unwrap().status(), 400);

    let error = answers.take(account).unwrap_err();
    assert_eq!(error.code(), Some(&Code::ROLLBACK_PERFORMED));
    assert_eq!(error.operation(), Some("records.create"));
    assert!(error.is_safe_to_repeat());
    let error = answers.take(lead).unwrap_err();
    assert_eq!(error.code(), Some(&Code::PROCESSING_STOPPED));
    assert_eq!(error.operation(), Some("records.get"));
    assert_eq!(answers.failures().count(), 1);
}

#[tokio::test]
async fn gives_each_answer_once_with_the_type_of_its_request() {
    let answers = [ran(201, created("10")), ran(201, created("11")), found()];
    let api = replying(ApiVersion::V8, 200, &[], &envelope(&answers));
    let (account, contact, lead, answers) = three(&api, false).await;
    let mut answers = answers.unwrap();
    assert!(!answers.is_rolled_back());
    let raw = answers.reply(lead).unwrap().unwrap();
    assert_eq!((raw.status().as_u16(), raw.headers()["x-count"].to_str().unwrap()), (200, "3"));
    // in any order
    let lead: Record = answers.take(lead).unwrap();
    assert_eq!(lead.get::<String>("Email").unwrap().as_deref(), Some("p@example.com"));
    assert_eq!(answers.take(account).unwrap().id.as_str(), "10");
    assert_eq!(answers.take(contact).unwrap().id.as_str(), "11");
    let error = answers.take(contact).unwrap_err();
    assert!(!error.is_safe_to_repeat(), "the part was executed");
    refused(Err::<(), _>(error), &["part 2", "taken already"]);
    assert!(format!("{answers:?}").contains("parts: 3"));
    // the raw answer stays
    assert_eq!(answers.reply(contact).unwrap().unwrap().status(), 201);

    let (foreign, ..) = three(&api, false).await;
    let error = answers.take(foreign).unwrap_err();
    assert!(!error.is_safe_to_repeat(), "the other request may have been executed");
    refused(Err::<(), _>(error), &["another composite request"]);
    refused(answers.reply(foreign), &["another composite request"]);
}

#[tokio::test]
async fn reads_every_kind_of_part() {
    let row = json!({ "id": "5", "Visits": [] });
    let tagged = json!({ "data": [{
        "code": "SUCCESS", "status": "success", "message": "", "details": { "id": "5" },
    }] });
    let answers = [
        ran(200, json!({ "data": [row], "info": { "more_records": true } })),
        ran(200, tagged),
        ran(200, created("5")),
        ran(200, json!({ "count": 694 })),
        ran(304, Value::Null),
    ];
    let api = replying(ApiVersion::V8, 200, &[], &envelope(&answers));
    let mut batch = api.composite();
    let page = batch.add(api.records("Leads").list().fields(["Visits"]));
    let tags = batch.add(api.record("Leads", "5").tags().add(["Hot"]));
    let rows = api.record("Leads", "5").rows("Visits").create(&json!({ "City": "Pune" }));
    let rows = batch.add(rows);
    let count = batch.add(api.records("Leads").count());
    let since = "2026-05-24T17:05:12+05:30".parse::<zcrm_core::Timestamp>().unwrap();
    let unchanged = batch.add(api.records("Leads").list().fields(["City"]).modified_since(since));
    let mut answers = batch.await.unwrap();
    let page: Page<Record> = answers.take(page).unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(answers.take(tags).unwrap().all().unwrap()[0].id, Some("5".into()));
    assert_eq!(answers.take(rows).unwrap().unwrap().id.as_str(), "5");
    assert_eq!(answers.take(count).unwrap(), 694);
    assert!(answers.take(unchanged).unwrap().items.is_empty());
}

#[tokio::test]
async fn checks_the_id_in_the_answer_of_a_part() {
    let api = replying(ApiVersion::V8, 200, &[], &envelope(&[ran(200, created("9"))]));
    let mut batch = api.composite();
    let update = batch.add(api.records("Leads").update("5", &lead()));
    let error = batch.await.unwrap().take(update).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
}

#[tokio::test]
async fn reports_one_outcome_for_a_call_without_answers_of_its_parts() {
    use {ErrorKind as Kind, Outcome::*};
    let zoho = |code: &str| {
        json!({ "code": code, "status": "error", "message": "no", "details": {} }).to_string()
    };
    let few = envelope(&[ran(201, created("10"))]);
    let rows = [
        (400, zoho("LOOPING_FOUND"), (Kind::Api, Refused), (Kind::Api, Refused)),
        (400, zoho("INVALID_REFERENCE"), (Kind::Api, Refused), (Kind::Api, Refused)),
        (401, zoho("OAUTH_SCOPE_MISMATCH"), (Kind::Api, Refused), (Kind::Api, Refused)),
        (429, zoho("TOO_MANY_REQUESTS"), (Kind::Throttled, Refused), (Kind::Throttled, Refused)),
        // Zoho stopped after five minutes, and parts may have run
        (400, zoho("REQUEST_TIMEOUT"), (Kind::Api, Unknown), (Kind::Api, Unknown)),
        (500, zoho("INTERNAL_ERROR"), (Kind::Api, Unknown), (Kind::Api, Unknown)),
        (200, "{}".to_owned(), (Kind::Decode, Unknown), (Kind::Decode, Local)),
        (200, "<html>".to_owned(), (Kind::Decode, Unknown), (Kind::Decode, Local)),
        (400, "<html>".to_owned(), (Kind::Decode, Unknown), (Kind::Decode, Refused)),
        (502, String::new(), (Kind::Decode, Unknown), (Kind::Decode, Unknown)),
        (204, String::new(), (Kind::Decode, Unknown), (Kind::NotFound, Local)),
        (
            200,
            r#"{"__composite_requests":[{"code":"SUC"#.to_owned(),
            (Kind::Decode, Unknown),
            (Kind::Decode, Local),
        ),
        (200, few.clone(), (Kind::Decode, Unknown), (Kind::Decode, Local)),
        (207, few.clone(), (Kind::Decode, Unknown), (Kind::Decode, Local)),
        (400, few.clone(), (Kind::Decode, Unknown), (Kind::Decode, Refused)),
        (500, few, (Kind::Decode, Unknown), (Kind::Decode, Unknown)),
    ];
    for (status, body, writes, reads) in rows {
        let (api, sent) = canned(ApiVersion::V8, status, &[], body.clone());
        let error = three(&api, false).await.3.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), writes, "{status} {body}: {error}");
        assert_eq!(error.operation(), Some("composite.execute"));
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(error.is_safe_to_repeat(), error.outcome() == Refused, "{status} {body}");

        let mut batch = api.composite();
        batch.add(api.records("Leads").get("5"));
        batch.add(api.records("Leads").get("6"));
        let error = batch.await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), reads, "{status} {body}: {error}");
        assert!(error.is_safe_to_repeat());
        assert_eq!(sent.lock().unwrap().len(), 2);
    }
}
