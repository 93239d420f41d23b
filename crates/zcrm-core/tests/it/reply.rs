//! The reading of answers, which are judged by their body.

use http::StatusCode;
use serde::Deserialize;
use zcrm_core::{
    Action, ApiVersion, CallMeta, Code, Error, ErrorKind, Id, ItemError, Operation, Outcome,
    Record, Reply, WriteResults, Written,
};

const LIST: Operation = Operation::get("/{module}").id("records.list");
const INSERT: Operation = Operation::post("/{module}").id("records.create");

#[derive(Debug, Deserialize)]
struct Lead {
    id: Id,
    #[serde(rename = "Last_Name")]
    last_name: String,
}

fn answer(operation: &Operation, status: u16, body: &str) -> Reply {
    let mut builder = operation.request(ApiVersion::V8).path("module", "Leads");
    if operation.method() == http::Method::POST {
        builder = builder.json(&());
    }
    let call = builder.build().unwrap().extensions().get::<CallMeta>().unwrap().clone();
    Reply::new(StatusCode::from_u16(status).unwrap(), body.to_owned(), call)
}

fn read(status: u16, body: &str) -> Reply {
    answer(&LIST, status, body)
}

#[test]
fn reads_the_items_and_the_info_of_a_typed_page() {
    let body = r#"{"data":[{"id":"1","Last_Name":"Boyle"},{"id":"2","Last_Name":"Kay"}],
        "info":{"more_records":true,"page":1,"next_page_token":"t","new_member":[1]}}"#;
    let page = read(200, body).page::<Lead>("data").unwrap();
    let leads: Vec<Lead> = page.items.into_iter().map(Result::unwrap).collect();
    assert_eq!(leads[1].id.as_str(), "2");
    assert_eq!(leads[1].last_name, "Kay");
    assert!(page.info.more_records);
    assert_eq!(page.info.next_page_token.as_deref(), Some("t"));
}

#[test]
fn reads_the_other_records_of_a_page_with_a_bad_one() {
    let body = r#"{"data":[{"id":"1","Last_Name":"Boyle"},{"id":"2","Last_Name":77},
        {"id":"3","Last_Name":"Kay"}]}"#;
    let page = read(200, body).page::<Lead>("data").unwrap();
    assert!(page.items[0].is_ok() && page.items[2].is_ok());
    let error = page.items[1].as_ref().unwrap_err();
    assert_eq!((error.index(), error.path()), (1, "Last_Name"));
    assert_eq!(error.id().unwrap().as_str(), "2");
    assert_eq!(error.raw(), r#"{"id":"2","Last_Name":77}"#);
    assert!(!error.to_string().contains("77"), "{error}");
}

#[test]
fn never_reads_an_error_object_as_an_empty_record() {
    #[derive(Deserialize)]
    struct Loose {
        #[serde(rename = "Last_Name")]
        last_name: Option<String>,
    }
    let body = r#"{"data":[{"Last_Name":"Kay"},
        {"status":"error","code":"NO_PERMISSION","message":"no","details":{}}]}"#;
    let page = read(200, body).page::<Loose>("data").unwrap();
    assert_eq!(page.items[0].as_ref().unwrap().last_name.as_deref(), Some("Kay"));
    let error = page.items[1].as_ref().map(|_| ()).unwrap_err();
    assert_eq!(*error.api().unwrap().code(), Code::NO_PERMISSION);
    let page = read(200, body).page::<Record>("data").unwrap();
    assert!(page.items[1].is_err());
}

#[test]
fn reads_a_record_with_fields_named_status_and_code() {
    let body = r#"{"data":[{"id":"1","status":"error","code":"C-17","Last_Name":"Kay"}]}"#;
    let page = read(200, body).page::<Record>("data").unwrap();
    assert_eq!(page.items[0].as_ref().unwrap().raw("code"), Some("\"C-17\""));
}

