//! Channels of notifications, which tell of an address that no one has, and what is told.

use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use zcrm::ApiVersion;
use zcrm_sim::Simulator;

use super::accounts::own_simulator;
use super::answer::Answer;
use super::check::{Check, check, simulated};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, judge, judge_answer};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    check!(
        "channel-life",
        "a channel lives as long as it asks for: a day up to v3, a week from v4 on; else an hour",
        channel_life
    ),
    check!("channel-patch", "PATCH adds events to a channel, PUT replaces them", channel_patch),
    check!(
        "channel-token",
        "a token of 51 characters is INVALID_DATA; a call whose rows all failed is a 400 in v8",
        channel_token
    ),
    check!("channel-end", "a channel that was ended is NOT_SUBSCRIBED", channel_end),
    simulated!(
        "told-once",
        "a call is told once for each module and operation; only an edit names affected fields",
        RECEIVER,
        told_once
    ),
    simulated!(
        "told-related",
        "an edit is told of the record that a lookup points at, unless a channel says no",
        RECEIVER,
        told_related
    ),
    simulated!(
        "told-values",
        "new values are told with the record's id where a channel asks for them, else none",
        RECEIVER,
        told_values
    ),
    simulated!(
        "told-condition",
        "a condition on a field lets edits of that field through, and no others",
        RECEIVER,
        told_condition
    ),
    check!(
        "channel-condition",
        "a condition on a field that the module lacks: INVALID_DATA; one it has is shown",
        channel_condition
    ),
];

const RECEIVER: &str = "it needs a public address";
const V8: ApiVersion = ApiVersion::V8;
/// A name that is reserved, so that nobody is told.
const NOBODY: &str = "https://zcrm-live-check.invalid/";

/// A channel of an id that nobody else takes.
fn row(events: &[&str]) -> Value {
    let id = fastrand::u64(1_000_000_000_000_000..2_000_000_000_000_000);
    json!({ "channel_id": id, "events": events, "notify_url": NOBODY, "token": "live-check" })
}

/// The row with another member.
fn with(row: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut row = row.clone();
    if let Some(map) = row.as_object_mut() {
        map.insert(name.to_owned(), value.into());
    }
    row
}

async fn send(
    fixture: &Fixture,
    version: ApiVersion,
    method: &str,
    row: &Value,
) -> Result<Answer, BoxError> {
    let body = json!({ "watch": [row] });
    fixture.call(version, method, "actions/watch", Some(&body)).await
}

/// A step that must go well.
async fn done(
    fixture: &Fixture,
    version: ApiVersion,
    method: &str,
    row: &Value,
) -> Result<Answer, Stop> {
    let answer = send(fixture, version, method, row).await?;
    if answer.code() == "SUCCESS" { Ok(answer) } else { Err(Stop::because(&answer)) }
}

fn id(row: &Value) -> String {
    row.get("channel_id").map(Value::to_string).unwrap_or_default()
}

async fn end(fixture: &Fixture, row: &Value) -> Result<Answer, BoxError> {
    fixture.call(V8, "DELETE", &format!("actions/watch?channel_ids={}", id(row)), None).await
}

/// The minutes that a channel lives which asks for so many.
async fn life(fixture: &Fixture, version: ApiVersion, minutes: i64) -> Result<Option<i64>, Stop> {
    // The server's time, not ours.
    let now = fixture.get(version, "org").await?;
    let now = now.header("date").and_then(|now| DateTime::parse_from_rfc2822(now).ok());
    let now = now.ok_or("an answer without a date")?;
    let asked = now + TimeDelta::minutes(minutes);
    let asked = asked.format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    let channel = with(&row(&["Leads.create"]), "channel_expiry", asked);
    let opened = done(fixture, version, "POST", &channel).await?;
    end(fixture, &channel).await?;
    let end = opened.text("/watch/0/details/events/0/channel_expiry");
    let end = DateTime::parse_from_rfc3339(end).ok();
    Ok(end.map(|end| (end.signed_duration_since(now).num_seconds() + 30).div_euclid(60)))
}

