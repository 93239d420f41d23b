//! Reading: lists, pages and what they refuse.

use chrono::{DateTime, TimeDelta};
use zcrm::ApiVersion;

use super::answer::Answer;
use super::check::{Check, check};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, judge, judge_answer};

pub(super) const CHECKS: &[Check] = &[
    check!("empty-list", "a list with nothing in it is 204 without a body", empty_list),
    check!("unknown-id", "204, 404 or 400 with INVALID_DATA, or an empty list", unknown_id),
    check!("fields-from-v3", "v3 wants `fields`: 400 REQUIRED_PARAM_MISSING", fields_from_v3),
    check!("fields-in-v2", "v2 lists without `fields`", fields_in_v2),
    check!("fifty-fields", "51 fields are refused: 400 LIMIT_EXCEEDED", fifty_fields),
    check!("page-size", "201 records a page are refused with 400", page_size),
    check!("page-and-token", "400 AMBIGUITY_DURING_PROCESSING", page_and_token),
    check!("view-and-sort", "cvid with sort_by: 400 AMBIGUITY_DURING_PROCESSING", view_and_sort),
    check!("sort-in-v8", "v8 sorts by id, Created_Time, Modified_Time alone: 400", sort_in_v8),
    check!("sort-in-v2", "v2 sorts by other fields too", sort_in_v2),
    check!("page-wall", "page 11 of 200: DISCRETE_PAGINATION_LIMIT_EXCEEDED", page_wall),
    check!("token-is-bound", "another query: 400 TOKEN_BOUND_DATA_MISMATCH", token_is_bound),
    check!("token-life", "a page token is good for 24 hours", token_life),
    check!("not-modified", "a list since the future is 304 without a body", not_modified),
    check!("deleted-in-bin", "a deleted record is in /deleted?type=recycle", deleted_in_bin),
    check!("long-url", "a URL of 3,500 bytes is answered", long_url),
    check!("current-user", "users?type=CurrentUser is one user with `email`", current_user),
];

const V2: ApiVersion = ApiVersion::V2;
const V8: ApiVersion = ApiVersion::V8;

async fn empty_list(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "Leads?fields=Last_Name&ids=1").await?;
    Ok(judge_answer(answer.status == 204 && answer.is_empty(), &answer))
}

async fn unknown_id(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "Leads/1").await?;
    let none = answer.at("/data").as_array().is_some_and(Vec::is_empty);
    let good = answer.status == 204
        || answer.is(404, "INVALID_DATA")
        || answer.is(400, "INVALID_DATA")
        || answer.status == 200 && none;
    Ok(judge_answer(good, &answer))
}

async fn fields_from_v3(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(ApiVersion::V3, "Leads").await?;
    Ok(judge_answer(answer.is(400, "REQUIRED_PARAM_MISSING"), &answer))
}

async fn fields_in_v2(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V2, "Leads?per_page=1").await?;
    Ok(judge_answer(matches!(answer.status, 200 | 204), &answer))
}

async fn fifty_fields(fixture: &Fixture) -> CheckResult {
    let known = fixture.get(V8, "settings/fields?module=Leads").await?;
    let names: Vec<&str> = known.at("/fields").as_array().map_or(Vec::new(), |fields| {
        fields.iter().filter_map(|field| field.get("api_name")?.as_str()).collect()
    });
    if names.is_empty() {
        return Err(Stop::because(&known));
    }
    // few organisations have so many; names may come twice
    let asked: Vec<&str> = names.into_iter().cycle().take(51).collect();
    let answer = fixture.get(V8, &format!("Leads?fields={}", asked.join(","))).await?;
    Ok(judge_answer(answer.is(400, "LIMIT_EXCEEDED"), &answer))
}

async fn page_size(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "Leads?fields=Last_Name&per_page=201").await?;
    Ok(judge_answer(answer.status == 400, &answer))
}

/// A page of one of at least two leads.
async fn first_page(fixture: &Fixture) -> Result<Answer, Stop> {
    fixture.create(V8, "Leads", fixture.lead("First")).await?;
    fixture.create(V8, "Leads", fixture.lead("Second")).await?;
    let page = fixture.get(V8, "Leads?fields=Last_Name&per_page=1").await?;
    if page.text("/info/next_page_token").is_empty() { Err(Stop::because(&page)) } else { Ok(page) }
}

