//! Consent: what people decide on the accounts server's pages, and what comes of it.

use std::time::Duration;

use zcrm_sim::Simulator;

use super::accounts::{exchange, own_simulator};
use super::answer::Answer;
use super::check::{Check, simulated};
use super::fixture::{Fixture, send};
use super::verdict::{CheckResult, Stop, judge};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    simulated!("consent-refused", "a refusal comes back as error=access_denied", PERSON, refused),
    simulated!(
        "consent-lasting",
        "a refresh token: never online, once offline, each time with prompt=consent",
        PERSON,
        lasting
    ),
    simulated!("grant-limit", "a client gets ten grants in ten minutes", PERSON, grant_limit),
    simulated!("grant-life", "a grant token is good for ten minutes", PERSON, grant_life),
    simulated!("refused-client", "a refused client spends no grant", PERSON, refused_client),
    simulated!(
        "other-dc-login",
        "a redirect names the user's `location` and `accounts-server`, which alone know the code",
        ELSEWHERE,
        other_dc_login
    ),
    simulated!(
        "other-dc",
        "a device is sent on by `other_dc` with `user_location`, and goes on there",
        ELSEWHERE,
        other_dc
    ),
    simulated!(
        "device-poll",
        "a device that waits is `authorization_pending`, within 30 s `slow_down`",
        PERSON,
        device_poll
    ),
    simulated!(
        "device-words",
        "a refused device is `access_denied`, a late one `expired`",
        PERSON,
        device_words
    ),
    simulated!(
        "own-organisation",
        "client_credentials with `soid` gives a token, and none to refresh with",
        "it needs a self client and the organisation's number",
        own_organisation
    ),
];

const PERSON: &str = "a person has to decide, or to make a grant";
const ELSEWHERE: &str = "it needs a user of a second data centre";

/// The redirect after somebody decided.
async fn decide(
    own: &Fixture,
    sim: &Simulator,
    fields: &[(&str, &str)],
) -> Result<Answer, BoxError> {
    let (id, redirect) = (sim.client_id(), sim.redirect_uri());
    let mut form = vec![
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("scope", "ZohoCRM.modules.ALL,ZohoCRM.org.ALL"),
    ];
    form.extend(fields);
    own.accounts("/oauth/v2/auth", Some(&form)).await
}

/// A parameter of a redirect.
fn told(answer: &Answer, name: &str) -> Option<String> {
    let url = answer.header("location")?;
    let query = url.split_once('?')?.1.as_bytes();
    let mut pairs = form_urlencoded::parse(query);
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The grant token after somebody accepted.
async fn accept(
    own: &Fixture,
    sim: &Simulator,
    user: &str,
    more: &[(&str, &str)],
) -> Result<String, Stop> {
    let mut fields = vec![("decision", "accept"), ("user", user)];
    fields.extend(more);
    let answer = decide(own, sim, &fields).await?;
    told(&answer, "code").ok_or_else(|| Stop::because(&answer))
}

/// Exchanges a grant that came with a redirect.
async fn redeem(server: &Fixture, sim: &Simulator, code: &str) -> Result<Answer, BoxError> {
    let (id, secret, redirect) = (sim.client_id(), sim.client_secret(), sim.redirect_uri());
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("redirect_uri", redirect.as_str()),
        ("code", code),
    ];
    server.accounts("/oauth/v2/token", Some(&form)).await
}

async fn refused(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let answer = decide(&own, &sim, &[("decision", "refuse")]).await?;
    let (error, code) = (told(&answer, "error"), told(&answer, "code"));
    let good = error.as_deref() == Some("access_denied") && code.is_none();
    Ok(judge(good, format!("{answer}, error {error:?}, a code: {}", code.is_some())))
}

async fn lasting(_: &Fixture, _: &Simulator) -> CheckResult {
    // the first user has agreed with the login of the check already
    let sim = Simulator::builder().plain_http().user("ann@example.com").user("bea@example.com");
    let sim = sim.start().await?;
    let own = Fixture::simulated(sim.clone()).await?;
    let (online, offline) = (("access_type", "online"), ("access_type", "offline"));
    let asked = ("prompt", "consent");
    let mut seen = Vec::new();
    for more in [&[][..], &[online, asked], &[offline], &[offline], &[offline, asked]] {
        let code = accept(&own, &sim, "bea@example.com", more).await?;
        let tokens = redeem(&own, &sim, &code).await?;
        if tokens.text("/access_token").is_empty() {
            return Err(Stop::because(&tokens));
        }
        seen.push(!tokens.text("/refresh_token").is_empty());
    }
    let good = seen == [false, false, true, false, true];
    Ok(judge(good, format!("a refresh token came along: {seen:?}")))
}

async fn grant_limit(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let user = sim.user_email();
    for _ in 0..10 {
        accept(&own, &sim, &user, &[]).await?;
    }
    let fields = [("decision", "accept"), ("user", user.as_str())];
    let one_more = decide(&own, &sim, &fields).await?;
    sim.advance(Duration::from_secs(601));
    let later = decide(&own, &sim, &fields).await?;
    let good = told(&one_more, "code").is_none() && told(&later, "code").is_some();
    Ok(judge(good, format!("the 11th: {one_more}; ten minutes later: {later}")))
}