#[test]
fn shares_the_pages_memory_until_detached() {
    let reply = read(200, r#"{"data":[{"id":"1","Amount":1.50}]}"#);
    let mut page = reply.page::<Record>("data").unwrap();
    let record = page.items[0].as_mut().unwrap();
    let body = reply.body().as_ptr_range();
    assert!(body.contains(&record.raw("Amount").unwrap().as_ptr()));
    record.detach();
    assert!(!body.contains(&record.raw("Amount").unwrap().as_ptr()));
    assert_eq!(record.to_json(), r#"{"id":"1","Amount":1.50}"#);
}

#[test]
fn reads_no_content_as_an_empty_page_or_as_not_found() {
    let page = read(204, "").page::<Lead>("data").unwrap();
    assert!(page.items.is_empty() && !page.info.more_records);
    let error = read(204, "").object::<Lead>("data").unwrap_err();
    assert!(error.is_not_found());
    let error = read(200, r#"{"data":[]}"#).object::<Lead>("data").unwrap_err();
    assert!(error.is_not_found());
}

#[test]
fn recognises_an_error_under_any_status() {
    let body =
        r#"{"code":"INVALID_MODULE","details":{},"message":"no such module","status":"error"}"#;
    for status in [200, 202, 400, 404] {
        let error = read(status, body).page::<Lead>("data").unwrap_err();
        assert_eq!(*error.code().unwrap(), Code::INVALID_MODULE, "{status}");
        assert_eq!(error.operation(), Some("records.list"));
    }
    let wrapped = format!(r#"{{"data":[{body}]}}"#);
    let error = read(400, &wrapped).page::<Lead>("data").unwrap_err();
    assert_eq!(*error.code().unwrap(), Code::INVALID_MODULE);
    let error = read(200, &wrapped).object::<Lead>("data").unwrap_err();
    assert_eq!(*error.code().unwrap(), Code::INVALID_MODULE);
}

#[test]
fn describes_answers_that_are_not_zohos_json() {
    for (status, body, word) in [
        (502, "<html>Bad Gateway</html>", "HTML"),
        (200, "", "empty"),
        (200, "sorry", "not JSON"),
        (200, r#"{"data":[{"id":"1""#, "invalid JSON"),
        (200, r#"{"rows":[]}"#, "`rows`"),
        (200, r#"{"data":7}"#, "`data`"),
    ] {
        let reply = read(status, body);
        let error = match reply.page::<Lead>("data") {
            Ok(_) => reply.json::<Lead>().unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
}

#[test]
fn skips_a_byte_order_mark() {
    let page = read(200, "\u{feff}{\"data\":[]}").page::<Lead>("data").unwrap();
    assert!(page.items.is_empty());
}

#[test]
fn keeps_results_in_the_callers_order() {
    let body = r#"{"data":[
        {"code":"SUCCESS","details":{"id":"11"},"message":"record added","status":"success"},
        {"code":"MANDATORY_NOT_FOUND","details":{"api_name":"Last_Name","json_path":"$.data[1].Last_Name"},
         "message":"required field not found","status":"error"},
        {"code":"SUCCESS","details":{"id":13},"message":"record added","status":"success","action":"update"}]}"#;
    let outcomes = answer(&INSERT, 207, body).outcomes("data", 3).unwrap();
    let ids: Vec<_> = outcomes.successes().map(|(index, done)| (index, done.id.clone())).collect();
    assert_eq!(ids, [(0, Some(Id::from("11"))), (2, Some(Id::from("13")))]);
    let (index, error) = outcomes.failures().next().unwrap();
    assert_eq!(index, 1);
    assert_eq!(error.api().unwrap().field(), Some("Last_Name"));
    let error = outcomes.all().unwrap_err();
    assert_eq!(error.code(), Some(&Code::MANDATORY_NOT_FOUND));
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("1 of 3") && source.contains("record 1"), "{source}");
}

#[test]
fn distinguishes_a_refused_write_from_an_unusable_answer() {
    let refusal = r#"{"code":"INVALID_MODULE","status":"error","message":"no","details":{}}"#;
    let error = answer(&INSERT, 400, refusal).outcomes("data", 2).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Refused);
    let error = answer(&INSERT, 502, "<html>").outcomes("data", 2).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(error.to_string().contains("outcome unknown"), "{error}");
    let error = answer(&INSERT, 201, "<html>").outcomes("data", 2).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Executed);
    assert!(error.to_string().contains("the call was executed"), "{error}");
}

#[test]
fn returns_the_wait_of_a_throttled_answer() {
    let body =
        r#"{"code":"TOO_MANY_REQUESTS","status":"error","message":"slow down","details":{}}"#;
    let mut headers = http::HeaderMap::new();
    headers.insert("retry-after", "7".parse().unwrap());
    let error = read(429, body).with_headers(headers).page::<Lead>("data").unwrap_err();
    assert!(error.is_throttled());
    assert_eq!(error.retry_after().unwrap().as_secs(), 7);
}

#[test]
fn reports_unknown_for_refusals_after_an_executed_attempt() {
    const DELETE: Operation = Operation::delete("/{module}").id("records.delete");
    let element = |code: &str| {
        format!(r#"{{"code":"{code}","status":"error","message":"no","details":{{}}}}"#)
    };
    for (operation, status, code, echo) in [
        (&DELETE, 400, "INVALID_DATA", true),
        (&DELETE, 400, "NO_PERMISSION", false),
        (&INSERT, 400, "INVALID_DATA", false),
        (&INSERT, 400, "ID_ALREADY_CONVERTED", true),
        (&INSERT, 412, "ALREADY_MODIFIED", true),
        (&INSERT, 412, "RECORD_MODIFIED", true),
        (&INSERT, 400, "ALREADY_MODIFIED", true),
    ] {
        let body = format!(r#"{{"data":[{}]}}"#, element(code));
        let outcomes = |maybe| {
            answer(operation, status, &body).maybe_executed(maybe).outcomes("data", 1).unwrap()
        };
        let refused = |maybe| {
            let (_, error) =
                outcomes(maybe).failures().next().map(|(i, e)| (i, e.clone())).unwrap();
            error.outcome() == Outcome::Refused
        };
        assert!(refused(false), "{code}");
        assert_eq!(refused(true), !echo, "{code}");

        let whole = answer(operation, status, &element(code)).maybe_executed(true);
        let outcome = whole.outcomes("data", 1).unwrap_err().outcome();
        assert_eq!(outcome == Outcome::Unknown, echo, "{code}");
    }
}

#[test]
fn judges_an_object_like_a_record_of_a_list() {
    let refusal = r#"{"modules":{"status":"error","code":"NO_PERMISSION","message":"no"}}"#;
    let error = read(200, refusal).object::<Record>("modules").unwrap_err();
    assert_eq!(error.code(), Some(&Code::NO_PERMISSION));

    let mismatch = r#"{"data":{"id":"1","Last_Name":77}}"#;
    let error = read(200, mismatch).object::<Lead>("data").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Record);
    assert_eq!(error.record().unwrap().path(), "Last_Name");
    assert!(!error.to_string().contains("77"), "{error}");
}

#[test]
fn recognises_an_error_with_unknown_members() {
    let body = r#"{"code":"NO_PERMISSION","status":"error","message":"no","error_id":"7"}"#;
    let error = read(200, body).json::<serde_json::Value>().unwrap_err();
    assert_eq!(error.code(), Some(&Code::NO_PERMISSION));
    let page = read(200, &format!(r#"{{"data":[{body}]}}"#)).page::<Record>("data").unwrap();
    assert!(page.items[0].as_ref().unwrap_err().api().is_some());
}

#[test]
fn refuses_an_empty_answer_except_with_status_204() {
    for status in [200, 202] {
        let error = read(status, "").page::<Lead>("data").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{status}");
    }
    assert!(read(204, "").page::<Lead>("data").unwrap().items.is_empty());
}

#[test]
fn judges_an_answer_without_a_code_by_its_status() {
    let error = |status| answer(&INSERT, status, "<html>").outcomes("data", 1).unwrap_err();
    assert_eq!(error(413).outcome(), Outcome::Refused);
    assert_eq!(error(502).outcome(), Outcome::Unknown);
    assert!(error(429).is_throttled());
    assert_eq!(error(429).outcome(), Outcome::Refused);
}

#[test]
fn counts_only_reported_successes() {
    let body = r#"{"data":[
        {"code":"SUCCESS","details":{"id":"1"}},
        {"code":"INVALID_DATA","details":{"api_name":"Email"},"message":"invalid data"},
        {"code":"SUCCESS","details":{"id":"3"},"status":"pending"},
        {"code":"SUCCESS","details":{"id":"4"},"status":"success"}]}"#;
    let outcomes = answer(&INSERT, 200, body).outcomes("data", 4).unwrap();
    assert_eq!(outcomes.len(), 4);
    assert_eq!(outcomes.successes().map(|(index, _)| index).collect::<Vec<_>>(), [0, 3]);
    assert!(outcomes.failures().all(|(_, error)| error.outcome() == Outcome::Unknown));
}

#[test]
fn reports_unknown_for_each_record_of_an_internal_error() {
    let body =
        r#"{"data":[{"code":"INTERNAL_ERROR","status":"error","message":"x","details":{}}]}"#;
    let outcomes = answer(&INSERT, 500, body).outcomes("data", 1).unwrap();
    let (_, failure) = outcomes.failures().next().unwrap();
    assert!(failure.outcome() == Outcome::Unknown, "{failure:?}");
    assert_eq!(failure.api().unwrap().code(), &Code::INTERNAL_ERROR);
}

#[test]
fn repeats_no_text_in_the_sources_of_a_write_error() {
    let cause = std::io::Error::other("the cable is out");
    let lost = Error::new(ErrorKind::Transport, Outcome::Unknown, "the connection broke");
    let failure = ItemError::of_call(lost.with_source(cause));
    let error = WriteResults::<Written>::failed(2, &failure).all().unwrap_err();
    let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "the connection broke",
            "2 of 2 records failed, the first one is record 0",
            "the cable is out"
        ]
    );
}

#[test]
fn debug_shows_no_names_of_a_written_item() {
    let body = r#"{"data":[{"code":"SUCCESS","status":"success","details":
        {"id":"1","Created_By":{"id":"9","name":"Patricia Boyle"}}}]}"#;
    let outcomes = answer(&INSERT, 201, body).outcomes("data", 1).unwrap();
    let text = format!("{outcomes:?}");
    assert!(text.contains("Created_By") && !text.contains("Boyle"), "{text}");
}

