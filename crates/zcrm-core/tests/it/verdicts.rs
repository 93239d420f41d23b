//! The outcomes that answers give to a call.

use std::error::Error as _;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use zcrm_core::{
    ApiVersion, CallMeta, Code, Error, ErrorKind, Id, Operation, Outcome, Record, Reply,
    RequestBuilder,
};

const LIST: Operation = Operation::get("/{module}").id("records.list");
const INSERT: Operation = Operation::post("/{module}").id("records.create");
const SUCCESS: &str = r#"{"code":"SUCCESS","details":{"id":"9"},"status":"success"}"#;
const REFUSAL: &str = r#"{"code":"INVALID_DATA","details":{},"message":"no","status":"error"}"#;

#[derive(Debug, Deserialize)]
struct Lead {
    id: Id,
    #[serde(rename = "Last_Name")]
    _last_name: String,
}

fn meta(request: RequestBuilder) -> CallMeta {
    request.build().unwrap().extensions().get::<CallMeta>().unwrap().clone()
}

fn read(status: u16, body: &str) -> Reply {
    let call = meta(LIST.request(ApiVersion::V8).path("module", "Leads"));
    Reply::new(StatusCode::from_u16(status).unwrap(), body.to_owned(), call)
}

fn write(status: u16, body: &str) -> Reply {
    let call = meta(INSERT.request(ApiVersion::V8).path("module", "Leads").json(&()));
    Reply::new(StatusCode::from_u16(status).unwrap(), body.to_owned(), call)
}