async fn grant_life(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let (early, late) = (sim.grant_token(), sim.grant_token());
    sim.advance(Duration::from_secs(590));
    let early = exchange(&own, &early).await?;
    sim.advance(Duration::from_secs(11));
    let late = exchange(&own, &late).await?;
    let good = !early.text("/access_token").is_empty() && late.text("/error") == "invalid_code";
    Ok(judge(good, format!("after 590 s: {early}; after 601 s: {late}")))
}

async fn refused_client(fixture: &Fixture, sim: &Simulator) -> CheckResult {
    let grant = sim.grant_token();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", fixture.client_id()),
        ("client_secret", "none"),
        ("code", grant.as_str()),
    ];
    let wrong = fixture.accounts("/oauth/v2/token", Some(&form)).await?;
    let right = exchange(fixture, &grant).await?;
    let good = wrong.text("/error").starts_with("invalid_client")
        && !right.text("/access_token").is_empty();
    Ok(judge(good, format!("a wrong secret: {wrong}; then the right one: {right}")))
}

/// A simulator in the US, one in Europe that it knows, and the servers of each.
async fn two_places() -> Result<[(Fixture, Simulator); 2], BoxError> {
    let europe = Simulator::builder().plain_http().data_center("eu").user("eva@example.com");
    let europe = europe.start().await?;
    let here = Simulator::builder().plain_http().other_data_center(&europe).start().await?;
    Ok([
        (Fixture::simulated(here.clone()).await?, here),
        (Fixture::simulated(europe.clone()).await?, europe),
    ])
}

async fn other_dc_login(_: &Fixture, _: &Simulator) -> CheckResult {
    let [(here, sim), (there, europe)] = two_places().await?;
    let answer =
        decide(&here, &sim, &[("decision", "accept"), ("user", "eva@example.com")]).await?;
    let (location, server) = (told(&answer, "location"), told(&answer, "accounts-server"));
    let code = told(&answer, "code").ok_or_else(|| Stop::because(&answer))?;
    let wrong = redeem(&here, &sim, &code).await?;
    let right = redeem(&there, &europe, &code).await?;
    let good = location.as_deref() == Some("eu")
        && server == Some(europe.accounts_url())
        && wrong.text("/error") == "invalid_code"
        && right.text("/api_domain") == europe.api_url();
    let codes = format!("the code here: {wrong}; there: {right}");
    Ok(judge(good, format!("location {location:?}, accounts-server {server:?}; {codes}")))
}

/// A device that begins to wait: its own code and the one that it shows.
async fn device(own: &Fixture) -> Result<(String, String), Stop> {
    let form = [
        ("grant_type", "device_request"),
        ("client_id", own.client_id()),
        ("scope", "ZohoCRM.org.READ"),
        ("access_type", "offline"),
    ];
    let answer = own.accounts("/oauth/v3/device/code", Some(&form)).await?;
    let (device, user) = (answer.text("/device_code"), answer.text("/user_code"));
    if device.is_empty() { Err(Stop::because(&answer)) } else { Ok((device.into(), user.into())) }
}

async fn poll(server: &Fixture, code: &str) -> Result<Answer, BoxError> {
    let form = [
        ("grant_type", "device_token"),
        ("client_id", server.client_id()),
        ("client_secret", server.client_secret()),
        ("code", code),
    ];
    server.accounts("/oauth/v3/device/token", Some(&form)).await
}

async fn other_dc(_: &Fixture, _: &Simulator) -> CheckResult {
    let [(here, sim), (there, _europe)] = two_places().await?;
    let (code, shown) = device(&here).await?;
    sim.approve_device(&shown, "eva@example.com")?;
    let first = poll(&here, &code).await?;
    let then = poll(&there, &code).await?;
    let location = first.text("/user_location").to_owned();
    let good = first.text("/error") == "other_dc"
        && location == "eu"
        && !then.text("/access_token").is_empty();
    Ok(judge(good, format!("{first}, user_location `{location}`; there: {then}")))
}

async fn device_poll(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let (code, shown) = device(&own).await?;
    let first = poll(&own, &code).await?;
    let at_once = poll(&own, &code).await?;
    sim.advance(Duration::from_secs(31));
    sim.approve_device(&shown, &sim.user_email())?;
    let then = poll(&own, &code).await?;
    let good = first.text("/error") == "authorization_pending"
        && at_once.text("/error") == "slow_down"
        && !then.text("/access_token").is_empty();
    Ok(judge(good, format!("{first}; at once {at_once}; approved, 31 s later {then}")))
}

async fn device_words(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let (code, shown) = device(&own).await?;
    sim.refuse_device(&shown)?;
    let refused = poll(&own, &code).await?;
    let (code, _) = device(&own).await?;
    sim.advance(Duration::from_secs(301));
    let late = poll(&own, &code).await?;
    let good = refused.text("/error") == "access_denied" && late.text("/error") == "expired";
    Ok(judge(good, format!("refused: {refused}; late: {late}")))
}

async fn own_organisation(fixture: &Fixture, sim: &Simulator) -> CheckResult {
    let soid = format!("ZohoCRM.{}", sim.org_id());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", fixture.client_id()),
        ("client_secret", fixture.client_secret()),
        ("scope", "ZohoCRM.org.READ"),
        ("soid", soid.as_str()),
    ];
    let answer = fixture.accounts("/oauth/v2/token", Some(&form)).await?;
    let api = fixture.with_token(answer.text("/access_token")).await?;
    let read = send(&api, "GET", "org", &[], None).await?;
    let good = read.status == 200 && answer.at("/refresh_token").is_null();
    Ok(judge(good, format!("{answer}; a read with it: {read}")))
}
