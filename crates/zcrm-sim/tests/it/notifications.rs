//! Notification channels: create, list, replace, update, delete, and refusals.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hyper::Method;
use serde_json::{Value, json};
use zcrm_sim::{ClockMode, FieldKind, FieldSpec, ModuleSpec, Simulator};

use crate::client::{Http, Reply};

const VERSIONS: [&str; 2] = ["v2", "v8"];
const URL: &str = "https://example.com/hook?key=a b";

async fn frozen() -> Http {
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let houses = ModuleSpec::new("Houses").field(FieldSpec::new("Name", FieldKind::Text));
    let builder = Simulator::builder().clock(ClockMode::Frozen(at)).module(houses);
    let builder = builder.user("a@example.com").user("b@example.com");
    Http::logged_in(&builder.start().await.unwrap()).await
}

/// Returns the status of a call whose rows all failed.
fn failed(version: &str) -> u16 {
    if version == "v2" { 202 } else { 400 }
}

/// Returns the events of a module subscribed with `all`.
fn all(module: &str) -> Value {
    ["edit", "create", "delete"].map(|operation| format!("{module}.{operation}")).to_vec().into()
}

fn path(version: &str) -> String {
    format!("/crm/{version}/actions/watch")
}

async fn watch(http: &Http, method: Method, version: &str, row: Value) -> Reply {
    http.call(method, &path(version), &json!({ "watch": [row] })).await
}

/// Returns the channels in a list: their ids and events.
async fn channels(http: &Http, version: &str, query: &str) -> Vec<(String, Value)> {
    let reply = http.get(&format!("{}{query}", path(version))).await;
    if reply.status == 204 {
        return Vec::new();
    }
    assert_eq!(reply.status, 200);
    let rows = reply.json()["watch"].as_array().unwrap().clone();
    rows.iter()
        .map(|row| (row["channel_id"].as_str().unwrap().into(), row["events"].clone()))
        .collect()
}

