//! Streams over all pages, with bad records, failed pages and limits.

use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::json;
use zcrm_api::{Cursor, field, list::ItemStream};
use zcrm_core::{ApiVersion, Code, ErrorKind, Id, Module, Record};

use crate::fixture::{Fixture, on_both_versions};

/// A contact whose phone number is mandatory.
#[derive(Debug, Deserialize)]
struct Contact {
    id: Id,
    #[serde(rename = "Phone")]
    _phone: String,
}

impl Module for Contact {
    const API_NAME: &'static str = "Contacts";
    const FIELDS: &'static [&'static str] = &["Last_Name", "Phone"];
}

/// Creates 30 contacts, in pages of ten; contact 14 has no phone number.
async fn one_bad_contact(version: ApiVersion) -> (Fixture, ItemStream<Contact>) {
    let fixture = Fixture::new(version).await;
    let rows = (0..30).map(|n| {
        let row = Record::new().with("Last_Name", format!("Contact {n}"));
        if n == 14 { row } else { row.with("Phone", "1") }
    });
    fixture.api.records("Contacts").create_many(rows).send().await.unwrap().all().unwrap();
    let list = fixture.api.records_of::<Contact>().list();
    let stream = list.sort_by("id").per_page(10).stream();
    (fixture, stream)
}

