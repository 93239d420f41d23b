//! Checks that need code: they count, compare times, or send other tokens.

use chrono::{DateTime, FixedOffset, TimeDelta};
use serde_json::{Value, json};
use zcrm::{DataCenter, http::Origin};
use zcrm_core::BoxError;

use super::{
    fixture::Fixture,
    report::{Verdict, judge},
};
use crate::{
    answer::Answer,
    steps::{Call, Caller as _, Payload, Stop},
};

type CheckResult = Result<Verdict, Stop>;

/// Runs the check of this name.
pub(super) async fn run(name: &str, fixture: &Fixture) -> CheckResult {
    match name {
        "server-info" => server_info(fixture).await,
        "user-info" => user_info(fixture).await,
        "token-end" => token_end(fixture).await,
        "bearer" => judged("GET org", fixture.with_prefix("Bearer").await?, "200"),
        "dead-token" => {
            let answer = fixture.with_token("1000.zcrm.live-check").await?;
            judged("GET org", answer, "401 INVALID_TOKEN | 401 AUTHENTICATION_FAILURE")
        }
        "api-domain" => api_domain(fixture).await,
        "fifty-fields" => fifty_fields(fixture).await,
        "token-life" => token_life(fixture).await,
        "user-lists" => user_lists(fixture).await,
        "roles-above" => roles_above(fixture).await,
        "channel-life" => channel_life(fixture).await,
        _ => Err(Stop::Failed(format!("there is no code for the check `{name}`").into())),
    }
}

/// Checks that an answer is as expected.
fn judged(call: &str, answer: Answer, is: &str) -> CheckResult {
    match answer.is(is) {
        true => Ok(Verdict::Agrees(answer.to_string())),
        false => Err(Stop::Answer(call.into(), Box::new(answer), format!(", not with {is}"))),
    }
}

/// Sends a read that must succeed.
async fn get(fixture: &Fixture, target: &str) -> Result<Answer, Stop> {
    let answer = fixture.get(target).await?;
    match answer.is_success() {
        true => Ok(answer),
        false => Err(Stop::Answer(format!("GET {target}"), Box::new(answer), String::new())),
    }
}

async fn server_info(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get("/oauth/serverinfo").await?;
    let locations = answer.at("/locations/*");
    let is_origin = |url: &&Value| url.as_str().is_some_and(|url| url.parse::<Origin>().is_ok());
    let good = !locations.is_empty() && locations.iter().all(is_origin);
    Ok(judge(good, format!("{answer}, {} locations", locations.len())))
}

async fn user_info(fixture: &Fixture) -> CheckResult {
    let answer = fixture.user_info().await?;
    if answer.status == 401 || !answer.text("/error").is_empty() {
        return Err(Stop::Lack(format!("the login lacks the scope: {answer}")));
    }
    Ok(judge(answer.body.pointer("/Email").is_some_and(Value::is_string), answer))
}

/// Returns the time when the server sent the answer.
fn date(answer: &Answer) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc2822(answer.header("date")?).ok()
}

/// Returns the time from the answer to `end`, by the server's clock.
fn until(answer: &Answer, end: &str) -> Option<TimeDelta> {
    Some(DateTime::parse_from_rfc3339(end).ok()?.signed_duration_since(date(answer)?))
}

async fn token_end(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get("org").await?;
    let left = until(&answer, answer.header("x-accesstoken-reset").unwrap_or_default());
    // both have a precision of one second
    let good =
        left.is_some_and(|left| left > TimeDelta::zero() && left <= TimeDelta::seconds(3_601));
    Ok(judge(good, format!("{answer}, {:?} s ahead", left.map(|left| left.num_seconds()))))
}

async fn token_life(fixture: &Fixture) -> CheckResult {
    let page = get(fixture, "Leads?fields=Last_Name&per_page=1").await?;
    let life = until(&page, page.text("/info/page_token_expiry"));
    let good = life.is_some_and(|life| (life - TimeDelta::hours(24)).num_seconds().abs() <= 60);
    Ok(judge(good, format!("{:?} s", life.map(|life| life.num_seconds()))))
}

