//! Searches that use an outdated index.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use zcrm_sim::{ClockMode, Simulator};

use crate::client::Http;

const AGE: Duration = Duration::from_secs(5);
const BY_CITY: &str = "/crm/v8/Leads/search?criteria=(City:equals:Pune)";

/// Starts a frozen simulator with three old leads in Pune: one to keep, one to change and one to
/// delete.
async fn leads() -> (Http, Vec<String>) {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let sim = Simulator::builder().clock(ClockMode::Frozen(at)).seed(5).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let rows: Vec<Value> =
        ["Stays", "Moves", "Goes"].map(|name| json!({ "Last_Name": name, "City": "Pune" })).into();
    let made = http.post("/crm/v8/Leads", &json!({ "data": rows })).await;
    let ids = (0..3).map(|row| made.id(row)).collect();
    sim.advance(Duration::from_secs(60));
    (http, ids)
}

/// Returns the names and cities that a search finds.
async fn found(http: &Http, path: &str) -> Vec<String> {
    let reply = http.get(path).await;
    if reply.status == 204 {
        return Vec::new();
    }
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    reply
        .rows()
        .iter()
        .map(|row| format!("{} in {}", text(row, "Last_Name"), text(row, "City")))
        .collect()
}

async fn write(http: &Http, ids: &[String]) {
    let new = json!({ "data": [{ "Last_Name": "Comes", "City": "Pune" }] });
    assert_eq!(http.post("/crm/v8/Leads", &new).await.status, 201);
    let row = json!({ "data": [{ "City": "Delhi" }] });
    assert_eq!(http.put(&format!("/crm/v8/Leads/{}", ids[1]), &row).await.status, 200);
    assert_eq!(http.delete(&format!("/crm/v8/Leads/{}", ids[2])).await.status, 200);
}

#[tokio::test]
async fn a_stale_search_does_not_see_later_writes() {
    let (http, ids) = leads().await;
    write(&http, &ids).await;
    let now = ["Comes in Pune", "Stays in Pune"];
    let before = ["Goes in Pune", "Moves in Pune", "Stays in Pune"];
    http.sim.faults().times(3).stale_search(AGE);
    assert_eq!(found(&http, BY_CITY).await, before);
    // Words do not use the index of values, and also do not find newer records.
    assert_eq!(found(&http, "/crm/v8/Leads/search?word=pune").await, before);
    assert_eq!(found(&http, "/crm/v8/Leads/search?word=delhi").await, [""; 0]);
    assert_eq!(found(&http, BY_CITY).await, now, "the failure is used up");
    // Other reads are never stale.
    assert_eq!(http.get("/crm/v8/Leads/actions/count").await.json(), json!({ "count": 3 }));
    // The index catches up by the simulator's clock.
    http.sim.advance(AGE - Duration::from_millis(1));
    http.sim.faults().times(2).stale_search(AGE);
    assert_eq!(found(&http, BY_CITY).await, before);
    http.sim.advance(Duration::from_millis(1));
    assert_eq!(found(&http, BY_CITY).await, now);
}

#[tokio::test]
async fn a_stale_search_by_an_indexed_field_is_stale() {
    let (http, ids) = leads().await;
    let row = json!({ "data": [{ "Email": "old@example.com" }] });
    http.put(&format!("/crm/v8/Leads/{}", ids[1]), &row).await;
    http.sim.advance(Duration::from_secs(60));
    let search = |query: &str| format!("/crm/v8/Leads/search?{query}");
    let [pune, delhi, old, new] = [
        "criteria=(City:starts_with:pu)",
        "criteria=((City:equals:Delhi)or(City:equals:Agra))",
        "email=old@example.com",
        "email=new@example.com",
    ]
    .map(search);
    // From now on the fields are indexed, and each write updates the index immediately.
    for path in [&pune, &delhi, &old, &new] {
        found(&http, path).await;
    }
    write(&http, &ids).await;
    let row = json!({ "data": [{ "Email": "new@example.com" }] });
    http.put(&format!("/crm/v8/Leads/{}", ids[1]), &row).await;
    let now = async |path: &str| found(&http, path).await;
    let before = async |path: &str| {
        http.sim.faults().stale_search(AGE);
        found(&http, path).await
    };
    assert_eq!(before(&pune).await, ["Goes in Pune", "Moves in Pune", "Stays in Pune"]);
    assert_eq!(before(&format!("{pune}&per_page=1&page=2")).await, ["Moves in Pune"]);
    assert_eq!(now(&pune).await, ["Comes in Pune", "Stays in Pune"]);
    assert_eq!((before(&delhi).await, now(&delhi).await.len()), (vec![], 1));
    assert_eq!((before(&old).await.len(), now(&old).await.len()), (1, 0));
    assert_eq!((before(&new).await.len(), now(&new).await.len()), (0, 1));
}

