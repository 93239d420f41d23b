//! Lists with more fields than one call returns, also under concurrent writes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Deserialize;
use zcrm_api::{Cursor, list::ItemStream};
use zcrm_core::{ApiVersion, ErrorKind, Id, Module, Record};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec};

use crate::fixture::{Fixture, on_both_versions};

/// The number of fields, which need three batches.
const FIELDS: usize = 120;

fn name(field: usize) -> String {
    format!("Field_{field}")
}

fn names() -> Vec<String> {
    (0..FIELDS).map(name).collect()
}

/// Creates a record whose fields all have the same value.
fn filled(value: &str) -> Record {
    names().into_iter().fold(Record::new(), |row, name| row.with(name, value))
}

async fn fixture(version: ApiVersion, records: usize) -> (Fixture, Vec<Id>) {
    let big = names().into_iter().fold(ModuleSpec::new("Big"), |module, name| {
        module.field(FieldSpec::new(name, FieldKind::Text))
    });
    let fixture = Fixture::with(version, |sim| sim.module(big)).await;
    let rows = (0..records).map(|n| filled(&format!("value {n}")));
    let made = fixture.api.records("Big").create_many(rows).send().await.unwrap().all().unwrap();
    let ids = made.into_iter().map(|row| row.id).collect();
    fixture.sim.clear_journal();
    (fixture, ids)
}

/// Returns the value that all fields of a record have.
fn value_of(record: &Record) -> String {
    let values: Vec<String> =
        names().iter().map(|name| record.get(name).unwrap().unwrap_or_default()).collect();
    assert!(values.iter().all(|value| *value == values[0]), "mixed versions: {record:?}");
    values[0].clone()
}

#[derive(Deserialize)]
struct Ends {
    id: Id,
    #[serde(rename = "Field_0")]
    first: String,
    #[serde(rename = "Field_119")]
    last: String,
}

impl Module for Ends {
    const API_NAME: &'static str = "Big";
    const FIELDS: &'static [&'static str] = &NAMES;
}

/// The fields as a constant, because `Module::FIELDS` is one.
const NAMES: [&str; 60] = {
    let mut names = ["Field_0"; 60];
    let others = [
        "Field_1",
        "Field_2",
        "Field_3",
        "Field_4",
        "Field_5",
        "Field_6",
        "Field_7",
        "Field_8",
        "Field_9",
        "Field_10",
        "Field_11",
        "Field_12",
        "Field_13",
        "Field_14",
        "Field_15",
        "Field_16",
        "Field_17",
        "Field_18",
        "Field_19",
        "Field_20",
        "Field_21",
        "Field_22",
        "Field_23",
        "Field_24",
        "Field_25",
        "Field_26",
        "Field_27",
        "Field_28",
        "Field_29",
        "Field_30",
        "Field_31",
        "Field_32",
        "Field_33",
        "Field_34",
        "Field_35",
        "Field_36",
        "Field_37",
        "Field_38",
        "Field_39",
        "Field_40",
        "Field_41",
        "Field_42",
        "Field_43",
        "Field_44",
        "Field_45",
        "Field_46",
        "Field_47",
        "Field_48",
        "Field_49",
        "Field_50",
        "Field_51",
        "Field_52",
        "Field_53",
        "Field_54",
        "Field_55",
        "Field_56",
        "Field_57",
        "Field_58",
        "Field_119",
    ];
    let mut at = 1;
    while at < 60 {
        names[at] = others[at - 1];
        at += 1;
    }
    names
};

on_both_versions! {
    async fn reads_all_fields_of_all_records(version) {
        let (Fixture { sim, api }, ids) = fixture(version, 230).await;
        let big = api.records("Big");
        let all = big.list().fields(names()).stream().collect_all().await;
        assert!(all.bad.is_empty() && all.interrupted.is_none());
        let mut found: Vec<Id> = all.records.iter().map(|row| row.id().unwrap()).collect();
        for (row, id) in all.records.iter().zip(&found) {
            let at = ids.iter().position(|known| known == id).unwrap();
            assert_eq!(value_of(row), format!("value {at}"));
            assert!(version == ApiVersion::V2 || !row.contains("Modified_Time"));
        }
        found.sort();
        let mut wanted = ids.clone();
        wanted.sort();
        assert_eq!(found, wanted);
        // two pages: the first with two batches of two calls each, the second with two calls
        let calls = sim.journal().api_requests();
        assert_eq!(calls, if version == ApiVersion::V2 { 2 } else { 2 + 4 + 2 });
        for entry in sim.journal().entries() {
            let param = |name: &str| entry.query.iter().find(|(known, _)| known == name);
            let count = |name| param(name).map_or(0, |(_, value)| value.split(',').count());
            assert!(count("fields") <= 50 && count("ids") <= 100, "{:?}", entry.query);
        }

        let typed: Vec<Ends> = api.records_of::<Ends>().list().stream().collect_all().await.records;
        assert_eq!(typed.len(), 230);
        for ends in typed {
            let at = ids.iter().position(|known| *known == ends.id).unwrap();
            assert_eq!((ends.first, ends.last), (format!("value {at}"), format!("value {at}")));
        }
        // a single page, without a stream
        let page = big.list().fields(names()).per_page(3).send().await.unwrap();
        assert_eq!(page.items.len(), 3);
        page.items.iter().for_each(|row| { value_of(row.as_ref().unwrap()); });
        // one record is read in one call
        sim.clear_journal();
        value_of(&big.get(&ids[7]).send().await.unwrap());
        assert_eq!(sim.journal().api_requests(), 1);
    }
}