#[test]
fn reports_unknown_for_a_wrong_number_of_results() {
    for (status, rows, sent) in [
        (200, String::new(), 1),
        (201, SUCCESS.to_owned(), 2),
        (201, format!("{SUCCESS},{{\"odd\":1}}"), 3),
        (207, format!("{SUCCESS},{REFUSAL}"), 1),
        (207, format!("{REFUSAL},{SUCCESS},{SUCCESS}"), 2),
        (202, format!("{SUCCESS},null"), 3),
        (400, REFUSAL.to_owned(), 2),
    ] {
        let body = format!(r#"{{"data":[{rows}]}}"#);
        let outcomes = write(status, &body).outcomes("data", sent).unwrap();
        assert_eq!(outcomes.len(), sent);
        for outcome in outcomes {
            let failure = outcome.unwrap_err();
            assert!(failure.outcome() == Outcome::Unknown && !failure.is_safe_to_repeat());
            let error = Error::from(failure);
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
            assert_eq!(error.source().is_some(), rows.contains("INVALID_DATA"), "{error:?}");
        }
    }
}

#[test]
fn refuses_the_result_of_another_id() {
    const UPDATE: Operation = Operation::put("/{module}").id("records.update");
    let row = |id: &str| format!(r#"{{"code":"SUCCESS","details":{id},"status":"success"}}"#);
    let rows = [row(r#"{"id":"1"}"#), row(r#"{"id":9}"#), row("{}"), row(r#"{"id":"4"}"#)];
    let body = format!(r#"{{"data":[{}]}}"#, rows.join(","));
    let call = meta(UPDATE.request(ApiVersion::V8).path("module", "Leads").json(&()));
    let sent = [Some(Id::from("1")), Some(Id::from("2")), Some(Id::from("3")), None];
    let outcomes = Reply::new(StatusCode::OK, body, call).outcomes_of("data", &sent).unwrap();
    let failures: Vec<_> = outcomes.failures().collect();
    let [(1, failure)] = failures[..] else { panic!("{failures:?}") };
    assert_eq!(failure.outcome(), Outcome::Unknown);
    assert!(failure.to_string().contains("the id 9, but 2 was sent"), "{failure}");
}

#[test]
fn reports_unknown_for_a_success_under_an_error_status() {
    let body = format!(r#"{{"data":[{SUCCESS}]}}"#);
    for status in [400, 409, 500, 503] {
        let error = write(status, &body).outcomes("data", 1).unwrap().one().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Unknown));
    }
    for status in [203, 206, 226, 301, 302, 307] {
        let error = write(status, &body).outcomes("data", 1).unwrap_err();
        assert_eq!(error.outcome() == Outcome::Executed, status < 300, "{error}");
        assert!(!error.is_safe_to_repeat(), "{error}");
    }
}

#[test]
fn reports_executed_for_an_unrecognisable_element() {
    for (status, element, outcome) in [
        (200, "null", Outcome::Executed),
        (201, "[]", Outcome::Executed),
        (202, "{}", Outcome::Executed),
        (200, "7", Outcome::Executed),
        (200, r#"{"odd":1}"#, Outcome::Executed),
        // these may be errors
        (200, r#"{"code":"INVALID_DATA"}"#, Outcome::Unknown),
        (207, "null", Outcome::Unknown),
        (500, "null", Outcome::Unknown),
    ] {
        let body = format!(r#"{{"data":[{element}]}}"#);
        let error = write(status, &body).outcomes("data", 1).unwrap().one().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, outcome), "{body}");
    }
}

#[test]
fn accepts_only_success_statuses() {
    let body = r#"{"data":[{"id":"1","Last_Name":"Kay"}]}"#;
    let done = r#"{"code":"SUCCESS","status":"success"}"#;
    for status in [100, 203, 205, 206, 208, 226, 300, 301, 302, 303, 307, 308, 400, 404, 500, 599] {
        let reply = read(status, body);
        assert!(reply.page::<Lead>("data").is_err(), "{status}");
        assert!(reply.object::<Lead>("data").is_err(), "{status}");
        assert!(reply.json::<Value>().is_err(), "{status}");
        let reply = write(status, done);
        assert!(reply.json::<Value>().is_err(), "{status}");
        assert!(reply.success().is_err(), "{status}");
        assert!(reply.outcomes("data", 1).is_err(), "{status}");
    }
    for status in [201, 202] {
        // created or accepted, which does not answer a read
        assert!(read(status, body).page::<Lead>("data").is_err(), "{status}");
        assert!(read(status, body).object::<Lead>("data").is_err(), "{status}");
    }
    for status in [200, 201, 202, 207] {
        assert_eq!(write(status, body).object::<Lead>("data").unwrap().id.as_str(), "1");
        write(status, done).success().unwrap();
        write(status, &format!(r#"{{"data":[{SUCCESS}]}}"#)).success().unwrap();
    }
}

#[test]
fn accepts_exactly_one_success_of_a_write() {
    for body in [
        r#"{"code":"SUCCESS","status":"pending"}"#.to_owned(),
        r#"{"data":[]}"#.to_owned(),
        r#"{"done":true}"#.to_owned(),
        r#"["SUCCESS"]"#.to_owned(),
        format!(r#"{{"data":[{SUCCESS},{SUCCESS}]}}"#),
        format!(r#"{{"data":[{SUCCESS}],"more":[]}}"#),
    ] {
        let error = write(200, &body).success().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Executed));
    }
}

#[test]
fn reports_executed_for_an_unusable_answer_to_a_write() {
    let bodies = ["", "<html>", r#"{"data":["#, r#"{"data":[]}"#, r#"{"data":[null]}"#, "{}"];
    for status in [200, 201, 202, 204, 205, 207] {
        for body in bodies.into_iter().filter(|body| status != 204 || body.is_empty()) {
            let reply = write(status, body);
            let errors = [
                reply.object::<Lead>("data").unwrap_err(),
                reply.json::<Lead>().unwrap_err(),
                reply.success().unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.outcome(), Outcome::Executed, "{status} {body}: {error}");
                assert!(!error.is_safe_to_repeat() && !error.is_not_found(), "{status} {body}");
            }
            let error = read(status, body).object::<Lead>("data").unwrap_err();
            assert_eq!(error.outcome(), Outcome::Local, "{status} {body}: {error}");
            assert!(error.is_safe_to_repeat(), "{status} {body}: {error}");
        }
    }
}

#[test]
fn reports_executed_for_a_write_with_two_objects() {
    let body = r#"{"data":[{"id":"1","Last_Name":"Kay"},{"id":"2","Last_Name":"Boyle"}]}"#;
    let error = write(200, body).object::<Lead>("data").unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Executed));
    assert_eq!(read(200, body).object::<Lead>("data").unwrap().id.as_str(), "1");
}

#[test]
fn distinguishes_not_modified_from_not_found() {
    for error in [
        read(304, "").page::<Lead>("data").unwrap_err(),
        read(304, "").object::<Lead>("data").unwrap_err(),
        read(304, "").json::<Value>().unwrap_err(),
    ] {
        assert!(error.is_not_modified() && !error.is_not_found(), "{error}");
        assert_eq!(error.outcome(), Outcome::Local);
    }
    for error in [
        write(304, "").outcomes("data", 1).unwrap_err(),
        write(304, "").object::<Lead>("data").unwrap_err(),
        write(304, "").success().unwrap_err(),
    ] {
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.is_not_modified() && !error.is_safe_to_repeat(), "{error}");
    }
}

#[test]
fn reads_no_content_as_null_for_reads_only() {
    assert_eq!(read(204, "").json::<Value>().unwrap(), Value::Null);
    assert_eq!(read(204, "").json::<Option<u32>>().unwrap(), None);
    let error = read(204, "").json::<u32>().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::Local));
    let error = write(204, "").json::<Value>().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Executed));
}

