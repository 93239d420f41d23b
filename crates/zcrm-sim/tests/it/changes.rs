//! The time of the last change of a record, writes that are visible late, and clocks that differ.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{
    Builder, ChangeOptions, ClockMode, CoqlOptions, Error, FieldKind, FieldSpec, Simulator,
};

use crate::client::Http;

const MINUTE: Duration = Duration::from_secs(60);

fn frozen() -> Builder {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let row = FieldSpec::subform("Rooms", [FieldSpec::new("Area", FieldKind::Double)]);
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).seed(5);
    builder.field("Leads", FieldSpec::new("Age", FieldKind::Formula)).field("Leads", row)
}

async fn http(builder: Builder) -> Http {
    Http::logged_in(&builder.start().await.unwrap()).await
}

fn time_of(http: &Http, lead: &str) -> DateTime<Utc> {
    let record = http.sim.record("Leads", lead).unwrap();
    record["Modified_Time"].as_str().unwrap().parse().unwrap()
}

async fn query(http: &Http, text: &str) -> Vec<Value> {
    let reply = http.post("/crm/v8/coql", &json!({ "select_query": text })).await;
    if reply.status == 204 { Vec::new() } else { reply.rows() }
}

/// Makes each change a minute after the one before, and returns which ones moved the time of a
/// lead.
async fn moved(http: &Http, changes: &[(Method, &str, Value)]) -> Vec<bool> {
    let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle", "City": "Pune" })).unwrap();
    let mut moved = Vec::new();
    for (method, path, body) in changes {
        http.sim.advance(MINUTE);
        let path = format!("/crm/v8/Leads/{id}{path}");
        let done = http.call(method.clone(), &path, body).await;
        assert!((200..300).contains(&done.status), "{method} {path}: {}", done.text());
        moved.push(time_of(http, &id) == http.sim.now());
    }
    http.sim.advance(MINUTE);
    http.sim.recompute("Leads", &id, json!({ "Age": 41 })).unwrap();
    moved.push(time_of(http, &id) == http.sim.now());
    assert_eq!(http.sim.record("Leads", &id).unwrap()["Age"], 41);
    moved
}

#[tokio::test]
async fn the_options_say_which_changes_move_the_time() {
    let unusual = ChangeOptions::default()
        .tags_modify(true)
        .territories_modify(false)
        .computed_modifies(true)
        .conversion_modifies(false);
    for (options, wanted) in [
        (ChangeOptions::default(), [true, true, true, false, false, true, true, false]),
        (unusual, [true, true, true, false, true, false, false, true]),
    ] {
        let http = http(frozen().changes(options)).await;
        let territory = http.get("/crm/v8/settings/territories").await.rows()[0]["id"].clone();
        let row = |row: Value| json!({ "data": [row] });
        let changes = [
            (Method::PUT, "", row(json!({ "City": "Delhi" }))),
            (Method::PUT, "", row(json!({ "City": "Delhi" }))),
            (Method::PUT, "", row(json!({ "Rooms": [{ "Area": 12.5 }] }))),
            (Method::POST, "/Notes", row(json!({ "Note_Content": "call back" }))),
            (Method::POST, "/actions/add_tags", json!({ "tags": [{ "name": "hot" }] })),
            (
                Method::POST,
                "/actions/assign_territories",
                row(json!({ "Territories": [{ "id": territory }] })),
            ),
            (Method::POST, "/actions/convert", row(json!({}))),
        ];
        assert_eq!(moved(&http, &changes).await, wanted);
    }
}

#[tokio::test]
async fn a_file_does_not_move_the_time() {
    let http = http(frozen()).await;
    let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
    let before = time_of(&http, &id);
    http.sim.advance(MINUTE);
    http.upload(&format!("/crm/v8/Leads/{id}/Attachments"), &[("a.txt", b"hello")]).await;
    assert_eq!(time_of(&http, &id), before);
}

#[tokio::test]
async fn only_computed_fields_are_recomputed() {
    let http = http(frozen()).await;
    let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
    let refused = http.sim.recompute("Leads", &id, json!({ "City": "Pune" })).unwrap_err();
    assert!(refused.to_string().contains("City"), "{refused}");
    assert!(http.sim.recompute("Leads", "7", json!({})).is_err());
    let unknown = http.sim.set_approved("Nothing", &id, true);
    assert!(matches!(unknown, Err(Error::UnknownModule(_))));
}

