//! Deliveries of notifications: content, recipients, order and failures.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{ClockMode, Delivery, DeliveryOutcome, Environment, Simulator};

use crate::client::{Http, access_token};
use crate::receiver::Receiver;

const MINUTE: Duration = Duration::from_secs(60);

async fn frozen() -> Http {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).seed(9);
    Http::logged_in(&builder.start().await.unwrap()).await
}

/// Creates a channel for these events.
async fn open(http: &Http, url: &str, id: u64, events: &[&str], more: Value) {
    let mut row =
        json!({ "channel_id": id, "events": events, "notify_url": url, "token": "sesame" });
    for (name, value) in more.as_object().unwrap() {
        row[name] = value.clone();
    }
    let reply = http.post("/crm/v8/actions/watch", &json!({ "watch": [row] })).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
}

async fn lead(http: &Http, name: &str) -> String {
    let row = json!({ "data": [{ "Last_Name": name, "City": "Pune" }] });
    http.post("/crm/v8/Leads", &row).await.id(0)
}

/// Returns the operation, module and ids of the notifications since the last call.
async fn notified(http: &Http, receiver: &Receiver) -> Vec<(String, String, Value)> {
    http.sim.deliveries_settled().await;
    let text = |body: &Value, name: &str| body[name].as_str().unwrap().to_owned();
    let bodies = receiver.take().into_iter();
    bodies
        .map(|body| (text(&body, "operation"), text(&body, "module"), body["ids"].clone()))
        .collect()
}

fn one(operation: &str, module: &str, ids: &[&str]) -> (String, String, Value) {
    (operation.into(), module.into(), json!(ids))
}

#[tokio::test]
async fn a_delivery_has_zohos_members() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    let url = format!("{}/hook?key=a b&x=1", receiver.url);
    let more = json!({ "return_affected_field_values": true });
    open(&http, &url, 7, &["Leads.all"], more).await;
    let id = lead(&http, "A").await;
    let row = json!({ "data": [{ "City": "Delhi", "Last_Name": "A" }] });
    http.put(&format!("/crm/v8/Leads/{id}"), &row).await;
    http.delete(&format!("/crm/v8/Leads/{id}")).await;
    http.sim.deliveries_settled().await;
    assert_eq!(receiver.paths(), ["/hook?key=a%20b&x=1"; 3]);
    let bodies = receiver.bodies();
    assert_eq!(
        bodies[1],
        json!({
            "server_time": http.sim.now().timestamp_millis(),
            "module": "Leads",
            "operation": "update",
            "channel_id": "7",
            "token": "sesame",
            "resource_uri": format!("{}/crm/v2/Leads", http.sim.api_url()),
            "ids": [id],
            "affected_fields": [{ id.as_str(): ["City"] }],
            "affected_values": [{ "record_id": id, "values": { "City": "Delhi" } }],
            "query_params": { "key": "a b", "x": "1" },
        })
    );
    let inserted = &bodies[0]["affected_values"][0]["values"];
    assert_eq!((&inserted["City"], &inserted["Last_Name"]), (&json!("Pune"), &json!("A")));
    assert_eq!(
        (&bodies[0]["operation"], &bodies[0]["affected_fields"]),
        (&json!("insert"), &json!([]))
    );
    assert_eq!(bodies[2]["operation"], "delete");
    assert_eq!((&bodies[2]["ids"], &bodies[2]["affected_fields"]), (&json!([id]), &json!([])));
    let deliveries = http.sim.deliveries();
    assert!(deliveries.iter().all(Delivery::arrived));
    assert_eq!(deliveries[1].body, bodies[1]);
    assert_eq!((deliveries[1].seq, deliveries[1].channel_id.as_str()), (1, "7"));
    assert!(!format!("{deliveries:?}").contains("sesame"));
    http.sim.clear_deliveries();
    assert_eq!(http.sim.deliveries().len(), 0);
}