#[test]
fn finds_zohos_code_at_any_level_of_an_answer() {
    for body in [
        REFUSAL.to_owned(),
        format!(r#"{{"data":[{REFUSAL}]}}"#),
        format!(r#"{{"data":{REFUSAL}}}"#),
        format!("[{REFUSAL}]"),
    ] {
        for status in [200, 202, 207, 400, 403] {
            for error in [
                write(status, &body).success().unwrap_err(),
                write(status, &body).json::<Lead>().unwrap_err(),
            ] {
                assert_eq!(error.code(), Some(&Code::INVALID_DATA), "{status} {body}");
                assert_eq!(error.outcome(), Outcome::Refused, "{status} {body}");
            }
        }
    }
    let record = r#"{"data":[{"id":"1","code":"C-17","status":"error"}]}"#;
    assert_eq!(read(200, record).json::<Lead>().unwrap_err().code(), None);
}

#[test]
fn reads_a_numeric_code_of_an_api_error() {
    for (status, body, code) in [
        (401, r#"{"code":6041,"message":"This user is not associated"}"#, "6041"),
        (400, r#"{"code":57,"message":"You are not authorized"}"#, "57"),
        (404, r#"{"error":{"code":6404,"message":"none"}}"#, "6404"),
        (500, r#"{"code":-1,"message":"internal"}"#, "-1"),
    ] {
        let error = read(status, body).json::<Value>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api, "{error}");
        assert_eq!(*error.code().unwrap(), code);
    }
}

#[test]
fn names_the_right_outcome_in_the_text() {
    let refusal = r#"{"code":"X","status":"error","message":"no","details":{}}"#;
    let inside = r#"{"code":"INTERNAL_ERROR","status":"error","message":"no","details":{}}"#;
    for status in [200, 302, 400, 408, 412, 429, 500, 502] {
        for body in [refusal, inside] {
            for maybe in [false, true] {
                let error =
                    write(status, body).maybe_executed(maybe).outcomes("data", 1).unwrap_err();
                let (text, outcome) = (error.to_string(), error.outcome());
                assert_eq!(text.contains("refused"), outcome == Outcome::Refused, "{text}");
                assert_eq!(text.contains("unknown"), outcome == Outcome::Unknown, "{text}");
            }
        }
    }
}

#[test]
fn names_the_module_and_the_scopes_of_a_refusal() {
    const FIELDS: Operation = Operation::get("/settings/fields")
        .id("fields.list")
        .query(&["module"])
        .scopes(&["ZohoCRM.settings.ALL", "ZohoCRM.settings.fields.READ"]);
    let text = |request: RequestBuilder, code: &str| {
        let refusal = format!(r#"{{"code":"{code}","status":"error","message":"no"}}"#);
        let reply = Reply::new(StatusCode::BAD_REQUEST, refusal, meta(request));
        reply.page::<Record>("data").unwrap_err().to_string()
    };
    let list = |module| LIST.request(ApiVersion::V8).path("module", module);
    assert!(text(list("Leeds"), "INVALID_MODULE").contains("module `Leeds`"));
    assert!(text(list("a b\n"), "INVALID_MODULE").contains(r"module `a b\n`"));
    let fields = || FIELDS.request(ApiVersion::V8).query("module", "Leeds");
    assert!(text(fields(), "INVALID_MODULE").contains("module `Leeds`"));
    let scopes = "needs the scope ZohoCRM.settings.ALL or ZohoCRM.settings.fields.READ";
    assert!(text(fields(), "OAUTH_SCOPE_MISMATCH").contains(scopes));
    assert!(!text(fields(), "NO_PERMISSION").contains("ZohoCRM"));
}

/// Returns all texts of an error, with the lines of its report joined.
fn texts(error: &Error) -> Vec<String> {
    let report = format!("{error:?}");
    let causes = report.replace("\n  caused by: ", "");
    vec![error.to_string(), causes, format!("{error:#?}").replace('\n', "")]
}

#[test]
fn escapes_text_from_outside_in_every_message() {
    let x = r"x\ny\u001b[31m\u202e";
    let bodies = [
        format!(
            r#"{{"code":"{x}","status":"error","message":"{x}","details":{{"api_name":"{x}","json_path":"{x}","expected_fields":["{x}"],"{x}":1}}}}"#
        ),
        format!(r#"{{"{x}":1}}"#),
        format!(r#"{{"data":[{{"id":"{x}","Last_Name":{{"{x}":1}}}}]}}"#),
        format!(r#"{{"data":[{{"code":"SUCCESS","details":{{"id":"{x}"}},"status":"success"}}]}}"#),
        format!(r#"{{"data":[{{"code":"{x}","status":"success"}},1]}}"#),
        format!(r#"{{"data":[{{"code":"{x}","status":"error","message":"{x}"}}]}}"#),
    ];
    for (body, status) in bodies.iter().flat_map(|b| [200, 207, 400, 500].map(|s| (b, s))) {
        let reply = write(status, body);
        let mut all = vec![format!("{reply:?}")];
        let mut collect = |error: Error| all.extend(texts(&error));
        reply.object::<Lead>("data").map(drop).unwrap_or_else(&mut collect);
        reply.json::<Lead>().map(drop).unwrap_or_else(&mut collect);
        match reply.outcomes_of("data", &[Some(Id::from("1"))]) {
            Err(error) => collect(error),
            Ok(outcomes) => {
                for failure in outcomes.into_iter().filter_map(Result::err) {
                    collect(Error::from(failure));
                }
            }
        }
        if let Ok(page) = reply.page::<Lead>("data") {
            for failure in page.items.into_iter().filter_map(Result::err) {
                collect(Error::from_record(failure));
            }
        }
        for text in all {
            assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
        }
    }
}

#[test]
fn keeps_the_facts_of_the_call_in_a_records_error() {
    let body = format!(r#"{{"data":[{REFUSAL}]}}"#);
    let reply = write(400, &body).with_context("www.zohoapis.eu".parse().ok(), 3);
    let error = reply.outcomes("data", 1).unwrap().one().unwrap_err();
    assert_eq!(error.operation(), Some("records.create"));
    assert_eq!(error.host(), Some("www.zohoapis.eu"));
    assert_eq!((error.status().unwrap().as_u16(), error.attempts()), (400, 3));
    assert!(error.source().is_none(), "{error:?}");
}

#[test]
fn names_the_member_and_its_type_in_the_error() {
    let record = Record::from_json(r#"{"At":"tomorrow","N":[1]}"#).unwrap();
    let error = record.get::<zcrm_core::Timestamp>("At").unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Local));
    let text = error.to_string();
    assert!(text.contains("`At`") && text.contains("a string"), "{text}");
    assert!(text.contains("`Timestamp`") && !text.contains("tomorrow"), "{text}");
    assert!(record.get::<u8>("N").unwrap_err().to_string().contains("a list"));
}
