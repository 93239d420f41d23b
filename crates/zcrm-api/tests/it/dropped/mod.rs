//! Calls that are dropped at each await: they release their resources and stop.

mod server;

use std::collections::BTreeSet;

use zcrm_api::Api;
use zcrm_core::{ApiVersion, Record};

use self::server::{Fixture, Play, Stage};

/// The maximum number of steps of a call.
const MOST_STEPS: usize = 1_000;

/// Drops a call after every possible number of steps.
///
/// Returns the stages at which it was dropped, the requests begun by then, and the requests of the
/// complete call.
async fn drop_everywhere<F>(
    version: ApiVersion,
    play: Play,
    call: impl Fn(Api) -> F,
) -> (BTreeSet<Stage>, Vec<Vec<String>>, Vec<String>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (mut stages, mut left) = (BTreeSet::new(), Vec::<Vec<String>>::new());
    for steps in 0..MOST_STEPS {
        let mut fixture = Fixture::new(version, play).await;
        let dropped = fixture.drop_after(steps, call(fixture.api.clone())).await;
        let begun = fixture.begun();
        fixture.is_free().await;
        match dropped {
            None => {
                for some in &left {
                    assert!(begun.starts_with(some), "{some:?} of {begun:?}");
                }
                return (stages, left, begun);
            }
            Some(stage) => {
                stages.extend(stage);
                left.push(begun);
            }
        }
    }
    panic!("the call does not end");
}

const ALL: [Stage; 6] =
    [Stage::Token, Stage::Permit, Stage::Connecting, Stage::Sending, Stage::Answer, Stage::Body];

fn busy_once(_: &str, before: usize) -> (u16, String) {
    match before {
        0 => (503, "{}".into()),
        _ => (200, r#"{"data":[{"id":"5"}]}"#.into()),
    }
}

#[tokio::test]
async fn dropped_read_is_not_retried() {
    let (stages, left, whole) = drop_everywhere(ApiVersion::V8, busy_once, |api| async move {
        api.records("Leads").get("5").await.unwrap();
    })
    .await;
    let all = ALL.into_iter().chain([Stage::Retry]);
    assert_eq!(stages, all.collect());
    assert_eq!(whole, ["GET /crm/v8/Leads/5"; 2]);
    assert!(left.iter().any(|begun| begun.len() == 1));
}

#[tokio::test]
async fn dropped_write_is_sent_at_most_once() {
    let (stages, left, whole) = drop_everywhere(ApiVersion::V8, busy_once, |api| async move {
        let lead = Record::new().with("Last_Name", "Boyle");
        api.records("Leads").create(&lead).await.unwrap_err();
    })
    .await;
    assert_eq!(stages, ALL.into_iter().collect());
    assert_eq!(whole, ["POST /crm/v8/Leads"]);
    assert!(left.contains(&Vec::new()) && left.contains(&whole));
}

#[tokio::test]
async fn dropped_composite_is_sent_at_most_once() {
    fn created(_: &str, _: usize) -> (u16, String) {
        let row = r#"{"code":"SUCCESS","status":"success","message":"","details":{"id":"1"}}"#;
        let part = format!(
            r#"{{"code":"SUCCESS","status":"success","message":"","details":{{"response":
               {{"status_code":201,"headers":{{}},"body":{{"data":[{row}]}}}}}}}}"#
        );
        (200, format!(r#"{{"__composite_requests":[{part}]}}"#))
    }
    let (stages, left, whole) = drop_everywhere(ApiVersion::V8, created, |api| async move {
        let mut batch = api.composite();
        let lead = Record::new().with("Last_Name", "Boyle");
        let lead = batch.add(api.records("Leads").create(&lead));
        assert!(batch.await.unwrap().take(lead).is_ok());
    })
    .await;
    assert_eq!(stages, ALL.into_iter().collect());
    assert_eq!(whole, ["POST /crm/v8/__composite_requests"]);
    assert!(left.contains(&Vec::new()) && left.contains(&whole));
}