#[tokio::test]
async fn notifies_of_every_write_once_per_operation() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    let all = ["Leads.all", "Contacts.all", "Accounts.all", "Deals.all"];
    open(&http, &receiver.url, 7, &all, json!({})).await;
    let rows =
        json!({ "data": [{ "Last_Name": "A" }, {}, { "Last_Name": "B", "Email": "b@x.com" }] });
    let made = http.post("/crm/v8/Leads", &rows).await;
    let (a, b) = (made.id(0), made.id(2));
    assert_eq!(notified(&http, &receiver).await, [one("insert", "Leads", &[&a, &b])]);
    // Failed writes and reads are not notified.
    http.post("/crm/v8/Leads", &json!({ "data": [{}] })).await;
    http.get("/crm/v8/Leads?fields=City").await;
    assert_eq!(notified(&http, &receiver).await, []);

    let body = json!({
        "data": [{ "Last_Name": "B2", "Email": "b@x.com" }, { "Last_Name": "C", "Email": "c@x.com" }],
        "duplicate_check_fields": ["Email"],
    });
    let c = http.post("/crm/v8/Leads/upsert", &body).await.id(1);
    let upserted = [one("update", "Leads", &[&b]), one("insert", "Leads", &[&c])];
    assert_eq!(notified(&http, &receiver).await, upserted);

    let mass = json!({ "data": [{ "City": "Agra" }], "ids": [a, c] });
    http.post("/crm/v8/Leads/actions/mass_update", &mass).await;
    let tags = json!({ "tags": [{ "name": "hot" }], "ids": [b] });
    http.post("/crm/v8/Leads/actions/add_tags", &tags).await;
    let changed = [one("update", "Leads", &[&a, &c]), one("update", "Leads", &[&b])];
    assert_eq!(notified(&http, &receiver).await, changed);
    let top = http.get("/crm/v8/settings/territories").await.rows()[0]["id"].clone();
    let body = json!({ "data": [{ "id": b, "Territories": [{ "id": top }] }] });
    http.post("/crm/v8/Leads/actions/assign_territories", &body).await;
    assert_eq!(notified(&http, &receiver).await, [one("update", "Leads", &[&b])]);

    let deal = json!({ "Deal_Name": "D", "Stage": "Qualification" });
    let row = json!({ "data": [{ "Deals": deal }] });
    let there =
        http.post("/crm/v8/Contacts", &json!({ "data": [{ "Last_Name": "T" }] })).await.id(0);
    assert_eq!(notified(&http, &receiver).await, [one("insert", "Contacts", &[&there])]);
    let refused = json!({ "data": [{
        "overwrite": true, "Contacts": { "id": there }, "Deals": { "Deal_Name": "D", "Stage": 5 },
    }] });
    let reply = http.post(&format!("/crm/v8/Leads/{a}/actions/convert"), &refused).await;
    assert_eq!(reply.status, 400);
    assert_eq!(notified(&http, &receiver).await, [], "the write was undone");
    let made = http.post(&format!("/crm/v8/Leads/{a}/actions/convert"), &row).await.rows();
    let id = |module: &str| made[0]["details"][module]["id"].as_str().unwrap().to_owned();
    let converted = [
        one("insert", "Contacts", &[&id("Contacts")]),
        one("insert", "Deals", &[&id("Deals")]),
        one("update", "Leads", &[&a]),
    ];
    assert_eq!(notified(&http, &receiver).await, converted);
    http.delete(&format!("/crm/v8/Leads?ids={b},{c}")).await;
    assert_eq!(notified(&http, &receiver).await, [one("delete", "Leads", &[&b, &c])]);
    let values = |one: &Delivery| one.body.get("affected_values").is_some();
    assert!(!http.sim.deliveries().iter().any(values), "the channel did not request values");
}

