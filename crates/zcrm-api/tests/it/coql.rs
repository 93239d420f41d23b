//! COQL queries against the simulator.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::{Value, json};
use zcrm_api::{Api, Condition, Cursor, field};
use zcrm_core::{ApiVersion, Code, ErrorKind, Id, ManualClock, Record};

use crate::fixture::{Fixture, on_both_versions};

on_both_versions! {
    async fn streams_a_query_by_id_in_the_fewest_pages(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 450)).await;
        let query = api.records("Contacts").query().select(["Last_Name"]);
        let ids: Vec<Id> = query.stream().map_ok(|it| it.id().unwrap()).try_collect().await.unwrap();
        assert_eq!(ids.len(), 450);
        assert!(ids.is_sorted_by(|a, b| a < b));
        let pages = if version < ApiVersion::V4 { 3 } else { 1 };
        assert_eq!(sim.journal().api_requests(), pages);
    }

    async fn streams_a_sorted_query_by_offset(version) {
        let Fixture { sim: _sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 45)).await;
        let query = || api.records("Contacts").query().select(["Last_Name"]).per_page(10);
        let names = |rows: Vec<Record>| -> Vec<String> {
            rows.iter().map(|row| row.get("Last_Name").unwrap().unwrap()).collect()
        };
        let sorted = names(query().order_by("Last_Name").all().await.unwrap());
        assert_eq!(sorted.len(), 45);
        assert!(sorted.is_sorted());
        let part = names(query().order_by("Last_Name").offset(7).limit(25).all().await.unwrap());
        assert_eq!(part, sorted[7..32]);
        let reversed = names(query().order_by_desc("Last_Name").all().await.unwrap());
        assert!(reversed.iter().eq(sorted.iter().rev()));
    }

    async fn returns_an_empty_page_if_nothing_is_found(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let query = api.records("Contacts").query().select(["id"]).filter(field("Last_Name").eq("x"));
        assert!(query.clone().await.unwrap().items.is_empty());
        assert!(query.clone().all().await.unwrap().is_empty());
        assert!(!query.exists().await.unwrap());
    }

    async fn reports_zohos_words_on_a_refused_query(version) {
        let Fixture { sim: _sim, api } = Fixture::new(version).await;
        let unknown = api.coql("select Nothing_Such from Leads where id is not null").await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Api, "{unknown}");
        let refusal = unknown.api().unwrap();
        assert_eq!(refusal.code(), &Code::from("INVALID_QUERY"));
        assert!(unknown.to_string().contains("Nothing_Such"), "{unknown}");
        let syntax = api.coql("select id from Leads where Last_Name === 'x'").stream().next().await;
        let syntax = syntax.unwrap().unwrap_err();
        assert_eq!(syntax.api().unwrap().code(), &Code::from("SYNTAX_ERROR"));
    }
}

#[tokio::test]
async fn counts_the_records_of_a_query() {
    let Fixture { sim, api } =
        Fixture::with(ApiVersion::V8, |sim| sim.records("Contacts", 4_500)).await;
    let query = || api.records("Contacts").query();
    assert_eq!(query().total().await.unwrap(), 4_500);
    assert_eq!(query().filter(field("Last_Name").eq("no one")).total().await.unwrap(), 0);
    sim.clear_journal();
    assert_eq!(query().total().by_reading_ids(9).await.unwrap(), 4_500);
    assert_eq!(sim.journal().api_requests(), 3);
    let filled = query().filter(field("Last_Name").is_not_null()).total();
    assert_eq!(filled.clone().by_reading_ids(9).await.unwrap(), 4_500);
    let spent = filled.clone().by_reading_ids(8).await.unwrap_err();
    assert_eq!(spent.kind(), ErrorKind::Wall, "{spent}");
    assert!(spent.to_string().contains("4000 records"), "{spent}");
    // no search finds filled fields
    let refused = filled.await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Input, "{refused}");
    assert!(refused.to_string().contains("by_reading_ids"), "{refused}");
    for (request, option) in [
        (query().group_by(["City"]).total(), "group_by"),
        (query().sum("Amount").total(), "function"),
        (query().limit(5).total(), "limit"),
        (query().offset(5).total().by_reading_ids(9), "offset"),
    ] {
        let error = request.await.unwrap_err();
        assert!(error.to_string().contains(option), "{error}");
    }
    assert_eq!(
        query().filter(field("City").eq("Nowhere")).total().by_reading_ids(3).await.unwrap(),
        0
    );
}

