//! Composite calls that are rolled back, their cost, and their failures.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{ClockMode, Edition, Simulator};

use crate::client::Http;
use crate::composite::{PATH, get, inner, insert, results, send, started};
use crate::receiver::Receiver;

const MINUTE: Duration = Duration::from_secs(60);

fn rollback() -> Value {
    json!({ "rollback_on_fail": true })
}

fn wrong(id: &str) -> Value {
    json!({ "sub_request_id": id, "method": "POST", "uri": "/crm/v8/Leads", "body": { "data": [{}] } })
}

async fn frozen() -> Http {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).seed(9);
    Http::logged_in(&builder.start().await.unwrap()).await
}

#[tokio::test]
async fn a_failed_part_undoes_the_parts_before_it() {
    let http = started().await;
    let kept = http.sim.insert("Leads", json!({ "Last_Name": "Old", "City": "Pune" })).unwrap();
    let gone = http.sim.insert("Leads", json!({ "Last_Name": "Gone" })).unwrap();
    let before = http.get("/crm/v8/Leads?fields=City,Last_Name,Tag,Modified_Time").await.json();
    let uri = format!("/crm/v8/Leads/{kept}");
    let parts = json!([
        { "sub_request_id": "1", "method": "PUT", "uri": uri, "body": { "data": [{ "City": "Delhi" }] } },
        { "sub_request_id": "2", "method": "DELETE", "uri": format!("/crm/v8/Leads/{gone}") },
        { "sub_request_id": "3", "method": "POST", "uri": format!("{uri}/actions/add_tags"),
          "body": { "tags": [{ "name": "new" }] } },
        wrong("4"),
        insert("5", "Never"),
    ]);
    let reply = send(&http, rollback(), parts).await;
    assert_eq!(reply.status, 400);
    let undone = "ROLLBACK_PERFORMED";
    assert_eq!(results(&reply), [undone, undone, undone, "SUCCESS 400", "PROCESSING_STOPPED"]);
    let message =
        "the transaction was rolled back since another sub request in the same transaction failed.";
    for row in [0, 1, 2, 4] {
        let row = &reply.rows()[row];
        assert_eq!(row["details"], json!({ "rollbacked_by_sub_request_index": 3 }));
        assert_eq!((&row["message"], &row["status"]), (&json!(message), &json!("error")));
    }
    assert_eq!(inner(&reply, 3)["data"][0]["code"], "MANDATORY_NOT_FOUND");
    let after = http.get("/crm/v8/Leads?fields=City,Last_Name,Tag,Modified_Time").await.json();
    assert_eq!(after["data"], before["data"]);
    assert_eq!(http.get("/crm/v8/Leads/deleted?type=all").await.status, 204);
    assert_eq!(http.get("/crm/v8/settings/tags?module=Leads").await.status, 204);
    assert_eq!(http.get("/crm/v8/Leads/actions/count").await.json(), json!({ "count": 2 }));
    assert_eq!(http.sim.journal().written(), 0);
}

#[tokio::test]
async fn statuses_follow_the_parts_and_the_rollback() {
    let sim = Simulator::builder().unique("Leads", "Email").start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let (good, bad) = (insert("", "A"), wrong(""));
    let plain = |mut part: Value| {
        part.as_object_mut().unwrap().remove("sub_request_id");
        part
    };
    let (good, bad) = (plain(good), plain(bad));
    let unread = json!({ "method": "GET", "uri": "none" });
    let refused = json!({ "method": "GET", "uri": "/crm/v8/files" });
    let once = json!({ "rollback_on_fail": false });
    for (flags, parts, status, leads) in [
        (once.clone(), json!([good, good]), 200, 2),
        (once.clone(), json!([good, bad]), 200, 1),
        (once.clone(), json!([bad, bad]), 200, 0),
        (once.clone(), json!([good, unread]), 207, 1),
        (once.clone(), json!([bad, refused]), 207, 0),
        (once, json!([unread, refused]), 400, 0),
        (rollback(), json!([good, good]), 200, 2),
        (rollback(), json!([good, bad]), 400, 0),
        (rollback(), json!([bad, good]), 400, 0),
        (rollback(), json!([good, unread]), 400, 0),
        (rollback(), json!([refused, good]), 400, 0),
    ] {
        let before = sim.record_count("Leads");
        let reply = send(&http, flags.clone(), parts.clone()).await;
        assert_eq!(reply.status, status, "{flags} {parts}: {}", reply.text());
        assert_eq!(sim.record_count("Leads") - before, leads, "{flags} {parts}");
    }
}