#[tokio::test]
async fn a_channel_gets_its_events_until_it_is_deleted() {
    let http = frozen().await;
    let (created, edited) = (Receiver::start(200).await, Receiver::start(200).await);
    open(&http, &created.url, 1, &["Leads.create"], json!({})).await;
    open(&http, &edited.url, 2, &["Leads.edit", "Deals.create"], json!({})).await;
    let id = lead(&http, "A").await;
    let row = json!({ "data": [{ "City": "Agra" }] });
    let edit = async || http.put(&format!("/crm/v8/Leads/{id}"), &row).await;
    edit().await;
    assert_eq!(notified(&http, &created).await, [one("insert", "Leads", &[&id])]);
    assert_eq!(notified(&http, &edited).await, [one("update", "Leads", &[&id])]);
    let row = json!({ "channel_id": 2, "events": ["Leads.edit"], "_delete_events": true });
    http.call(Method::PATCH, "/crm/v8/actions/watch", &json!({ "watch": [row] })).await;
    edit().await;
    http.delete("/crm/v8/actions/watch?channel_ids=1").await;
    lead(&http, "B").await;
    assert_eq!(notified(&http, &created).await, []);
    assert_eq!(notified(&http, &edited).await, []);
}

#[tokio::test]
async fn a_channel_expires_without_a_notification() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    let day = "2026-03-02T10:00:00+00:00";
    open(&http, &receiver.url, 7, &["Leads.create"], json!({ "channel_expiry": day })).await;
    for (hours, heard) in [(0, 1), (23, 1), (1, 0)] {
        http.sim.advance(60 * hours * MINUTE);
        let http = Http::logged_in(&http.sim).await;
        lead(&http, "A").await;
        assert_eq!(notified(&http, &receiver).await.len(), heard, "after {hours} more hours");
    }
    assert_eq!(http.sim.deliveries().len(), 2);
}

#[tokio::test]
async fn notifies_of_related_records_unless_disabled() {
    let http = frozen().await;
    let (usual, quiet) = (Receiver::start(200).await, Receiver::start(200).await);
    open(&http, &usual.url, 1, &["Accounts.all"], json!({})).await;
    let no = json!({ "notify_on_related_action": false });
    open(&http, &quiet.url, 2, &["Accounts.all"], no).await;
    let account = json!({ "data": [{ "Account_Name": "Z" }] });
    let account = http.post("/crm/v8/Accounts", &account).await.id(0);
    let contact = json!({ "data": [{ "Last_Name": "C", "Account_Name": { "id": account } }] });
    let contact = http.post("/crm/v8/Contacts", &contact).await.id(0);
    let made = [one("insert", "Accounts", &[&account])];
    assert_eq!(notified(&http, &usual).await, made);
    let phone = json!({ "data": [{ "Phone": "1" }] });
    http.put(&format!("/crm/v8/Contacts/{contact}"), &phone).await;
    http.sim.deliveries_settled().await;
    let body = &usual.bodies()[0];
    assert_eq!((&body["operation"], &body["ids"]), (&json!("update"), &json!([account])));
    assert_eq!(body["affected_fields"], json!([]), "the account was not changed");
    assert_eq!(notified(&http, &quiet).await, made);
}

#[tokio::test]
async fn a_condition_filters_by_changed_fields() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    let condition = json!({ "notification_condition": [{
        "type": "field_selection", "module": { "api_name": "Leads" },
        "field_selection": { "field": { "api_name": "Phone" } },
    }] });
    open(&http, &receiver.url, 7, &["Leads.all"], condition).await;
    let id = lead(&http, "A").await;
    for row in [json!({ "City": "Agra" }), json!({ "Phone": "1" }), json!({ "Phone": "1" })] {
        http.put(&format!("/crm/v8/Leads/{id}"), &json!({ "data": [row] })).await;
    }
    let heard = [one("insert", "Leads", &[&id]), one("update", "Leads", &[&id])];
    assert_eq!(notified(&http, &receiver).await, heard);
}