#[tokio::test]
async fn an_unapproved_record_is_only_in_lists_that_ask_for_it() {
    for coql in [true, false] {
        let options = CoqlOptions::default().unapproved_records(coql);
        let http = http(frozen().coql(options)).await;
        let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
        http.sim.set_approved("Leads", &id, false).unwrap();
        for (approved, status) in [("", 204), ("true", 204), ("false", 200), ("both", 200)] {
            let value = if approved.is_empty() { "" } else { "&approved=" };
            let path = format!("/crm/v8/Leads?fields=id{value}{approved}");
            assert_eq!(http.get(&path).await.status, status, "{approved}");
        }
        let one = http.get(&format!("/crm/v8/Leads/{id}")).await.rows();
        assert_eq!(
            (&one[0]["$approved"], &one[0]["$approval_state"]),
            (&json!(false), &json!("pending"))
        );
        let found = query(&http, "select Last_Name from Leads where id is not null").await;
        assert_eq!(found.len(), usize::from(coql));
        http.sim.set_approved("Leads", &id, true).unwrap();
        assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 200);
    }
}

#[tokio::test]
async fn related_lists_are_read_since_a_time() {
    let http = http(frozen()).await;
    let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
    let path = format!("/crm/v8/Leads/{id}/Notes");
    let note = |text: &str| json!({ "data": [{ "Note_Content": text }] });
    http.post(&path, &note("first")).await;
    http.sim.advance(MINUTE);
    http.post(&path, &note("second")).await;
    let since = async |time: &str| {
        let path = format!("{path}?fields=Note_Content");
        http.with(Method::GET, &path, ("if-modified-since", time), &Value::Null).await
    };
    assert_eq!(since("2026-03-01T10:00:00+00:00").await.rows().len(), 2);
    let rows = since("2026-03-01T10:01:00+00:00").await.rows();
    assert_eq!((rows.len(), &rows[0]["Note_Content"]), (1, &json!("second")));
    let none = since("2026-03-01T10:01:01+00:00").await;
    assert_eq!((none.status, none.body.len()), (304, 0));
}

/// Returns the cities of the leads in a list and in a query, and the number of deleted leads.
async fn visible(http: &Http) -> (Vec<Value>, Vec<Value>, usize) {
    let cities = |rows: Vec<Value>| rows.iter().map(|row| row["City"].clone()).collect();
    let list = http.get("/crm/v8/Leads?fields=City&sort_order=asc").await;
    let list = if list.status == 204 { Vec::new() } else { list.rows() };
    let found = query(http, "select City from Leads where City in ('Agra', 'Pune', 'Delhi')").await;
    let deleted = http.get("/crm/v8/Leads/deleted").await;
    let deleted = if deleted.status == 204 { 0 } else { deleted.rows().len() };
    (cities(list), cities(found), deleted)
}

#[tokio::test]
async fn writes_are_visible_after_the_lag() {
    let lag = Duration::from_secs(30);
    let http = http(frozen().visibility_lag(lag)).await;
    let insert = |city: &str| {
        http.sim.insert("Leads", json!({ "Last_Name": "Boyle", "City": city })).unwrap()
    };
    let (changed, deleted) = (insert("Agra"), insert("Pune"));
    assert_eq!(visible(&http).await, (vec![], vec![], 0));
    assert_eq!(http.get(&format!("/crm/v8/Leads/{changed}")).await.status, 200, "by id");
    http.sim.advance(lag);
    let before = [json!("Agra"), json!("Pune")].to_vec();
    assert_eq!(visible(&http).await, (before.clone(), before.clone(), 0));

    http.sim.change("Leads", &changed, json!({ "City": "Delhi" })).unwrap();
    http.sim.delete("Leads", &deleted).unwrap();
    insert("Delhi");
    http.sim.advance(lag - Duration::from_millis(1));
    assert_eq!(visible(&http).await, (before.clone(), before, 0));
    let ids = format!("/crm/v8/Leads?fields=City&ids={changed},{deleted}");
    assert_eq!(http.get(&ids).await.rows().len(), 2);
    let by_id =
        format!("select City from Leads where id in ({changed}, {deleted}) order by id desc");
    assert_eq!(query(&http, &by_id).await[0]["City"], "Pune");
    let range = format!("select City from Leads where id > {deleted}");
    assert_eq!(query(&http, &range).await.len(), 0);
    let count = "select COUNT(id) from Leads where City = 'Pune' group by City";
    assert_eq!(query(&http, count).await[0]["COUNT(id)"], 1);

    http.sim.advance(Duration::from_millis(1));
    let after = [json!("Delhi"), json!("Delhi")].to_vec();
    assert_eq!(visible(&http).await, (after.clone(), after, 1));
}