#[test]
fn reports_unknown_for_timeouts_and_server_errors() {
    for (status, outcome) in [
        (400, Outcome::Refused),
        (403, Outcome::Refused),
        (408, Outcome::Unknown),
        (429, Outcome::Refused),
        (500, Outcome::Unknown),
        (502, Outcome::Unknown),
    ] {
        let error = answer(&INSERT, status, "<html>").outcomes("data", 1).unwrap_err();
        assert_eq!(error.outcome(), outcome, "{status}");
    }
}

#[test]
fn decides_by_the_status_of_a_broken_body_only_if_it_proves_the_refusal() {
    let refusal = r#"{"code":"REQUEST_TIMEOUT","status":"error","message":"é","details":{}}"#;
    let outcome = |status, body: &[u8]| {
        let call = answer(&INSERT, status, "").call().clone();
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply::new(status, body.to_vec(), call);
        let errors =
            [reply.outcomes("data", 1).map(drop).unwrap_err(), reply.success().unwrap_err()];
        assert_eq!(errors[0].outcome(), errors[1].outcome(), "{}", errors[0]);
        errors[0].outcome()
    };
    for status in 400..600 {
        let proof = [401, 405, 413, 414, 415, 421, 429, 431].contains(&status);
        let expected = if proof { Outcome::Refused } else { Outcome::Unknown };
        // the body of a message without a length can end anywhere
        for cut in 0..refusal.len() {
            assert_eq!(outcome(status, &refusal.as_bytes()[..cut]), expected, "{status} {cut}");
        }
        assert_eq!(outcome(status, refusal.as_bytes()), Outcome::Unknown, "{status}");
        assert_eq!(outcome(status, b" [{\"code\""), expected, "{status}");
        // a complete answer without a code is not Zoho's
        let expected =
            if status < 500 && status != 408 { Outcome::Refused } else { Outcome::Unknown };
        for body in [&b"<html>"[..], b"Bad Request", b"{}", br#"{"error":"no"}"#, b"[]"] {
            assert_eq!(outcome(status, body), expected, "{status} {body:?}");
        }
    }
}