#[tokio::test]
async fn records_why_a_notification_was_not_delivered() {
    let http = frozen().await;
    let unwell = Receiver::start(503).await;
    let unreachable = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (id, url) in [
        (1, unwell.url.clone()),
        (2, format!("http://{unreachable}/")),
        (3, String::from("https://crm.example.com/hook")),
        (4, String::from("https://127.0.0.1:1/hook")),
    ] {
        open(&http, &url, id, &["Leads.create"], json!({})).await;
    }
    lead(&http, "A").await;
    http.sim.deliveries_settled().await;
    let outcomes: Vec<DeliveryOutcome> =
        http.sim.deliveries().into_iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes[0], DeliveryOutcome::Answered { status: 503 });
    assert!(
        matches!(&outcomes[1], DeliveryOutcome::Failed { reason } if reason.contains("refused"))
    );
    let reason = |outcome: &DeliveryOutcome| match outcome {
        DeliveryOutcome::NotSent { reason } => reason.clone(),
        other => panic!("expected a delivery that is not sent, got {other:?}"),
    };
    assert_eq!(
        reason(&outcomes[2]),
        "the URL is not a loopback address: the simulator delivers only to those"
    );
    assert_eq!(
        reason(&outcomes[3]),
        "the URL is not a plain HTTP address: the simulator delivers only to those"
    );
    assert_eq!(unwell.bodies().len(), 1, "it is not retried");
}

#[tokio::test]
async fn a_sandbox_notifies_only_of_its_records() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    open(&http, &receiver.url, 7, &["Leads.all"], json!({})).await;
    let grant = http.sim.grant().environment(Environment::Sandbox).issue();
    let token = access_token(&http.exchange(&grant).await);
    let bearer = format!("Zoho-oauthtoken {token}");
    let call = async |path: &str, body: Value| {
        let url = format!("{}{path}", http.sim.sandbox_url());
        let headers = [("authorization", bearer.as_str())];
        http.send(Method::POST, &url, &headers, body.to_string()).await.unwrap().status
    };
    let new = json!({ "data": [{ "Last_Name": "A" }] });
    assert_eq!(call("/crm/v8/Leads", new.clone()).await, 201);
    assert_eq!(notified(&http, &receiver).await, []);
    let row = json!({ "channel_id": 7, "events": ["Leads.all"], "notify_url": receiver.url });
    assert_eq!(call("/crm/v8/actions/watch", json!({ "watch": [row] })).await, 201);
    assert_eq!(call("/crm/v8/Leads", new).await, 201);
    assert_eq!(notified(&http, &receiver).await.len(), 1);
    assert_eq!(http.sim.deliveries()[0].environment, Environment::Sandbox);
}

#[tokio::test]
async fn a_snapshot_keeps_channels_and_a_reset_removes_them() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    open(&http, &receiver.url, 7, &["Leads.all"], json!({})).await;
    let at = ClockMode::Frozen(http.sim.now());
    let builder = Simulator::builder().clock(at).restore(http.sim.snapshot());
    let mut other = Http::new(&builder.start().await.unwrap());
    other.token.clone_from(&http.token);
    lead(&other, "A").await;
    assert_eq!(notified(&other, &receiver).await.len(), 1);
    lead(&http, "A").await;
    http.sim.deliveries_settled().await;
    http.sim.reset().unwrap();
    assert_eq!(http.sim.deliveries().len(), 0);
    receiver.take();
    let http = Http::logged_in(&http.sim).await;
    lead(&http, "A").await;
    assert_eq!(notified(&http, &receiver).await, []);
}