async fn channel_life(fixture: &Fixture) -> CheckResult {
    const DAY: i64 = 24 * 60;
    let v3 = ApiVersion::V3;
    let mut seen = Vec::new();
    for (version, minutes) in [(v3, DAY - 60), (v3, 2 * DAY), (V8, 2 * DAY), (V8, 8 * DAY)] {
        seen.push(life(fixture, version, minutes).await?);
    }
    let good = seen == [DAY - 60, 60, 2 * DAY, 60].map(Some);
    Ok(judge(good, format!("v3 a day less an hour, v3 two days, v8 two, v8 eight: {seen:?} min")))
}

/// The events of a channel.
async fn events(fixture: &Fixture, row: &Value) -> Result<Value, BoxError> {
    let shown = fixture.get(V8, &format!("actions/watch?channel_id={}", id(row))).await?;
    Ok(shown.at("/watch/0/events").clone())
}

async fn channel_patch(fixture: &Fixture) -> CheckResult {
    let channel = row(&["Leads.create"]);
    done(fixture, V8, "POST", &channel).await?;
    let patch = json!({ "channel_id": channel.get("channel_id"), "events": ["Leads.edit"] });
    let patched = send(fixture, V8, "PATCH", &patch).await?;
    let both = events(fixture, &channel).await?;
    let put = send(fixture, V8, "PUT", &with(&channel, "events", json!(["Leads.delete"]))).await?;
    let one = events(fixture, &channel).await?;
    end(fixture, &channel).await?;
    let good = both == json!(["Leads.create", "Leads.edit"]) && one == json!(["Leads.delete"]);
    Ok(judge(good, format!("PATCH {patched}: {both}; PUT {put}: {one}")))
}

async fn channel_token(fixture: &Fixture) -> CheckResult {
    let channel = row(&["Leads.create"]);
    let refused = send(fixture, V8, "POST", &with(&channel, "token", "t".repeat(51))).await?;
    // where it was taken
    end(fixture, &channel).await?;
    Ok(judge_answer(refused.is(400, "INVALID_DATA"), &refused))
}

async fn channel_end(fixture: &Fixture) -> CheckResult {
    let channel = row(&["Leads.create"]);
    done(fixture, V8, "POST", &channel).await?;
    let first = end(fixture, &channel).await?;
    let second = end(fixture, &channel).await?;
    let good = first.is(200, "SUCCESS") && second.code() == "NOT_SUBSCRIBED";
    Ok(judge(good, format!("{first}; again {second}")))
}

/// What was told of: module, operation, how many ids, the affected fields of the first.
fn told(sim: &Simulator) -> Vec<(Value, Value, usize, Value)> {
    let deliveries = sim.deliveries().into_iter();
    let one = |body: Value| {
        let at = |place: &str| body.pointer(place).cloned().unwrap_or_default();
        let ids = at("/ids").as_array().cloned().unwrap_or_default();
        let first = ids.first().and_then(Value::as_str).unwrap_or_default();
        let fields = at(&format!("/affected_fields/0/{first}"));
        (at("/module"), at("/operation"), ids.len(), fields)
    };
    deliveries.map(|delivery| one(delivery.body)).collect()
}

async fn told_once(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    done(&own, V8, "POST", &row(&["Leads.all"])).await?;
    let made = own.write(V8, "Leads", &[own.lead("A"), own.lead("B")]).await?;
    let change = |index: usize| {
        let id = made.text(&format!("/data/{index}/details/id"));
        json!({ "id": id, "City": "Pune" })
    };
    let rows = json!({ "data": [change(0), change(1)] });
    let changed = own.call(V8, "PUT", "Leads", Some(&rows)).await?;
    own.clean().await;
    sim.deliveries_settled().await;
    let told = told(&sim);
    let count = |wanted: &str| {
        let of = told.iter().filter(|(_, operation, ..)| operation == wanted);
        of.map(|(_, _, ids, _)| *ids).collect::<Vec<_>>()
    };
    let seen = (count("insert"), count("update"), count("delete"));
    let fields_of = |wanted: &str| {
        let of = told.iter().find(|(_, operation, ..)| operation == wanted);
        of.map(|(.., fields)| fields.clone()).unwrap_or_default()
    };
    let (fields, others) = (fields_of("update"), [fields_of("insert"), fields_of("delete")]);
    // each is deleted by a call of its own
    let good = seen == (vec![2], vec![2], vec![1, 1])
        && fields == json!(["City"])
        && others == [Value::Null, Value::Null];
    Ok(judge(good, format!("{made}, {changed}; told {seen:?} records, the edit of {fields}")))
}