#[test]
fn returns_an_excerpt_without_tokens() {
    let token = "1000.48216eb10228405944416adc23bf3068.3cf7c9e201c82cf40bcd43310c79bf09";
    let page = format!("<html>patricia@example.com sent Zoho-oauthtoken {token}</html>");
    let error = read(502, &page).page::<Lead>("data").unwrap_err();
    let excerpt = error.excerpt().unwrap();
    assert_eq!(excerpt, "<html>patricia@example.com sent Zoho-oauthtoken [redacted]</html>");
    assert!(!format!("{error} {error:?}").contains("patricia"));
    assert!(error.without_excerpt().excerpt().is_none());
    let long = read(200, &"é".repeat(2_000)).page::<Lead>("data").unwrap_err();
    assert!(long.excerpt().unwrap().chars().count() <= 512);
}

#[test]
fn never_reads_a_list_as_an_error_or_a_result() {
    for (status, body) in [(400, r#"["INVALID_DATA"]"#), (500, r#"["x", "y", "error"]"#)] {
        let error = read(status, body).page::<Lead>("data").unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Decode, None), "{body}");
    }
    let body = r#"{"data":[["SUCCESS","added","success",null,null,{"id":"1"}],["X"]]}"#;
    for status in [200, 400] {
        let outcomes = answer(&INSERT, status, body).outcomes("data", 2).unwrap();
        for outcome in &outcomes {
            let outcome = outcome.as_ref().unwrap_err().outcome();
            let expected = if status == 200 { Outcome::Executed } else { Outcome::Unknown };
            assert_eq!(outcome, expected, "{status}");
        }
    }
}

