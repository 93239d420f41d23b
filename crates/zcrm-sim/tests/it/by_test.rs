//! Records written by a test without a client, and a clock shared with the test.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde_json::json;
use zcrm_sim::{ClockMode, Error, Simulator};

use crate::client::Http;
use crate::receiver::Receiver;

#[tokio::test]
async fn inserts_changes_and_deletes_records_by_the_rules() {
    let sim = Simulator::builder().unique("Leads", "Email").start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let lead = json!({ "Last_Name": "Boyle", "Email": "b@example.com" });
    let id = sim.insert("Leads", lead.clone()).unwrap();
    let read = http.get(&format!("/crm/v8/Leads/{id}")).await;
    assert_eq!(read.rows()[0]["Email"], "b@example.com");
    sim.change("Leads", &id, json!({ "Email": "boyle@example.com" })).unwrap();
    assert_eq!(sim.record("Leads", &id).unwrap()["Email"], "boyle@example.com");
    sim.insert("Leads", lead.clone()).unwrap();
    let refused = |done: Result<String, Error>| match done {
        Err(Error::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(sim.insert("Leads", lead)), "DUPLICATE_DATA");
    assert_eq!(refused(sim.insert("Leads", json!({}))), "MANDATORY_NOT_FOUND");
    assert_eq!(refused(sim.insert("Leads", json!(7))), "INVALID_DATA");
    assert!(matches!(sim.insert("Nothing", json!({})), Err(Error::UnknownModule(_))));
    let unknown = sim.change("Leads", "1", json!({ "City": "Pune" })).unwrap_err();
    assert!(unknown.to_string().contains("the Leads record 1 was refused"), "{unknown}");
    assert!(sim.delete("Leads", "1").is_err());
    let odd = sim.change("Leads", &id, json!({ "Email": 7 })).unwrap_err().to_string();
    assert!(odd.contains(&id) && odd.contains("Email"), "{odd}");
    sim.delete("Leads", &id).unwrap();
    assert_eq!(sim.record_count("Leads"), 1);
    let deleted = http.get("/crm/v8/Leads/deleted?type=all").await;
    assert_eq!(deleted.rows()[0]["id"], id.as_str());
    assert_eq!(
        sim.journal().count(|entry| entry.method == "POST" && entry.host == zcrm_sim::Host::Api),
        0
    );
}

#[tokio::test]
async fn notifies_of_records_that_a_test_writes() {
    let http = Http::logged_in(&Simulator::start().await.unwrap()).await;
    let receiver = Receiver::start(200).await;
    let row = json!({ "channel_id": 7, "events": ["Leads.all"], "notify_url": receiver.url });
    let opened = http.post("/crm/v8/actions/watch", &json!({ "watch": [row] })).await;
    assert_eq!(opened.status, 201);
    let id = http.sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
    http.sim.change("Leads", &id, json!({ "City": "Pune" })).unwrap();
    http.sim.delete("Leads", &id).unwrap();
    http.sim.deliveries_settled().await;
    let operations: Vec<_> =
        receiver.bodies().iter().map(|body| body["operation"].clone()).collect();
    assert_eq!(operations, ["insert", "update", "delete"]);
}

#[tokio::test]
async fn follows_the_clock_of_a_test() {
    let start: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let shared = Arc::new(Mutex::new(start));
    let time = Arc::clone(&shared);
    let clock = ClockMode::following(move || *time.lock().unwrap());
    let http = Http::logged_in(&Simulator::builder().clock(clock).start().await.unwrap()).await;
    assert_eq!(http.sim.now(), start);
    *shared.lock().unwrap() += Duration::from_secs(3_600);
    assert_eq!(http.get("/crm/v8/Leads?fields=id").await.code(), "INVALID_TOKEN");
    http.sim.advance(Duration::from_secs(5));
    assert_eq!(http.sim.now(), *shared.lock().unwrap() + Duration::from_secs(5));
}

#[tokio::test]
async fn a_followed_clock_ends_waits() {
    let start: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let looks = AtomicU64::new(0);
    // Each read of this clock advances it by a second.
    let clock = move || start + Duration::from_secs(looks.fetch_add(1, Ordering::SeqCst));
    let builder = Simulator::builder().clock(ClockMode::following(clock));
    let http = Http::logged_in(&builder.start().await.unwrap()).await;
    let before = http.sim.now();
    http.sim.faults().latency(Duration::from_secs(60));
    assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 204);
    assert!(http.sim.now() - before >= chrono::TimeDelta::seconds(60));
}