async fn page_and_token(fixture: &Fixture) -> CheckResult {
    let page = first_page(fixture).await?;
    let token = page.text("/info/next_page_token");
    let target = format!("Leads?fields=Last_Name&per_page=1&page=2&page_token={token}");
    let answer = fixture.get(V8, &target).await?;
    Ok(judge_answer(answer.is(400, "AMBIGUITY_DURING_PROCESSING"), &answer))
}

async fn token_is_bound(fixture: &Fixture) -> CheckResult {
    let page = first_page(fixture).await?;
    let token = page.text("/info/next_page_token");
    let other = format!("Leads?fields=Company&per_page=1&page_token={token}");
    let answer = fixture.get(V8, &other).await?;
    Ok(judge_answer(answer.is(400, "TOKEN_BOUND_DATA_MISMATCH"), &answer))
}

async fn token_life(fixture: &Fixture) -> CheckResult {
    let page = first_page(fixture).await?;
    let end = DateTime::parse_from_rfc3339(page.text("/info/page_token_expiry")).ok();
    let now = page.header("date").and_then(|now| DateTime::parse_from_rfc2822(now).ok());
    let life = end.zip(now).map(|(end, now)| end.signed_duration_since(now));
    let good = life.is_some_and(|life| (life - TimeDelta::hours(24)).num_seconds().abs() <= 60);
    Ok(judge(good, format!("{:?} s", life.map(|life| life.num_seconds()))))
}

async fn view_and_sort(fixture: &Fixture) -> CheckResult {
    let views = fixture.get(V8, "settings/custom_views?module=Leads").await?;
    let view = views.text("/custom_views/0/id");
    if view.is_empty() {
        return Err(Stop::because(&views));
    }
    let answer = fixture.get(V8, &format!("Leads?fields=Last_Name&cvid={view}&sort_by=id")).await?;
    Ok(judge_answer(answer.is(400, "AMBIGUITY_DURING_PROCESSING"), &answer))
}

async fn sort_in_v8(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "Leads?fields=Last_Name&sort_by=Last_Name").await?;
    Ok(judge_answer(answer.is(400, "INVALID_DATA"), &answer))
}

async fn sort_in_v2(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V2, "Leads?sort_by=Last_Name&per_page=1").await?;
    Ok(judge_answer(matches!(answer.status, 200 | 204), &answer))
}

async fn page_wall(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "Leads?fields=Last_Name&per_page=200&page=11").await?;
    Ok(judge_answer(answer.is(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED"), &answer))
}

async fn not_modified(fixture: &Fixture) -> CheckResult {
    let since = [("If-Modified-Since", "2098-01-01T00:00:00+00:00")];
    let answer = fixture.call_with(V8, "GET", "Leads?fields=Last_Name", &since, None).await?;
    Ok(judge_answer(answer.status == 304 && answer.is_empty(), &answer))
}

async fn deleted_in_bin(fixture: &Fixture) -> CheckResult {
    let id = fixture.create(V8, "Leads", fixture.lead("Gone")).await?;
    let gone = fixture.call(V8, "DELETE", &format!("Leads?ids={id}"), None).await?;
    if gone.status != 200 {
        return Err(Stop::because(&gone));
    }
    let answer = fixture.get(V8, "Leads/deleted?type=recycle").await?;
    let rows = answer.at("/data").as_array().into_iter().flatten();
    let found = rows.into_iter().any(|row| row.get("id").is_some_and(|own| own == id.as_str()));
    Ok(judge(found, format!("{answer}, the record in it: {found}")))
}

async fn long_url(fixture: &Fixture) -> CheckResult {
    let ids: Vec<String> =
        (0..100).map(|id| format!("{}", 1_000_000_000_000_000_000_u64 + id)).collect();
    let fields = ["Last_Name"; 50].join(",");
    let more = "x".repeat(1_000);
    let target = format!("Leads?fields={fields}&ids={}&zcrm_live_check={more}", ids.join(","));
    let answer = fixture.get(V8, &target).await?;
    let good = matches!(answer.status, 200 | 204);
    Ok(judge_answer(good, &answer))
}

async fn current_user(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "users?type=CurrentUser").await?;
    let one = answer.at("/users").as_array().is_some_and(|users| users.len() == 1);
    Ok(judge_answer(one && answer.at("/users/0/email").is_string(), &answer))
}