#[tokio::test]
async fn stopping_ends_a_delivery_without_an_answer() {
    let http = frozen().await;
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", mute.local_addr().unwrap());
    let receiver = Receiver::start(200).await;
    open(&http, &url, 1, &["Leads.create"], json!({})).await;
    open(&http, &receiver.url, 2, &["Leads.create"], json!({})).await;
    lead(&http, "A").await;
    lead(&http, "B").await;
    // One channel waits while the other continues.
    let (held, _) = mute.accept().await.unwrap();
    while receiver.bodies().len() < 2 {
        tokio::task::yield_now().await;
    }
    // The channel's next delivery waits until this one has ended.
    let mute = mute.into_std().unwrap();
    assert_eq!(mute.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let sim = http.sim.clone();
    let waits = tokio::spawn(async move { sim.deliveries_settled().await });
    tokio::task::yield_now().await;
    assert!(!waits.is_finished());
    http.sim.stop().await;
    waits.await.unwrap();
    let outcomes: Vec<bool> = http.sim.deliveries().iter().map(Delivery::arrived).collect();
    assert_eq!(outcomes, [false, true, false, true]);
    let stopped = String::from("the simulator was stopped");
    let first = http.sim.deliveries()[0].outcome.clone();
    assert_eq!(first, DeliveryOutcome::NotSent { reason: stopped });
    // The connection was closed with it.
    let mut rest = Vec::new();
    let mut held = held;
    tokio::io::AsyncReadExt::read_to_end(&mut held, &mut rest).await.unwrap();
    assert!(rest.starts_with(b"POST / HTTP/1.1"));
}

/// Returns the names of the leads in the notifications, by their ids.
async fn names(http: &Http, receiver: &Receiver, known: &[(String, &str)]) -> String {
    let notified = notified(http, receiver).await;
    let name = |id: &Value| known.iter().find(|(known, _)| id == known).unwrap().1.to_owned();
    notified.iter().map(|(_, _, ids)| name(&ids[0])).collect()
}

#[tokio::test]
async fn repeats_drops_delays_and_reorders_deliveries() {
    let http = frozen().await;
    let (receiver, sim) = (Receiver::start(200).await, http.sim.clone());
    open(&http, &receiver.url, 7, &["Leads.create"], json!({})).await;
    // A dropped delivery does not use up later failures.
    sim.delivery_faults().skip(1).duplicate(2);
    sim.delivery_faults().skip(2).lose();
    sim.delivery_faults().channel("7").skip(2).delay(MINUTE);
    sim.delivery_faults().channel("8").duplicate(1);
    sim.delivery_faults().module("Leads").operation("insert").skip(3).overtaken();
    sim.delivery_faults().operation("delete").lose();
    let mut known = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        known.push((lead(&http, name).await, name));
    }
    assert_eq!(names(&http, &receiver, &known).await, "abbb");
    known.push((lead(&http, "f").await, "f"));
    assert_eq!(names(&http, &receiver, &known).await, "fe");
    sim.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(names(&http, &receiver, &known).await, "");
    sim.advance(Duration::from_millis(1));
    assert_eq!(names(&http, &receiver, &known).await, "d");
    assert_eq!(sim.pending_faults(), 2, "the failures of other deliveries");
    sim.clear_faults();
    assert_eq!(sim.pending_faults(), 0);
    let copies: Vec<Option<u64>> = sim.deliveries().iter().map(|one| one.copy_of).collect();
    assert_eq!(copies, [None, None, Some(1), Some(1), None, None, None, None]);
    assert_eq!(sim.deliveries()[4].outcome, DeliveryOutcome::Lost);
}

/// Returns which of thirty deliveries arrive, and how often.
async fn pattern(seed: u64) -> Vec<usize> {
    let sim = Simulator::builder().seed(seed).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let receiver = Receiver::start(200).await;
    open(&http, &receiver.url, 7, &["Leads.create"], json!({})).await;
    sim.delivery_faults().always().probability(0.3).duplicate(1);
    sim.delivery_faults().always().probability(0.3).lose();
    let mut counts = Vec::new();
    for _ in 0..30 {
        lead(&http, "A").await;
        counts.push(notified(&http, &receiver).await.len());
    }
    counts
}

#[tokio::test]
async fn the_seed_determines_random_failures() {
    let first = pattern(1).await;
    for count in [0, 1, 2] {
        assert!(first.contains(&count), "{first:?}");
    }
    assert_eq!(first, pattern(1).await);
    assert_ne!(first, pattern(2).await);
}

#[tokio::test]
async fn remembers_the_newest_deliveries() {
    let sim = Simulator::builder().journal_limit(2).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let receiver = Receiver::start(200).await;
    open(&http, &receiver.url, 7, &["Leads.create"], json!({})).await;
    for _ in 0..3 {
        lead(&http, "A").await;
    }
    assert_eq!(notified(&http, &receiver).await.len(), 3);
    let numbers: Vec<u64> = sim.deliveries().iter().map(|delivery| delivery.seq).collect();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test]
