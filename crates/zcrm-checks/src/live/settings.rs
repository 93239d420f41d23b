//! Settings of the organisation: taxes, currencies, variables. A sandbox's are read, never changed.

use serde_json::{Value, json};
use zcrm::ApiVersion;
use zcrm_sim::Simulator;

use super::accounts::own_simulator;
use super::answer::Answer;
use super::check::{Check, check, simulated};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, Verdict, judge, judge_answer};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    simulated!("tax-life", "a tax is made, changed and deleted", CHANGES, tax_life),
    simulated!("tax-refused", "a tax: a name of its own, a rate up to 100", CHANGES, tax_refused),
    check!("base-currency", "one currency is the base: the organisation's", base_currency),
    simulated!(
        "currency-life",
        "a currency is added, changed and switched off, the base never: NOT_ALLOWED",
        CHANGES,
        currency_life
    ),
    check!("variable-groups", "a group of variables is found by its API name too", variable_groups),
    check!("variable-group-v2", "v2 wants a variable's `group`: 400", variable_group_v2),
    simulated!("variable-life", "a variable is made, changed and deleted", CHANGES, variable_life),
    simulated!("variable-refused", "its value is of its type", CHANGES, variable_refused),
];

/// Why a sandbox is left alone.
pub(super) const CHANGES: &str = "it changes the settings of the organisation";
const V2: ApiVersion = ApiVersion::V2;
const V8: ApiVersion = ApiVersion::V8;

pub(super) fn text<'a>(row: &'a Value, place: &str) -> &'a str {
    row.pointer(place).and_then(Value::as_str).unwrap_or_default()
}

/// The rows of a list. A sandbox that has none says nothing; a simulator has some.
pub(super) async fn rows(
    fixture: &Fixture,
    version: ApiVersion,
    target: &str,
) -> Result<Vec<Value>, Stop> {
    let answer = fixture.get(version, target).await?;
    let mut members = answer.body.as_object().into_iter().flat_map(|map| map.values());
    match members.find_map(Value::as_array) {
        Some(rows) if answer.status == 200 && !rows.is_empty() => Ok(rows.clone()),
        _ if answer.is_empty() && fixture.simulator().is_none() => {
            Err(Stop::Verdict(Verdict::NotHere(format!("{target} is empty"))))
        }
        _ => Err(Stop::because(&answer)),
    }
}

pub(super) async fn first(fixture: &Fixture, target: &str) -> Result<Value, Stop> {
    Ok(rows(fixture, V8, target).await?.into_iter().next().unwrap_or_default())
}

pub(super) async fn send(
    own: &Fixture,
    method: &str,
    path: &str,
    key: &str,
    row: &Value,
) -> Result<Answer, BoxError> {
    own.call(V8, method, path, Some(&json!({ key: [row] }))).await
}

/// Makes the row, changes a member of it and reads it after both; the id.
pub(super) async fn life(
    own: &Fixture,
    path: &str,
    row: Value,
    to: (&str, Value),
) -> Result<String, Stop> {
    let key = path.rsplit('/').next().unwrap_or_default();
    let (member, value) = to;
    let made = send(own, "POST", path, key, &row).await?;
    let id = made.text(&format!("/{key}/0/details/id")).to_owned();
    let one = format!("{path}/{id}");
    let before = own.get(V8, &one).await?;
    let changed = send(own, "PUT", path, key, &json!({ "id": id, member: value })).await?;
    let after = own.get(V8, &one).await?;
    let place = format!("/{key}/0/{member}");
    let (first, second) = (before.at(&place), after.at(&place));
    let good = made.is(201, "SUCCESS") && changed.is(200, "SUCCESS");
    if good && Some(first) == row.get(member) && *second == value {
        return Ok(id);
    }
    let seen = format!("made {made}, {member} {first}; changed {changed}, {member} {second}");
    Err(Stop::Verdict(Verdict::Disagrees(seen)))
}

/// Deletes it twice: what the first, a read and the second are answered with.
pub(super) async fn gone(own: &Fixture, one: &str, again: &str) -> CheckResult {
    let deleted = own.call(V8, "DELETE", one, None).await?;
    let read = own.get(V8, one).await?;
    let twice = own.call(V8, "DELETE", one, None).await?;
    let good = deleted.is(200, "SUCCESS") && read.is_empty() && twice.is(400, again);
    Ok(judge(good, format!("made and changed; deleted {deleted}, read {read}, again {twice}")))
}

/// Rows that are refused, each with the code and the member that is named.
pub(super) async fn refused(
    own: &Fixture,
    path: &str,
    cases: Vec<(Value, &str, &str)>,
) -> CheckResult {
    let key = path.rsplit('/').next().unwrap_or_default();
    let (mut good, mut seen) = (true, Vec::new());
    for (row, code, member) in cases {
        let answer = send(own, "POST", path, key, &row).await?;
        let named = answer.text(&format!("/{key}/0/details/api_name"));
        good &= answer.is(400, code) && named == member;
        seen.push(format!("{answer} of {named}"));
    }
    Ok(judge(good, seen.join("; ")))
}

