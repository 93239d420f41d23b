//! Injected failures.

use std::io::{Read, Write};
use std::net::TcpStream;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{Host, Simulator};

use crate::client::Http;

const LEADS: &str = "/crm/v8/Leads";

fn lead() -> Value {
    json!({ "data": [{ "Last_Name": "A" }] })
}

async fn logged_in() -> Http {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    sim.clear_journal();
    http
}

#[tokio::test]
async fn a_status_is_answered_only_to_matching_calls() {
    let http = logged_in().await;
    let sim = &http.sim;
    sim.faults()
        .on_path(LEADS)
        .method("POST")
        .skip(1)
        .times(2)
        .header("retry-after", "3")
        .status(503);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let reply = http.post(LEADS, &lead()).await;
        if reply.status == 503 {
            assert_eq!(reply.headers["retry-after"], "3");
            assert!(reply.body.starts_with(b"<!DOCTYPE html>"));
            assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 200);
        }
        statuses.push(reply.status);
    }
    assert_eq!(statuses, [201, 503, 503, 201]);
    assert_eq!(sim.record_count("Leads"), 2);
    assert_eq!(sim.pending_faults(), 0);
    assert_eq!(sim.journal().count(|e| e.status == Some(503) && !e.executed), 2);
}

#[tokio::test]
async fn a_gateway_can_fail_after_the_call_was_executed() {
    let http = logged_in().await;
    http.sim.faults().method("POST").after_executing().status(504);
    assert_eq!(http.post(LEADS, &lead()).await.status, 504);
    assert_eq!(http.sim.record_count("Leads"), 1);
    let journal = http.sim.journal();
    let entry = &journal.entries()[0];
    assert_eq!((entry.executed, entry.written, entry.status), (true, 1, Some(504)));
}

#[tokio::test]
async fn answers_with_html_json_errors_and_garbage() {
    let http = logged_in().await;
    let sim = &http.sim;
    sim.faults().zoho_error(429, "TOO_MANY_REQUESTS");
    sim.faults().json(400, &json!({ "code": "X", "status": "error" }));
    sim.faults().html(502, "<p>down</p>");
    sim.faults().garbage();
    let reply = http.get(LEADS).await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "TOO_MANY_REQUESTS"));
    assert_eq!(http.get(LEADS).await.code(), "X");
    assert_eq!(http.get(LEADS).await.body, "<p>down</p>");
    let garbage = http.get(LEADS).await;
    assert_eq!(garbage.status, 200);
    assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
}

#[tokio::test]
async fn resets_before_or_after_the_call_is_executed() {
    for http2 in [true, false] {
        for executed in [false, true] {
            let sim = Simulator::start().await.unwrap();
            let token = Http::logged_in(&sim).await.token;
            let mut http = if http2 { Http::new(&sim) } else { Http::http1(&sim) };
            http.token = token;
            sim.clear_journal();
            let fault = sim.faults().on_path(LEADS);
            if executed {
                fault.after_executing().reset();
            } else {
                fault.reset();
            }
            assert!(http.try_call(Method::POST, LEADS, &[], &lead()).await.is_err());
            assert_eq!(sim.record_count("Leads"), usize::from(executed));
            let journal = sim.journal();
            assert_eq!((journal.requests(), journal.written()), (1, usize::from(executed)));
            assert_eq!(journal.entries()[0].status, None);
            assert_eq!(http.post(LEADS, &lead()).await.status, 201);
        }
    }
}

#[tokio::test]
async fn truncates_a_body_after_its_headers() {
    for http2 in [true, false] {
        let sim = Simulator::builder().records("Leads", 5).start().await.unwrap();
        let token = Http::logged_in(&sim).await.token;
        let mut http = if http2 { Http::new(&sim) } else { Http::http1(&sim) };
        http.token = token;
        sim.clear_journal();
        sim.faults().cut_body();
        let failed = http.try_call(Method::GET, "/crm/v8/Leads?fields=id", &[], &Value::Null).await;
        assert!(failed.is_err());
        let entry = sim.journal().entries()[0].clone();
        assert_eq!((entry.executed, entry.status), (true, Some(200)));
        assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 200);
    }
}

/// Sends a request over a new socket and reads until the server closes it.
fn raw(sim: &Simulator, token: &str) -> std::io::Result<String> {
    let host = sim.api_url().replace("http://", "");
    let mut socket = TcpStream::connect(&host)?;
    let head = "GET /crm/v8/Leads?fields=id HTTP/1.1";
    write!(socket, "{head}\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n")?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    Ok(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sends_half_of_the_body_before_a_reset() {
    let sim = Simulator::builder().plain_http().records("Leads", 200).start().await.unwrap();
    let token = Http::logged_in(&sim).await.token;
    sim.faults().reset();
    assert_eq!(raw(&sim, &token).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    sim.faults().cut_body();
    let text = raw(&sim, &token).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert_eq!(body.len(), promised.parse::<usize>().unwrap() / 2);
}

#[tokio::test]
async fn holds_a_call_until_its_release() {
    let http = logged_in().await;
    let sim = http.sim.clone();
    let hold = sim.faults().on_path(LEADS).method("POST").hold();
    let other = http.clone();
    let held = tokio::spawn(async move { other.post(LEADS, &lead()).await.status });
    hold.wait_arrived().await;
    assert_eq!(sim.record_count("Leads"), 0);
    assert_eq!(http.post(LEADS, &lead()).await.status, 201);
    assert!(!held.is_finished());
    hold.release();
    assert_eq!(held.await.unwrap(), 201);
    assert_eq!(sim.record_count("Leads"), 2);
    let statuses: Vec<_> = sim.journal().into_iter().map(|e| (e.seq, e.status)).collect();
    assert_eq!(statuses.iter().map(|(_, status)| *status).collect::<Vec<_>>(), [Some(201); 2]);
}

#[tokio::test]
async fn holds_an_executed_call_and_then_resets_it() {
    let http = logged_in().await;
    let sim = http.sim.clone();
    let hold = sim.faults().after_executing().hold();
    sim.faults().reset();
    let other = http.clone();
    let held = tokio::spawn(async move { other.try_call(Method::POST, LEADS, &[], &lead()).await });
    hold.wait_arrived().await;
    assert_eq!((sim.record_count("Leads"), hold.arrived()), (1, 1));
    drop(hold);
    assert!(held.await.unwrap().is_err());
    assert!(sim.journal().entries()[0].executed);
}

#[tokio::test]
async fn injects_failures_of_the_accounts_server() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    sim.faults().on_host(Host::Accounts).on_path_prefix("/oauth/").html(500, "<p>sorry</p>");
    let grant = sim.grant_token();
    assert_eq!(http.exchange(&grant).await.status, 500);
    assert!(http.exchange(&grant).await.json()["access_token"].is_string());
    assert_eq!((sim.journal().requests(), sim.journal().exchanges()), (2, 1));
    sim.faults().times(9).reset();
    sim.clear_faults();
    assert_eq!(http.exchange(&grant).await.json()["error"], "invalid_code");
}