/// Returns the lifetime of the channel in the answer.
fn life(http: &Http, reply: &Reply) -> TimeDelta {
    let expiry = reply.rows()[0]["details"]["events"][0]["channel_expiry"].clone();
    let expiry = DateTime::parse_from_rfc3339(expiry.as_str().unwrap()).unwrap();
    expiry.with_timezone(&Utc) - http.sim.now()
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

#[tokio::test]
async fn creates_lists_replaces_updates_and_deletes_a_channel() {
    for version in VERSIONS {
        let http = frozen().await;
        assert_eq!(channels(&http, version, "").await, []);
        let row = json!({
            "channel_id": 1_000_000_068_001_u64, "events": ["Leads.create", "Leads.edit", "Deals.all"],
            "notify_url": URL, "token": "secret", "return_affected_field_values": true,
        });
        let made = watch(&http, Method::POST, version, row).await;
        assert_eq!((made.status, made.codes()), (201, vec![String::from("SUCCESS")]));
        let leads = &made.rows()[0]["details"]["events"][0];
        assert_eq!(leads["resource_name"], "Leads");
        assert_eq!(leads["channel_id"], "1000000068001");
        assert_eq!(leads["resource_uri"], format!("{}/crm/v2/Leads", http.sim.api_url()));
        assert_eq!(leads["channel_expiry"], "2026-03-01T16:30:00+05:30");
        assert_eq!(leads.get("notification_condition").is_some(), version == "v8");

        let shown = http.get(&path(version)).await.json();
        assert_eq!(
            shown["info"],
            json!({
                "page": 1, "per_page": 200, "count": 2, "more_records": false,
            })
        );
        let row = &shown["watch"][0];
        assert_eq!(row["events"], json!(["Leads.create", "Leads.edit"]));
        assert_eq!((&row["token"], &row["notify_url"]), (&json!("secret"), &json!(URL)));
        assert_eq!(
            (&row["notify_on_related_action"], &row["return_affected_field_values"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(shown["watch"][1]["events"], all("Deals"));

        // A replaced channel loses the members that are not given.
        let row = json!({
            "channel_id": "1000000068001", "events": ["Houses.edit"], "notify_url": URL,
        });
        let put = watch(&http, Method::PUT, version, row).await;
        assert_eq!((put.status, put.codes()), (200, vec![String::from("SUCCESS")]));
        let row = http.get(&path(version)).await.rows()[0].clone();
        assert_eq!((&row["events"], &row["token"]), (&json!(["Houses.edit"]), &Value::Null));

        // An update adds events and keeps the other members.
        let row =
            json!({ "channel_id": "1000000068001", "events": ["Houses.all"], "token": "new" });
        assert_eq!(watch(&http, Method::PATCH, version, row).await.codes(), ["SUCCESS"]);
        let row = http.get(&path(version)).await.rows()[0].clone();
        assert_eq!((&row["events"], &row["token"]), (&all("Houses"), &json!("new")));
        assert_eq!(row["notify_url"], URL);

        // Removing the last event deletes the channel.
        let row = |event: &str| json!({ "channel_id": "1000000068001", "events": [event], "_delete_events": true });
        let gone = watch(&http, Method::PATCH, version, row("Houses.edit")).await;
        assert_eq!(gone.rows()[0]["message"], "Successfully removed the subscribe details");
        let rest = json!(["Houses.create", "Houses.delete"]);
        assert_eq!(channels(&http, version, "").await, [(String::from("1000000068001"), rest)]);
        let twice = watch(&http, Method::PATCH, version, row("Houses.edit")).await;
        assert_eq!(
            (twice.status, twice.codes()),
            (failed(version), vec![String::from("NOT_SUBSCRIBED")])
        );
        watch(&http, Method::PATCH, version, row("Houses.all")).await;
        assert_eq!(channels(&http, version, "").await, []);

        let row = json!({ "channel_id": 5, "events": ["Leads.all"], "notify_url": URL });
        watch(&http, Method::POST, version, row).await;
        let ended = http.delete(&format!("{}?channel_ids=5,6", path(version))).await;
        assert_eq!(
            (ended.status, ended.codes()),
            (207, vec![String::from("SUCCESS"), String::from("NOT_SUBSCRIBED")])
        );
        assert_eq!(ended.rows()[0]["details"]["channel_id"], "5");
        assert_eq!(channels(&http, version, "").await, []);
        let again = http.delete(&format!("{}?channel_ids=5", path(version))).await;
        assert_eq!(
            (again.status, again.codes()),
            (failed(version), vec![String::from("NOT_SUBSCRIBED")])
        );
    }
}

#[tokio::test]
async fn answers_with_the_actual_expiry_of_a_channel() {
    let (hour, day, week) = (TimeDelta::hours(1), TimeDelta::days(1), TimeDelta::days(7));
    let second = TimeDelta::seconds(1);
    for (version, asked, lives) in [
        ("v2", day, day),
        ("v3", day + second, hour),
        ("v4", day + second, day + second),
        ("v4", week, week),
        ("v8", week + second, hour),
    ] {
        let http = frozen().await;
        for method in [Method::POST, Method::PUT] {
            let row = json!({
                "channel_id": 7, "events": ["Leads.all"], "notify_url": URL,
                "channel_expiry": stamp(http.sim.now() + asked),
            });
            let reply = watch(&http, method, version, row).await;
            assert_eq!(life(&http, &reply), lives, "{version} {asked}");
        }
        // The channel exists until its expiry and not after it.
        http.sim.advance((lives - second).to_std().unwrap());
        http.sim.expire_access_tokens();
        let mut http = Http::logged_in(&http.sim).await;
        assert_eq!(channels(&http, version, "").await.len(), 1);
        http.sim.advance(Duration::from_secs(1));
        http = Http::logged_in(&http.sim).await;
        assert_eq!(channels(&http, version, "").await, []);
        let row = json!({ "channel_id": 7, "token": "x" });
        assert_eq!(watch(&http, Method::PATCH, version, row).await.codes(), ["NOT_SUBSCRIBED"]);
    }
}

#[tokio::test]
async fn a_patch_renews_and_keeps_other_members() {
    let http = frozen().await;
    let row = json!({ "channel_id": 7, "events": ["Leads.all"], "notify_url": URL });
    assert_eq!(life(&http, &watch(&http, Method::POST, "v8", row).await), TimeDelta::hours(1));
    http.sim.advance(Duration::from_secs(1_800));
    let row = json!({ "channel_id": 7, "token": "x" });
    assert_eq!(life(&http, &watch(&http, Method::PATCH, "v8", row).await), TimeDelta::minutes(30));
    let row =
        json!({ "channel_id": 7, "channel_expiry": stamp(http.sim.now() + TimeDelta::days(2)) });
    assert_eq!(life(&http, &watch(&http, Method::PATCH, "v8", row).await), TimeDelta::days(2));
}

#[tokio::test]
async fn rejects_invalid_channel_rows() {
    let http = frozen().await;
    let good = json!({ "channel_id": 7, "events": ["Leads.all"], "notify_url": URL });
    let with = |name: &str, value: Value| {
        let mut row = good.clone();
        row[name] = value;
        row
    };
    for version in VERSIONS {
        for (name, value, code) in [
            ("channel_id", Value::Null, "MANDATORY_NOT_FOUND"),
            ("channel_id", json!("seven"), "INVALID_DATA"),
            ("channel_id", json!(-1), "INVALID_DATA"),
            ("events", Value::Null, "MANDATORY_NOT_FOUND"),
            ("events", json!([]), "INVALID_DATA"),
            ("events", json!("Leads.all"), "INVALID_DATA"),
            ("events", json!(["Leads.update"]), "INVALID_DATA"),
            ("events", json!(["No.all"]), "INVALID_DATA"),
            ("events", json!(["Notes.all"]), "INVALID_DATA"),
            ("notify_url", Value::Null, "MANDATORY_NOT_FOUND"),
            ("notify_url", json!("example.com"), "INVALID_DATA"),
            ("notify_url", json!("https:///hook"), "INVALID_DATA"),
            ("notify_url", json!(format!("https://x.com/{}", "a".repeat(242))), "INVALID_DATA"),
            ("events", json!(vec!["Leads.edit"; 51]), "INVALID_DATA"),
            ("token", json!("x".repeat(51)), "INVALID_DATA"),
            ("channel_expiry", json!("tomorrow"), "INVALID_DATA"),
            ("channel_expiry", json!("2026-03-01T10:00:00+00:00"), "INVALID_DATA"),
            ("notify_on_related_action", json!("no"), "INVALID_DATA"),
            ("return_affected_field_values", json!(1), "INVALID_DATA"),
        ] {
            for method in [Method::POST, Method::PUT] {
                let reply = watch(&http, method, version, with(name, value.clone())).await;
                let answer = (reply.status, reply.codes());
                assert_eq!(
                    answer,
                    (failed(version), vec![code.to_owned()]),
                    "{version} {name}: {value}"
                );
            }
        }
        let place =
            &watch(&http, Method::POST, "v8", with("events", json!(["Leads.all", "No.all"])))
                .await
                .rows()[0]["details"];
        assert_eq!(place["json_path"], "$.watch[0].events[1]");
        assert_eq!(
            watch(&http, Method::PUT, version, good.clone()).await.codes(),
            ["NOT_SUBSCRIBED"]
        );
        assert_eq!(http.delete(&path(version)).await.code(), "REQUIRED_PARAM_MISSING");
        assert_eq!(
            http.get(&format!("{}?module=No", path(version))).await.code(),
            "INVALID_MODULE"
        );
        assert_eq!(
            http.get(&format!("{}?per_page=201", path(version))).await.code(),
            "LIMIT_EXCEEDED"
        );
        assert_eq!(http.post(&path(version), &json!({})).await.code(), "MANDATORY_NOT_FOUND");
        assert_eq!(channels(&http, version, "").await, []);
    }
    assert_eq!(
        watch(&http, Method::POST, "v8", with("token", json!("x".repeat(50)))).await.status,
        201
    );
    let many = json!({ "watch": vec![good.clone(); 51] });
    assert_eq!(http.post(&path("v8"), &many).await.code(), "LIMIT_EXCEEDED");
    assert_eq!(http.sim.journal().written(), 0, "a channel is not a record");
}

#[tokio::test]
async fn rejects_members_that_it_would_ignore() {
    let http = frozen().await;
    let condition = json!([{ "type": "field_selection", "module": { "api_name": "Leads" },
        "field_selection": { "field": { "api_name": "City" } } }]);
    for (version, name, value) in [
        ("v5", "notification_condition", condition),
        ("v2", "fields", json!({ "Leads": ["City"] })),
        ("v8", "fields", json!({})),
    ] {
        let mut row = json!({ "channel_id": 7, "events": ["Leads.all"], "notify_url": URL });
        row[name] = value;
        let reply = watch(&http, Method::POST, version, row).await;
        assert_eq!((reply.status, reply.code().as_str()), (501, "NOT_SIMULATED"));
        assert_eq!(reply.json()["details"]["api_name"], name);
    }
    assert_eq!(channels(&http, "v8", "").await, []);
}

#[tokio::test]
async fn checks_conditions_and_shows_them_with_ids() {
    let http = frozen().await;
    let field = |name: &str| json!({ "field": { "api_name": name } });
    let row = |condition: Value| {
        json!({ "channel_id": 7, "events": ["Leads.edit"], "notify_url": URL,
            "notification_condition": [condition] })
    };
    let of = |module: &str, selection: Value| {
        json!({ "type": "field_selection", "module": { "api_name": module },
            "field_selection": selection })
    };
    let group =
        |operator: &str, parts: Vec<Value>| json!({ "group_operator": operator, "group": parts });
    let first = watch(&http, Method::POST, "v8", row(of("Leads", field("Phone")))).await;
    let other_id = &first.rows()[0]["details"]["events"][0]["notification_condition"][0]["field_selection"]
        ["field"]["id"];
    let mut other = of("Leads", field("City"));
    other["type"] = json!("criteria");
    let mut compared = field("City");
    compared["comparator"] = json!("equal");
    for (wrong, code) in [
        (other, "INVALID_DATA"),
        (of("Deals", field("Stage")), "INVALID_DATA"),
        (of("Leads", field("Nothing")), "INVALID_DATA"),
        (of("Leads", compared), "INVALID_DATA"),
        (of("Leads", group("xor", vec![field("City")])), "INVALID_DATA"),
        (of("Leads", group("or", vec![])), "INVALID_DATA"),
        (of("Leads", group("or", vec![field("City"); 11])), "INVALID_DATA"),
        (of("Leads", group("or", vec![group("or", vec![field("City")]); 3])), "INVALID_DATA"),
        (of("Leads", Value::Null), "MANDATORY_NOT_FOUND"),
        (of("Leads", json!({ "field": {} })), "EXPECTED_FIELD_MISSING"),
        (of("Leads", json!({ "field": { "id": "5" } })), "INVALID_DATA"),
        (
            of(
                "Leads",
                group("or", vec![json!({ "field": { "api_name": "City", "id": other_id } })]),
            ),
            "AMBIGUITY_DURING_PROCESSING",
        ),
        (json!({ "module": {}, "type": "field_selection" }), "EXPECTED_FIELD_MISSING"),
        (
            json!({ "module": { "api_name": "Leads" }, "field_selection": field("City") }),
            "DEPENDENT_FIELD_MISSING",
        ),
        (json!({ "type": "field_selection" }), "MANDATORY_NOT_FOUND"),
    ] {
        let reply = watch(&http, Method::POST, "v8", row(wrong.clone())).await;
        assert_eq!((reply.status, reply.codes()), (400, vec![code.to_owned()]), "{wrong}");
    }
    // by id only, and by both
    let by_id = json!({ "field": { "id": other_id } });
    let both = json!({ "field": { "id": other_id, "api_name": "Phone" } });
    for right in [by_id, both] {
        let reply = watch(&http, Method::POST, "v8", row(of("Leads", right))).await;
        assert_eq!(reply.status, 201);
    }
    let right = of("Leads", group("and", vec![field("City"), field("Phone")]));
    let reply = watch(&http, Method::POST, "v8", row(right)).await;
    assert_eq!(reply.status, 201);
    let shown = http.get(&path("v8")).await.rows()[0]["notification_condition"][0].clone();
    assert_eq!(shown["field_selection"]["group"][1]["field"]["api_name"], "Phone");
    assert!(shown["module"]["id"].is_string());
    assert!(shown["field_selection"]["group"][0]["field"]["id"].is_string());
}

#[tokio::test]
async fn channels_belong_to_a_user_and_an_environment() {
    let http = frozen().await;
    let mut other = Http::new(&http.sim);
    let grant = http.sim.grant().user("b@example.com").issue();
    other.token = crate::client::access_token(&other.exchange(&grant).await);
    for id in [1, 2, 3] {
        let row =
            json!({ "channel_id": id, "events": ["Leads.all", "Deals.all"], "notify_url": URL });
        watch(&http, Method::POST, "v8", row).await;
    }
    assert_eq!(channels(&other, "v8", "").await, []);
    assert_eq!(
        other.delete(&format!("{}?channel_ids=1", path("v8"))).await.codes(),
        ["NOT_SUBSCRIBED"]
    );
    assert_eq!(http.sim.snapshot()["state"]["sandbox"]["channels"], json!([]));
    assert_eq!(channels(&http, "v8", "").await.len(), 6);
    assert_eq!(channels(&http, "v8", "?channel_id=2").await.len(), 2);
    let ids = |found: Vec<(String, Value)>| found.into_iter().map(|one| one.0).collect::<Vec<_>>();
    assert_eq!(ids(channels(&http, "v8", "?module=Deals").await), ["1", "2", "3"]);
    assert_eq!(ids(channels(&http, "v8", "?module=Deals&page=2&per_page=2").await), ["3"]);
    let info = http.get(&format!("{}?per_page=4", path("v8"))).await.json()["info"].clone();
    assert_eq!((&info["more_records"], &info["count"]), (&json!(true), &json!(4)));

    // Creating a channel again replaces it, which renews it.
    let row = json!({ "channel_id": 2, "events": ["Leads.edit"], "notify_url": URL });
    assert_eq!(watch(&http, Method::POST, "v8", row).await.status, 201);
    let second = channels(&http, "v8", "?channel_id=2").await;
    assert_eq!(second, [(String::from("2"), json!(["Leads.edit"]))]);
}