async fn deliveries_keep_the_order_of_the_writes() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    open(&http, &receiver.url, 7, &["Leads.create"], json!({})).await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(lead(&http, "A").await);
    }
    let heard: Vec<Value> = notified(&http, &receiver).await.into_iter().map(|one| one.2).collect();
    assert_eq!(heard, ids.iter().map(|id| json!([id])).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_control_api_injects_waits_and_lists_deliveries() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    open(&http, &receiver.url, 7, &["Leads.create"], json!({})).await;
    open(&http, "https://example.com", 8, &["Leads.create"], json!({})).await;
    let call = async |method: Method, path: &str, body: Value| {
        let url = format!("{}{path}", http.sim.control_url());
        let kind = [("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = http.send(method, &url, &kind, body).await.unwrap();
        (reply.status, reply.json())
    };
    let orders = json!([
        { "deliveries": { "channel_id": "7" }, "then": { "duplicate": 1 } },
        { "deliveries": { "module": "Deals", "operation": "insert" }, "skip": 1, "times": 2,
          "probability": 0.5, "then": "lose" },
        { "deliveries": {}, "times": "always", "then": { "delay_ms": 0 } },
        { "path": "/nowhere", "then": { "stale_search_ms": 5_000 } },
        { "deliveries": { "channel_id": "9" }, "then": "overtaken" },
    ]);
    assert_eq!(call(Method::POST, "/faults", orders).await.1["pending"], 5);
    for wrong in [
        json!({ "deliveries": { "path": "/" }, "then": "lose" }),
        json!({ "deliveries": {}, "then": "reset" }),
        json!({ "deliveries": {}, "host": "api", "then": "lose" }),
        json!({ "path": "/", "then": "lose" }),
    ] {
        assert_eq!(call(Method::POST, "/faults", wrong.clone()).await.0, 400, "{wrong}");
    }
    let id = lead(&http, "A").await;
    let (status, body) = call(Method::GET, "/deliveries?settled=true", Value::Null).await;
    assert_eq!((status, &body["count"]), (200, &json!(3)));
    assert_eq!(receiver.bodies().len(), 2);
    let first = &body["deliveries"][0];
    assert_eq!(first["outcome"], json!({ "state": "answered", "status": 200 }));
    assert_eq!((&first["body"]["ids"], &first["copy_of"]), (&json!([id]), &Value::Null));
    assert_eq!(body["deliveries"][1]["copy_of"], 0);
    for (query, count) in
        [("since=1", 2), ("channel_id=8", 1), ("state=not_sent", 1), ("state=lost", 0)]
    {
        let (_, body) = call(Method::GET, &format!("/deliveries?{query}"), Value::Null).await;
        assert_eq!(body["count"], count, "{query}");
    }
    assert_eq!(call(Method::GET, "/deliveries?stat=lost", Value::Null).await.0, 400);
    assert_eq!(call(Method::DELETE, "/deliveries", Value::Null).await.0, 200);
    assert_eq!(http.sim.deliveries().len(), 0);
    assert_eq!(call(Method::DELETE, "/faults", Value::Null).await.0, 200);
    assert_eq!(http.sim.pending_faults(), 0);
}

#[tokio::test]
async fn forgets_channels_and_counts_their_renewals_and_deliveries() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    for id in [7, 7, 8] {
        open(&http, &receiver.url, id, &["Leads.create"], json!({})).await;
    }
    http.sim.delivery_faults().channel("8").lose();
    lead(&http, "A").await;
    http.sim.deliveries_settled().await;
    let counts = || {
        let counts = http.sim.channels().into_iter();
        let numbers = counts.map(|one| {
            (one.expires.is_some(), [one.opened, one.renewed, one.arrived, one.not_arrived])
        });
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(counts(), [(true, [1, 1, 1, 0]), (true, [1, 0, 0, 1])]);

    assert!(http.sim.forget_channel("7"));
    assert!(!http.sim.forget_channel("7"));
    lead(&http, "B").await;
    http.sim.deliveries_settled().await;
    assert_eq!(counts(), [(false, [1, 1, 1, 0]), (true, [1, 0, 1, 1])]);
    open(&http, &receiver.url, 7, &["Leads.create"], json!({})).await;
    assert_eq!(counts()[0], (true, [2, 1, 1, 0]));
    assert_eq!(http.sim.forget_channels(), 2);
    http.sim.advance(60 * MINUTE);
    assert_eq!(http.sim.forget_channels(), 0);
}
