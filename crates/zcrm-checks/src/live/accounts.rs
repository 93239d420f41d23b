//! The accounts server and the tokens.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use serde_json::Value;
use zcrm::{
    ApiVersion, DataCenter,
    http::Origin,
    oauth::{ExposeSecret as _, RevokeBy},
};
use zcrm_sim::{Edition, Simulator};

use super::answer::Answer;
use super::check::{Check, check, simulated};
use super::fixture::{Fixture, access, send, simulator};
use super::verdict::{CheckResult, Stop, Verdict, judge, judge_answer};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    check!("server-info", "/oauth/serverinfo has `locations` with https origins", server_info),
    check!("dead-code", "an unknown refresh token is `invalid_code` with status 200", dead_code),
    check!("dead-client", "an unknown client is `invalid_client` with status 200", dead_client),
    simulated!(
        "throttle",
        "the 11th refresh in ten minutes is refused, by 200 or 400",
        LOCK,
        throttle
    ),
    simulated!(
        "live-tokens",
        "the 16th access token of a refresh token ends the oldest",
        "it needs ten minutes, and would end the tokens of others",
        live_tokens
    ),
    simulated!(
        "grant-once",
        "a grant token is good once",
        "a grant that is sent twice may cost the login",
        grant_once
    ),
    simulated!(
        "revoke-in-body",
        "a token is revoked by the body of the call",
        LOGIN,
        revoke_in_body
    ),
    simulated!(
        "revoke-in-query",
        "a token is revoked by the query of the call",
        LOGIN,
        revoke_in_query
    ),
    simulated!(
        "device-code",
        "a device is told its code, `interval` and `expires_in`",
        "it needs a client of the kind for devices without a browser",
        device_code
    ),
    check!("own-credentials", "client_credentials without `soid`: missing_org_info", own),
    check!("user-info", "/oauth/user/info tells `Email`", user_info),
    check!("token-end", "X-ACCESSTOKEN-RESET is the token's end, an hour ahead at most", token_end),
    check!("bearer", "the prefix Bearer is taken as Zoho-oauthtoken is", bearer),
    check!("dead-token", "401, INVALID_TOKEN or AUTHENTICATION_FAILURE", dead_token),
    simulated!(
        "expired-token",
        "a token that has ended: the same 401",
        "it needs an hour",
        expired_token
    ),
    simulated!(
        "missing-scope",
        "401 OAUTH_SCOPE_MISMATCH",
        "it needs a second login with fewer scopes",
        missing_scope
    ),
    check!("api-domain", "a token's `api_domain` is an API origin of Zoho's table", api_domain),
    simulated!(
        "other-environment",
        "a token of another environment: 401",
        "it would send a call to production",
        other_environment
    ),
    simulated!(
        "credits-header",
        "X-API-CREDITS-REMAINING from half of them on",
        CREDITS,
        credits_header
    ),
    simulated!("no-credits", "429 TOO_MANY_REQUESTS without Retry-After", CREDITS, no_credits),
];

const LOGIN: &str = "it would take the login away from its owner";
const LOCK: &str = "it would lock the login for ten minutes";
const CREDITS: &str = "it would spend the organisation's credits";

/// A simulator of the check's own, and where one is logged in there.
pub(super) async fn own_simulator() -> Result<(Fixture, Simulator), BoxError> {
    let sim = simulator().await?;
    Ok((Fixture::simulated(sim.clone()).await?, sim))
}

async fn server_info(fixture: &Fixture) -> CheckResult {
    let answer = fixture.accounts("/oauth/serverinfo", None).await?;
    let locations = answer.at("/locations").as_object().cloned().unwrap_or_default();
    let fine = |url: &Value| url.as_str().is_some_and(|url| url.parse::<Origin>().is_ok());
    let names: Vec<&str> = locations.keys().map(String::as_str).collect();
    let good = !locations.is_empty() && locations.values().all(fine);
    Ok(judge(good, format!("{}, locations {}", answer.status, names.join(", "))))
}

pub(super) async fn refresh(fixture: &Fixture, token: &str) -> Result<Answer, BoxError> {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", fixture.client_id()),
        ("client_secret", fixture.client_secret()),
        ("refresh_token", token),
    ];
    fixture.accounts("/oauth/v2/token", Some(&form)).await
}

async fn dead_code(fixture: &Fixture) -> CheckResult {
    let answer = refresh(fixture, "1000.zcrm.live-check").await?;
    Ok(judge(answer.status == 200 && answer.text("/error") == "invalid_code", answer))
}

