//! No text of a caller becomes a reference.

use proptest::prelude::*;
use serde_json::{Value, json};
use zcrm_api::{Api, field, operations};
use zcrm_core::{ApiVersion, Record};

use super::{account, lead};
use crate::canned::{at, refused};

const OPENING: &str = "@{";

/// Returns all keys and strings of a value.
fn texts(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(members) => {
            for (name, value) in members {
                all.push(name.clone());
                texts(value, all);
            }
        }
        _ => {}
    }
}

/// A way for a text to enter a part.
type Entry = (&'static str, fn(&Api, &str) -> Part);
type Part = Box<dyn FnOnce(&mut zcrm_api::Request<zcrm_api::composite::Composite>)>;

macro_rules! entries {
    ($($place:literal: |$api:ident, $text:ident| $request:expr;)*) => {
        &[$(($place, |$api, $text| {
            let request = $request;
            Box::new(move |batch| { batch.add(request); })
        })),*]
    };
}

const ENTRIES: &[Entry] = entries! {
    "`$.data[0].Last_Name` of the body": |api, text| {
        api.records("Leads").create(&Record::new().with("Last_Name", text))
    };
    "a key in `$.data[0]` of the body": |api, text| {
        api.records("Leads").update("5", &json!({ text: 1 }))
    };
    "a key in `$.data[0].Deep[0]` of the body": |api, text| {
        api.records("Leads").create(&json!({ "Deep": [{ text: {} }] }))
    };
    "`$.data[0].Skills[1]` of the body": |api, text| {
        api.records("Leads").create(&json!({ "Skills": ["a", text] }))
    };
    "`$.duplicate_check_fields[0]` of the body": |api, text| {
        api.records("Leads").upsert(&lead()).by(text)
    };
    "`$.tags[0].name` of the body": |api, text| {
        api.record("Leads", "5").tags().add([text])
    };
    "`$.data[0].Note_Content` of the body": |api, text| {
        api.record("Leads", "5").notes().create(text)
    };
    "the parameter `criteria`": |api, text| api.records("Leads").search(field("City").eq(text));
    "the parameter `word`": |api, text| api.records("Leads").search_word(text);
    "the parameter `email`": |api, text| api.records("Leads").count().email(text);
    "the parameter `beta`": |api, text| api.records("Leads").get("5").param_unchecked("beta", text);
    "the name of a parameter": |api, text| api.records("Leads").get("5").param_unchecked(text, "1");
    "the path": |api, text| {
        api.records("Leads").record_by_external("Shop_Id", format!("/{text}")).get()
    };
    "the header `x-trace`": |api, text| {
        let visible: String = text.chars().filter(|c| !c.is_control()).collect();
        api.records("Leads").get("5").header("x-trace", visible)
    };
    "`$.select_query` of the body": |api, text| {
        let query = format!("select City from Leads where City = '{text}' limit 5");
        api.call(&operations::COQL_QUERY).body(&json!({ "select_query": query })).list::<Record>()
    };
};

/// Returns the preview of a batch of an account and the part with the text.
fn preview(entry: &Entry, text: &str) -> Result<http::Request<bytes::Bytes>, zcrm_core::Error> {
    let api = at(ApiVersion::V8);
    let mut batch = api.composite();
    batch.add(api.records("Accounts").create(&account()));
    entry.1(&api, text)(&mut batch);
    batch.preview()
}

#[test]
fn refuses_a_reference_in_any_place_and_names_the_place() {
    let forged = format!("@{{p1_{}:$.data[0].details.id}}", "0".repeat(32));
    for text in ["@{1:$.data[0].details.id}", "x @{", "@{}", &forged] {
        for entry in ENTRIES {
            refused(preview(entry, text), &[entry.0]);
        }
    }
}

#[test]
fn refuses_encoded_references_in_paths_and_parameters() {
    for text in ["%40{1:$.id}", "@%7B1:$.id}", "%40%7b1:$.id}", "%2540%257B1", "%25252540%7B"] {
        for place in
            ["the path", "the parameter `word`", "the parameter `beta`", "the header `x-trace`"]
        {
            let entry = ENTRIES.iter().find(|entry| entry.0 == place).unwrap();
            refused(preview(entry, text), &[place]);
        }
    }
}

#[test]
fn bounds_the_time_to_check_an_encoded_text() {
    let word = |encodings: usize| format!("%{}", "25".repeat(encodings));
    let entry = ENTRIES.iter().find(|entry| entry.0 == "the parameter `word`").unwrap();
    assert!(preview(entry, &word(7)).is_ok());
    refused(preview(entry, &word(10_000)), &["more than 8 times"]);
}

#[test]
fn refuses_escaped_and_repeated_keys_in_raw_json() {
    let api = at(ApiVersion::V8);
    for (body, place) in [
        (r#"{"data":[{"City":"\u0040\u007b1:$.id}"}]}"#, "`$.data[0].City`"),
        (r#"{"data":[{"City":"@\u007B1"}]}"#, "`$.data[0].City`"),
        (r#"{"data":[{"City":"@{1}","City":"x"}]}"#, "`$.data[0].City`"),
        (r#"{"data":[{"\u0040{1}":"x"}]}"#, "a key in `$.data[0]`"),
        (r#"{"data":[{"n":1}],"@{":[{}]}"#, "a key in `$`"),
    ] {
        let mut batch = api.composite();
        let call = api.call(&operations::RECORDS_CREATE).path("module", "Leads");
        batch.add(call.body_unchecked(body).outcomes(1));
        refused(batch.preview(), &[place, "cannot be escaped"]);
    }
    for body in [r#"{"data":[{"City":"\ud800"}]}"#, "[1]", "{", "\"x\"", "{} {}"] {
        let mut batch = api.composite();
        let call = api.call(&operations::RECORDS_CREATE).path("module", "Leads");
        batch.add(call.body_unchecked(body).outcomes(1));
        refused(batch.preview(), &["JSON"]);
    }
}

#[test]
fn refuses_a_reference_of_another_request_or_in_another_place() {
    let api = at(ApiVersion::V8);
    let mut other = api.composite();
    let foreign = other.add(api.records("Accounts").create(&account())).lookup();
    let mut batch = api.composite();
    let own = batch.add(api.records("Accounts").create(&account())).lookup();
    let text = |reference: &zcrm_api::composite::RecordReference| {
        json!(reference)["id"].as_str().unwrap().to_owned()
    };
    assert_ne!(text(&foreign), text(&own));

    let mut mixed = api.composite();
    mixed.add(api.records("Accounts").create(&account()));
    mixed.add(api.records("Contacts").create(&lead().with("Account_Name", foreign)));
    refused(mixed.preview(), &["another composite request", "`$.data[0].Account_Name.id`"]);

    // a part of a text, a key, or a parameter
    let sentence = lead().with("Description", format!("see {}", text(&own)));
    let mut batch_of = |record: Record| {
        batch.add(api.records("Contacts").create(&record));
    };
    batch_of(lead().with("Account_Name", own));
    batch_of(sentence);
    refused(batch.preview(), &["`$.data[0].Description`"]);
    let mut batch = api.composite();
    let own = text(&batch.add(api.records("Accounts").create(&account())).lookup());
    batch.add(api.records("Leads").count().word(&own));
    refused(batch.preview(), &["the parameter `word`", "another place"]);
}

#[tokio::test]
async fn refuses_a_reference_in_a_request_that_is_sent_by_itself() {
    let (api, sent) = crate::canned::canned(ApiVersion::V8, 200, &[], "{}");
    let mut batch = api.composite();
    let account = batch.add(api.records("Accounts").create(&account())).lookup();
    let contact = || lead().with("Account_Name", account);
    let contacts = api.records("Contacts");
    let at_first = ["`$.data[0].Account_Name.id`", "sent by itself", "id of the record"];

    refused(contacts.create(&contact()).preview(), &at_first);
    refused(contacts.create(&contact()).await, &at_first);
    let error = contacts.create(&contact()).await.unwrap_err();
    assert_eq!(error.operation(), Some("records.create"));
    assert_eq!(error.outcome(), zcrm_core::Outcome::NotSent);
    refused(contacts.update("5", &contact()).await, &at_first);
    refused(contacts.upsert(&contact()).await, &at_first);
    refused(contacts.create_many([lead(), contact()]).await, &["`$.data[1].Account_Name.id`"]);
    refused(contacts.update_many([contact().with("id", "5")]).await, &at_first);
    let typed = json!({ "Last_Name": "Boyle", "Account_Name": account });
    refused(contacts.create(&typed).await, &at_first);
    let rows = api.record("Contacts", "5").rows("Visits");
    refused(rows.create(&json!({ "Account": account })).await, &["Account.id`"]);
    let call = || api.call(&operations::RECORDS_CREATE).path("module", "Contacts");
    refused(call().items(&[contact()]).await, &at_first);
    let raw = json!({ "data": [contact()] }).to_string();
    refused(call().body_unchecked(raw.clone()).await, &at_first);
    refused(call().body_unchecked(raw.clone()).on_progress(|_| ()).await, &at_first);
    refused(call().body_unchecked(raw).outcomes(1).await, &at_first);
    assert!(sent.lock().unwrap().is_empty());

    // the request that it belongs to
    batch.add(contacts.create(&contact()));
    assert!(batch.preview().is_ok());
    batch.await.unwrap_err();
    assert_eq!(sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn sends_other_texts_by_themselves() {
    let (api, sent) = crate::canned::canned(ApiVersion::V8, 200, &[], "{}");
    let mark = "0".repeat(32);
    let reference = format!("@{{p1_{mark}:$.data[0].details.id}}");
    let texts = [
        "@{p".to_owned(),
        "@{1:$.data[0].details.id}".to_owned(),
        format!("see {reference}"),
        format!("{reference} "),
        format!("@{{p1_{mark}:$.data[0].details.name}}"),
        format!("@{{px_{mark}:$.data[0].details.id}}"),
        format!("@{{p1_{}:$.data[0].details.id}}", "0".repeat(31)),
    ];
    for (index, text) in texts.iter().enumerate() {
        let note = lead().with("Description", text.as_str());
        // the answer is not one, but the request was sent
        api.records("Leads").create(&note).await.unwrap_err();
        let all = sent.lock().unwrap();
        assert_eq!(all.len(), index + 1, "{text}");
        let body: Value = serde_json::from_slice(all[index].body()).unwrap();
        assert_eq!(body.pointer("/data/0/Description").unwrap(), text);
    }
    // a key cannot be a reference
    let odd = json!({ reference.as_str(): 1 });
    api.records("Leads").create(&odd).await.unwrap_err();
    refused(api.records("Leads").create(&lead().with("City", reference)).await, &["data[0].City"]);
    assert_eq!(sent.lock().unwrap().len(), texts.len() + 1);
}

#[test]
fn a_part_refers_only_to_parts_before_it() {
    // a handle exists only after its part was added, and names that part, so references lead back to
    // earlier parts and cannot form a circle
    let api = at(ApiVersion::V8);
    let mut batch = api.composite();
    let mut last = batch.add(api.records("Accounts").create(&account()));
    for _ in 1..5 {
        let next = account().with("Parent_Account", last.lookup());
        last = batch.add(api.records("Accounts").create(&next));
    }
    let request = batch.preview().unwrap();
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let parts = body["__composite_requests"].as_array().unwrap();
    for (index, part) in parts.iter().enumerate().skip(1) {
        let id = part.pointer("/body/data/0/Parent_Account/id").unwrap().as_str().unwrap();
        let before = parts[index - 1]["sub_request_id"].as_str().unwrap();
        assert_eq!(id, format!("@{{{before}:$.data[0].details.id}}"));
    }
}

/// Texts that come close to references.
fn near() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "@",
        "{",
        "}",
        "@{",
        "%40",
        "%7B",
        "%7b",
        "%25",
        "\\u0040",
        "p1_",
        ":",
        "$.data[0].details.id",
        "a",
        " ",
        "é",
    ]);
    prop::collection::vec(pieces, 1..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Any text is refused, or the request has no `@{` beside the references of the request.
    #[test]
    fn no_text_becomes_a_reference(text in prop_oneof![near(), any::<String>()], entry in 0..ENTRIES.len()) {
        let Ok(request) = preview(&ENTRIES[entry], &text) else { return Ok(()) };
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let mut all = Vec::new();
        texts(&body, &mut all);
        for text in all {
            let mut decoded = text.clone();
            for _ in 0..8 {
                prop_assert!(!decoded.contains(OPENING), "{}", text);
                decoded = percent_encoding::percent_decode_str(&decoded).decode_utf8_lossy().into_owned();
                // bodies are not decoded
                if ENTRIES[entry].0.ends_with("body") {
                    break;
                }
            }
        }
    }

    /// A text without the opening of a reference is sent unchanged.
    #[test]
    fn other_texts_are_sent_unchanged(text in "[a-z@%$: \\\\é]{1,20}[{}a-z]{0,3}") {
        prop_assume!(!text.contains(OPENING));
        let request = preview(&ENTRIES[0], &text).unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        prop_assert_eq!(
            body.pointer("/__composite_requests/1/body/data/0/Last_Name").unwrap(),
            &Value::from(text)
        );
    }
}