#[test]
fn reports_unknown_for_a_429_after_an_executed_attempt() {
    let body = r#"{"code":"TOO_MANY_REQUESTS","status":"error","message":"no","details":{}}"#;
    let outcome = |maybe, body: &str| {
        answer(&INSERT, 429, body).maybe_executed(maybe).outcomes("data", 1).unwrap_err().outcome()
    };
    for body in [body, "<html>"] {
        assert_eq!(outcome(false, body), Outcome::Refused);
        assert_eq!(outcome(true, body), Outcome::Unknown);
    }
}

#[test]
fn takes_the_id_of_the_answer_or_the_one_that_was_sent() {
    let body = r#"{"data":[
        {"code":"SUCCESS","details":{"id":"11"},"message":"record added","status":"success"},
        {"code":"SUCCESS","details":{},"message":"record updated","status":"success"},
        {"code":"SUCCESS","details":{},"message":"record added","status":"success"},
        {"code":"INVALID_DATA","details":{"api_name":"Email"},"message":"invalid","status":"error"}]}"#;
    let sent = [None, Some(Id::from("12")), None, None];
    let results = answer(&INSERT, 207, body).written("data", &sent).unwrap();
    assert_eq!(results.ids().collect::<Vec<_>>(), ["11", "12"]);
    let failures: Vec<_> = results.failures().map(|(at, it)| (at, it.outcome())).collect();
    assert_eq!(failures, [(2, Outcome::Executed), (3, Outcome::Refused)]);
    let (_, nameless) = results.failures().next().unwrap();
    let text = nameless.to_string();
    assert!(text.contains("without the id") && !nameless.is_safe_to_repeat(), "{text}");
    assert_eq!(nameless.error().operation(), Some("records.create"));

    // the results of a raw call become the same, but their errors do not name the call
    let raw = answer(&INSERT, 207, body).outcomes_of("data", &sent).unwrap();
    let results = raw.written(&sent);
    assert_eq!(results.ids().count(), 2);
    let (_, nameless) = results.failures().next().unwrap();
    assert!(nameless.to_string().starts_with("executed: Zoho reported a success"), "{nameless}");
}

