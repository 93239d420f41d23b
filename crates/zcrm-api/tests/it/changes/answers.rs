//! Answers of servers that make mistakes, or whose records change during a round.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use http::Response;
use serde_json::{Value, json};
use tower::service_fn;
use zcrm_api::{
    Api,
    changes::{Change, ChangeMark, ChangeStream},
};
use zcrm_core::{ApiVersion, BoxError, Error, ErrorKind, ManualClock, Outcome, Record, Timestamp};
use zcrm_http::{ReqBody, ResBody, Transport};

use super::{DATE, before, stored};

/// The requests of a server, as method, path and query.
type Log = Arc<Mutex<Vec<String>>>;

/// Returns an API whose server answers with this function, and what was sent.
fn answering(answer: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) -> (Api, Log) {
    let log = Log::default();
    let (sent, answer) = (Arc::clone(&log), Arc::new(answer));
    let service = service_fn(move |request: http::Request<ReqBody>| {
        let (sent, answer) = (Arc::clone(&sent), Arc::clone(&answer));
        async move {
            let mut line = format!("{} {}", request.method(), request.uri());
            if let Some(since) = request.headers().get("if-modified-since") {
                line += &format!(" since {}", since.to_str().unwrap());
            }
            let body = request.into_body().collect().await?;
            line += std::str::from_utf8(&body)?;
            let (status, body) = answer(&line);
            sent.lock().unwrap().push(line);
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let response = Response::builder().status(status).header("date", DATE);
            Ok::<_, BoxError>(response.body(ResBody::from(body))?)
        }
    });
    (Api::new(Transport::new(service), ApiVersion::V8), log)
}

fn contacts(api: &Api, mark: &ChangeMark) -> ChangeStream<Record> {
    let changes = api.records("Contacts").changes_since(mark.clone());
    changes.fields(["City"]).accept_lost_deletions().stream()
}

async fn read(mut changes: ChangeStream<Record>) -> Result<(Vec<String>, ChangeMark), Error> {
    let mut all = Vec::new();
    while let Some(change) = changes.next().await {
        all.push(match change? {
            Change::Put(record) => format!("put {}", record.id().unwrap()),
            Change::Deleted(row) => format!("deleted {}", row.id),
            other => panic!("{other:?}"),
        });
    }
    Ok((all, changes.mark()))
}

fn row(id: u64, seconds_ago: i64) -> Value {
    let time = before(seconds_ago).to_string();
    json!({ "id": id.to_string(), "City": "Pune", "Modified_Time": time })
}

fn deleted(id: u64, seconds_ago: i64) -> Value {
    let time = before(seconds_ago).to_string();
    json!({ "id": id.to_string(), "display_name": null, "type": "permanent", "deleted_time": time,
        "deleted_by": null, "created_by": null })
}

fn page(rows: Vec<Value>, more: bool) -> (u16, Value) {
    (200, json!({ "data": rows, "info": { "more_records": more, "count": rows.len() } }))
}

#[tokio::test]
async fn takes_the_new_mark_from_the_servers_date() {
    let (api, log) = answering(|_| (304, Value::Null));
    let (changes, mark) = read(contacts(&api, &ChangeMark::at(before(600)))).await.unwrap();
    assert!(changes.is_empty());
    assert_eq!(mark.time(), Some(before(0)));
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 2);
    // twice the look-back for deletions, once for records
    assert!(log[0].contains("/deleted") && log[0].ends_with(&before(1_200).to_string()), "{log:?}");
    assert!(log[1].ends_with(&before(900).to_string()), "{log:?}");
    assert!(log[1].contains("approved=both") && !log[1].contains("converted"), "{log:?}");
}

#[tokio::test]
async fn ends_with_an_error_without_a_date() {
    let service = service_fn(|_| async { Ok::<_, BoxError>(zcrm_test_kit::answer(304, "")) });
    let api = Api::new(Transport::new(service), ApiVersion::V8);
    let error = read(contacts(&api, &ChangeMark::at(before(0)))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("`Date`"), "{error}");
}

#[tokio::test]
async fn detects_a_mark_that_is_too_old_by_the_servers_date() {
    // the local clock says that it is not
    let clock = Arc::new(ManualClock::new());
    let old = zcrm_core::Clock::now(&*clock) - chrono::TimeDelta::days(1);
    let service = service_fn(move |_| async move {
        let date = (old + chrono::TimeDelta::days(400)).to_rfc2822();
        let response = Response::builder().status(304).header("date", date);
        Ok::<_, BoxError>(response.body(ResBody::from(""))?)
    });
    let api = Api::new(Transport::new(service), ApiVersion::V8).with_clock(clock);
    let changes = api.records("Contacts").changes_since(ChangeMark::at(old)).fields(["City"]);
    let error = changes.await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Input, Outcome::Local));
    assert!(error.to_string().contains("120 days"), "{error}");
}

#[tokio::test]
async fn reads_the_deletions_again_until_two_passes_agree() {
    // record 150 is restored after the first page, so row 200 moves to a page that was read
    let (api, log) = answering({
        let calls = Mutex::new(0);
        move |line| {
            if !line.contains("/deleted") {
                return (304, Value::Null);
            }
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            let rows = (0..250).filter(|id| *calls == 1 || *id != 150).map(|id| deleted(id, 400));
            match line.contains("page=2") {
                false => page(rows.take(200).collect(), true),
                true => page(rows.skip(200).collect(), false),
            }
        }
    });
    let (changes, _) = read(contacts(&api, &ChangeMark::at(before(600)))).await.unwrap();
    let ids: BTreeSet<_> = changes.iter().collect();
    assert_eq!(ids.len(), 250, "row 200 is missing");
    assert_eq!(changes.len(), 250, "a row is returned twice");
    assert_eq!(log.lock().unwrap().iter().filter(|line| line.contains("/deleted")).count(), 6);
}

