//! Users, with their roles, profiles and territories. A sandbox's are read, never changed.

use serde_json::{Value, json};
use zcrm::ApiVersion;
use zcrm_sim::Simulator;

use super::accounts::own_simulator;
use super::check::{Check, check, simulated};
use super::fixture::Fixture;
use super::settings::{CHANGES, first, gone, life, refused, rows, send, text};
use super::verdict::{CheckResult, Stop, Verdict, judge, judge_answer};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    check!("user-lists", "lists of users show their own; the count counts them", user_lists),
    check!("user-kind", "a kind of users that there is not: 400 INVALID_DATA", user_kind),
    simulated!(
        "user-moves",
        "a user is among the active, the deactivated and the deleted ones in turn",
        CHANGES,
        user_moves
    ),
    simulated!(
        "user-refused",
        "a user's address is no other's, last name and role are needed, nobody deletes himself",
        CHANGES,
        user_refused
    ),
    check!("roles-above", "a role reports to another of the list", roles_above),
    check!("profile-details", "one's profile is in the list, and says what it allows", profile),
    check!("territory-by-id", "a territory by its id is that of the list", territory_by_id),
    simulated!(
        "territory-life",
        "a user enters a territory and leaves it as it goes; one above others stays: NOT_ALLOWED",
        CHANGES,
        territory_life
    ),
];

const V8: ApiVersion = ApiVersion::V8;

async fn user_lists(fixture: &Fixture) -> CheckResult {
    let (mut good, mut seen) = (true, Vec::new());
    for (kind, status) in
        [("ActiveUsers", "active"), ("DeactiveUsers", "disabled"), ("DeletedUsers", "deleted")]
    {
        let list = fixture.get(V8, &format!("users?type={kind}")).await?;
        let count = fixture.get(V8, &format!("users/actions/count?type={kind}")).await?;
        if let Some(refused) = [&list, &count].into_iter().find(|answer| answer.status >= 400) {
            return Err(Stop::because(refused));
        }
        let users = list.at("/users").as_array().cloned().unwrap_or_default();
        let count = count.at("/count").to_string();
        let counted = count.trim_matches('"') == users.len().to_string();
        good &= users.iter().all(|user| text(user, "/status") == status)
            && (counted || list.at("/info/more_records") == true)
            && (kind != "ActiveUsers" || !users.is_empty());
        seen.push(format!("{kind}: {list}, {} rows, count {count}", users.len()));
    }
    Ok(judge(good, seen.join("; ")))
}

async fn user_kind(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "users?type=Nobody").await?;
    Ok(judge_answer(answer.is(400, "INVALID_DATA"), &answer))
}

/// A user as it is made.
async fn user(own: &Fixture, email: &str) -> Result<Value, Stop> {
    let role = first(own, "settings/roles").await?;
    let profile = first(own, "settings/profiles").await?;
    Ok(json!({
        "last_name": "Dorn", "email": email, "status": "active",
        "role": { "id": role.get("id") }, "profile": { "id": profile.get("id") },
    }))
}

async fn user_moves(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let new = user(&own, "new@example.com").await?;
    let kinds = ["ActiveUsers", "DeactiveUsers", "DeletedUsers"];
    let of = async |id: &str| {
        let mut of = Vec::new();
        for kind in kinds {
            let list = own.get(V8, &format!("users?type={kind}")).await?;
            let mut users = list.at("/users").as_array().into_iter().flatten();
            if users.any(|user| text(user, "/id") == id) {
                of.push(kind);
            }
        }
        Ok::<_, BoxError>(of)
    };
    let made = send(&own, "POST", "users", "users", &new).await?;
    let id = made.text("/users/0/details/id").to_owned();
    let one = format!("users/{id}");
    let active = of(&id).await?;
    let off = send(&own, "PUT", &one, "users", &json!({ "status": "disabled" })).await?;
    let disabled = of(&id).await?;
    let deleted = own.call(V8, "DELETE", &one, None).await?;
    let seen = [active, disabled, of(&id).await?];
    let again = own.call(V8, "DELETE", &one, None).await?;
    let good = seen == kinds.map(|kind| vec![kind]) && again.is(400, "ID_ALREADY_DELETED");
    let seen = format!("made {made}, off {off}, deleted {deleted}: {seen:?}; again {again}");
    Ok(judge(good && made.status == 201, seen))
}

