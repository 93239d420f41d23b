//! Failures that are random, take time, or damage the answer.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{ClockMode, Simulator};

use crate::client::{Failure, Http, Reply, access_token, refresh_token};

const LEADS: &str = "/crm/v8/Leads?fields=Email";
const PAUSE: Duration = Duration::from_secs(60);

async fn frozen() -> Http {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).records("Leads", 20);
    Http::logged_in(&builder.start().await.unwrap()).await
}

/// Returns one client for each protocol, each with its own simulator.
async fn both_protocols() -> [Http; 2] {
    let one = frozen().await;
    let other = frozen().await;
    let mut http1 = Http::http1(&other.sim);
    http1.token = other.token;
    [one, http1]
}

async fn list(http: &Http) -> Result<Reply, Failure> {
    http.try_call(Method::GET, LEADS, &[], &Value::Null).await
}

async fn pattern(seed: u64) -> Vec<u16> {
    let sim = Simulator::builder().seed(seed).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    sim.faults().on_path_prefix("/crm/").always().probability(0.3).status(503);
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(http.get(LEADS).await.status);
    }
    assert_eq!(sim.pending_faults(), 0, "a failure of all calls is not counted");
    sim.clear_faults();
    assert_eq!(http.get(LEADS).await.status, 204);
    statuses
}

#[tokio::test]
async fn the_seed_determines_random_failures() {
    let first = pattern(1).await;
    let failed = first.iter().filter(|status| **status == 503).count();
    assert!((6..=30).contains(&failed), "{failed} of 60");
    assert_eq!(first, pattern(1).await);
    assert_ne!(first, pattern(2).await);
}

#[tokio::test]
async fn matches_an_operation_by_its_path_template() {
    let http = frozen().await;
    http.sim.faults().on_operation("/crm/{version}/{module}/search").skip(1).times(2).status(502);
    let search = "/crm/v8/Contacts/search?word=missing";
    let mut statuses = Vec::new();
    for path in [LEADS, search, "/crm/v8/Contacts", search, "/crm/v2/Leads/search?word=no", search]
    {
        statuses.push(http.get(path).await.status);
    }
    assert_eq!(statuses, [200, 204, 400, 502, 502, 204]);
}

#[tokio::test]
async fn latency_passes_in_virtual_time() {
    for executed in [false, true] {
        let http = frozen().await;
        let sim = http.sim.clone();
        let order = sim.faults().method("POST");
        let order = if executed { order.after_executing() } else { order };
        order.latency(PAUSE);
        let hold = sim.faults().method("POST").hold();
        let other = http.clone();
        let slow = tokio::spawn(async move {
            other.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": "A" }] })).await.status
        });
        while sim.journal().count(|entry| entry.method == "POST" && entry.path.contains("Leads"))
            == 0
        {
            tokio::task::yield_now().await;
        }
        sim.advance(PAUSE - Duration::from_millis(1));
        assert_eq!(http.get(LEADS).await.status, 200);
        assert_eq!(hold.arrived(), 0);
        sim.advance(Duration::from_millis(1));
        hold.wait_arrived().await;
        assert_eq!(sim.record_count("Leads"), 20 + usize::from(executed));
        hold.release();
        assert_eq!(slow.await.unwrap(), 201);
        assert_eq!(sim.record_count("Leads"), 21);
    }
}

#[tokio::test]
async fn latency_passes_by_itself_with_a_running_clock() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    sim.faults().latency(Duration::from_millis(30));
    let before = sim.now();
    assert_eq!(http.get(LEADS).await.status, 204);
    assert!(sim.now() - before >= TimeDelta::milliseconds(30));
}

#[tokio::test]
async fn sends_a_slow_body_in_pieces() {
    for http in both_protocols().await {
        let sim = http.sim.clone();
        sim.faults().slow_body(PAUSE);
        let before = sim.now();
        let other = http.clone();
        let slow = tokio::spawn(async move { list(&other).await });
        let mut advanced = 0;
        while !slow.is_finished() {
            if sim.journal().count(|entry| entry.status == Some(200)) > 1 {
                sim.advance(PAUSE);
                advanced += 1;
            }
            tokio::task::yield_now().await;
        }
        let body = slow.await.unwrap().unwrap().json();
        assert_eq!(body["data"].as_array().unwrap().len(), 20);
        assert!(advanced >= 7 && sim.now() - before >= TimeDelta::seconds(7 * 60), "{advanced}");
    }
}

#[tokio::test]
async fn sends_a_length_that_is_too_large_or_too_small() {
    for http in both_protocols().await {
        http.sim.faults().wrong_length(5);
        assert!(list(&http).await.is_err(), "the body is too short");
        http.sim.faults().wrong_length(-5);
        let whole = match list(&http).await {
            Err(_) => false,
            Ok(reply) => serde_json::from_slice::<Value>(&reply.body).is_ok(),
        };
        assert!(!whole, "a reader that trusts the length gets a truncated body");
        assert_eq!(list(&http).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn resets_in_the_middle_of_the_body() {
    for http in both_protocols().await {
        http.sim.faults().reset_in_body();
        assert!(list(&http).await.is_err());
        let entry = http.sim.journal().into_iter().last().unwrap();
        assert_eq!((entry.executed, entry.status), (true, Some(200)));
        assert_eq!(list(&http).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn revokes_the_token_of_a_call() {
    let sim = Simulator::start().await.unwrap();
    let mut http = Http::new(&sim);
    let first = http.exchange(&sim.grant_token()).await;
    let refresh = refresh_token(&first);
    http.token = access_token(&first);
    sim.faults().on_path_prefix("/crm/").skip(1).revoke_token();
    assert_eq!(http.get(LEADS).await.status, 204);
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    http.token = access_token(&http.refresh(&refresh).await);
    assert_eq!(http.get(LEADS).await.status, 204);

    sim.faults().on_path_prefix("/crm/").after_executing().revoke_login();
    assert_eq!(http.get(LEADS).await.status, 204, "this call was executed before the revocation");
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    assert_eq!(http.refresh(&refresh).await.json()["error"], "invalid_code");
}

#[tokio::test]
async fn sends_a_wrong_date() {
    let http = frozen().await;
    http.sim.faults().on_path_prefix("/crm/").clock_skew(TimeDelta::minutes(-7));
    let date = |reply: &Reply| reply.headers["date"].to_str().unwrap().to_owned();
    assert_eq!(date(&http.get(LEADS).await), "Sun, 01 Mar 2026 09:53:00 GMT");
    assert_eq!(date(&http.get(LEADS).await), "Sun, 01 Mar 2026 10:00:00 GMT");
}

#[tokio::test]
async fn a_search_can_lag_behind_a_write() {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).search_lag(PAUSE);
    let http = Http::logged_in(&builder.start().await.unwrap()).await;
    let lead = json!({ "data": [{ "Last_Name": "Fresh" }] });
    assert_eq!(http.post("/crm/v8/Leads", &lead).await.status, 201);
    let search = "/crm/v8/Leads/search?criteria=(Last_Name:equals:Fresh)";
    assert_eq!(http.get(search).await.status, 204);
    assert_eq!(http.get(LEADS).await.status, 200);
    http.sim.advance(PAUSE);
    assert_eq!(http.get(search).await.status, 200);
}