#[tokio::test]
async fn reports_a_record_that_vanishes_between_two_calls() {
    let (Fixture { sim, api }, ids) = fixture(ApiVersion::V8, 6).await;
    let mut stream = api.records("Big").list().fields(names()).stream();
    let hold = sim.faults().method("GET").skip(1).hold();
    let read =
        tokio::spawn(async move { stream.next().await.unwrap().map(|_| ()).and(Ok(stream)) });
    while hold.arrived() == 0 {
        tokio::task::yield_now().await;
    }
    api.records("Big").delete(&ids[2]).await.unwrap();
    hold.release();
    let stream: ItemStream<Record> = read.await.unwrap().unwrap();
    let all = stream.collect_all().await;
    assert!(all.interrupted.is_none());
    assert_eq!(all.records.len(), 4);
    all.records.iter().for_each(|row| {
        value_of(row);
    });
    let [bad] = &all.bad[..] else { panic!("{:?}", all.bad) };
    let record = bad.record().unwrap();
    assert_eq!(bad.kind(), ErrorKind::Record);
    assert!(record.is_vanished() && record.id() == Some(&ids[2]), "{bad}");
    assert!(bad.to_string().contains("vanished"), "{bad}");
    // the list begins with the newest, so it was the fourth of six
    assert_eq!(record.index(), 3);
}

#[tokio::test]
async fn rereads_a_record_that_changes_between_two_calls() {
    let (Fixture { sim, api }, ids) = fixture(ApiVersion::V8, 3).await;
    let hold = sim.faults().method("GET").skip(1).hold();
    let list = api.records("Big").list().fields(names());
    let read = tokio::spawn(list.send());
    while hold.arrived() == 0 {
        tokio::task::yield_now().await;
    }
    sim.advance(Duration::from_secs(2));
    api.records("Big").update(&ids[1], &filled("new")).await.unwrap();
    hold.release();
    let page = read.await.unwrap().unwrap();
    let values: Vec<String> =
        page.items.iter().map(|row| value_of(row.as_ref().unwrap())).collect();
    assert_eq!(values, ["value 2", "new", "value 0"]);
}

#[tokio::test]
async fn never_mixes_versions_of_a_record_under_concurrent_writes() {
    let (Fixture { sim, api }, ids) = fixture(ApiVersion::V8, 120).await;
    let (done, writer) = (Arc::new(AtomicBool::new(false)), api.clone());
    let (stop, clock) = (Arc::clone(&done), Arc::new(sim));
    let time = Arc::clone(&clock);
    let victims = ids.clone();
    let writes = tokio::spawn(async move {
        let big = writer.records("Big");
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) && count < 600 {
            time.advance(Duration::from_secs(1));
            let at = count % victims.len();
            let row = filled(&format!("turn {count}"));
            // updates of deleted records are refused
            let _ = big.update(&victims[at], &row).await;
            if count % 20 == 19 {
                let _ = big.delete(&victims[(at * 7) % victims.len()]).await;
            }
            count += 1;
        }
        count
    });
    let (mut whole, mut vanished) = (0, 0);
    for _ in 0..2 {
        let stream = api.records("Big").list().fields(names()).per_page(40).stream();
        let all = stream.collect_all().await;
        assert!(all.interrupted.is_none(), "{:?}", all.interrupted);
        whole += all.records.iter().map(value_of).count();
        for bad in all.bad {
            assert!(bad.record().unwrap().is_vanished(), "{bad}");
            vanished += 1;
        }
    }
    done.store(true, Ordering::Relaxed);
    let written = writes.await.unwrap();
    assert!(written > 20 && whole > 100, "{written} writes, {whole} whole, {vanished} vanished");
}