#[test]
fn reads_times_action_and_other_members_of_a_success() {
    let body = r#"{"data":[{"code":"SUCCESS","action":"update","duplicate_field":"Email",
        "details":{"id":"11","Created_Time":"2026-05-24T17:05:12+05:30","Modified_Time":"soon",
        "Modified_By":{"name":"Patricia Boyle","id":"1"},"Amount":1.10},
        "message":"record updated","status":"success","level":3}]}"#;
    let written = answer(&INSERT, 200, body).written("data", &[None]).unwrap().one().unwrap();
    assert_eq!(written.action, Some(Action::Updated));
    assert_eq!(written.created_time.unwrap().to_string(), "2026-05-24T17:05:12+05:30");
    assert_eq!(written.modified_time, None);
    assert_eq!(written.code(), Code::SUCCESS);
    assert_eq!(written.message(), "record updated");
    assert_eq!(written.duplicate_field().as_deref(), Some("Email"));
    let details = written.details();
    assert_eq!(
        (details.raw("Amount"), details.raw("Modified_Time")),
        (Some("1.10"), Some("\"soon\""))
    );
    assert!(written.json().ends_with("\"level\":3}"));
    let shown = format!("{written:?}");
    assert!(shown.contains("Modified_By") && !shown.contains("Boyle"), "{shown}");
    assert_eq!(Action::from("merge").to_string(), "merge");
    assert_eq!(ItemError::new(Outcome::Local, Error::input("x")).outcome(), Outcome::NotSent);
}

#[test]
fn part_of_a_composite_call_shares_its_attempts() {
    const WHOLE: Operation = Operation::get("/{module}/batch").id("batch.send");
    const PART: Operation = Operation::delete("/Leads/{id}").id("records.delete_one");
    let request = PART.request(ApiVersion::V8).path("id", "1").build().unwrap();
    let meta = request.extensions().get::<CallMeta>().unwrap();
    for (maybe, code, outcome) in [
        (false, "ROLLBACK_PERFORMED", Outcome::Refused),
        (false, "PROCESSING_STOPPED", Outcome::Refused),
        (false, "REQUEST_TIMEOUT", Outcome::Unknown),
        (true, "ROLLBACK_PERFORMED", Outcome::Unknown),
        (true, "PROCESSING_STOPPED", Outcome::Unknown),
        (true, "NOT_SUPPORTED", Outcome::Refused),
    ] {
        let whole = answer(&WHOLE, 207, "{}").with_context(None, 2).maybe_executed(maybe);
        let body = format!(r#"{{"code":"{code}","status":"error","message":"no","details":{{}}}}"#);
        let error = whole.part(whole.status(), body, meta.clone()).unexpected("an answer");
        assert_eq!(error.outcome(), outcome, "{maybe} {code}");
        assert_eq!((error.attempts(), error.operation()), (2, Some("records.delete_one")));
    }
}
