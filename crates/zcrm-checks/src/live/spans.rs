//! What takes minutes, days or months, and what takes many of a kind: on a simulator, whose clock can
//! be turned and whose records cost nothing.

use std::time::Duration;

use serde_json::Value;
use zcrm::{ApiVersion, request::Api};
use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec, Simulator};

use super::accounts::{exchange, own_simulator, refresh, refresh_token};
use super::answer::Answer;
use super::check::{Check, simulated};
use super::fixture::{Fixture, access, send};
use super::verdict::{CheckResult, Stop, Verdict, judge};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    simulated!(
        "throttle-pause",
        "a locked refresh token is good again after ten minutes",
        "it needs twenty minutes, and would lock the login",
        throttle_pause
    ),
    simulated!(
        "refresh-tokens",
        "the 21st refresh token of a user ends the first, with its access tokens",
        "it would take logins from their users",
        refresh_tokens
    ),
    simulated!("expired-page-token", "400 EXPIRED_VALUE", "it needs 24 hours", expired_page_token),
    simulated!(
        "page-token-wall",
        "page tokens reach 100,000 records: 400 PAGINATION_LIMIT_EXCEEDED",
        "it needs as many records, and spends 500 credits",
        page_token_wall
    ),
    simulated!(
        "recycle-bin",
        "deleted records lie there for 60 days, ids are kept for 120",
        "it needs months",
        recycle_bin
    ),
];

const V8: ApiVersion = ApiVersion::V8;
const DAY: Duration = Duration::from_secs(86_400);

async fn throttle_pause(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let token = refresh_token(&own).await?;
    for _ in 0..10 {
        refresh(&own, &token).await?;
    }
    let mut seen = Vec::new();
    for wait in [0, 598, 4] {
        sim.advance(Duration::from_secs(wait));
        seen.push(!refresh(&own, &token).await?.text("/access_token").is_empty());
    }
    let good = seen == [false, false, true];
    Ok(judge(good, format!("the 11th, one after 598 s, one after 602 s gave a token: {seen:?}")))
}

async fn refresh_tokens(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    // the login of the check is the first
    let first = refresh_token(&own).await?;
    let held = own.login()?.tokens().token().await?;
    let api = own.with_token(&access(&held)).await?;
    let mut kept = Vec::new();
    for _ in 2..=20 {
        let answer = exchange(&own, &sim.grant_token()).await?;
        kept.push(answer.text("/refresh_token").to_owned());
    }
    let before = refresh(&own, &first).await?;
    let one_more = exchange(&own, &sim.grant_token()).await?;
    let after = refresh(&own, &first).await?;
    let read = send(&api, "GET", "org", &[], None).await?;
    let second = kept.first().ok_or("no refresh token came")?;
    let other = refresh(&own, second).await?;
    let has = |answer: &Answer| !answer.text("/access_token").is_empty();
    let good = has(&before)
        && has(&one_more)
        && after.text("/error") == "invalid_code"
        && read.status == 401
        && has(&other);
    Ok(judge(
        good,
        format!("the first: {before}, after the 21st {after}; its access token: {read}"),
    ))
}

/// The API with a token of now: those of the check's login have ended by the simulator's clock, of
/// which its client knows nothing.
async fn api_now(own: &Fixture, sim: &Simulator) -> Result<Api, Stop> {
    let answer = exchange(own, &sim.grant_token()).await?;
    let token = answer.text("/access_token");
    if token.is_empty() { Err(Stop::because(&answer)) } else { Ok(own.with_token(token).await?) }
}

async fn expired_page_token(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    sim.add_records("Leads", 2)?;
    let page = own.get(V8, "Leads?fields=Last_Name&per_page=1").await?;
    let token = page.text("/info/next_page_token");
    let target = format!("Leads?fields=Last_Name&per_page=1&page_token={token}");
    sim.advance(DAY - Duration::from_secs(10));
    let api = api_now(&own, &sim).await?;
    let early = send(&api, "GET", &target, &[], None).await?;
    sim.advance(Duration::from_secs(11));
    let late = send(&api, "GET", &target, &[], None).await?;
    let good = early.status == 200 && late.is(400, "EXPIRED_VALUE");
    Ok(judge(good, format!("10 s before its end: {early}; after it: {late}")))
}

/// Where pages by token end; the answer there, and how many records came before.
async fn last_page(own: &Fixture) -> Result<(Answer, usize), BoxError> {
    let list = "Stones?fields=id&per_page=200";
    let (mut answer, mut read) = (own.get(V8, list).await?, 0);
    while answer.status == 200 {
        read += answer.at("/data").as_array().map_or(0, Vec::len);
        let token = answer.text("/info/next_page_token").to_owned();
        if token.is_empty() {
            break;
        }
        answer = own.get(V8, &format!("{list}&page_token={token}")).await?;
    }
    Ok((answer, read))
}

async fn page_token_wall(_: &Fixture, _: &Simulator) -> CheckResult {
    let stones = ModuleSpec::new("Stones").field(FieldSpec::new("Name", FieldKind::Text));
    let builder = Simulator::builder().plain_http().module(stones).records("Stones", 100_001);
    let own = Fixture::simulated(builder.start().await?).await?;
    let (answer, read) = last_page(&own).await?;
    let good = answer.is(400, "PAGINATION_LIMIT_EXCEEDED") && read == 100_000;
    Ok(judge(good, format!("{answer} after {read} records")))
}

/// How a deleted record is listed; empty if it is not.
async fn listed(api: &Api, id: &str) -> Result<String, BoxError> {
    let answer = send(api, "GET", "Leads/deleted?type=all", &[], None).await?;
    let mut rows = answer.at("/data").as_array().into_iter().flatten();
    let row = rows.find(|row| row.get("id").and_then(Value::as_str) == Some(id));
    let kind = row.and_then(|row| row.get("type")?.as_str());
    Ok(kind.unwrap_or_default().to_owned())
}

async fn recycle_bin(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let ids = sim.add_records("Leads", 1)?;
    let id = ids.first().ok_or("no record was made")?;
    let gone = own.call(V8, "DELETE", &format!("Leads?ids={id}"), None).await?;
    if gone.status != 200 {
        return Err(Stop::Verdict(Verdict::Disagrees(format!("the deletion: {gone}"))));
    }
    let mut seen = Vec::new();
    for days in [59, 2, 58, 2] {
        sim.advance(DAY * days);
        seen.push(listed(&api_now(&own, &sim).await?, id).await?);
    }
    let good = seen == ["recycle", "permanent", "permanent", ""];
    Ok(judge(good, format!("after 59, 61, 119, 121 days it was listed as {seen:?}")))
}