#[tokio::test]
async fn ends_with_an_error_if_the_deletions_never_rest() {
    let calls = Mutex::new(0);
    let (api, _) = answering(move |line| {
        if !line.contains("/deleted") {
            return (304, Value::Null);
        }
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        let rows = (0..250).filter(|id| id % 100 != *calls % 100).map(|id| deleted(id, 400));
        match line.contains("page=2") {
            false => page(rows.take(200).collect(), true),
            true => page(rows.skip(200).collect(), false),
        }
    });
    let error = read(contacts(&api, &ChangeMark::at(before(600)))).await.unwrap_err();
    assert!(error.to_string().contains("10 passes"), "{error}");
}

#[tokio::test]
async fn ends_with_an_error_if_a_page_of_deletions_repeats() {
    let (api, log) = answering(|_| page((0..200).map(|id| deleted(id, 400)).collect(), true));
    let error = read(contacts(&api, &ChangeMark::at(before(600)))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert_eq!(log.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn reads_restored_records_by_their_ids() {
    let restored = Arc::new(Mutex::new(false));
    let state = Arc::clone(&restored);
    let (api, log) = answering(move |line| match *state.lock().unwrap() {
        _ if line.contains("ids=7") => page(vec![row(7, 90_000)], false),
        false if line.contains("/deleted") => page(vec![deleted(7, 60)], false),
        _ => (304, Value::Null),
    });
    let (changes, mark) = read(contacts(&api, &ChangeMark::at(before(600)))).await.unwrap();
    assert_eq!(changes, ["deleted 7"]);
    let (changes, mark) = read(contacts(&api, &stored(&mark))).await.unwrap();
    assert!(changes.is_empty());
    *restored.lock().unwrap() = true;
    let (changes, mark) = read(contacts(&api, &mark)).await.unwrap();
    assert_eq!(changes, ["put 7"]);
    assert_eq!(read(contacts(&api, &mark)).await.unwrap().0, [""; 0]);
    assert_eq!(log.lock().unwrap().iter().filter(|line| line.contains("ids=7")).count(), 1);
}

/// Answers like Zoho with contacts in a list of unapproved records: one hidden second of 450 records.
fn hidden_second(line: &str, rows: &[Value]) -> (u16, Value) {
    if line.contains("/deleted") {
        return (304, Value::Null);
    }
    if line.contains("coql") {
        return (204, Value::Null);
    }
    if !line.contains("approved=false") {
        return page(vec![row(1, 500); 200], true);
    }
    let since: Timestamp = line.rsplit(' ').next().unwrap().parse().unwrap();
    let time = |row: &Value| row["Modified_Time"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let rows: Vec<Value> = rows.iter().filter(|row| time(row) >= since).cloned().collect();
    let skip = line
        .split("page_token=t")
        .nth(1)
        .map_or(0, |rest| rest.split([' ', '&']).next().unwrap().parse::<usize>().unwrap());
    let more = rows.len() > skip + 200;
    let shown: Vec<Value> = rows.into_iter().skip(skip).take(200).collect();
    let token = more.then(|| format!("t{}", skip + 200));
    (200, json!({ "data": shown, "info": { "more_records": more, "next_page_token": token } }))
}

#[tokio::test]
async fn reads_unapproved_records_of_one_second_past_a_page() {
    let mut rows: Vec<Value> = (1..=30).map(|id| row(id, 560)).collect();
    rows.extend((31..=480).map(|id| row(id, 540)));
    rows.extend((481..=700).map(|id| row(id, 500)));
    let (api, log) = answering(move |line| hidden_second(line, &rows));
    let (changes, mark) = read(contacts(&api, &ChangeMark::at(before(600)))).await.unwrap();
    let ids: BTreeSet<_> = changes.iter().collect();
    assert_eq!(ids.len(), 700);
    assert!(changes.len() <= 702, "{} changes", changes.len());
    assert_eq!(mark.time(), Some(before(0)));
    assert!(log.lock().unwrap().len() < 30);
}

#[tokio::test]
async fn ends_with_an_error_if_a_list_is_not_sorted_by_time() {
    let rows: Vec<Value> = (1..=450).map(|id| row(id, (id % 7) as i64 + 400)).collect();
    let (api, _) = answering(move |line| hidden_second(line, &rows));
    let error = read(contacts(&api, &ChangeMark::at(before(600)))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains("`Modified_Time`"), "{error}");
}

#[tokio::test]
async fn refuses_records_without_a_time() {
    let (api, _) = answering(|line| match line.contains("/deleted") {
        true => (304, Value::Null),
        false => page(vec![json!({ "id": "7", "City": "Pune" })], false),
    });
    let mut changes = contacts(&api, &ChangeMark::at(before(600)));
    let error = changes.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("`Modified_Time`"), "{error}");
    assert!(changes.next().await.is_none());
    assert_eq!(changes.mark().time(), Some(before(600)), "the round is not complete");
}
