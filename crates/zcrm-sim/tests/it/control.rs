//! The control API, and its protection against other web pages.

use std::path::Path;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{Environment, FieldKind, FieldSpec, Host, Simulator};

use crate::client::{Http, Reply, access_token};

const LEADS: &str = "/crm/v8/Leads";

async fn call(http: &Http, method: Method, path: &str, body: &Value) -> Reply {
    let url = format!("{}{path}", http.sim.control_url());
    let body = if body.is_null() { String::new() } else { body.to_string() };
    http.send(method, &url, &[("content-type", "application/json")], body).await.unwrap()
}

async fn get(http: &Http, path: &str) -> Value {
    let reply = call(http, Method::GET, path, &Value::Null).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

async fn post(http: &Http, path: &str, body: Value) -> Value {
    let reply = call(http, Method::POST, path, &body).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

#[tokio::test]
async fn shows_everything_that_a_test_needs() {
    let builder = Simulator::builder().client("me", "secret", "https://a/b").data_center("in");
    let sim = builder.user("a@example.com").user("b@example.com").start().await.unwrap();
    let mut http = Http::new(&sim);
    let about = get(&http, "/").await;
    assert_eq!(about["accounts_url"], sim.accounts_url());
    assert_eq!(about["api_url"], sim.api_url());
    assert_eq!(about["sandbox_url"], sim.sandbox_url());
    assert_eq!((&about["client_id"], &about["data_center"]), (&json!("me"), &json!("in")));
    assert_eq!(about["users"][1]["email"], "b@example.com");
    let ca = call(&http, Method::GET, "/ca.pem", &Value::Null).await;
    assert_eq!(ca.text(), sim.ca_pem());
    let operations = get(&http, "/operations").await;
    let operations = operations["operations"].as_array().unwrap();
    assert!(operations.contains(&json!({ "method": "POST", "path": "{module}/upsert" })));

    let grant = post(&http, "/grants", json!({ "user": "b@example.com" })).await;
    http.token = access_token(&http.exchange(grant["code"].as_str().unwrap()).await);
    let me = http.get("/crm/v8/users?type=CurrentUser").await.json();
    assert_eq!(me["users"][0]["email"], "b@example.com");
    let narrow = json!({ "scopes": ["ZohoCRM.modules.leads.READ"], "environment": "sandbox" });
    let grant = post(&http, "/grants", narrow).await;
    let tokens = http.exchange(grant["code"].as_str().unwrap()).await.json();
    assert_eq!(tokens["scope"], "ZohoCRM.modules.leads.READ");
    assert_eq!(tokens["api_domain"], sim.sandbox_url());
}

#[tokio::test]
async fn changes_records_time_tokens_and_credits() {
    let http = Http::logged_in(&Simulator::start().await.unwrap()).await;
    let sim = &http.sim;
    let made = post(&http, "/records", json!({ "module": "Leads", "count": 3 })).await;
    assert_eq!((made["ids"].as_array().unwrap().len(), sim.record_count("Leads")), (3, 3));
    let sandbox = json!({ "module": "Leads", "count": 2, "environment": "sandbox" });
    post(&http, "/records", sandbox).await;
    assert_eq!(sim.record_count_in(Environment::Sandbox, "Leads"), 2);
    let before = sim.now();
    let moved = post(&http, "/clock", json!({ "advance_seconds": 60, "advance_ms": 500 })).await;
    assert!(sim.now() - before >= chrono::TimeDelta::milliseconds(60_500));
    assert!(moved["now"].as_str().unwrap().ends_with("+05:30"));
    post(&http, "/tokens/expire", Value::Null).await;
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN");
    assert_eq!(post(&http, "/credits", json!({ "credits": 7 })).await["spent"], 7);
    assert_eq!(get(&http, "/credits").await["spent"], 7);
    assert_eq!(get(&http, "/credits?environment=sandbox").await["spent"], 0);
    assert_eq!(call(&http, Method::GET, "/credits?environment=x", &Value::Null).await.status, 400);
    assert_eq!(get(&http, "/channels").await["channels"], json!([]));
    let forgotten = call(&http, Method::DELETE, "/channels?channel_id=7", &Value::Null).await;
    assert_eq!(forgotten.json()["forgotten"], 0);
    let access = json!({
        "profile": "Administrator", "permission": "Crm_Implied_Api_Access", "allowed": false,
    });
    post(&http, "/permissions", access).await;
    let again = Http::logged_in(sim).await;
    assert_eq!(again.get(LEADS).await.code(), "NO_PERMISSION");
    post(&http, "/tokens/revoke", Value::Null).await;
}

#[tokio::test]
async fn approves_and_recomputes_a_record() {
    let age = FieldSpec::new("Age", FieldKind::Formula);
    let sim = Simulator::builder().field("Leads", age).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let id = sim.insert("Leads", json!({ "Last_Name": "Boyle" })).unwrap();
    post(&http, "/records/approval", json!({ "module": "Leads", "id": id, "approved": false }))
        .await;
    assert_eq!(http.get(&format!("{LEADS}?fields=id")).await.status, 204);
    let fields = json!({ "Age": 41 });
    post(&http, "/records/computed", json!({ "module": "Leads", "id": id, "fields": fields }))
        .await;
    assert_eq!(sim.record("Leads", &id).unwrap()["Age"], 41);
    for (path, body) in [
        ("approval", json!({ "module": "Leads", "id": "7", "approved": true })),
        ("approval", json!({ "module": "Leads", "id": id, "approved": true, "more": 1 })),
        ("computed", json!({ "module": "Leads", "id": id, "fields": { "City": "Pune" } })),
        ("computed", json!({ "module": "No", "id": id, "fields": {} })),
    ] {
        let refused = call(&http, Method::POST, &format!("/records/{path}"), &body).await;
        assert_eq!(refused.status, 400, "{body}");
    }
}

#[tokio::test]
async fn adds_and_removes_failures() {
    let http = Http::logged_in(&Simulator::start().await.unwrap()).await;
    let orders = json!([
        { "operation": "/crm/{version}/{module}", "method": "POST", "after_executing": true,
          "headers": { "retry-after": "9" }, "then": { "status": 504 } },
        { "host": "api", "skip": 1, "times": 2, "then":
          { "zoho_error": { "status": 429, "code": "TOO_MANY_REQUESTS" } } },
    ]);
    assert_eq!(post(&http, "/faults", orders).await["pending"], 3);
    let lead = json!({ "data": [{ "Last_Name": "A" }] });
    let reply = http.post(LEADS, &lead).await;
    assert_eq!((reply.status, reply.headers["retry-after"].to_str().unwrap()), (504, "9"));
    assert_eq!(http.sim.record_count("Leads"), 1);
    let mut statuses = Vec::new();
    for _ in 0..2 {
        statuses.push(http.get("/crm/v8/Leads?fields=id").await.status);
    }
    assert_eq!(statuses, [200, 429]);
    assert_eq!(get(&http, "/faults").await["pending"], 1);
    call(&http, Method::DELETE, "/faults", &Value::Null).await;
    assert_eq!(http.sim.pending_faults(), 0);

    let each =
        json!({ "path": "/nowhere", "times": "always", "probability": 0.5, "then": "reset" });
    assert_eq!(post(&http, "/faults", each).await["pending"], 0);
    for then in [
        json!("garbage"),
        json!("reset"),
        json!("reset_in_body"),
        json!("cut_body"),
        json!("revoke_token"),
        json!("revoke_login"),
        json!({ "slow_body_ms": 1 }),
        json!({ "latency_ms": 1 }),
        json!({ "wrong_length": -1 }),
        json!({ "clock_skew_seconds": -1 }),
        json!({ "json": { "status": 500, "body": {} } }),
        json!({ "html": { "status": 502, "text": "<p>" } }),
    ] {
        post(&http, "/faults", json!({ "path_prefix": "/nowhere", "then": then })).await;
    }
    assert_eq!(http.sim.pending_faults(), 12);
    for wrong in [
        json!([{ "then": "reset" }, { "then": "explode" }]),
        json!({ "then": "reset", "when": "now" }),
        json!({ "host": "moon", "then": "reset" }),
        json!({}),
        json!(3),
    ] {
        let refused = call(&http, Method::POST, "/faults", &wrong).await;
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(refused.json()["error"].as_str().unwrap().contains("invalid failure"));
    }
    assert_eq!(http.sim.pending_faults(), 12, "an invalid list adds no failure");
}

#[tokio::test]
async fn reads_filters_and_asserts_on_the_journal() {
    let http = Http::logged_in(&Simulator::start().await.unwrap()).await;
    call(&http, Method::DELETE, "/journal", &Value::Null).await;
    let lead = json!({ "data": [{ "Last_Name": "A" }, { "Last_Name": "B" }] });
    http.sim.faults().status(503);
    http.post(LEADS, &lead).await;
    http.post(LEADS, &lead).await;
    http.get("/crm/v8/Leads?fields=id").await;

    let all = get(&http, "/journal").await;
    assert_eq!((&all["count"], &all["written"]), (&json!(3), &json!(2)));
    let first = &all["entries"][0];
    assert_eq!((&first["status"], &first["executed"]), (&json!(503), &json!(false)));
    let done = get(&http, "/journal?method=post&executed=true&host=api&status=201").await;
    assert_eq!(done["count"], 1);
    let since = all["entries"][2]["seq"].as_u64().unwrap();
    assert_eq!(get(&http, &format!("/journal?since={since}")).await["count"], 1);
    let tally = get(&http, "/journal/tally").await;
    assert_eq!(
        tally["tally"],
        json!([
            { "host": "api", "method": "GET", "path": LEADS,
              "requests": 1, "executed": 1, "written": 0 },
            { "host": "api", "method": "POST", "path": LEADS,
              "requests": 2, "executed": 1, "written": 2 },
        ])
    );
    assert_eq!(http.sim.journal().tally().len(), 2);

    let assert = async |body: Value| {
        let reply = call(&http, Method::POST, "/journal/assert", &body).await;
        (reply.status, reply.json())
    };
    let posts = json!({ "method": "POST", "path": LEADS, "exactly": 2 });
    assert_eq!(assert(posts).await.0, 200);
    let (status, found) =
        assert(json!({ "method": "POST", "executed": true, "at_least": 2 })).await;
    assert_eq!((status, &found["count"], &found["holds"]), (409, &json!(1), &json!(false)));
    assert_eq!(found["tally"], tally["tally"]);
    assert_eq!(assert(json!({ "status": 503, "at_most": 1 })).await.0, 200);
    assert_eq!(assert(json!({ "status": 503 })).await.0, 400, "how many?");
    assert_eq!(assert(json!({ "sttus": 503, "exactly": 3 })).await.0, 400, "unknown filter");
    let misspelt = call(&http, Method::GET, "/journal?metod=GET", &Value::Null).await;
    assert_eq!(misspelt.status, 400);
}

#[tokio::test]
async fn a_reset_restores_the_initial_state() {
    let sim = Simulator::builder().records("Leads", 5).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let ids = |json: Value| json["data"].as_array().unwrap().clone();
    let before = ids(http.get("/crm/v8/Leads?fields=Email").await.json());
    let (client, grant) = (sim.client_id(), sim.grant_token());
    http.post(LEADS, &json!({ "data": [{ "Last_Name": "A" }] })).await;
    sim.faults().status(500);
    sim.advance(Duration::from_secs(86_400));
    let later = sim.now();

    post(&http, "/reset", Value::Null).await;
    assert_eq!((sim.record_count("Leads"), sim.pending_faults()), (5, 0));
    assert!(sim.now() < later);
    assert_eq!(sim.journal().requests(), 0);
    assert_eq!(sim.client_id(), client);
    assert_eq!(http.get(LEADS).await.code(), "INVALID_TOKEN", "the tokens are gone");
    assert_eq!(http.exchange(&grant).await.json()["error"], "invalid_code");
    let again = Http::logged_in(&sim).await;
    assert_eq!(ids(again.get("/crm/v8/Leads?fields=Email").await.json()), before);
    sim.add_records("Leads", 1).unwrap();
    sim.reset().unwrap();
    assert_eq!(sim.record_count("Leads"), 5);
}

#[tokio::test]
async fn restores_a_snapshot_from_the_control_api_or_a_file() {
    let sim = Simulator::builder().records("Leads", 4).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let snapshot = get(&http, "/snapshot").await;
    sim.add_records("Leads", 1).unwrap();
    sim.expire_access_tokens();
    assert_eq!(call(&http, Method::PUT, "/snapshot", &json!({ "a": 1 })).await.status, 400);
    assert_eq!(sim.record_count("Leads"), 5);
    assert_eq!(call(&http, Method::PUT, "/snapshot", &snapshot).await.status, 200);
    assert_eq!(sim.record_count("Leads"), 4);
    assert_eq!(http.get("/crm/v8/Leads?fields=id").await.status, 200);

    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snapshot.json");
    std::fs::write(&file, "old").unwrap();
    sim.save_snapshot(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let other = Simulator::builder().restore_file(&file).unwrap().start().await.unwrap();
    assert_eq!((other.record_count("Leads"), other.org_id()), (4, sim.org_id()));
    other.add_records("Leads", 1).unwrap();
    other.reset().unwrap();
    assert_eq!(other.record_count("Leads"), 4);
    assert!(Simulator::builder().restore_file("/nowhere/at.all").is_err());
    assert!(sim.save_snapshot("/nowhere/at.all").is_err());
}

#[tokio::test]
async fn rejects_requests_from_other_sites() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    let url = format!("{}/reset", sim.control_url());
    sim.add_records("Leads", 1).unwrap();
    let own = sim.control_url();
    let json = ("content-type", "application/json");
    let neighbour = sim.api_url();
    for headers in [
        vec![("origin", "https://evil.example"), json],
        vec![("origin", "null"), json],
        vec![("origin", neighbour.as_str()), json],
        vec![("sec-fetch-site", "cross-site"), json],
    ] {
        let refused = http.send(Method::POST, &url, &headers, "").await.unwrap();
        assert_eq!(refused.status, 403, "{headers:?}");
    }
    // A request that a browser sends to other sites without a preflight.
    let plain = http.send(Method::POST, &url, &[("content-type", "text/plain")], "{}").await;
    assert_eq!(plain.unwrap().status, 415);
    assert_eq!(sim.record_count("Leads"), 1);
    let from_here = [("origin", own.as_str()), json];
    assert_eq!(http.send(Method::POST, &url, &from_here, "").await.unwrap().status, 200);
    assert_eq!(sim.record_count("Leads"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rejects_host_names_other_than_loopback() {
    use std::io::{Read, Write};
    let sim = Simulator::builder().plain_http().start().await.unwrap();
    let ask = |host: &str| {
        let address = sim.control_url().replace("http://", "");
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        write!(socket, "GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).unwrap();
        text
    };
    assert!(ask("localhost").starts_with("HTTP/1.1 200"));
    let refused = ask("rebound.example");
    assert!(refused.starts_with("HTTP/1.1 403") && !refused.contains("client_secret"));
}

#[tokio::test]
async fn control_calls_have_no_failures_and_no_journal_entries() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    sim.faults().always().status(500);
    sim.faults().on_host(Host::Control).status(500);
    assert_eq!(get(&http, "/journal").await["count"], 0);
    assert_eq!(call(&http, Method::GET, "/nothing", &Value::Null).await.status, 404);
    assert_eq!(call(&http, Method::GET, "/reset", &Value::Null).await.status, 405);
    assert_eq!(call(&http, Method::POST, "/records", &json!({ "module": "X" })).await.status, 400);
    let unknown = json!({ "module": "Nothing", "count": 1 });
    let refused = call(&http, Method::POST, "/records", &unknown).await;
    assert!(refused.json()["error"].as_str().unwrap().contains("`Nothing`"));
    let stranger = call(&http, Method::POST, "/grants", &json!({ "user": "x@example.com" })).await;
    assert_eq!(stranger.status, 400);
}

#[tokio::test]
async fn approves_a_device_once() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::new(&sim);
    let url = format!("{}/oauth/v3/device/code", sim.accounts_url());
    let form =
        format!("client_id={}&grant_type=device_request&scope=ZohoCRM.users.READ", sim.client_id());
    let begun = http.send(Method::POST, &url, &[], form).await.unwrap().json();
    let user_code = &begun["user_code"];
    let decide = json!({ "user_code": user_code, "accept": true, "user": sim.user_email() });
    post(&http, "/devices", decide.clone()).await;
    assert_eq!(call(&http, Method::POST, "/devices", &decide).await.status, 400);
}