on_both_versions! {
    async fn streams_all_records_once_and_in_order(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 450)).await;
        let list = api.records("Contacts").list().fields(["Last_Name"]);
        let stream = list.sort_by("id").stream();
        let ids: Vec<Id> = stream.map_ok(|it| it.id().unwrap()).try_collect().await.unwrap();
        assert_eq!(ids.len(), 450);
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(sim.journal().api_requests(), 3);
    }

    async fn returns_an_error_in_place_of_a_bad_record(version) {
        let (_world, mut stream) = one_bad_contact(version).await;
        let mut good = 0;
        let mut bad = Vec::new();
        while let Some(item) = stream.next().await {
            match item {
                Ok(_) => good += 1,
                Err(error) => bad.push(error),
            }
        }
        assert_eq!((good, bad.len()), (29, 1));
        assert_eq!(bad[0].kind(), ErrorKind::Record);
        let record = bad[0].record().unwrap();
        assert_eq!(record.index(), 14);
        assert!(record.id().is_some());
        assert!(record.raw().contains("Contact 14"));
        assert!(!bad[0].to_string().contains("Contact 14"), "{}", bad[0]);
    }

    async fn passes_bad_records_to_a_callback(version) {
        let (_world, stream) = one_bad_contact(version).await;
        let aside = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&aside);
        let stream = stream.on_bad_record(move |error| keep.lock().unwrap().push(error));
        let good: Vec<Contact> = stream.try_collect().await.unwrap();
        assert_eq!(good.len(), 29);
        assert!(good.is_sorted_by(|a, b| a.id < b.id));
        let aside = aside.lock().unwrap();
        assert_eq!(aside.iter().map(|it| it.record().unwrap().index()).collect::<Vec<_>>(), [14]);
    }

    async fn collects_good_and_bad_records(version) {
        let (_world, stream) = one_bad_contact(version).await;
        let all = stream.collect_all().await;
        assert_eq!((all.records.len(), all.bad.len()), (29, 1));
        assert!(all.interrupted.is_none());
    }

    async fn ends_at_a_failed_page_with_a_cursor(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 50)).await;
        let contacts = api.records("Contacts");
        sim.faults().on_path_prefix("/crm/").skip(2).zoho_error(403, "NO_PERMISSION");
        let list = contacts.list().fields(["Last_Name"]).sort_by("id");
        let all = list.per_page(20).stream().collect_all().await;
        assert_eq!(all.records.len(), 40);
        let error = all.interrupted.unwrap();
        assert_eq!(error.code(), Some(&Code::NO_PERMISSION));

        let saved = serde_json::to_string(Cursor::of(&error).unwrap()).unwrap();
        let cursor: Cursor = serde_json::from_str(&saved).unwrap();
        let wrong = api.records("Leads").resume(cursor.clone()).unwrap_err();
        assert!(wrong.to_string().contains("`Contacts`"), "{wrong}");
        let rest = contacts.resume(cursor).unwrap().collect_all().await;
        let mut ids: Vec<Id> =
            all.records.iter().chain(&rest.records).map(|it| it.id().unwrap()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 50);
        assert!(ids.is_sorted());
    }

    async fn reports_an_error_object_in_place_of_a_record(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let body = json!({"data": [
            {"id": "1", "Last_Name": "Kay"},
            {"status": "error", "code": "NO_PERMISSION", "message": "no", "details": {}},
            {"id": "3", "status": "error", "code": "a field", "Last_Name": "Boyle"},
        ]});
        sim.faults().on_path_prefix("/crm/").json(200, &body);
        let stream = api.records("Contacts").list().fields(["Last_Name"]).stream();
        let items: Vec<_> = stream.collect().await;
        assert_eq!(items.len(), 3);
        let error = items[1].as_ref().unwrap_err();
        assert_eq!(*error.record().unwrap().api().unwrap().code(), Code::NO_PERMISSION);
        assert!(items[0].is_ok() && items[2].is_ok());
    }

    async fn fetches_the_next_page_when_half_of_a_page_is_read(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 30)).await;
        let hold = sim.faults().on_path_prefix("/crm/").skip(1).hold();
        let mut stream = api.records("Contacts").list().fields(["id"]).per_page(10).stream();
        for _ in 0..5 {
            stream.next().await.unwrap().unwrap();
        }
        assert_eq!(sim.journal().api_requests(), 1);
        // the sixth record is buffered, and reading it starts the next fetch
        stream.next().await.unwrap().unwrap();
        hold.wait_arrived().await;
        hold.release();
        let all = stream.collect_all().await;
        assert_eq!(all.records.len(), 24);
    }

    async fn dropped_stream_fetches_no_further_page(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 60)).await;
        let hold = sim.faults().on_path_prefix("/crm/").skip(1).hold();
        let mut stream = api.records("Contacts").list().fields(["id"]).per_page(20).stream();
        for _ in 0..11 {
            stream.next().await.unwrap().unwrap();
        }
        hold.wait_arrived().await;
        drop(stream);
        // this call is answered after any request that the stream could still send
        let other = || async {
            let list = api.records("Contacts").list().fields(["id"]).per_page(1);
            list.send().await.unwrap();
        };
        other().await;
        other().await;
        hold.release();
        other().await;
        let journal = sim.journal();
        let twenty = ("per_page".to_owned(), "20".to_owned());
        let pages = journal.entries().iter().filter(|entry| entry.query.contains(&twenty));
        assert_eq!(pages.map(|entry| entry.status).collect::<Vec<_>>(), [Some(200), None]);
    }

    async fn fetches_no_page_before_half_of_a_page_is_read(version) {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 30)).await;
        let mut stream = api.records("Contacts").list().fields(["id"]).per_page(10).stream();
        for _ in 0..5 {
            stream.next().await.unwrap().unwrap();
        }
        // enough time for an unexpected fetch
        for _ in 0..3 {
            api.records("Leads").list().fields(["id"]).send().await.unwrap();
        }
        let pages = || sim.journal().count(|entry| entry.path.ends_with("/Contacts"));
        assert_eq!(pages(), 1);
        assert_eq!(stream.collect_all().await.records.len(), 25);
        assert_eq!(pages(), 3);
    }

    async fn stream_starts_at_the_given_page(version) {
        let Fixture { sim: _sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 30)).await;
        let list = || api.records("Contacts").list().fields(["id"]).per_page(10);
        let all = list().sort_by("id").stream().collect_all().await;
        let later = list().sort_by("id").page(2).stream().collect_all().await;
        let ids = |all: &[Record]| all.iter().map(|it| it.id().unwrap()).collect::<Vec<_>>();
        assert_eq!(ids(&later.records), ids(&all.records)[10..]);
    }

    async fn streams_and_resumes_a_search(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        let contacts = api.records("Contacts");
        let row = |n: usize| {
            Record::new().with("Last_Name", if n.is_multiple_of(2) { "Even" } else { "Odd" })
        };
        contacts.create_many((0..60).map(row)).send().await.unwrap().all().unwrap();
        let even = || contacts.search(field("Last_Name").eq("Even")).per_page(10);
        assert_eq!(even().stream().collect_all().await.records.len(), 30);
        sim.faults().method("GET").skip(1).zoho_error(403, "NO_PERMISSION");
        let all = even().stream().collect_all().await;
        assert_eq!(all.records.len(), 10);
        let cursor = Cursor::of(all.interrupted.as_ref().unwrap()).unwrap().clone();
        assert!(!format!("{cursor:?}").contains("Even"));
        assert_eq!(contacts.resume(cursor).unwrap().collect_all().await.records.len(), 20);
    }

    async fn error_of_a_page_repeats_no_text(version) {
        let Fixture { sim, api } = Fixture::new(version).await;
        sim.faults().method("GET").times(9).reset();
        let stream = api.records("Contacts").list().fields(["id"]).stream();
        let error = stream.collect_all().await.interrupted.unwrap();
        let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source());
        let mut texts: Vec<String> = chain.map(ToString::to_string).collect();
        let total = texts.len();
        assert!(total > 2, "{texts:?}");
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), total, "{texts:?}");
    }
}

