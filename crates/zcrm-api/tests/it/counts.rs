//! Counts of records and of related records.

use serde_json::{Value, json};
use zcrm_api::{field, records::Include};
use zcrm_core::{ApiVersion, Code, ErrorKind, Lookup, Outcome, Record};

use crate::{
    canned::{answering, asks, at, refused, replying},
    fixture::Fixture,
};

#[test]
fn asks_for_a_count_by_one_choice() {
    let leads = at(ApiVersion::V8).records("Leads");
    let line = |query: &str| format!("GET Leads/actions/count{query}");
    for (request, query) in [
        (leads.count(), ""),
        (leads.count().view("17"), "?cvid=17"),
        (leads.count().email("p@example.com"), "?email=p@example.com"),
        (leads.count().phone("+91 44"), "?phone=+91 44"),
        (leads.count().word("Zylker"), "?word=Zylker"),
        (
            leads.count().filter(field("City").is_in(["Pune", "Chennai"])),
            "?criteria=(City:in:Pune,Chennai)",
        ),
        (
            leads.count().converted(Include::Also).approved(Include::No),
            "?converted=both&approved=false",
        ),
    ] {
        asks(request.preview(), &line(query), Value::Null);
    }
}

#[test]
fn refuses_ambiguous_and_empty_counts() {
    let leads = at(ApiVersion::V8).records("Leads");
    let city = || field("City").eq("Pune");
    let cases = [
        (leads.count().view("17").word("x"), "`view` and `word`"),
        (leads.count().email("a@b.example").phone("1"), "`email` and `phone`"),
        (leads.count().filter(city()).view("17"), "`view` and `filter`"),
        (leads.count().word("a").word("b"), "`word` of a count is set twice"),
        (leads.count().filter(city()).filter(city()), "join conditions"),
        (leads.count().word(" "), "empty `word`"),
        (leads.count().email(""), "empty `email`"),
        (leads.count().view(""), "invalid id"),
        (leads.count().filter(field("City").eq("")), "`City`"),
        (leads.count().filter(field("City").is_null()), "is_null"),
    ];
    for (request, words) in cases {
        refused(request.preview(), &[words]);
    }
}

#[test]
fn takes_15_comparisons_of_100_values() {
    let leads = at(ApiVersion::V8).records("Leads");
    let tests = |count: usize| {
        let first = field("A").eq(0);
        (1..count).fold(first, |all, n| all.or(field("A").eq(i64::try_from(n).unwrap())))
    };
    let values = |count: usize| field("City").is_in((0..count).map(|n| format!("City {n}")));
    assert!(leads.count().filter(tests(15)).preview().is_ok());
    refused(leads.count().filter(tests(16)).preview(), &["16 comparisons", "at most 15"]);
    assert!(leads.count().filter(values(100)).preview().is_ok());
    refused(leads.count().filter(values(101)).preview(), &["101 values", "at most 100"]);
    // a search keeps its own limit
    refused(leads.search(tests(11)).preview(), &["11 comparisons", "at most 10"]);
}

#[tokio::test]
async fn reads_a_count_as_a_number_or_a_text() {
    for (body, count) in [(json!({ "count": 694 }), 694), (json!({ "count": "12" }), 12)] {
        let api = answering(ApiVersion::V8, &body);
        assert_eq!(api.records("Leads").count().await.unwrap(), count);
    }
    for body in ["{}", r#"{"count":-1}"#, r#"{"count":null}"#, "[]"] {
        let error = replying(ApiVersion::V8, 200, &[], body).records("Leads").count().await;
        let error = error.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Local), "{body}");
    }
}

fn count(list: &str, count: u64) -> Value {
    json!({ "count": count, "related_list": { "api_name": list, "id": "7" } })
}

const KEY: &str = "get_related_records_count";

#[test]
fn asks_for_counts_of_related_lists() {
    let account = at(ApiVersion::V8).record("Accounts", "5");
    asks(
        account.related_counts(["Contacts", "Deals"]).preview(),
        "POST Accounts/5/actions/get_related_records_count",
        json!({ KEY: [
            { "related_list": { "api_name": "Contacts" } },
            { "related_list": { "api_name": "Deals" } },
        ] }),
    );
    refused(account.related_counts(Vec::<String>::new()).preview(), &["no related list"]);
    refused(account.related_counts(["a/b"]).preview(), &["invalid related list name"]);
    let many = (0..21).map(|n| format!("List_{n}"));
    refused(account.related_counts(many).preview(), &["21 given", "at most 20"]);
    let old = at(ApiVersion::V7).record("Accounts", "5");
    refused(old.related_counts(["Deals"]).preview(), &["from v8 on"]);
}