/// Returns as many results as the call has rows.
fn created(line: &str, before: usize) -> (u16, String) {
    assert_eq!(line, "POST /crm/v8/Leads");
    let rows = if before == 0 { 100 } else { 50 };
    let row = r#"{"code":"SUCCESS","status":"success","message":"","details":{"id":"1"}}"#;
    (201, format!(r#"{{"data":[{}]}}"#, vec![row; rows].join(",")))
}

#[tokio::test]
async fn dropped_write_of_many_makes_no_further_call() {
    let (stages, left, whole) = drop_everywhere(ApiVersion::V8, created, |api| async move {
        let leads = (0..150).map(|n| Record::new().with("Last_Name", n.to_string()));
        let results = api.records("Leads").create_many(leads).await.unwrap();
        assert_eq!(results.all().unwrap().len(), 150);
    })
    .await;
    assert_eq!(stages, ALL.into_iter().collect());
    assert_eq!(whole.len(), 2);
    for calls in 0..=2 {
        assert!(left.iter().any(|begun| begun.len() == calls), "{calls}");
    }
}

fn pages(line: &str, _: usize) -> (u16, String) {
    let more = !line.contains("page_token=2");
    let info = match more {
        true => r#"{"more_records":true,"next_page_token":"2"}"#,
        false => r#"{"more_records":false}"#,
    };
    (200, format!(r#"{{"data":[{{"id":"1"}},{{"id":"2"}}],"info":{info}}}"#))
}

#[tokio::test]
async fn dropped_stream_cancels_the_current_page() {
    let (stages, left, whole) = drop_everywhere(ApiVersion::V8, pages, |api| async move {
        let mut leads = api.records("Leads").list().fields(["id"]).stream();
        let mut read = 0;
        while let Some(lead) = leads.next().await {
            lead.unwrap();
            read += 1;
        }
        assert_eq!(read, 4);
    })
    .await;
    assert_eq!(stages, ALL.into_iter().collect());
    assert_eq!(whole.len(), 2);
    assert!(whole[1].contains("page_token=2"));
    assert!(left.iter().any(|begun| begun.len() == 1));
}

#[tokio::test]
async fn dropped_download_releases_its_permit() {
    fn file(_: &str, _: usize) -> (u16, String) {
        (200, "the whole of the file".into())
    }
    let (stages, _, whole) = drop_everywhere(ApiVersion::V8, file, |api| async move {
        let attachments = api.record("Leads", "5").attachments();
        let mut file = attachments.download("6").await.unwrap();
        let mut whole = Vec::new();
        while let Some(piece) = file.next().await {
            whole.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(whole, b"the whole of the file");
    })
    .await;
    assert_eq!(stages, ALL.into_iter().collect());
    assert_eq!(whole.len(), 1);
}

/// A record with a subform, which is read and then written.
fn rows(line: &str, _: usize) -> (u16, String) {
    if line.starts_with("GET") {
        let time = "2026-05-24T17:05:12+05:30";
        let body = format!(r#"{{"data":[{{"id":"5","Modified_Time":"{time}","Visits":[]}}]}}"#);
        return (200, body);
    }
    let row = r#"{"code":"SUCCESS","status":"success","message":"","details":{"id":"5"}}"#;
    (200, format!(r#"{{"data":[{row}]}}"#))
}

#[tokio::test]
async fn row_change_dropped_before_its_write_changes_nothing() {
    let (stages, left, whole) = drop_everywhere(ApiVersion::V2, rows, |api| async move {
        let visits = api.record("Leads", "5").rows("Visits");
        let written = visits.create(&Record::new().with("City", "Chennai")).await.unwrap();
        assert!(written.is_some());
    })
    .await;
    assert_eq!(stages, ALL.into_iter().collect());
    assert!(whole[0].starts_with("GET") && whole[1].starts_with("PUT"), "{whole:?}");
    assert_eq!(whole.len(), 2);
    // at several awaits between the read and the write
    assert!(left.iter().filter(|begun| begun.len() == 1).count() > 5);
}