const CITIES: [&str; 4] = ["Chennai", "O'Fallon", "Zürich", "Two Words"];

/// A lead of the model: the values of its fields, or none.
#[derive(Clone, Debug)]
struct Lead {
    city: Option<&'static str>,
    revenue: Option<i64>,
}

/// A condition, with the same meaning for both.
#[derive(Clone, Debug)]
enum Wanted {
    City(Text, &'static str),
    Revenue(Number, i64),
    And(Box<Wanted>, Box<Wanted>),
    Or(Box<Wanted>, Box<Wanted>),
}

#[derive(Clone, Copy, Debug)]
enum Text {
    Eq,
    In,
    StartsWith,
    Contains,
    IsNull,
}

#[derive(Clone, Copy, Debug)]
enum Number {
    Eq,
    Gt,
    Le,
    Between,
    NotIn,
    IsNotNull,
}

impl Wanted {
    fn condition(&self) -> Condition {
        let city = || field("City");
        let revenue = || field("Annual_Revenue");
        match self {
            Self::City(Text::Eq, name) => city().eq(*name),
            Self::City(Text::In, name) => city().is_in([*name, CITIES[0]]),
            Self::City(Text::StartsWith, name) => city().starts_with(first(name)),
            Self::City(Text::Contains, name) => city().contains(middle(name)),
            Self::City(Text::IsNull, _) => city().is_null(),
            Self::Revenue(Number::Eq, number) => revenue().eq(*number),
            Self::Revenue(Number::Gt, number) => revenue().gt(*number),
            Self::Revenue(Number::Le, number) => revenue().le(*number),
            Self::Revenue(Number::Between, number) => revenue().between(*number, number + 2),
            Self::Revenue(Number::NotIn, number) => revenue().not_in([*number, 1]),
            Self::Revenue(Number::IsNotNull, _) => revenue().is_not_null(),
            Self::And(one, other) => one.condition().and(other.condition()),
            Self::Or(one, other) => one.condition().or(other.condition()),
        }
    }

    fn holds(&self, lead: &Lead) -> bool {
        let city = |holds: &dyn Fn(&str) -> bool| lead.city.is_some_and(holds);
        let revenue = |holds: &dyn Fn(i64) -> bool| lead.revenue.is_some_and(holds);
        match self {
            Self::City(Text::Eq, name) => city(&|city| city == *name),
            Self::City(Text::In, name) => city(&|city| city == *name || city == CITIES[0]),
            Self::City(Text::StartsWith, name) => city(&|city| city.starts_with(first(name))),
            Self::City(Text::Contains, name) => city(&|city| city.contains(middle(name))),
            Self::City(Text::IsNull, _) => lead.city.is_none(),
            Self::Revenue(Number::Eq, number) => revenue(&|it| it == *number),
            Self::Revenue(Number::Gt, number) => revenue(&|it| it > *number),
            Self::Revenue(Number::Le, number) => revenue(&|it| it <= *number),
            Self::Revenue(Number::Between, number) => {
                revenue(&|it| (*number..=number + 2).contains(&it))
            }
            // an empty value differs from any other
            Self::Revenue(Number::NotIn, number) => {
                lead.revenue.is_none_or(|it| it != *number && it != 1)
            }
            Self::Revenue(Number::IsNotNull, _) => lead.revenue.is_some(),
            Self::And(one, other) => one.holds(lead) && other.holds(lead),
            Self::Or(one, other) => one.holds(lead) || other.holds(lead),
        }
    }

    /// Returns `true` if a search supports all comparisons.
    fn is_searchable(&self) -> bool {
        match self {
            Self::City(comparison, _) => !matches!(comparison, Text::Contains | Text::IsNull),
            Self::Revenue(comparison, _) => {
                !matches!(comparison, Number::NotIn | Number::IsNotNull)
            }
            Self::And(one, other) | Self::Or(one, other) => {
                one.is_searchable() && other.is_searchable()
            }
        }
    }