#[tokio::test]
async fn resumes_a_stream_from_any_record() {
    for version in [ApiVersion::V2, ApiVersion::V8] {
        let Fixture { sim, api } = Fixture::with(version, |sim| sim.records("Contacts", 25)).await;
        let contacts = api.records("Contacts");
        let stream = || {
            let list = contacts.list().fields(["id"]).per_page(10);
            list.sort_by("id").stream()
        };
        let ids =
            |records: &[Record]| records.iter().map(|it| it.id().unwrap()).collect::<Vec<_>>();
        let whole = ids(&stream().collect_all().await.records);
        assert_eq!(whole.len(), 25);
        for read in 0..=25 {
            let mut begun = stream();
            let mut before = Vec::new();
            for _ in 0..read {
                before.push(begun.next().await.unwrap().unwrap());
            }
            let cursor = match begun.cursor() {
                Some(cursor) => cursor,
                None => {
                    assert_eq!(read, 25);
                    assert!(begun.next().await.is_none());
                    continue;
                }
            };
            assert_eq!(cursor.index(), read);
            drop(begun);
            let saved = serde_json::to_string(&cursor).unwrap();
            let rest = contacts.resume(serde_json::from_str(&saved).unwrap()).unwrap();
            assert!(rest.cursor().unwrap() == cursor);
            let rest = rest.collect_all().await;
            assert!(rest.bad.is_empty() && rest.interrupted.is_none());
            before.extend(rest.records);
            assert_eq!(ids(&before), whole, "after {read} in {version}");
        }
        // after resuming inside a page, the index of errors continues
        let mut begun = stream();
        for _ in 0..13 {
            begun.next().await.unwrap().unwrap();
        }
        let mut resumed = contacts.resume(begun.cursor().unwrap()).unwrap();
        resumed.next().await.unwrap().unwrap();
        assert_eq!(resumed.cursor().unwrap().index(), 14);
        sim.faults().on_path_prefix("/crm/").times(9).zoho_error(403, "NO_PERMISSION");
        let broken = resumed.collect_all().await;
        assert_eq!(broken.records.len(), 6);
        let cursor = Cursor::of(broken.interrupted.as_ref().unwrap()).unwrap();
        assert_eq!(cursor.index(), 20);
    }
}

#[tokio::test]
async fn cursor_counts_bad_records() {
    let (fixture, stream) = one_bad_contact(ApiVersion::V8).await;
    let mut stream = stream.on_bad_record(|_| {});
    for _ in 0..15 {
        stream.next().await.unwrap().unwrap();
    }
    let cursor = stream.cursor().unwrap();
    assert_eq!(cursor.index(), 16);
    let rest = fixture.api.records_of::<Contact>().resume(cursor).unwrap().collect_all().await;
    assert_eq!((rest.records.len(), rest.bad.len()), (14, 0));
}

#[tokio::test]
async fn has_a_cursor_once_the_field_names_are_known() {
    let Fixture { sim: _sim, api } =
        Fixture::with(ApiVersion::V8, |sim| sim.records("Contacts", 3)).await;
    let mut stream = api.records("Contacts").list().all_fields().stream();
    assert!(stream.cursor().is_none());
    stream.next().await.unwrap().unwrap();
    let cursor = stream.cursor().unwrap();
    assert_eq!(
        api.records("Contacts").resume(cursor).unwrap().collect_all().await.records.len(),
        2
    );
}

