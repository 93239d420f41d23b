//! Snapshots, seeds, transports and the lifetime of a simulator.

use std::time::Duration;

use serde_json::json;
use zcrm_sim::{Environment, Simulator};

use crate::client::{Http, access_token, refresh_token};

#[tokio::test]
async fn a_restored_simulator_knows_tokens_and_records() {
    let sim = Simulator::builder().records("Leads", 250).start().await.unwrap();
    let mut http = Http::new(&sim);
    let tokens = http.exchange(&sim.grant_token()).await;
    http.token = access_token(&tokens);
    let page = http.get("/crm/v8/Leads?fields=Email").await.json();
    let next = page["info"]["next_page_token"].as_str().unwrap();
    sim.add_records_in(Environment::Sandbox, "Leads", 2).unwrap();
    let unused = sim.grant_token();
    sim.advance(Duration::from_secs(120));
    // The snapshot goes through text, as between processes.
    let snapshot = serde_json::from_str(&sim.snapshot().to_string()).unwrap();
    let before = sim.now();
    sim.stop().await;

    let again = Simulator::builder().restore(snapshot).start().await.unwrap();
    assert!(again.now() >= before);
    assert_eq!(again.client_secret(), sim.client_secret());
    assert_eq!(again.org_id(), sim.org_id());
    assert_eq!(again.record_count("Leads"), 250);
    assert_eq!(again.record_count_in(Environment::Sandbox, "Leads"), 2);
    let mut http = Http::new(&again);
    http.token = access_token(&tokens);
    let rest = http.get(&format!("/crm/v8/Leads?fields=Email&page_token={next}")).await.json();
    assert_eq!(rest["info"]["count"], 50);
    let refreshed = http.refresh(&refresh_token(&tokens)).await.json();
    assert_eq!(refreshed["api_domain"], again.api_url());
    assert!(http.exchange(&unused).await.json()["access_token"].is_string());
    let made = http.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": "New" }] })).await;
    assert_eq!(made.status, 201);
    assert_eq!(again.record_count("Leads"), 251);
}

#[tokio::test]
async fn rejects_a_value_that_is_not_a_snapshot() {
    assert!(Simulator::builder().restore(json!({ "a": 1 })).start().await.is_err());
    assert!(Simulator::builder().records("Nothing", 1).start().await.is_err());
    assert!(Simulator::builder().unique("Leads", "Nothing").start().await.is_err());
}

#[tokio::test]
async fn rejects_a_snapshot_of_another_version() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("snapshot-formats");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("old.json");
    let sim = Simulator::start().await.unwrap();
    let mut old = sim.snapshot();
    for format in [None, Some(999)] {
        old.as_object_mut().unwrap().remove("format");
        if let Some(format) = format {
            old["format"] = json!(format);
        }
        std::fs::write(&file, old.to_string()).unwrap();
        let error = Simulator::builder().restore_file(&file).unwrap().start().await.unwrap_err();
        assert!(matches!(error, zcrm_sim::Error::SnapshotFormat { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(file.to_str().unwrap()) && text.contains("delete it"), "{text}");
        let refused = sim.restore(old.clone()).unwrap_err().to_string();
        assert!(refused.starts_with("the snapshot was written by another version"), "{refused}");
    }
    let mut damaged = sim.snapshot();
    damaged["state"] = json!({});
    std::fs::write(&file, damaged.to_string()).unwrap();
    let error = Simulator::builder().restore_file(&file).unwrap().start().await.unwrap_err();
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_seed_determines_tokens_and_ids() {
    let mut grants = Vec::new();
    for seed in [1, 1, 2] {
        let sim = Simulator::builder().seed(seed).start().await.unwrap();
        grants.push((sim.grant_token(), sim.add_records("Leads", 1).unwrap(), sim.client_id()));
    }
    assert_eq!(grants[0], grants[1]);
    assert_ne!(grants[0], grants[2]);
}

#[tokio::test]
async fn plain_http_and_http1_work_too() {
    for builder in [
        Simulator::builder().plain_http(),
        Simulator::builder().http1_only(),
        Simulator::builder().plain_http().http1_only(),
    ] {
        let sim = builder.start().await.unwrap();
        let http = Http::logged_in(&sim).await;
        assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 204);
    }
}

#[tokio::test]
async fn connections_end_with_the_simulator() {
    let sim = Simulator::builder().plain_http().start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 204);
    sim.stop().await;
    let url = "/crm/v8/Leads?fields=id";
    assert!(http.try_call(hyper::Method::GET, url, &[], &json!(null)).await.is_err());
}

#[test]
fn handles_are_send_and_sync() {
    fn sendable<T: Send + Sync>() {}
    sendable::<Simulator>();
    sendable::<zcrm_sim::Builder>();
    sendable::<zcrm_sim::Faults>();
    sendable::<zcrm_sim::Hold>();
    sendable::<zcrm_sim::Journal>();
}