    /// Returns `true` if a bulk read supports all comparisons. It compares numbers with `between` no more
    /// than texts.
    #[cfg(feature = "bulk")]
    fn is_readable_in_bulk(&self) -> bool {
        match self {
            Self::City(..) => true,
            Self::Revenue(comparison, _) => !matches!(comparison, Number::Between),
            Self::And(one, other) | Self::Or(one, other) => {
                one.is_readable_in_bulk() && other.is_readable_in_bulk()
            }
        }
    }
}

/// Returns the first two letters of a name.
fn first(name: &str) -> &str {
    name.split_at(name.char_indices().nth(2).unwrap().0).0
}

/// Returns the name without its first letter.
fn middle(name: &str) -> &str {
    name.split_at(1).1
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let text = prop::sample::select(vec![
        Text::Eq,
        Text::In,
        Text::StartsWith,
        Text::Contains,
        Text::IsNull,
    ]);
    let number = prop::sample::select(vec![
        Number::Eq,
        Number::Gt,
        Number::Le,
        Number::Between,
        Number::NotIn,
        Number::IsNotNull,
    ]);
    let leaf = prop_oneof![
        (text, prop::sample::select(CITIES.to_vec()))
            .prop_map(|(text, city)| Wanted::City(text, city)),
        (number, 0..6_i64).prop_map(|(number, value)| Wanted::Revenue(number, value)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let pair = || (inner.clone(), inner.clone());
        prop_oneof![
            pair().prop_map(|(a, b)| Wanted::And(Box::new(a), Box::new(b))),
            pair().prop_map(|(a, b)| Wanted::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn values<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[tokio::test]
async fn finds_the_records_of_any_condition() {
    let Fixture { sim: _sim, api } = Fixture::with(ApiVersion::V8, |sim| {
        let jobs = zcrm_sim::BulkReadSettings::new().job_time(Duration::ZERO);
        sim.bulk_read(jobs.downloads_per_minute(1_000))
    })
    .await;
    let api = api.with_clock(Arc::new(ManualClock::jumping()));
    let leads = api.records("Leads");
    let cities = CITIES.map(Some).into_iter().chain([None]);
    let model: Vec<Lead> = cities
        .flat_map(|city| {
            [None, Some(0), Some(1), Some(3), Some(5)].map(|revenue| Lead { city, revenue })
        })
        .collect();
    let rows = model.iter().map(|lead| {
        let row = Record::new().with("Last_Name", "L").with("Company", "Zylker");
        let row = lead.city.map_or(row.clone(), |city| row.with("City", city));
        lead.revenue.map_or(row.clone(), |revenue| row.with("Annual_Revenue", revenue))
    });
    let made = leads.create_many(rows).await.unwrap().all().unwrap();
    let model: BTreeMap<Id, Lead> = made.into_iter().map(|row| row.id).zip(model).collect();
    let mut searched = 0;
    #[cfg(feature = "bulk")]
    let mut read = 0;
    for wanted in values(&wanted(), 150) {
        let expected: Vec<&Id> =
            model.iter().filter(|(_, lead)| wanted.holds(lead)).map(|(id, _)| id).collect();
        let query = leads.query().select(["id"]).filter(wanted.condition());
        let found = query.all().await.unwrap_or_else(|error| panic!("{wanted:?}: {error}"));
        let found: Vec<Id> = found.iter().map(|row| row.id().unwrap()).collect();
        assert!(found.iter().eq(expected.iter().copied()), "COQL: {wanted:?}");
        #[cfg(feature = "bulk")]
        if read < 40 && wanted.is_readable_in_bulk() {
            read += 1;
            let job = leads.bulk_read().fields(["City"]).filter(wanted.condition());
            let result = job.await.unwrap().wait().await;
            let result = result.unwrap_or_else(|error| panic!("bulk read: {wanted:?}: {error}"));
            let found = result.stream().collect().await.unwrap();
            let mut found: Vec<Id> = found.iter().map(|row| row.id().unwrap()).collect();
            found.sort();
            assert!(found.iter().eq(expected.iter().copied()), "bulk read: {wanted:?}");
        }
        if wanted.is_searchable() {
            searched += 1;
            let found = leads.search(wanted.condition()).all().await.unwrap();
            let mut found: Vec<Id> = found.iter().map(|row| row.id().unwrap()).collect();
            found.sort();
            assert!(found.iter().eq(expected.iter().copied()), "search: {wanted:?}");
        }
    }
    assert!(searched > 20, "{searched}");
}

/// Texts that a query could read as a part of itself, and random ones.
fn odd_texts() -> Vec<String> {
    let odd = [
        "'",
        "''",
        "\"",
        "'\"'",
        "\\",
        "\\'",
        "x\\' or id is not null or Last_Name = 'x",
        "x' or id is not null or 'x' = 'x",
        ":name",
        "':name'",
        "\":name\"",
        "x') or (id is not null",
        "x; y",
        "-- x",
        "/* x */",
        "👩‍🚀 é ß",
        "null",
        "select",
        "${x} {0} :0",
        "%",
        "5",
        "true",
    ];
    let random = values(&"[a-c'\"\\\\:()%;,é👩 ]{1,20}", 200);
    let mut texts: Vec<String> = odd.map(String::from).into_iter().chain(random).collect();
    texts.retain(|text| text.trim() == text && !text.is_empty());
    texts.sort();
    texts.dedup();
    texts
}

#[tokio::test]
async fn finds_any_value_that_is_bound_or_compared() {
    let Fixture { sim: _sim, api } = Fixture::new(ApiVersion::V8).await;
    let leads = api.records("Leads");
    let texts = odd_texts();
    assert!(texts.len() > 100, "{}", texts.len());
    let rows = texts.iter().map(|text| Record::new().with("Last_Name", text).with("Company", "Z"));
    let made = leads.create_many(rows).await.unwrap().all().unwrap();
    let ids: Vec<Id> = made.into_iter().map(|row| row.id).collect();
    let found =
        |rows: Vec<Record>| -> Vec<Id> { rows.iter().map(|row| row.id().unwrap()).collect() };
    for (text, id) in texts.iter().zip(&ids) {
        let bound = api.coql("select id from Leads where (Last_Name = :name and Company=:company)");
        let bound = bound.bind("name", text).bind("company", "Z").all().await;
        let bound = bound.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(found(bound), std::slice::from_ref(id), "{text:?}");
        let built = leads.query().select(["id"]).filter(field("Last_Name").eq(text)).all().await;
        assert_eq!(found(built.unwrap()), std::slice::from_ref(id), "{text:?}");
    }
    for (texts, ids) in texts.chunks(100).zip(ids.chunks(100)) {
        let listed = api.coql("select id from Leads where Last_Name in :names");
        assert_eq!(found(listed.bind_list("names", texts).all().await.unwrap()), ids);
    }
}

/// An error in the middle, at different pages, does not repeat or lose a row.
#[tokio::test]
async fn resumes_a_query_at_the_cursor_of_an_error() {
    let Fixture { sim, api } =
        Fixture::with(ApiVersion::V8, |sim| sim.records("Contacts", 450)).await;
    let query = || api.records("Contacts").query().select(["Last_Name"]).per_page(40);
    for query in [query(), query().order_by_desc("id"), query().order_by("Last_Name").limit(390)] {
        let whole: Vec<Record> = query.clone().all().await.unwrap();
        for good in [0, 1, 5, 9] {
            sim.faults().on_path("/crm/v8/coql").skip(good).zoho_error(403, "NO_PERMISSION");
            let broken = query.clone().stream().collect_all().await;
            let mut rows = broken.records;
            assert_eq!(rows.len(), good * 40);
            let cursor = Cursor::of(broken.interrupted.as_ref().unwrap()).unwrap().clone();
            let rest = query.clone().resume(cursor).unwrap().collect_all().await;
            assert!(rest.interrupted.is_none(), "{:?}", rest.interrupted);
            rows.extend(rest.records);
            let ids =
                |rows: &[Record]| -> Vec<Id> { rows.iter().map(|row| row.id().unwrap()).collect() };
            assert_eq!(ids(&rows), ids(&whole), "{good}");
        }
    }
}

/// The fields that are compared: a name, an address, a picklist, a lookup and a time.
const COMPARED: [&str; 5] = ["Last_Name", "Email", "Lead_Source", "Owner", "Modified_Time"];

/// Returns the compared values of a record. Of a lookup, a query returns only the id.
fn compared(record: &Record) -> Vec<Value> {
    let value = |name: &&str| match record.get::<Value>(name).unwrap() {
        Some(Value::Object(lookup)) => lookup["id"].clone(),
        value => value.unwrap_or_default(),
    };
    COMPARED.iter().map(value).collect()
}

/// Reads records by their ids, at most 100, as the call for one record does.
async fn get_all(api: &Api, ids: &[Id]) -> BTreeMap<Id, Vec<Value>> {
    let records = api.records("Contacts").list().fields(COMPARED).ids(ids.iter().cloned());
    let records = records.await.unwrap().all().unwrap();
    records.iter().map(|record| (record.id().unwrap(), compared(record))).collect()
}

#[tokio::test]
async fn returns_each_lasting_record_once_during_changes() {
    const RECORDS: usize = 250_000;
    let Fixture { sim, api } =
        Fixture::with(ApiVersion::V8, |sim| sim.records("Contacts", RECORDS)).await;
    let first = api.records("Contacts").list().fields(["Last_Name"]).sort_by("id");
    let first = first.per_page(1).await.unwrap().all().unwrap();
    let begin: u64 = first[0].id().unwrap().as_str().parse().unwrap();
    let mut stream = api.records("Contacts").list().fields(COMPARED).complete().stream();
    let mut seen: Vec<(Id, Vec<Value>)> = Vec::with_capacity(RECORDS);
    let mut deleted = Vec::new();
    // the values of changed records before their changes
    let mut versions: BTreeMap<Id, Vec<Vec<Value>>> = BTreeMap::new();
    while let Some(contact) = stream.next().await {
        let contact = contact.unwrap();
        let id = contact.id().unwrap();
        // deletions, edits behind and ahead of the position, and new records
        if seen.len() % 5_000 == 17 {
            let number: u64 = id.as_str().parse().unwrap();
            sim.delete("Contacts", id.as_str()).unwrap();
            deleted.push(id.clone());
            let ahead = (number + 20_011).to_string();
            if sim.delete("Contacts", &ahead).is_ok() {
                deleted.push(Id::from(ahead));
            }
            for place in [begin + 3, number - 5, number + 40, number + 3_000, number + 30_000] {
                let place = Id::from(place.to_string());
                if let Some(before) =
                    get_all(&api, std::slice::from_ref(&place)).await.remove(&place)
                {
                    versions.entry(place.clone()).or_default().push(before);
                    let name = format!("Changed {}", seen.len());
                    sim.change("Contacts", place.as_str(), json!({ "Last_Name": name })).unwrap();
                }
            }
            sim.insert("Contacts", json!({ "Last_Name": "New" })).unwrap();
        }
        seen.push((id, compared(&contact)));
    }
    assert!(deleted.len() > 60, "{}", deleted.len());
    assert!(versions.len() > 100, "{}", versions.len());
    let in_order = seen.is_sorted_by(|(before, _), (after, _)| before < after);
    assert!(in_order, "a record came twice or out of order");
    let lasting =
        (begin..begin + u64::try_from(RECORDS).unwrap()).map(|id| Id::from(id.to_string()));
    let lasting: Vec<Id> = lasting.filter(|id| !deleted.contains(id)).collect();
    let mut changed = 0;
    for ids in lasting.chunks(100) {
        let now = get_all(&api, ids).await;
        assert_eq!(now.len(), ids.len());
        for (id, now) in now {
            let found = seen.binary_search_by(|(seen, _)| seen.cmp(&id));
            let read = &seen[found.unwrap_or_else(|_| panic!("{id} is missing"))].1;
            if *read != now {
                // changed after it was read
                assert!(versions.get(&id).is_some_and(|old| old.contains(read)), "{id}: {read:?}");
                changed += 1;
            }
        }
    }
    assert!(changed > 0 && changed < versions.len(), "{changed} of {}", versions.len());
    for (name, column) in COMPARED.iter().zip(0..) {
        assert!(seen.iter().any(|(_, values)| !values[column].is_null()), "{name} is always empty");
    }
    let (id, read) = &seen[RECORDS / 2];
    assert_eq!(compared(&api.records("Contacts").get(id.clone()).await.unwrap()), *read);
}