async fn dead_client(fixture: &Fixture) -> CheckResult {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "1000.ZCRMLIVECHECK"),
        ("client_secret", "none"),
        ("refresh_token", "1000.zcrm.live-check"),
    ];
    let answer = fixture.accounts("/oauth/v2/token", Some(&form)).await?;
    Ok(judge(answer.status == 200 && answer.text("/error") == "invalid_client", answer))
}

/// The refresh token of a login.
pub(super) async fn refresh_token(fixture: &Fixture) -> Result<String, BoxError> {
    let stored = fixture.login()?.tokens().stored().await?.ok_or("nothing is stored")?;
    let refresh = stored.refresh.ok_or("the login has no refresh token")?;
    Ok(refresh.expose_secret().to_owned())
}

async fn throttle(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let token = refresh_token(&own).await?;
    for _ in 0..10 {
        let answer = refresh(&own, &token).await?;
        if answer.text("/access_token").is_empty() {
            return Ok(Verdict::Disagrees(format!("an earlier one: {answer}")));
        }
    }
    let answer = refresh(&own, &token).await?;
    let words = answer.text("/error_description").contains("too many requests");
    Ok(judge(matches!(answer.status, 200 | 400) && words, answer))
}

async fn live_tokens(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let token = refresh_token(&own).await?;
    let oldest = own.login()?.tokens().token().await?;
    let mut seen = Vec::new();
    for number in 2..=16 {
        if number == 11 {
            sim.advance(Duration::from_secs(601));
        }
        refresh(&own, &token).await?;
        let api = own.with_token(&access(&oldest)).await?;
        seen.push(send(&api, "GET", "org", &[], None).await?.status);
    }
    let (last, before) = seen.split_last().ok_or("nothing was seen")?;
    let good = *last == 401 && before.iter().all(|status| *status == 200);
    Ok(judge(good, format!("the first one was answered with {seen:?}")))
}

pub(super) async fn exchange(own: &Fixture, grant: &str) -> Result<Answer, BoxError> {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", own.client_id()),
        ("client_secret", own.client_secret()),
        ("code", grant),
    ];
    own.accounts("/oauth/v2/token", Some(&form)).await
}

async fn grant_once(fixture: &Fixture, sim: &Simulator) -> CheckResult {
    let grant = sim.grant_token();
    let first = exchange(fixture, &grant).await?;
    let second = exchange(fixture, &grant).await?;
    let good = !first.text("/access_token").is_empty() && second.text("/error") == "invalid_code";
    Ok(judge(good, format!("{first}; then {second}")))
}

async fn revoke(by: RevokeBy) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let token = refresh_token(&own).await?;
    let done = own.login()?.tokens().revoke_by(by).await?;
    let answer = refresh(&own, &token).await?;
    let good = done && answer.text("/error") == "invalid_code";
    Ok(judge(good, format!("revoked: {done}; a refresh afterwards: {answer}")))
}

async fn revoke_in_body(_: &Fixture, _: &Simulator) -> CheckResult {
    revoke(RevokeBy::Form).await
}

async fn revoke_in_query(_: &Fixture, _: &Simulator) -> CheckResult {
    revoke(RevokeBy::Query).await
}

async fn device_code(fixture: &Fixture, _: &Simulator) -> CheckResult {
    let form = [
        ("grant_type", "device_request"),
        ("client_id", fixture.client_id()),
        ("scope", "ZohoCRM.modules.READ"),
        ("access_type", "offline"),
    ];
    let answer = fixture.accounts("/oauth/v3/device/code", Some(&form)).await?;
    let (interval, end) = (answer.at("/interval").as_i64(), answer.at("/expires_in").as_i64());
    let code = !answer.text("/device_code").is_empty() && !answer.text("/user_code").is_empty();
    let good = code && interval.is_some() && end.is_some();
    Ok(judge(good, format!("{answer}, interval {interval:?}, expires_in {end:?}")))
}

async fn own(fixture: &Fixture) -> CheckResult {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", fixture.client_id()),
        ("client_secret", fixture.client_secret()),
        ("scope", "ZohoCRM.modules.READ"),
    ];
    let answer = fixture.accounts("/oauth/v2/token", Some(&form)).await?;
    Ok(judge(answer.text("/error") == "missing_org_info", answer))
}

async fn user_info(fixture: &Fixture) -> CheckResult {
    let answer = fixture.user_info().await?;
    if answer.status == 401 || !answer.text("/error").is_empty() {
        return Ok(Verdict::NotHere(format!("the login lacks the scope: {answer}")));
    }
    Ok(judge(answer.at("/Email").is_string(), answer))
}