#[tokio::test]
async fn a_stale_search_finds_the_value_at_that_time() {
    let (http, ids) = leads().await;
    for city in ["Agra", "Pune", "Delhi"] {
        let row = json!({ "data": [{ "City": city }] });
        http.put(&format!("/crm/v8/Leads/{}", ids[1]), &row).await;
        http.sim.advance(Duration::from_secs(10));
    }
    let mut cities = Vec::new();
    for seconds in [5, 15, 25, 35] {
        http.sim.faults().stale_search(Duration::from_secs(seconds));
        cities.push(found(&http, "/crm/v8/Leads/search?criteria=(Last_Name:equals:Moves)").await);
    }
    assert_eq!(cities.concat(), ["Delhi", "Pune", "Agra", "Pune"].map(|c| format!("Moves in {c}")));
}

#[tokio::test]
async fn only_matching_searches_are_stale() {
    let (http, ids) = leads().await;
    write(&http, &ids).await;
    let sim = &http.sim;
    sim.faults().on_operation("/crm/{version}/Leads/search").skip(1).stale_search(AGE);
    assert_eq!(http.get("/crm/v8/Leads?fields=City").await.rows().len(), 3);
    assert_eq!(http.get("/crm/v8/users/search?criteria=(last_name:equals:x)").await.status, 204);
    assert_eq!(found(&http, "/crm/v8/Contacts/search?word=pune").await, [""; 0]);
    assert_eq!(found(&http, BY_CITY).await.len(), 2);
    assert_eq!(sim.pending_faults(), 1);
    sim.faults().after_executing().skip(1).status(502);
    assert_eq!(found(&http, BY_CITY).await.len(), 3);
    assert_eq!(http.get(BY_CITY).await.status, 502);
    sim.clear_faults();
    // The failure applies only to searches for records, even without filters.
    sim.faults().stale_search(AGE);
    http.get("/crm/v8/Leads?fields=City").await;
    http.get("/crm/v8/users/search?criteria=(last_name:equals:x)").await;
    assert_eq!(sim.pending_faults(), 1);
    assert_eq!(found(&http, BY_CITY).await.len(), 3);
    assert_eq!(sim.pending_faults(), 0);
}

async fn pattern(seed: u64) -> Vec<usize> {
    let sim = Simulator::builder().seed(seed).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let new = json!({ "data": [{ "Last_Name": "Comes", "City": "Pune" }] });
    http.post("/crm/v8/Leads", &new).await;
    sim.faults().always().probability(0.5).stale_search(Duration::from_secs(3_600));
    let mut counts = Vec::new();
    for _ in 0..40 {
        counts.push(found(&http, BY_CITY).await.len());
    }
    counts
}

#[tokio::test]
async fn the_seed_determines_random_failures() {
    let first = pattern(1).await;
    assert!((8..=32).contains(&first.iter().sum::<usize>()), "{first:?}");
    assert_eq!(first, pattern(1).await);
    assert_ne!(first, pattern(2).await);
}

#[tokio::test]
async fn a_lagging_index_keeps_older_values() {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let builder =
        Simulator::builder().clock(ClockMode::Frozen(at)).search_lag(AGE).records("Leads", 1);
    let http = Http::logged_in(&builder.start().await.unwrap()).await;
    let rows = http.get("/crm/v8/Leads?fields=City").await.rows();
    let id = rows[0]["id"].as_str().unwrap();
    let word = format!("/crm/v8/Leads/search?criteria=(id:equals:{id})");
    assert_eq!(found(&http, &word).await.len(), 1);
    http.delete(&format!("/crm/v8/Leads/{id}")).await;
    assert_eq!(found(&http, &word).await.len(), 1, "the index has not caught up");
    http.sim.faults().stale_search(Duration::ZERO);
    assert_eq!(found(&http, &word).await.len(), 1, "a failure cannot make the index newer");
    http.sim.advance(AGE);
    assert_eq!(found(&http, &word).await, [""; 0]);
}

#[tokio::test]
async fn a_stale_search_does_not_see_conversions_and_tags() {
    let (http, ids) = leads().await;
    let lead = &ids[0];
    let search = "/crm/v8/Leads/search?criteria=(Last_Name:equals:Stays)";
    let wrong = json!({ "data": [{ "Deals": { "Deal_Name": "D", "Stage": 5 } }] });
    let convert = format!("/crm/v8/Leads/{lead}/actions/convert");
    assert_eq!(http.post(&convert, &wrong).await.status, 400);
    http.sim.faults().stale_search(AGE);
    assert_eq!(http.get("/crm/v8/Contacts/search?word=stays").await.status, 204);
    let tags = json!({ "tags": [{ "name": "hot" }] });
    http.post(&format!("/crm/v8/Leads/{lead}/actions/add_tags"), &tags).await;
    http.sim.faults().stale_search(AGE);
    assert_eq!(http.get(search).await.rows()[0]["Tag"], json!([]));
    assert_eq!(http.get(search).await.rows()[0]["Tag"][0]["name"], "hot");
    assert_eq!(http.post(&convert, &json!({ "data": [{}] })).await.status, 200);
    http.sim.faults().stale_search(AGE);
    assert_eq!(found(&http, search).await.len(), 1);
    assert_eq!(found(&http, search).await.len(), 0, "a converted lead");
}
