//! Outcomes of calls, for every class of operation and every kind of response.

use std::{future::Future, pin::Pin};

use serde_json::{Value, json};
use zcrm_api::{
    Api, Note,
    operations::{
        COQL_QUERY, FIELDS_LIST, LEADS_CONVERT, RECORDS_GET, RECORDS_LIST, RECORDS_UPDATE,
        RECORDS_UPLOAD_PHOTO, TAGS_CREATE, USERS_LIST,
    },
};
use zcrm_core::{ApiVersion, Code, Error, ErrorKind, Id, Outcome, Record, Timestamp};

use crate::canned::replying;

type Answer = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;
type Class = (&'static str, fn(Api) -> Answer);

/// Builds a table of named requests, whose outputs are dropped.
macro_rules! classes {
    ($($name:literal: |$api:ident| $call:expr;)*) => {
        vec![$(($name, (|$api: Api| Box::pin(async move { $call.await.map(drop) })) as fn(Api) -> Answer)),*]
    };
}

fn lead() -> Record {
    Record::new().with("Last_Name", "Kay")
}

fn lead_1() -> Record {
    lead().with("id", "1")
}

/// Writes whose response has one result, for a new item or for the item with the id 1.
fn writes_of_one() -> Vec<Class> {
    classes! {
        "records.create_one": |api| api.records("Leads").create(&lead());
        "records.update_one": |api| api.records("Leads").update("1", &lead());
        "records.delete_one": |api| api.records("Leads").delete("1");
        "records.create": |api| one(api.records("Leads").create_many([lead()]).send());
        "records.update": |api| one(api.records("Leads").update_many([lead_1()]).send());
        "records.upsert": |api| one(api.records("Leads").upsert_many([lead()]).send());
        "records.delete": |api| one(api.records("Leads").delete_many(["1"]).send());
        "records.mass_update": |api| {
            one(api.records("Leads").mass_update(["1"], "City", "Pune").send())
        };
        "record.update": |api| api.record("Leads", "1").update(&lead()).send();
        "record.delete": |api| api.record("Leads", "1").delete().send();
        "notes.create": |api| one(api.notes().create_many([Note::new("x").on("Leads", "5")]).send());
        "notes.update_one": |api| api.notes().update("1", &Note::new("x")).send();
        "notes.delete": |api| one(api.notes().delete_many(["1"]).send());
        "notes.delete_one": |api| api.notes().delete("1").send();
        "record.notes.create": |api| one(api.record("Leads", "5").notes().create_many([Note::new("x")]).send());
        "record.notes.delete_one": |api| api.record("Leads", "5").notes().delete("1").send();
        "record.tags.add": |api| one(api.record("Leads", "1").tags().add(["Hot"]).send());
        "record.tags.remove": |api| one(api.record("Leads", "1").tags().remove(["Hot"]).send());
        "tags.add_to": |api| one(api.module("Leads").tags().add_to(["1"], ["Hot"]).send());
        "attachments.upload": |api| api.record("Leads", "5").attachments()
            .upload("a.txt", "text/plain", "x").send();
        "attachments.delete_one": |api| api.record("Leads", "5").attachments().delete("1").send();
        "attachments.delete": |api| one(api.record("Leads", "5").attachments().delete_many(["1"]).send());
        "related.add": |api| api.record("Leads", "5").related("Campaigns").add("1").send();
        "related.add_many": |api| {
            one(api.record("Leads", "5").related("Campaigns").add_many([json!({"id": "1"})]).send())
        };
        "related.remove": |api| one(api.record("Leads", "5").related("Campaigns").remove_many(["1"]).send());
        "related.remove_one": |api| {
            api.record("Leads", "5").related("Campaigns").remove("1").send()
        };
    }
}

/// Such writes of settings, whose responses have other keys.
fn writes_of_one_setting() -> Vec<(&'static str, Class)> {
    let tags: Vec<Class> = classes! {
        "tags.create": |api| one(api.module("Leads").tags().create_many([json!({"name": "Hot"})]).send());
        "tags.update": |api| {
            one(api.module("Leads").tags().update_many([json!({"id": "1", "name": "Hot"})]).send())
        };
        "tags.update_one": |api| {
            api.module("Leads").tags().update("1", &json!({"name": "Hot"})).send()
        };
        "raw tags.create": |api| {
            one(api.call(&TAGS_CREATE).param("module", "Leads").items(&[json!({"name": "x"})]).outcomes(1).send())
        };
    };
    let users: Vec<Class> = classes! {
        "users.create": |api| api.users().create(&json!({"last_name": "Kay"})).send();
        "users.update_one": |api| api.users().update("1", &json!({"last_name": "Kay"})).send();
        "users.delete_one": |api| api.users().delete("1").send();
    };
    let variables: Vec<Class> = classes! {
        "variables.create": |api| one(api.variables().create_many([json!({"name": "x"})]).send());
        "variables.update": |api| {
            one(api.variables().update_many([json!({"id": "1", "value": "x"})]).send())
        };
        "variables.delete": |api| one(api.variables().delete_many(["1"]).send());
    };
    let roles: Vec<Class> = classes! {
        "roles.create": |api| api.roles().create(&json!({"name": "x"})).send();
    };
    let all =
        [("tags", &tags[..]), ("users", &users), ("variables", &variables), ("roles", &roles)];
    all.iter().flat_map(|(key, classes)| classes.iter().map(|class| (*key, *class))).collect()
}

/// Writes whose response does not have results.
fn writes_of_another_shape() -> Vec<Class> {
    classes! {
        "convert": |api| api.record("Leads", "1").convert().send();
        "photo.upload": |api| api.record("Leads", "1").photo().upload("a.png", "image/png", "x");
        "photo.delete": |api| api.record("Leads", "1").photo().delete();
        "org.photo.delete": |api| api.org().delete_photo();
        "profiles.delete_one": |api| api.profiles().delete("1", "2");
        "raw photo, typed": |api| async move {
            #[derive(serde::Deserialize)]
            struct Done {
                _code: Code,
            }
            let call = api.call(&RECORDS_UPLOAD_PHOTO).path("module", "Leads").path_id("id", "1");
            call.file("a.png", "image/png", "x").send().await?.json::<Done>()
        };
        "raw convert, typed": |api| async move {
            let body = json!({"data": [{}]});
            let call = api.call(&LEADS_CONVERT).path_id("lead_id", "1").body(&body);
            call.send().await?.json::<Vec<Id>>()
        };
    }
}

/// Reads of one item.
fn reads_of_one() -> Vec<Class> {
    classes! {
        "records.get": |api| api.records("Leads").get("1").send();
        "record.get": |api| api.record("Leads", "1").get().send();
        "rows.get": |api| api.record("Leads", "1").rows("Visits").get();
        "raw get": |api| {
            let call = api.call(&RECORDS_GET).path("module", "Leads").path_id("id", "1");
            async move { call.send().await?.object::<Record>("data") }
        };
        "notes.get": |api| api.notes().get("1").send();
        "related.get": |api| api.record("Leads", "5").related("Campaigns").get("1").send();
    }
}

/// Reads of a list.
fn reads_of_many() -> Vec<Class> {
    classes! {
        "records.list": |api| api.records("Leads").list().fields(["City"]).send();
        "records.search": |api| api.records("Leads").search_word("Kay").send();
        "records.deleted": |api| api.records("Leads").deleted().send();
        "notes.list": |api| api.notes().list().send();
        "attachments.list": |api| api.record("Leads", "5").attachments().list().send();
        "related.list": |api| {
            api.record("Leads", "5").related("Campaigns").list().fields(["City"]).send()
        };
        "raw list": |api| {
            api.call(&RECORDS_LIST).path("module", "Leads").param("fields", "City").list::<Record>()
        };
        "coql": |api| {
            let query = json!({"select_query": "select City from Leads where City is not null"});
            api.call(&COQL_QUERY).body(&query).list::<Record>()
        };
    }
}

async fn one<T>(
    outcomes: impl Future<Output = Result<zcrm_core::WriteResults<T>, Error>>,
) -> Result<(), Error> {
    outcomes.await?.one().map(drop)
}

async fn ask(class: &Class, status: u16, body: &str) -> Result<(), Error> {
    class.1(replying(ApiVersion::V8, status, &[], body)).await
}

fn check(class: &Class, status: u16, body: &str, error: &Error, expected: (ErrorKind, Outcome)) {
    let met = (error.kind(), error.outcome());
    assert_eq!(met, expected, "{}: {status} {body}: {error}", class.0);
    assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{}: {error}", class.0);
    assert!(error.operation().is_some(), "{}: {error}", class.0);
    let text = error.to_string();
    assert!(!(text.contains("refused") && text.contains("unknown")), "{text}");
}

const REFUSAL: &str = r#"{"code":"INVALID_DATA","status":"error","message":"no","details":{}}"#;
const FAULT: &str = r#"{"code":"INTERNAL_ERROR","status":"error","message":"no","details":{}}"#;

#[tokio::test]
async fn reports_the_outcome_of_a_single_write() {
    use {ErrorKind as Kind, Outcome::*};
    let data = writes_of_one().into_iter().map(|class| ("data", class));
    for (key, class) in data.chain(writes_of_one_setting()) {
        let list = |rows: &str| format!(r#"{{"{key}":[{rows}]}}"#);
        let success = r#"{"code":"SUCCESS","status":"success","message":"","details":{"id":"1"}}"#;
        for status in [200, 201, 202, 207] {
            ask(&class, status, &list(success)).await.unwrap_or_else(|error| {
                panic!("{}: {status}: {error}", class.0);
            });
        }
        let foreign = success.replace("\"1\"", "\"9\"");
        for (status, body, expected) in [
            (204, String::new(), (Kind::Decode, Executed)),
            (304, String::new(), (Kind::NotModified, Unknown)),
            (200, String::new(), (Kind::Decode, Executed)),
            (200, "<html>down</html>".to_owned(), (Kind::Decode, Executed)),
            (200, r#"{"other":[]}"#.to_owned(), (Kind::Decode, Executed)),
            (200, format!(r#"{{"{key}":[{{"code":"SUC"#), (Kind::Decode, Executed)),
            (200, format!(r#"{{"{key}":{{}}}}"#), (Kind::Decode, Executed)),
            (200, list(""), (Kind::Decode, Unknown)),
            (200, list("null"), (Kind::Decode, Executed)),
            (201, list(r#""1""#), (Kind::Decode, Executed)),
            (202, list("{}"), (Kind::Decode, Executed)),
            (207, list("null"), (Kind::Decode, Unknown)),
            (207, list(&format!("{success},{REFUSAL}")), (Kind::Decode, Unknown)),
            (200, list(&format!("{REFUSAL},{success}")), (Kind::Decode, Unknown)),
            (203, list(success), (Kind::Decode, Executed)),
            (206, list(success), (Kind::Decode, Executed)),
            (302, list(success), (Kind::Decode, Unknown)),
            (307, "{}".to_owned(), (Kind::Decode, Unknown)),
            (400, list(success), (Kind::Decode, Unknown)),
            (500, list(success), (Kind::Decode, Unknown)),
            (200, REFUSAL.to_owned(), (Kind::Api, Refused)),
            (200, list(REFUSAL), (Kind::Api, Refused)),
            (207, list(REFUSAL), (Kind::Api, Refused)),
            (400, REFUSAL.to_owned(), (Kind::Api, Refused)),
            (400, list(REFUSAL), (Kind::Api, Refused)),
            (403, "<html>no</html>".to_owned(), (Kind::Decode, Refused)),
            (408, "<html>no</html>".to_owned(), (Kind::Decode, Unknown)),
            (429, REFUSAL.to_owned(), (Kind::Throttled, Refused)),
            (200, list(FAULT), (Kind::Api, Unknown)),
            (500, FAULT.to_owned(), (Kind::Api, Unknown)),
            (500, list(FAULT), (Kind::Api, Unknown)),
            (502, "<html>down</html>".to_owned(), (Kind::Decode, Unknown)),
            (504, String::new(), (Kind::Decode, Unknown)),
        ] {
            let error = ask(&class, status, &body).await.unwrap_err();
            // a throttled write of many is reported as not sent
            let expected = match error.is_throttled() && error.outcome() == NotSent {
                true => (Kind::Throttled, NotSent),
                false => expected,
            };
            check(&class, status, &body, &error, expected);
            assert_eq!(error.is_safe_to_repeat(), matches!(expected.1, Refused | NotSent));
        }
        let new =
            class.0.contains("create") || class.0.contains("upload") || class.0.contains("upsert");
        let answer = ask(&class, 200, &list(&foreign)).await;
        assert_eq!(answer.is_ok(), new, "{}: another id than the one sent", class.0);
        if let Err(error) = answer {
            check(&class, 200, &foreign, &error, (Kind::Decode, Unknown));
        }
    }
}

#[tokio::test]
async fn reports_the_outcome_of_a_write_of_another_shape() {
    use {ErrorKind as Kind, Outcome::*};
    let list = |rows: &str| format!(r#"{{"data":[{rows}]}}"#);
    for class in writes_of_another_shape() {
        for (status, body, kinds, outcome) in [
            (204, String::new(), &[Kind::Decode][..], Executed),
            (304, String::new(), &[Kind::NotModified], Unknown),
            (200, String::new(), &[Kind::Decode], Executed),
            (200, "<html>down</html>".to_owned(), &[Kind::Decode], Executed),
            (200, r#"{"data":[{"co"#.to_owned(), &[Kind::Decode], Executed),
            (200, list(""), &[Kind::Decode], Executed),
            (200, list("null"), &[Kind::Decode, Kind::Record], Executed),
            (201, list(r#""1""#), &[Kind::Decode, Kind::Record], Executed),
            (202, list("{}"), &[Kind::Decode], Executed),
            (200, list(r#"{"Contacts":[7]}"#), &[Kind::Decode], Executed),
            (200, list(r#"{"Contacts":"1"},{"Contacts":"2"}"#), &[Kind::Decode], Executed),
            (206, list(r#"{"Contacts":"1"}"#), &[Kind::Decode], Executed),
            (302, String::new(), &[Kind::Decode], Unknown),
            (307, "{}".to_owned(), &[Kind::Decode], Unknown),
            (200, REFUSAL.to_owned(), &[Kind::Api], Refused),
            (200, list(REFUSAL), &[Kind::Api], Refused),
            (400, REFUSAL.to_owned(), &[Kind::Api], Refused),
            (400, list(REFUSAL), &[Kind::Api], Refused),
            (403, "<html>no</html>".to_owned(), &[Kind::Decode], Refused),
            // the rest of the body may have been lost, and with it the code
            (403, String::new(), &[Kind::Decode], Unknown),
            (400, r#"{"data":[{"co"#.to_owned(), &[Kind::Decode], Unknown),
            (401, String::new(), &[Kind::Decode], Refused),
            (500, list(FAULT), &[Kind::Api], Unknown),
            (502, "<html>down</html>".to_owned(), &[Kind::Decode], Unknown),
        ] {
            let error = ask(&class, status, &body).await.unwrap_err();
            assert!(kinds.contains(&error.kind()), "{}: {status} {body}: {error}", class.0);
            check(&class, status, &body, &error, (error.kind(), outcome));
            assert_eq!(error.is_safe_to_repeat(), outcome == Refused, "{}: {error}", class.0);
            let coded = body.contains("INVALID_DATA");
            assert_eq!(error.code() == Some(&Code::INVALID_DATA), coded, "{}: {error}", class.0);
        }
    }
}

#[tokio::test]
async fn reports_the_outcome_of_a_single_read() {
    use {ErrorKind as Kind, Outcome::*};
    let list = |rows: &str| format!(r#"{{"data":[{rows}]}}"#);
    for class in reads_of_one() {
        ask(&class, 200, &list(r#"{"id":"1","Visits":[]}"#)).await.unwrap();
        for (status, body, expected) in [
            (204, String::new(), (Kind::NotFound, Local)),
            (200, list(""), (Kind::NotFound, Local)),
            (304, String::new(), (Kind::NotModified, Local)),
            (200, String::new(), (Kind::Decode, Local)),
            (200, "<html>down</html>".to_owned(), (Kind::Decode, Local)),
            (200, r#"{"other":[]}"#.to_owned(), (Kind::Decode, Local)),
            (200, list("null"), (Kind::Record, Local)),
            (200, list("7"), (Kind::Record, Local)),
            (201, list(r#"{"id":"1"}"#), (Kind::Decode, Local)),
            (202, list(r#"{"id":"1"}"#), (Kind::Decode, Local)),
            (206, list(r#"{"id":"1"}"#), (Kind::Decode, Local)),
            (302, list(r#"{"id":"1"}"#), (Kind::Decode, Unknown)),
            (307, "{}".to_owned(), (Kind::Decode, Unknown)),
            (200, REFUSAL.to_owned(), (Kind::Api, Refused)),
            (200, list(REFUSAL), (Kind::Api, Refused)),
            (404, REFUSAL.to_owned(), (Kind::NotFound, Refused)),
            (400, REFUSAL.to_owned(), (Kind::Api, Refused)),
            (404, "<html>no</html>".to_owned(), (Kind::Decode, Refused)),
            (500, FAULT.to_owned(), (Kind::Api, Unknown)),
            (502, "<html>down</html>".to_owned(), (Kind::Decode, Unknown)),
        ] {
            let error = ask(&class, status, &body).await.unwrap_err();
            check(&class, status, &body, &error, expected);
            assert!(error.is_safe_to_repeat(), "{}: {error}", class.0);
            assert!(!error.to_string().contains("executed"), "{error}");
        }
    }
}

#[tokio::test]
async fn reports_the_outcome_of_a_list_read() {
    use {ErrorKind as Kind, Outcome::*};
    let list = |rows: &str| format!(r#"{{"data":[{rows}]}}"#);
    for class in reads_of_many() {
        for (status, body) in [(204, String::new()), (200, list("")), (200, list("null"))] {
            ask(&class, status, &body).await.unwrap();
        }
        for (status, body, expected) in [
            (304, String::new(), (Kind::NotModified, Local)),
            (200, String::new(), (Kind::Decode, Local)),
            (200, "<html>down</html>".to_owned(), (Kind::Decode, Local)),
            (200, r#"{"data":[{"id":"#.to_owned(), (Kind::Decode, Local)),
            (200, r#"{"other":[]}"#.to_owned(), (Kind::Decode, Local)),
            (202, list(""), (Kind::Decode, Local)),
            (206, list(""), (Kind::Decode, Local)),
            (302, list(""), (Kind::Decode, Unknown)),
            (307, "{}".to_owned(), (Kind::Decode, Unknown)),
            (200, REFUSAL.to_owned(), (Kind::Api, Refused)),
            (400, REFUSAL.to_owned(), (Kind::Api, Refused)),
            (404, "<html>no</html>".to_owned(), (Kind::Decode, Refused)),
            (500, FAULT.to_owned(), (Kind::Api, Unknown)),
            (502, "<html>down</html>".to_owned(), (Kind::Decode, Unknown)),
        ] {
            let error = ask(&class, status, &body).await.unwrap_err();
            check(&class, status, &body, &error, expected);
            assert!(error.is_safe_to_repeat(), "{}: {error}", class.0);
            assert!(!error.to_string().contains("executed"), "{error}");
        }
    }
}

#[tokio::test]
async fn reads_null_from_a_raw_read_without_content() {
    let api = replying(ApiVersion::V8, 204, &[], "");
    let query = json!({"select_query": "select City from Leads where City is not null"});
    assert_eq!(api.call(&COQL_QUERY).body(&query).json::<Value>().await.unwrap(), Value::Null);
    let users = api.call(&USERS_LIST).json::<Value>().await.unwrap();
    assert_eq!(users, Value::Null);
    let rows = [json!({"id": "1"})];
    let error = api
        .call(&RECORDS_UPDATE)
        .path("module", "Leads")
        .items(&rows)
        .json::<Value>()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Executed));
    assert!(error.to_string().contains("the call was executed"), "{error}");

    for status in [203, 206, 301, 302, 307, 308] {
        let api = replying(ApiVersion::V8, status, &[], "{}");
        let fields =
            api.call(&FIELDS_LIST).param("module", "Leads").json::<Value>().await.unwrap_err();
        assert!(fields.is_safe_to_repeat(), "{fields}");
        let call = api.call(&RECORDS_UPDATE).path("module", "Leads").items(&rows);
        assert!(!call.json::<Value>().await.unwrap_err().is_safe_to_repeat());
    }
}

#[tokio::test]
async fn returns_the_job_of_a_scheduled_conversion() {
    let body = r#"{"data":[{"code":"SCHEDULED","status":"success","message":"x",
        "details":{"job_id":"3652397000000649013"}}]}"#;
    for status in [200, 201, 202] {
        let api = replying(ApiVersion::V8, status, &[], body);
        let made = api.record("Leads", "1").convert().send().await.unwrap();
        assert_eq!(made.job_id, Some(Id::from("3652397000000649013")));
        assert_eq!((made.contact, made.account, made.deal), (None, None, None));
    }
}

#[tokio::test]
async fn marks_records_unknown_for_a_wrong_number_of_results() {
    let success = |id| json!({"code": "SUCCESS", "status": "success", "details": {"id": id}});
    let refusal: Value = serde_json::from_str(REFUSAL).unwrap();
    let ids = ["1", "2"];
    for rows in [
        vec![success("9"), refusal.clone(), success("2")],
        vec![success("1")],
        vec![refusal],
        vec![],
    ] {
        let body = json!({ "data": rows }).to_string();
        let api = replying(ApiVersion::V8, 207, &[], &body);
        let outcomes = api.records("Leads").delete_many(ids).send().await.unwrap();
        assert_eq!(outcomes.len(), 2);
        assert!(outcomes.failures().all(|(_, error)| error.outcome() == Outcome::Unknown));
        assert_eq!(outcomes.failures().count(), 2, "{body}");
    }
    // the right number of results, but one has the id of another record
    let body = json!({ "data": [success("9"), success("2")] }).to_string();
    let api = replying(ApiVersion::V8, 200, &[], &body);
    let rows = ids.map(|id| lead().with("id", id));
    let outcomes = api.records("Leads").update_many(rows).send().await.unwrap();
    let failed: Vec<usize> = outcomes.failures().map(|(index, _)| index).collect();
    assert_eq!(failed, [0]);
}

#[tokio::test]
async fn marks_records_executed_if_the_response_is_unreadable() {
    let api = replying(ApiVersion::V8, 200, &[], "<html>");
    let leads = (0..150).map(|_| lead());
    let outcomes = api.records("Leads").create_many(leads).send().await.unwrap();
    let (executed, not_sent): (Vec<_>, Vec<_>) =
        outcomes.failures().partition(|(_, error)| error.outcome() == Outcome::Executed);
    assert_eq!((executed.len(), not_sent.len()), (100, 50));
    for (_, error) in not_sent {
        assert!(error.outcome() == Outcome::NotSent && error.is_safe_to_repeat(), "{error}");
    }
}

#[tokio::test]
async fn refuses_to_create_existing_records() {
    let api = replying(ApiVersion::V8, 500, &[], "");
    let (note, tags) = (Note::new("x").on("Leads", "5"), api.module("Leads").tags());
    let with_id = json!({"id": 7, "name": "x"});
    for error in [
        api.records("Leads").create(&lead_1()).await.unwrap_err(),
        api.records("Leads").create_many([lead(), lead_1()]).send().await.unwrap_err(),
        api.notes().create_many([note.with_id("7")]).send().await.unwrap_err(),
        api.record("Leads", "5")
            .notes()
            .create_many([Note::new("x").with_id("7")])
            .send()
            .await
            .unwrap_err(),
        tags.create_many([&with_id]).send().await.unwrap_err(),
        api.users().create(&with_id).send().await.unwrap_err(),
        api.roles().create(&with_id).send().await.unwrap_err(),
        api.variables().create_many([&with_id]).send().await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::NotSent));
        assert!(error.to_string().contains("`id`"), "{error}");
    }
    // a nested id is allowed
    let owned = lead().with("id", Value::Null).with("Owner", json!({"id": "9"}));
    api.records("Leads").create_many([owned]).preview().unwrap();
}

#[tokio::test]
async fn distinguishes_unchanged_records_from_missing_ones() {
    let since = "2026-05-24T17:05:12+05:30".parse::<Timestamp>().unwrap();
    let api = replying(ApiVersion::V8, 304, &[], "");
    let error = api.record("Leads", "1").get().send().await.unwrap_err();
    assert!(error.is_not_modified() && !error.is_not_found(), "{error}");
    assert!(api.record("Leads", "1").get().if_modified_since(since).await.unwrap().is_none());
    let call = api.call(&RECORDS_GET).path("module", "Leads").path_id("id", "1");
    let error =
        call.header("If-Modified-Since", since.to_string()).json::<Value>().await.unwrap_err();
    assert!(error.is_not_modified(), "{error}");
}

#[tokio::test]
async fn error_of_a_single_write_has_all_details() {
    let body = format!(r#"{{"data":[{REFUSAL}]}}"#);
    let api = replying(ApiVersion::V8, 400, &[], &body);
    for error in [
        api.records("Leads").create(&lead()).await.unwrap_err(),
        api.record("Leads", "1").update(&lead()).send().await.unwrap_err(),
        api.record("Leads", "1").tags().add(["Hot"]).send().await.unwrap().one().unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains("INVALID_DATA") && text.contains("status 400"), "{text}");
        assert!(error.operation().is_some(), "{text}");
        assert!(std::error::Error::source(&error).is_none(), "{error:?}");
    }
}