async fn token_end(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(ApiVersion::V8, "org").await?;
    let (end, now) = (answer.header("x-accesstoken-reset"), answer.header("date"));
    let end = end.and_then(|end| DateTime::parse_from_rfc3339(end).ok());
    let now = now.and_then(|now| DateTime::parse_from_rfc2822(now).ok());
    let left = end.zip(now).map(|(end, now)| end.signed_duration_since(now));
    // both are told in whole seconds
    let good =
        left.is_some_and(|left| left > TimeDelta::zero() && left <= TimeDelta::seconds(3_601));
    Ok(judge(good, format!("{answer}, {:?} s ahead", left.map(|left| left.num_seconds()))))
}

async fn bearer(fixture: &Fixture) -> CheckResult {
    let answer = fixture.with_prefix("Bearer").await?;
    Ok(judge_answer(answer.status == 200, &answer))
}

fn is_dead(answer: &Answer) -> bool {
    answer.is(401, "INVALID_TOKEN") || answer.is(401, "AUTHENTICATION_FAILURE")
}

async fn dead_token(fixture: &Fixture) -> CheckResult {
    let api = fixture.with_token("1000.zcrm.live-check").await?;
    let answer = send(&api, "GET", "org", &[], None).await?;
    Ok(judge(is_dead(&answer), answer))
}

async fn expired_token(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let token = own.login()?.tokens().token().await?;
    let api = own.with_token(&access(&token)).await?;
    let before = send(&api, "GET", "org", &[], None).await?;
    sim.advance(Duration::from_secs(3_601));
    let after = send(&api, "GET", "org", &[], None).await?;
    Ok(judge(before.status == 200 && is_dead(&after), format!("{before}; then {after}")))
}

/// An access token of the simulator with that grant.
async fn other_token(fixture: &Fixture, grant: &str) -> Result<String, Stop> {
    let answer = exchange(fixture, grant).await?;
    let token = answer.text("/access_token");
    if token.is_empty() { Err(Stop::because(&answer)) } else { Ok(token.to_owned()) }
}

async fn missing_scope(fixture: &Fixture, sim: &Simulator) -> CheckResult {
    let grant = sim.grant_token_for(&["ZohoCRM.modules.leads.READ"]);
    let api = fixture.with_token(&other_token(fixture, &grant).await?).await?;
    let answer = send(&api, "GET", "org", &[], None).await?;
    Ok(judge(answer.is(401, "OAUTH_SCOPE_MISMATCH"), answer))
}

async fn api_domain(fixture: &Fixture) -> CheckResult {
    let stored = fixture.login()?.tokens().token().await?;
    let domain = stored.api_domain.unwrap_or_default();
    let known = domain.parse().ok().and_then(|origin| DataCenter::of_api_origin(&origin));
    let own = fixture.simulator().is_some_and(|sim| sim.api_url() == domain);
    if domain.contains("://127.0.0.1:") && !own {
        return Ok(Verdict::NotHere("the API is a server of one's own".into()));
    }
    Ok(judge(known.is_some() || own, domain))
}

async fn other_environment(fixture: &Fixture, sim: &Simulator) -> CheckResult {
    let grant = sim.grant().environment(zcrm_sim::Environment::Sandbox).issue();
    let api = fixture.with_token(&other_token(fixture, &grant).await?).await?;
    let answer = send(&api, "GET", "org", &[], None).await?;
    Ok(judge(is_dead(&answer), answer))
}

/// A simulator with the limits of that edition, logged in.
pub(super) async fn with_edition(edition: Edition) -> Result<(Fixture, Simulator), BoxError> {
    let sim = Simulator::builder().plain_http().edition(edition).start().await?;
    Ok((Fixture::simulated(sim.clone()).await?, sim))
}

async fn credits_header(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = with_edition(Edition::Free).await?;
    let told = |answer: &Answer| answer.header("x-api-credits-remaining").map(str::to_owned);
    let early = told(&own.get(ApiVersion::V8, "org").await?);
    sim.spend_credits(2_500);
    let late = told(&own.get(ApiVersion::V8, "org").await?);
    let good = early.is_none() && late.is_some();
    Ok(judge(good, format!("{early:?} at first, {late:?} after half of 5,000")))
}

async fn no_credits(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = with_edition(Edition::Free).await?;
    sim.spend_credits(5_000);
    let answer = own.get(ApiVersion::V8, "org").await?;
    let wait = answer.header("retry-after").map(str::to_owned);
    let good = answer.is(429, "TOO_MANY_REQUESTS") && wait.is_none();
    Ok(judge(good, format!("{answer}, Retry-After {wait:?}")))
}