#[tokio::test]
async fn accepts_cursors_with_any_numbers() {
    let Fixture { sim: _sim, api } =
        Fixture::with(ApiVersion::V2, |sim| sim.records("Contacts", 30)).await;
    let contacts = api.records("Contacts");
    let cursor = contacts.list().per_page(10).stream().cursor().unwrap();
    let saved = serde_json::to_value(&cursor).unwrap();
    let edges = [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    for index in edges {
        for skip in edges {
            for page in [1, 2, u64::MAX - 1, u64::MAX] {
                let mut odd = saved.clone();
                odd["index"] = index.into();
                odd["skip"] = skip.into();
                odd["next"] = json!({ "page": page });
                let cursor: Cursor = serde_json::from_value(odd).unwrap();
                assert_eq!(cursor.index(), index.saturating_add(skip));
                let mut stream = contacts.resume(cursor).unwrap();
                while stream.next().await.is_some() {
                    let _ = format!("{stream:?} {:?}", stream.cursor());
                }
            }
        }
    }
}

#[tokio::test]
async fn keeps_the_cursor_out_of_the_error_sources() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    sim.faults().on_path_prefix("/crm/").zoho_error(403, "NO_PERMISSION");
    let stream = api.records("Contacts").list().fields(["id"]).stream();
    let error = stream.collect_all().await.interrupted.unwrap();
    assert!(Cursor::of(&error).is_some());
    assert!(std::error::Error::source(&error).is_none(), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("cursor"), "{error:?}");
}

#[tokio::test]
async fn follows_page_tokens_past_2000_records() {
    let Fixture { sim, api } =
        Fixture::with(ApiVersion::V8, |sim| sim.records("Contacts", 2_450)).await;
    let all = api.records("Contacts").list().fields(["id"]).stream().collect_all().await;
    assert!(all.interrupted.is_none(), "{:?}", all.interrupted);
    assert_eq!(all.records.len(), 2_450);
    assert_eq!(sim.journal().api_requests(), 13);
}

#[tokio::test]
async fn stream_starts_at_the_given_page_token() {
    let Fixture { sim: _sim, api } =
        Fixture::with(ApiVersion::V8, |sim| sim.records("Contacts", 30)).await;
    let list = || api.records("Contacts").list().fields(["id"]).per_page(10);
    let token = list().send().await.unwrap().info.next_page_token.unwrap();
    let rest = list().param("page_token", token).stream().collect_all().await;
    assert_eq!(rest.records.len(), 20);
}

#[tokio::test]
async fn reports_the_limit_of_page_numbers() {
    let Fixture { sim: _sim, api } =
        Fixture::with(ApiVersion::V2, |sim| sim.records("Contacts", 2_050)).await;
    let all = api.records("Contacts").list().stream().collect_all().await;
    assert_eq!(all.records.len(), 2_000);
    let wall = all.interrupted.unwrap();
    assert_eq!(wall.kind(), ErrorKind::Wall);
    assert!(wall.to_string().contains("2000") && wall.to_string().contains("bulk"), "{wall}");
}

#[tokio::test]
async fn reads_exactly_2000_records_without_an_error() {
    let Fixture { sim: _sim, api } =
        Fixture::with(ApiVersion::V2, |sim| sim.records("Contacts", 2_000)).await;
    let all = api.records("Contacts").list().stream().collect_all().await;
    assert_eq!(all.records.len(), 2_000);
    assert!(all.interrupted.is_none(), "{:?}", all.interrupted);
}

#[tokio::test]
async fn pages_with_gaps_do_not_exceed_the_limit() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V2).await;
    let body = json!({"data": [{"id": "1"}], "info": {"more_records": true}});
    sim.faults().on_path_prefix("/crm/").times(30).json(200, &body);
    let all = api.records("Contacts").list().page(4).stream().collect_all().await;
    assert_eq!(all.interrupted.unwrap().kind(), ErrorKind::Wall);
    assert_eq!(sim.journal().api_requests(), 7);
}

#[tokio::test]
async fn reports_an_empty_response_with_status_200() {
    let Fixture { sim, api } =
        Fixture::with(ApiVersion::V2, |sim| sim.records("Contacts", 30)).await;
    sim.faults().on_path_prefix("/crm/").skip(1).html(200, "");
    let all = api.records("Contacts").list().per_page(10).stream().collect_all().await;
    assert_eq!(all.records.len(), 10);
    assert!(Cursor::of(&all.interrupted.unwrap()).is_some());
}

#[tokio::test]
async fn ends_at_a_repeated_page_token() {
    let Fixture { sim, api } = Fixture::new(ApiVersion::V8).await;
    let body = json!({"data": [{"id": "1"}],
        "info": {"more_records": true, "next_page_token": "same"}});
    sim.faults().on_path_prefix("/crm/").times(5).json(200, &body);
    let all = api.records("Contacts").list().fields(["id"]).stream().collect_all().await;
    assert_eq!(all.records.len(), 2);
    assert!(all.interrupted.unwrap().to_string().contains("same page token"));
    assert_eq!(sim.journal().api_requests(), 2);
}
