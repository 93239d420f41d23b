//! The limits of an edition, the lockout of refresh tokens, and the API's host.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use zcrm_sim::{Edition, Environment, Simulator};

use crate::client::{Http, access_token, refresh_token};

const LEADS: &str = "/crm/v8/Leads?fields=id";
const LEFT: &str = "x-api-credits-remaining";

async fn of(edition: Edition) -> Http {
    let sim = Simulator::builder().edition(edition).records("Leads", 1).start().await.unwrap();
    Http::logged_in(&sim).await
}

#[tokio::test]
async fn shows_remaining_credits_from_half_on_for_a_day() {
    let http = of(Edition::Free).await;
    let sim = &http.sim;
    sim.spend_credits(2_498);
    assert!(!http.get(LEADS).await.headers.contains_key(LEFT));
    assert_eq!(http.get(LEADS).await.headers[LEFT], "2500");
    let rows = json!({ "data": vec![json!({ "Last_Name": "A" }); 11] });
    assert_eq!(http.post("/crm/v8/Leads", &rows).await.headers[LEFT], "2498");
    assert_eq!(http.get("/crm/v8/Leads/actions/count").await.headers[LEFT], "2448");
    sim.spend_credits(2_447);
    assert_eq!(sim.spent_credits(), 4_999);

    let refused = http.get("/crm/v8/Leads/actions/count").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "TOO_MANY_REQUESTS"));
    assert_eq!(refused.headers[LEFT], "1", "a refused call costs nothing");
    let of_limits = ["limit", "credits", "retry"];
    let names = refused.headers.keys().map(hyper::http::HeaderName::as_str);
    let names = names.filter(|name| of_limits.iter().any(|part| name.contains(part)));
    assert_eq!(names.collect::<Vec<_>>(), [LEFT]);
    assert_eq!(http.get(LEADS).await.headers[LEFT], "0");
    let before = sim.record_count("Leads");
    assert_eq!(http.post("/crm/v8/Leads", &rows).await.status, 429);
    assert_eq!(sim.record_count("Leads"), before);
    assert_eq!(sim.journal().count(|e| e.status == Some(429) && e.authorised && !e.executed), 2);

    let (mut fresh, login) = (Http::new(sim), sim.grant_token());
    sim.advance(Duration::from_secs(24 * 3_600));
    let grant = sim.grant_token();
    assert_eq!(fresh.exchange(&login).await.json()["error"], "invalid_code");
    fresh.token = access_token(&fresh.exchange(&grant).await);
    assert!(!fresh.get(LEADS).await.headers.contains_key(LEFT));
    assert_eq!(sim.spent_credits(), 1);
}

#[tokio::test]
async fn each_environment_has_separate_credits() {
    let http = of(Edition::Free).await;
    let sim = &http.sim;
    sim.spend_credits(5_000);
    assert_eq!(http.get(LEADS).await.status, 429);
    let grant = sim.grant().environment(Environment::Sandbox).issue();
    let sandbox = format!("Bearer {}", access_token(&http.exchange(&grant).await));
    let url = format!("{}{LEADS}", sim.sandbox_url());
    let headers = [("authorization", sandbox.as_str())];
    let reply = http.send(hyper::Method::GET, &url, &headers, "").await.unwrap();
    assert_eq!(reply.status, 204);
    let mut stranger = http.clone();
    stranger.token = String::from("1000.a.b");
    assert_eq!(stranger.get(LEADS).await.code(), "INVALID_TOKEN");
}

/// Holds `held` calls of a path. Returns the status of another call, and of one after all have
/// ended. Checks that a call refused with 429 executes nothing and costs nothing.
async fn one_more(edition: Edition, held: usize, path: &'static str, more: &str) -> (u16, u16) {
    let http = of(edition).await;
    let hold = http.sim.faults().times(held).hold();
    let mut calls = JoinSet::new();
    for _ in 0..held {
        let other = http.clone();
        calls.spawn(async move { other.get(path).await.status });
    }
    hold.wait_arrivals(held).await;
    let more = http.get(more).await.status;
    hold.release();
    while let Some(status) = calls.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
    let paid = held + usize::from(more != 429);
    assert_eq!(usize::try_from(http.sim.spent_credits()).unwrap(), paid);
    assert_eq!(http.sim.journal().count(|e| e.status == Some(429) && e.executed), 0);
    (more, http.get(path).await.status)
}