async fn told_related(_: &Fixture, _: &Simulator) -> CheckResult {
    let mut seen = Vec::new();
    for related in [true, false] {
        let (own, sim) = own_simulator().await?;
        let account = json!({ "Account_Name": own.mark() });
        let account = own.create(V8, "Accounts", account).await?;
        let contact = json!({ "Last_Name": "A", "Account_Name": { "id": account } });
        let contact = own.create(V8, "Contacts", contact).await?;
        let channel = with(&row(&["Accounts.edit"]), "notify_on_related_action", related);
        done(&own, V8, "POST", &channel).await?;
        let body = json!({ "data": [{ "City": "Pune" }] });
        own.call(V8, "PUT", &format!("Contacts/{contact}"), Some(&body)).await?;
        sim.deliveries_settled().await;
        seen.push(told(&sim).len());
    }
    Ok(judge(seen == [1, 0], format!("told of the account: {seen:?}")))
}

/// Changes one field of a lead.
async fn edit(own: &Fixture, lead: &str, change: Value) -> Result<(), Stop> {
    let body = json!({ "data": [change] });
    let answer = own.call(V8, "PUT", &format!("Leads/{lead}"), Some(&body)).await?;
    if answer.is(200, "SUCCESS") { Ok(()) } else { Err(Stop::because(&answer)) }
}

async fn told_values(_: &Fixture, _: &Simulator) -> CheckResult {
    let mut seen = Vec::new();
    let mut wanted = Vec::new();
    for values in [true, false] {
        let (own, sim) = own_simulator().await?;
        let lead = own.create(V8, "Leads", own.lead("A")).await?;
        let channel = with(&row(&["Leads.edit"]), "return_affected_field_values", values);
        done(&own, V8, "POST", &channel).await?;
        edit(&own, &lead, json!({ "City": "Pune", "Last_Name": "A" })).await?;
        sim.deliveries_settled().await;
        let told = sim.deliveries().into_iter();
        seen.push(told.map(|one| one.body.get("affected_values").cloned()).collect::<Vec<_>>());
        let shown = json!([{ "record_id": lead, "values": { "City": "Pune" } }]);
        wanted.push(vec![values.then_some(shown)]);
    }
    Ok(judge(seen == wanted, format!("asked for, and not: {}", json!(seen))))
}

/// A channel of edits of that field alone.
fn conditioned(field: &str) -> Value {
    let condition = json!([{
        "type": "field_selection",
        "module": { "api_name": "Leads" },
        "field_selection": { "field": { "api_name": field } },
    }]);
    with(&row(&["Leads.edit"]), "notification_condition", condition)
}

async fn told_condition(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let lead = own.create(V8, "Leads", own.lead("A")).await?;
    done(&own, V8, "POST", &conditioned("City")).await?;
    for change in [json!({ "Phone": "1" }), json!({ "City": "Pune" }), json!({ "City": "Pune" })] {
        edit(&own, &lead, change).await?;
    }
    sim.deliveries_settled().await;
    let told: Vec<Value> = told(&sim).into_iter().map(|(.., fields)| fields).collect();
    let good = told == [json!(["City"])];
    Ok(judge(good, format!("of an edit of Phone, one of City, one that changed nothing: {told:?}")))
}

async fn channel_condition(fixture: &Fixture) -> CheckResult {
    let wrong = conditioned("No_Such_Field");
    let refused = send(fixture, V8, "POST", &wrong).await?;
    // where it was taken
    end(fixture, &wrong).await?;
    let right = conditioned("City");
    done(fixture, V8, "POST", &right).await?;
    let shown = fixture.get(V8, &format!("actions/watch?channel_id={}", id(&right))).await?;
    end(fixture, &right).await?;
    let field = shown.text("/watch/0/notification_condition/0/field_selection/field/api_name");
    Ok(judge(
        refused.code() == "INVALID_DATA" && field == "City",
        format!("{refused}; shown {field:?}"),
    ))
}