async fn tax_life(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let tax = json!({ "name": "Duty", "value": 3.25 });
    let put = async |row: Value| -> Result<Answer, BoxError> {
        let body = json!({ "org_taxes": { "taxes": [row] } });
        own.call(V8, "PUT", "org/taxes", Some(&body)).await
    };
    const CODE: &str = "/org_taxes/code";
    let made = put(tax).await?;
    let id = made.text("/org_taxes/details/id").to_owned();
    let one = format!("org/taxes/{id}");
    let changed = put(json!({ "id": id, "value": 4.5 })).await?;
    let after = own.get(V8, &one).await?;
    let deleted = put(json!({ "id": id, "_delete": true })).await?;
    let read = own.get(V8, &one).await?;
    let again = put(json!({ "id": id, "_delete": true })).await?;
    let done = |answer: &Answer| answer.status == 200 && answer.text(CODE) == "SUCCESS";
    let good = [&made, &changed, &deleted].into_iter().all(done)
        && *after.at("/org_taxes/taxes/0/value") == json!(4.5)
        && read.is_empty()
        && (again.status, again.text(CODE)) == (400, "INVALID_DATA");
    let seen = format!("made {made}, changed {changed} to {after}, deleted {deleted}, read {read}");
    Ok(judge(good, format!("{seen}, deleted again {again}")))
}

async fn tax_refused(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let there = own.get(V8, "org/taxes").await?;
    let name = there.text("/org_taxes/taxes/0/name").to_owned();
    let cases = [
        (json!({ "name": name, "value": 1 }), "DUPLICATE_DATA", "name"),
        (json!({ "value": 1 }), "MANDATORY_NOT_FOUND", "name"),
        (json!({ "name": "Much", "value": 101 }), "INVALID_DATA", "value"),
    ];
    let (mut good, mut seen) = (true, Vec::new());
    for (row, code, member) in cases {
        let body = json!({ "org_taxes": { "taxes": [row] } });
        let answer = own.call(V8, "PUT", "org/taxes", Some(&body)).await?;
        let told = (answer.text("/org_taxes/code"), answer.text("/org_taxes/details/api_name"));
        good &= answer.status == 400 && told == (code, member);
        seen.push(answer.to_string());
    }
    Ok(judge(good, seen.join("; ")))
}

async fn base_currency(fixture: &Fixture) -> CheckResult {
    let all = rows(fixture, V8, "org/currencies").await?;
    let org = first(fixture, "org").await?;
    let is_base = |one: &&Value| one.get("is_base") == Some(&Value::Bool(true));
    let bases: Vec<&str> = all.iter().filter(is_base).map(|one| text(one, "/iso_code")).collect();
    let own = text(&org, "/iso_code");
    Ok(judge(bases == [own], format!("bases {bases:?}, the organisation's {own}")))
}

async fn currency_life(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let path = "org/currencies";
    let row = |code: &str| json!({ "iso_code": code, "symbol": "kr", "exchange_rate": "10.5" });
    let id = life(&own, path, row("SEK"), ("exchange_rate", json!("11"))).await?;
    let base = first(&own, path).await?;
    let (mut seen, mut good) = (Vec::new(), true);
    for (id, status, code) in
        [(id.as_str(), 200, "SUCCESS"), (text(&base, "/id"), 400, "NOT_ALLOWED")]
    {
        let off = json!({ "id": id, "is_active": false });
        let answer = send(&own, "PUT", path, "currencies", &off).await?;
        good &= answer.is(status, code);
        seen.push(answer.to_string());
    }
    let twice = send(&own, "POST", path, "currencies", &row("SEK")).await?;
    good &= twice.is(400, "DUPLICATE_DATA");
    Ok(judge(good, format!("added, changed; off: {}; added again {twice}", seen.join(", base "))))
}

async fn variable_groups(fixture: &Fixture) -> CheckResult {
    let group = first(fixture, "settings/variable_groups").await?;
    let (id, name) = (text(&group, "/id"), text(&group, "/api_name"));
    let by_id = fixture.get(V8, &format!("settings/variable_groups/{id}")).await?;
    let by_name = fixture.get(V8, &format!("settings/variable_groups/{name}")).await?;
    let place = "/variable_groups/0/id";
    let good = !id.is_empty() && by_id.text(place) == id && by_name.text(place) == id;
    Ok(judge(good, format!("by id {by_id}, by API name {by_name}")))
}

async fn variable_group_v2(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V2, "settings/variables/1").await?;
    Ok(judge_answer(answer.is(400, "REQUIRED_PARAM_MISSING"), &answer))
}

/// A whole number as a variable.
async fn variable(own: &Fixture, value: &str) -> Result<Value, Stop> {
    let group = first(own, "settings/variable_groups").await?;
    let group = json!({ "id": group.get("id") });
    let name = "Most";
    Ok(json!({ "name": name, "api_name": name, "type": "integer", "value": value,
               "variable_group": group }))
}

async fn variable_life(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let path = "settings/variables";
    let id = life(&own, path, variable(&own, "55").await?, ("value", json!("56"))).await?;
    gone(&own, &format!("{path}/{id}"), "INVALID_DATA").await
}

async fn variable_refused(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let cases = vec![(variable(&own, "many").await?, "INVALID_DATA", "value")];
    refused(&own, "settings/variables", cases).await
}