#[tokio::test]
async fn a_restoration_is_visible_after_the_lag() {
    let lag = Duration::from_secs(30);
    let http = http(frozen().visibility_lag(lag)).await;
    let lead = json!({ "Last_Name": "Boyle", "City": "Pune" });
    let id = http.sim.insert("Leads", lead).unwrap();
    http.sim.advance(lag);
    http.sim.delete("Leads", &id).unwrap();
    http.sim.advance(lag);
    assert_eq!(visible(&http).await, (vec![], vec![], 1));
    let path = format!("/crm/v8/settings/recycle_bin/{id}/actions/restore");
    assert_eq!(http.post(&path, &Value::Null).await.status, 200);
    assert_eq!(visible(&http).await, (vec![], vec![], 1), "the record or its deletion");
    http.sim.advance(lag);
    let restored = vec![json!("Pune")];
    assert_eq!(visible(&http).await, (restored.clone(), restored, 0));
}

#[tokio::test]
async fn rows_of_subforms_are_visible_with_their_record() {
    let lag = Duration::from_secs(30);
    let http = http(frozen().visibility_lag(lag)).await;
    let lead = json!({ "Last_Name": "Boyle", "Rooms": [{ "Area": 12.5 }] });
    http.sim.insert("Leads", lead).unwrap();
    let rows = "select Area from Rooms where Area > 1";
    assert_eq!(query(&http, rows).await.len(), 0);
    http.sim.advance(lag);
    assert_eq!(query(&http, rows).await.len(), 1);
}

/// Returns the seconds by which each of forty inserts and each `Date` is off.
async fn skews(seed: u64) -> Vec<(i64, i64)> {
    let builder = frozen().seed(seed).clock_skew(Duration::from_secs(20));
    let http = http(builder).await;
    let mut skews = Vec::new();
    for _ in 0..40 {
        let body = json!({ "data": [{ "Last_Name": "Boyle" }] });
        let reply = http.post("/crm/v8/Leads", &body).await;
        let date = reply.headers["date"].to_str().unwrap();
        let date = DateTime::parse_from_rfc2822(date).unwrap().to_utc();
        let stamp = reply.rows()[0]["details"]["Modified_Time"].clone();
        let stamp: DateTime<Utc> = stamp.as_str().unwrap().parse().unwrap();
        let off = |at: DateTime<Utc>| (at - http.sim.now()).num_seconds();
        skews.push((off(stamp), off(date)));
    }
    skews
}

#[tokio::test]
async fn the_clocks_of_the_servers_differ_by_the_seed() {
    let first = skews(1).await;
    for (stamp, date) in &first {
        assert_eq!(stamp, date, "one server has one clock");
        assert!(stamp.abs() <= 20, "{stamp}");
    }
    let clocks: BTreeSet<i64> = first.iter().map(|(stamp, _)| *stamp).collect();
    assert!(clocks.contains(&20) && clocks.contains(&-20) && clocks.len() <= 4, "{clocks:?}");
    assert_eq!(first, skews(1).await);
    assert_ne!(first, skews(2).await);
}

#[tokio::test]
async fn deletions_and_direct_writes_have_the_clock_of_a_server() {
    let http = http(frozen().clock_skew(Duration::from_secs(20))).await;
    let now = http.sim.now();
    let mut written = BTreeSet::new();
    for _ in 0..40 {
        let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
        written.insert((time_of(&http, &id) - now).num_seconds());
        http.sim.delete("Leads", &id).unwrap();
    }
    let rows = http.get("/crm/v8/Leads/deleted").await.rows();
    let times: Vec<DateTime<Utc>> =
        rows.iter().map(|row| row["deleted_time"].as_str().unwrap().parse().unwrap()).collect();
    let deleted: BTreeSet<i64> = times.iter().map(|at| (*at - now).num_seconds()).collect();
    assert!(written.len() > 1 && deleted == written, "{deleted:?} {written:?}");
    assert!(times.is_sorted_by(|a, b| a >= b), "the latest first");
    // The clocks of tokens and of the accounts server are right.
    assert_eq!(http.sim.now(), now);
    let date = http.page("/oauth/v2/auth").await.headers["date"].clone();
    assert_eq!(date.to_str().unwrap(), "Sun, 01 Mar 2026 10:00:00 GMT");
}