#[tokio::test]
async fn resumes_a_stream_with_all_fields() {
    let (Fixture { sim, api }, _) = fixture(ApiVersion::V8, 5).await;
    let big = api.records("Big");
    // the first page needs three calls; the second page fails
    sim.faults().method("GET").skip(3).times(9).zoho_error(403, "NO_PERMISSION");
    let all = big.list().fields(names()).per_page(3).stream().collect_all().await;
    assert_eq!(all.records.len(), 3);
    sim.clear_faults();
    let cursor = Cursor::of(all.interrupted.as_ref().unwrap()).unwrap().clone();
    let text = serde_json::to_string(&cursor).unwrap();
    let cursor: Cursor = serde_json::from_str(&text).unwrap();
    let rest = big.resume(cursor).unwrap().collect_all().await;
    assert_eq!(rest.records.len(), 2);
    let values: Vec<String> = all.records.iter().chain(&rest.records).map(value_of).collect();
    assert_eq!(values, ["value 4", "value 3", "value 2", "value 1", "value 0"]);
}

/// Creates an API whose server sends no `Modified_Time`, as for linking modules.
fn timeless(other: impl Fn(&str) -> serde_json::Value + Send + Sync + 'static) -> zcrm_api::Api {
    let other = Arc::new(other);
    let transport = tower::service_fn(move |request: http::Request<zcrm_http::ReqBody>| {
        let answer = other(&request.uri().to_string()).to_string();
        async move { Ok(http::Response::new(zcrm_http::ResBody::from(answer))) }
    });
    zcrm_api::Api::new(tower::util::BoxCloneSyncService::new(transport), ApiVersion::V8)
}

#[tokio::test]
async fn refuses_many_fields_without_a_modified_time() {
    let whole = serde_json::json!({"data": [{"id": "1"}], "info": {"more_records": false}});
    let shown = whole.clone();
    let api = timeless(move |_| shown.clone());
    let list = || api.records("Big").list().fields(names());
    let error = list().send().await.unwrap_err();
    assert_eq!((error.kind(), error.is_safe_to_repeat()), (ErrorKind::Input, true), "{error}");
    for word in ["`Big`", "`Modified_Time`", "50", "`get`"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    let all = list().stream().collect_all().await;
    assert!(all.records.is_empty());
    assert_eq!(all.interrupted.unwrap().kind(), ErrorKind::Input);
    // 50 fields fit into one call
    let few = api.records("Big").list().fields(&names()[..50]).send().await.unwrap();
    assert_eq!(few.items.len(), 1);

    // detected by the metadata, before the list is requested
    let fields: Vec<_> =
        names().iter().map(|name| serde_json::json!({ "api_name": name })).collect();
    let api = timeless(move |uri| {
        assert!(uri.contains("/settings/fields"), "{uri}");
        serde_json::json!({ "fields": fields })
    });
    let error = api.records("Big").list().all_fields().send().await.unwrap_err();
    assert!(error.to_string().contains("`Modified_Time`"), "{error}");
    assert_eq!(error.outcome(), zcrm_core::Outcome::NotSent);
}

#[tokio::test]
async fn rereads_a_record_whose_modified_time_is_null() {
    let api = timeless(|uri| {
        let row = |id: &str, time: serde_json::Value, more: &str| {
            let mut row = serde_json::json!({ "id": id, "Modified_Time": time });
            row[more] = "old".into();
            row
        };
        if uri.contains("/Big/2") {
            return serde_json::json!({"data": [
                {"id": "2", "Modified_Time": null, "Field_0": "new", "Field_119": "new"},
            ]});
        }
        let more = if uri.contains("ids=") { "Field_119" } else { "Field_0" };
        let info = serde_json::json!({ "more_records": false });
        serde_json::json!({ "info": info, "data": [
            row("1", "2026-05-24T17:05:12+05:30".into(), more), row("2", serde_json::Value::Null, more),
        ]})
    });
    let page = api.records("Big").list().fields(names()).send().await.unwrap();
    let values: Vec<_> = page
        .all()
        .unwrap()
        .iter()
        .map(|row| {
            [row.get("Field_0").unwrap(), row.get("Field_119").unwrap()] as [Option<String>; 2]
        })
        .collect();
    let both = |text: &str| [Some(text.to_owned()), Some(text.to_owned())];
    assert_eq!(values, [both("old"), both("new")]);
}