#[tokio::test]
async fn ids_of_a_rolled_back_call_are_never_given_again() {
    let http = frozen().await;
    let parts = json!([
        insert("1", "A"),
        get("2", "/crm/v8/Leads/@{1:$.data[0].details.id}", json!({})),
        wrong("3")
    ]);
    let lost = send(&http, rollback(), parts).await;
    assert_eq!(lost.status, 400);
    let with = http.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": "B" }] })).await.id(0);
    // The same simulator without the composite call.
    let other = frozen().await;
    let without =
        other.post("/crm/v8/Leads", &json!({ "data": [{ "Last_Name": "B" }] })).await.id(0);
    assert_ne!(with, without);
    assert_eq!(http.get(&format!("/crm/v8/Leads/{without}")).await.status, 204);
}

#[tokio::test]
async fn notifies_after_all_parts_and_never_of_a_rollback() {
    let http = frozen().await;
    let receiver = Receiver::start(200).await;
    let row = json!({ "channel_id": 1, "events": ["Leads.all"], "notify_url": receiver.url, "token": "t" });
    assert_eq!(http.post("/crm/v8/actions/watch", &json!({ "watch": [row] })).await.status, 201);
    let change = json!({ "sub_request_id": "2", "method": "PUT", "uri": "/crm/v8/Leads/@{1:$.data[0].details.id}",
        "body": { "data": [{ "City": "Pune" }] } });
    let operations = async || {
        http.sim.deliveries_settled().await;
        let bodies = receiver.take().into_iter();
        bodies.map(|body| body["operation"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let parts = json!([insert("1", "A"), change, wrong("3")]);
    assert_eq!(send(&http, rollback(), parts).await.status, 400);
    assert_eq!(operations().await, [""; 0]);
    let parts = json!([insert("1", "A"), change]);
    assert_eq!(send(&http, rollback(), parts.clone()).await.status, 200);
    assert_eq!(operations().await, ["insert"], "the record is new after all parts");
    assert_eq!(send(&http, json!({}), parts).await.status, 200);
    assert_eq!(operations().await, ["insert", "update"], "each part is notified");
}

#[tokio::test]
async fn costs_two_credits_only_with_a_rollback_that_was_not_needed() {
    let sim = Simulator::builder().edition(Edition::Standard).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let two = json!([insert("1", "A"), get("2", "/crm/v8/Leads/actions/count", json!({}))]);
    for (flags, parts, credits) in [
        (json!({}), two.clone(), 1),
        (rollback(), two, 2),
        (rollback(), json!([insert("1", "A"), wrong("2")]), 1),
        (json!({ "rollback_on_fail": 1 }), json!([]), 1),
    ] {
        let before = sim.spent_credits();
        send(&http, flags.clone(), parts).await;
        assert_eq!(sim.spent_credits() - before, credits, "{flags}");
    }
}

#[tokio::test]
async fn counts_as_five_concurrent_calls() {
    let sim = Simulator::builder().edition(Edition::Free).start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let hold = sim.faults().on_path("/crm/v8/org").hold();
    let first = tokio::spawn({
        let http = http.clone();
        async move { http.get("/crm/v8/org").await }
    });
    hold.wait_arrived().await;
    let parts = json!([get("1", "/crm/v8/users", json!({}))]);
    assert_eq!(send(&http, json!({}), parts.clone()).await.status, 429);
    hold.release();
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(send(&http, json!({}), parts).await.status, 200);
}

#[tokio::test]
async fn a_failure_of_a_part_is_its_answer() {
    let http = started().await;
    let sim = &http.sim;
    let parts = json!([insert("1", "A"), insert("2", "B")]);
    sim.faults().on_path("/crm/v8/Leads").skip(1).zoho_error(500, "INTERNAL_ERROR");
    let reply = send(&http, json!({}), parts.clone()).await;
    assert_eq!(
        (reply.status, results(&reply)),
        (200, vec!["SUCCESS 201".into(), "SUCCESS 500".into()])
    );
    assert_eq!(sim.record_count("Leads"), 1);
    sim.faults().on_path("/crm/v8/Leads").skip(1).after_executing().status(503);
    let reply = send(&http, json!({}), parts.clone()).await;
    assert_eq!(results(&reply), ["SUCCESS 201", "SUCCESS 503"]);
    assert!(inner(&reply, 1).as_str().unwrap().contains("503"));
    assert_eq!((sim.record_count("Leads"), sim.journal().written()), (3, 3));
    sim.faults().on_path("/crm/v8/Leads").skip(1).after_executing().status(503);
    let reply = send(&http, rollback(), parts.clone()).await;
    assert_eq!((reply.status, sim.record_count("Leads")), (400, 3));
    sim.faults().on_path("/crm/v8/Leads").skip(1).revoke_token();
    let reply = send(&http, json!({}), parts).await;
    assert_eq!(results(&reply), ["SUCCESS 201", "SUCCESS 401"]);
}

#[tokio::test]
async fn a_connection_cut_at_a_part_leaves_the_parts_before_it() {
    let sim = Simulator::start().await.unwrap();
    let http = Http::logged_in(&sim).await;
    let body = |flags: &Value| {
        let mut body = flags.clone();
        body["__composite_requests"] =
            json!([insert("1", "A"), insert("2", "B"), insert("3", "C")]);
        body
    };
    let faults = || sim.faults().on_path("/crm/v8/Leads").skip(1);
    for (flags, after, leads) in
        [(json!({}), false, 1), (json!({}), true, 2), (rollback(), false, 0), (rollback(), true, 0)]
    {
        let before = sim.record_count("Leads");
        if after {
            faults().after_executing().reset();
        } else {
            faults().reset();
        }
        let cut = http.try_call(Method::POST, PATH, &[], &body(&flags)).await;
        assert!(cut.is_err(), "{flags}");
        assert_eq!(sim.record_count("Leads") - before, leads, "{flags} {after}");
    }
    // The call as a whole, before and after its execution.
    for (after, leads) in [(false, 0), (true, 3)] {
        let before = sim.record_count("Leads");
        let faults = sim.faults().on_path(PATH);
        if after {
            faults.after_executing().reset();
        } else {
            faults.reset();
        }
        assert!(http.try_call(Method::POST, PATH, &[], &body(&json!({}))).await.is_err());
        assert_eq!(sim.record_count("Leads") - before, leads);
    }
}

#[tokio::test]
async fn parts_that_take_more_than_five_minutes_time_out() {
    let http = frozen().await;
    let sim = &http.sim;
    let parts = json!([insert("1", "A"), insert("2", "B"), insert("3", "C")]);
    // A part that was executed and whose answer is late, and the parts after it.
    let late = |minutes: u32| {
        sim.faults().on_path("/crm/v8/Leads").skip(1).after_executing().latency(MINUTE * minutes);
    };
    let sent = |flags: Value| {
        let (http, parts) = (http.clone(), parts.clone());
        tokio::spawn(async move { send(&http, flags, parts).await })
    };
    let arrived = |count: usize| async move {
        while sim.journal().count(|entry| entry.path == PATH && entry.executed) < count {
            tokio::task::yield_now().await;
        }
    };
    for (number, (flags, minutes, expected, status, leads)) in [
        (json!({ "parallel_execution": false }), 4, ["SUCCESS 201"; 3], 200, 3),
        (
            json!({ "parallel_execution": false }),
            6,
            ["SUCCESS 201", "REQUEST_TIMEOUT", "REQUEST_TIMEOUT"],
            207,
            2,
        ),
        (json!({}), 6, ["SUCCESS 201", "REQUEST_TIMEOUT", "SUCCESS 201"], 200, 3),
        (rollback(), 6, ["ROLLBACK_PERFORMED", "REQUEST_TIMEOUT", "PROCESSING_STOPPED"], 400, 0),
    ]
    .into_iter()
    .enumerate()
    {
        let before = sim.record_count("Leads");
        late(minutes);
        let call = sent(flags.clone());
        arrived(number + 1).await;
        sim.advance(MINUTE * minutes.min(5));
        let reply = call.await.unwrap();
        assert_eq!(
            (reply.status, results(&reply)),
            (status, expected.map(String::from).to_vec()),
            "{flags}"
        );
        assert_eq!(sim.record_count("Leads") - before, leads, "{flags}");
    }
    // A part that was not executed in time.
    let before = sim.record_count("Leads");
    sim.faults().on_path("/crm/v8/Leads").latency(MINUTE * 6);
    let call = sent(json!({}));
    arrived(5).await;
    sim.advance(MINUTE * 5);
    let reply = call.await.unwrap();
    assert_eq!(
        (reply.status, results(&reply)),
        (207, ["REQUEST_TIMEOUT", "SUCCESS 201", "SUCCESS 201"].map(String::from).to_vec())
    );
    assert_eq!(sim.record_count("Leads") - before, 2);
}

#[tokio::test]
async fn a_held_part_holds_the_answer() {
    let http = started().await;
    let hold = http.sim.faults().on_path("/crm/v8/Leads").hold();
    let call = tokio::spawn({
        let http = http.clone();
        async move { send(&http, json!({}), json!([insert("1", "A")])).await }
    });
    hold.wait_arrived().await;
    assert_eq!(http.sim.record_count("Leads"), 1);
    assert!(!call.is_finished());
    hold.release();
    assert_eq!(call.await.unwrap().status, 200);
}