async fn api_domain(fixture: &Fixture) -> CheckResult {
    let domain = fixture.login()?.tokens().token().await?.api_domain.unwrap_or_default();
    let known = domain.parse().ok().and_then(|origin| DataCenter::of_api_origin(&origin));
    let own = fixture.simulator().is_some_and(|sim| sim.api_url() == domain);
    if domain.contains("://127.0.0.1:") && !own {
        return Err(Stop::Lack("the API is not a server of Zoho".into()));
    }
    Ok(judge(known.is_some() || own, domain))
}

async fn fifty_fields(fixture: &Fixture) -> CheckResult {
    let known = get(fixture, "settings/fields?module=Leads").await?;
    let names = known.at("/fields/*/api_name");
    // few organisations have that many fields; a name may occur twice
    let asked: Vec<&str> = names.into_iter().filter_map(Value::as_str).cycle().take(51).collect();
    let target = format!("Leads?fields={}", asked.join(","));
    judged("GET Leads", fixture.get(&target).await?, "400 LIMIT_EXCEEDED")
}

async fn user_lists(fixture: &Fixture) -> CheckResult {
    let (mut good, mut seen) = (true, Vec::new());
    for (kind, status) in
        [("ActiveUsers", "active"), ("DeactiveUsers", "disabled"), ("DeletedUsers", "deleted")]
    {
        let list = get(fixture, &format!("users?type={kind}")).await?;
        let count = get(fixture, &format!("users/actions/count?type={kind}")).await?;
        let users = list.at("/users/*/status");
        let count = count.body.get("count").map(Value::to_string).unwrap_or_default();
        let counted = count.trim_matches('"') == users.len().to_string();
        good &= users.iter().all(|own| *own == status)
            && (counted || list.at("/info/more_records") == [true])
            && (kind != "ActiveUsers" || !users.is_empty());
        seen.push(format!("{kind}: {list}, {} rows, count {count}", users.len()));
    }
    Ok(judge(good, seen.join("; ")))
}

async fn roles_above(fixture: &Fixture) -> CheckResult {
    let answer = get(fixture, "settings/roles").await?;
    let (roles, above) = (answer.at("/roles/*/id"), answer.at("/roles/*/reporting_to/id"));
    let all = above.iter().all(|id| roles.contains(id));
    let good = all && above.len() < roles.len() && (!above.is_empty() || roles.len() == 1);
    let seen = format!("of {} roles {} have one above, all known: {all}", roles.len(), above.len());
    Ok(judge(good, seen))
}

/// Returns the lifetime, in minutes, of a channel that requested this number of minutes.
async fn life(fixture: &Fixture, version: &str, minutes: i64) -> Result<Option<i64>, Stop> {
    let now = date(&fixture.get("org").await?).ok_or("an answer without a date")?;
    let asked = now + TimeDelta::minutes(minutes);
    let id = fastrand::u64(1_000_000_000_000_000..2_000_000_000_000_000);
    let row = json!({
        "channel_id": id, "events": ["Leads.create"], "token": "live-check",
        // a reserved host name, so that no one receives the notifications
        "notify_url": "https://zcrm-live-check.invalid/",
        "channel_expiry": asked.format("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
    });
    let send = async |method: &str, target: String, payload: Payload| -> Result<Answer, BoxError> {
        fixture.send(Call { method: method.into(), target, payload, ..Call::default() }).await
    };
    let payload = Payload::Json(json!({ "watch": [row] }));
    let opened = send("POST", format!("{version}/actions/watch"), payload).await?;
    send("DELETE", format!("actions/watch?channel_ids={id}"), Payload::None).await?;
    if opened.code() != "SUCCESS" {
        return Err(Stop::Answer("POST actions/watch".into(), Box::new(opened), String::new()));
    }
    let end = opened.text("/watch/0/details/events/0/channel_expiry");
    let end = DateTime::parse_from_rfc3339(end).ok();
    Ok(end.map(|end| (end.signed_duration_since(now).num_seconds() + 30).div_euclid(60)))
}

async fn channel_life(fixture: &Fixture) -> CheckResult {
    const DAY: i64 = 24 * 60;
    let mut seen = Vec::new();
    for (version, minutes) in [("v3", DAY - 60), ("v3", 2 * DAY), ("v8", 2 * DAY), ("v8", 8 * DAY)]
    {
        seen.push(life(fixture, version, minutes).await?);
    }
    let good = seen == [DAY - 60, 60, 2 * DAY, 60].map(Some);
    Ok(judge(good, format!("v3 a day less an hour, v3 two days, v8 two, v8 eight: {seen:?} min")))
}