#[tokio::test]
async fn returns_counts_in_the_order_of_the_lists() {
    let refusal =
        json!({ "code": "INVALID_DATA", "status": "error", "message": "no", "details": {} });
    let flat = json!({ KEY: [count("Deals", 2), count("Contacts", 3)] });
    let nested = json!({ KEY: [[count("Contacts", 3)], [count("Deals", 2)]] });
    for body in [flat, nested] {
        let account = answering(ApiVersion::V8, &body).record("Accounts", "5");
        let counts = account.related_counts(["Contacts", "Deals"]).await.unwrap();
        let shown: Vec<(&str, u64)> = counts
            .iter()
            .map(|list| (list.related_list.as_str(), *list.count.as_ref().unwrap()))
            .collect();
        assert_eq!(shown, [("Contacts", 3), ("Deals", 2)]);
    }
    for status in [207, 400] {
        let body = json!({ KEY: [refusal, count("Deals", 2)] }).to_string();
        let api = replying(ApiVersion::V8, status, &[], &body);
        let counts = api.record("Accounts", "5").related_counts(["Gone", "Deals"]).await.unwrap();
        let error = counts[0].count.as_ref().unwrap_err();
        assert_eq!(error.code(), Some(&Code::INVALID_DATA));
        assert_eq!(counts[1].count.as_ref().ok(), Some(&2));
    }
}

#[tokio::test]
async fn reports_a_missing_or_unreadable_count_of_a_list() {
    let body = json!({ KEY: [count("Deals", 2), { "related_list": { "api_name": "Contacts" } }] });
    let account = answering(ApiVersion::V8, &body).record("Accounts", "5");
    let counts = account.related_counts(["Deals", "Contacts", "Notes"]).await.unwrap();
    let kinds: Vec<_> = counts
        .iter()
        .map(|list| list.count.as_ref().map_err(zcrm_core::Error::kind).copied())
        .collect();
    assert_eq!(kinds, [Ok(2), Err(ErrorKind::Decode), Err(ErrorKind::Decode)]);
    let refusal = r#"{"code":"NOT_SUPPORTED","status":"error","message":"no","details":{}}"#;
    let api = replying(ApiVersion::V8, 400, &[], refusal);
    let error = api.record("Accounts", "5").related_counts(["Deals"]).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Some(&Code::NOT_SUPPORTED), Outcome::Refused));
    let error = answering(ApiVersion::V8, &json!({})).record("Accounts", "5");
    let error = error.related_counts(["Deals"]).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Local));
}

#[tokio::test]
async fn counts_records_of_the_simulator() {
    for version in [ApiVersion::V2_1, ApiVersion::V8] {
        let fixture = Fixture::with(version, |sim| sim.records("Leads", 7)).await;
        let leads = fixture.api.records("Leads");
        let row = Record::new().with("Last_Name", "Kay").with("Company", "Zylker (India), Ltd");
        let row = row.with("Email", "kay@example.com").with("Phone", "5551717");
        leads.create(&row).await.unwrap();
        assert_eq!(leads.count().await.unwrap(), 8, "{version}");
        let company = field("Company").eq("Zylker (India), Ltd");
        let both = company.clone().and(field("Last_Name").eq("Kay"));
        for (count, expected) in [
            (leads.count().filter(company), 1),
            (leads.count().filter(both), 1),
            (leads.count().filter(field("Last_Name").eq("Nobel")), 0),
            (leads.count().email("kay@example.com"), 1),
            (leads.count().phone("5551717"), 1),
            (leads.count().word("Kay"), 1),
        ] {
            assert_eq!(count.await.unwrap(), expected, "{version}");
        }
        let views = fixture.api.module("Leads").custom_views().list().all().await.unwrap();
        assert!(leads.count().view(views[0].id.clone().unwrap()).await.is_ok());
    }
    let old = Fixture::new(ApiVersion::V2).await;
    let error = old.api.records("Leads").count().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
}

#[tokio::test]
async fn counts_related_records_of_the_simulator() {
    let fixture = Fixture::new(ApiVersion::V8).await;
    let account = Record::new().with("Account_Name", "Zylker");
    let account = fixture.api.records("Accounts").create(&account).await.unwrap();
    let record = fixture.api.record("Accounts", &account.id);
    record.notes().create("called back").await.unwrap();
    for name in ["Boyle", "Kay"] {
        let contact = Record::new().with("Last_Name", name);
        let contact = contact.with("Account_Name", Lookup::to(&account.id));
        fixture.api.records("Contacts").create(&contact).await.unwrap();
    }
    let counts = record.related_counts(["Contacts", "Notes", "Nothing"]).await.unwrap();
    let shown: Vec<_> = counts.iter().map(|list| list.count.as_ref().ok().copied()).collect();
    assert_eq!(shown, [Some(2), Some(1), None]);
    let error = counts[2].count.as_ref().unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Some(&Code::INVALID_DATA), Outcome::Refused));
    let only = record.related_counts(["Nothing"]).await.unwrap();
    assert!(only[0].count.is_err());
}