async fn user_refused(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let without = |row: &Value, name: &str, value: Value| {
        let mut row = row.clone();
        if let Some(map) = row.as_object_mut() {
            map.insert(name.to_owned(), value);
        }
        row
    };
    let new = user(&own, "new@example.com").await?;
    let cases = vec![
        (user(&own, &sim.user_email()).await?, "DUPLICATE_DATA", "email"),
        (without(&new, "email", "nobody".into()), "INVALID_DATA", "email"),
        (without(&new, "last_name", Value::Null), "MANDATORY_NOT_FOUND", "last_name"),
        (without(&new, "role", Value::Null), "MANDATORY_NOT_FOUND", "role"),
        (without(&new, "role", json!({ "id": "77" })), "INVALID_DATA", "role"),
    ];
    let rows = refused(&own, "users", cases).await?;
    let me = first(&own, "users?type=CurrentUser").await?;
    let me = own.call(V8, "DELETE", &format!("users/{}", text(&me, "/id")), None).await?;
    Ok(match rows {
        Verdict::Agrees(seen) => judge(me.is(400, "NOT_ALLOWED"), format!("{seen}; me {me}")),
        other => other,
    })
}

async fn roles_above(fixture: &Fixture) -> CheckResult {
    let roles = rows(fixture, V8, "settings/roles").await?;
    let above = roles.iter().map(|role| text(role, "/reporting_to/id")).filter(|id| !id.is_empty());
    let known = |id: &str| roles.iter().any(|role| text(role, "/id") == id);
    let (below, all) = (above.clone().count(), above.clone().all(known));
    let good = all && below < roles.len() && (below > 0 || roles.len() == 1);
    Ok(judge(good, format!("of {} roles {below} have one above, all known: {all}", roles.len())))
}

async fn profile(fixture: &Fixture) -> CheckResult {
    let me = first(fixture, "users?type=CurrentUser").await?;
    let id = text(&me, "/profile/id");
    let listed = rows(fixture, V8, "settings/profiles").await?;
    let listed = listed.iter().any(|profile| text(profile, "/id") == id);
    let one = first(fixture, &format!("settings/profiles/{id}")).await?;
    let allows = one.pointer("/permissions_details").and_then(Value::as_array).map_or(0, Vec::len);
    Ok(judge(listed && allows > 0, format!("listed: {listed}, with {allows} permissions")))
}

async fn territory_by_id(fixture: &Fixture) -> CheckResult {
    let listed = first(fixture, "settings/territories").await?;
    let one = first(fixture, &format!("settings/territories/{}", text(&listed, "/id"))).await?;
    let good = ["/id", "/name"].iter().all(|place| text(&one, place) == text(&listed, place));
    Ok(judge(good, format!("the same: {good}")))
}

async fn territory_life(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    let path = "settings/territories";
    let whole = first(&own, path).await?;
    let above = json!({ "id": whole.get("id") });
    let row = json!({ "name": "North", "description": "A", "reporting_to": above });
    let id = life(&own, path, row, ("description", json!("B"))).await?;
    let me = first(&own, "users?type=CurrentUser").await?;
    let mine = format!("users/{}/territories", text(&me, "/id"));
    let entered = send(&own, "PUT", &mine, "territories", &json!({ "id": id })).await?;
    let of_mine = own.get(V8, &mine).await?;
    let kept = own.call(V8, "DELETE", &format!("{path}/{}", text(&whole, "/id")), None).await?;
    let gone = gone(&own, &format!("{path}/{id}"), "INVALID_DATA").await?;
    let left = own.get(V8, &mine).await?;
    let Verdict::Agrees(gone) = gone else { return Ok(gone) };
    let good =
        of_mine.text("/territories/0/id") == id && kept.is(400, "NOT_ALLOWED") && left.is_empty();
    let seen = format!("entered {entered}: {of_mine}; the one above {kept}; {gone}; left {left}");
    Ok(judge(good, seen))
}