#[tokio::test]
async fn an_edition_limits_concurrent_calls() {
    for (edition, most) in [
        (Edition::Free, 5),
        (Edition::Standard, 10),
        (Edition::Professional, 15),
        (Edition::Enterprise, 20),
        (Edition::Ultimate, 25),
    ] {
        assert_eq!(one_more(edition, most - 1, LEADS, LEADS).await, (200, 200), "{edition:?}");
        assert_eq!(one_more(edition, most, LEADS, LEADS).await, (429, 200), "{edition:?}");
    }
}

#[tokio::test]
async fn every_edition_allows_ten_concurrent_heavy_calls() {
    let heavy = "/crm/v8/Leads?fields=id&sort_by=id";
    assert_eq!(one_more(Edition::Ultimate, 9, heavy, heavy).await, (200, 200));
    assert_eq!(one_more(Edition::Ultimate, 10, heavy, heavy).await, (429, 200));
    assert_eq!(one_more(Edition::Ultimate, 10, heavy, LEADS).await, (200, 200));
}

#[tokio::test]
async fn a_broken_call_returns_its_permit() {
    let http = of(Edition::Free).await;
    for _ in 0..12 {
        http.sim.faults().reset();
        let nothing = serde_json::Value::Null;
        assert!(http.try_call(hyper::Method::GET, LEADS, &[], &nothing).await.is_err());
    }
    assert_eq!(http.get(LEADS).await.status, 200);
}

#[tokio::test]
async fn the_lockout_can_be_longer_than_the_window() {
    let hour = Duration::from_secs(3_600);
    let sim = Simulator::builder().refresh_lockout(hour).start().await.unwrap();
    let http = Http::new(&sim);
    let refresh = refresh_token(&http.exchange(&sim.grant_token()).await);
    for _ in 0..11 {
        http.refresh(&refresh).await;
    }
    sim.advance(hour - Duration::from_secs(1));
    assert_eq!(http.refresh(&refresh).await.status, 400);
    sim.advance(Duration::from_secs(1));
    assert_eq!(http.refresh(&refresh).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rejects_calls_to_the_wrong_host_from_v2_1_on() {
    let sim = Simulator::builder().plain_http().data_center("eu").start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let ask = |to: &str, host: &str, version: &str| {
        let mut socket = TcpStream::connect(to.replace("http://", "")).unwrap();
        let token = &http.token;
        let head = format!("GET /crm/{version}/Leads?fields=id HTTP/1.1\r\nhost: {host}\r\n");
        write!(socket, "{head}authorization: Bearer {token}\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        (text.starts_with("HTTP/1.1 204"), text.contains("INVALID_HOST"))
    };
    let (api, accounts) = (sim.api_url(), sim.accounts_url());
    for host in ["127.0.0.1", "localhost:1", "www.zohoapis.eu"] {
        assert_eq!(ask(&api, host, "v8"), (true, false), "{host}");
    }
    for host in ["crm.zoho.eu", "www.zohoapis.com", "sandbox.zohoapis.eu", "zohoapis.eu"] {
        assert_eq!(ask(&api, host, "v8"), (false, true), "{host}");
        assert_eq!(ask(&api, host, "v2.1"), (false, true), "{host}");
        assert_eq!(ask(&api, host, "v2"), (true, false), "{host}");
    }
    assert_eq!(ask(&accounts, "127.0.0.1", "v8"), (false, true));
    assert_eq!(ask(&accounts, "127.0.0.1", "v2"), (false, false));
}
