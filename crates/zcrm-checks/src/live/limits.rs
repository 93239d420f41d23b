//! What an organisation allows at the same time, and how much.

use futures_util::future::{join, join_all};
use serde_json::json;
use zcrm::ApiVersion;
use zcrm_sim::{Edition, FieldKind, FieldSpec, Simulator};

use super::accounts::{own_simulator, with_edition};
use super::answer::Answer;
use super::check::{Check, simulated};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, judge};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    simulated!(
        "concurrency",
        "5 to 25 calls at once, by edition: one more is 429",
        OTHERS,
        at_once
    ),
    simulated!(
        "profile-access",
        "a profile without API access: 403 NO_PERMISSION, which names the permission",
        "it would lock out the user that the check runs as",
        profile_access
    ),
    simulated!("heavy-calls", "ten heavy calls at once: one more is 429", OTHERS, heavy),
    simulated!("refused-429", "429 executes nothing and costs nothing", OTHERS, refused),
    simulated!(
        "credit-costs",
        "1 for a read and for ten records written, 2 for /deleted, 3 with cvid, 5 for a conversion",
        "nothing tells what a call cost before half of the credits are spent",
        credit_costs
    ),
    simulated!("credits-day", "credits count for 24 hours", "it needs a day", credits_day),
    simulated!(
        "reset-header",
        "near the end of the credits, no other header tells of limits",
        "it would spend the organisation's credits",
        reset_header
    ),
    simulated!(
        "invalid-host",
        "another host from v2.1 on: 400 INVALID_HOST",
        "it needs a second name of Zoho's servers",
        invalid_host
    ),
    simulated!(
        "large-attachment",
        "an attachment of more than 20 MB is refused up to v7, and taken in v8",
        "it would fill the organisation's storage",
        large_attachment
    ),
    simulated!(
        "several-external-fields",
        "X-EXTERNAL takes fields with commas between",
        "it needs two modules with such fields",
        several_external_fields
    ),
    simulated!(
        "duplicate-data",
        "the value of a unique field a second time: DUPLICATE_DATA with the other's id",
        "it needs a field that is unique",
        duplicate
    ),
];

const OTHERS: &str = "it would disturb other users of the organisation";
const V8: ApiVersion = ApiVersion::V8;

/// A light read, and a heavy one.
const LIGHT: &str = "v8/org";
const HEAVY: &str = "v8/Leads?fields=id&sort_by=Created_Time";

/// What `then` gives while that many reads of the target are under way, and how these ended.
async fn while_held<T>(
    own: &Fixture,
    sim: &Simulator,
    held: usize,
    target: &str,
    then: impl Future<Output = Result<T, BoxError>>,
) -> Result<(T, Vec<u16>), BoxError> {
    let hold = sim.faults().times(held).hold();
    let reads = join_all((0..held).map(|_| own.plain_get(target, None)));
    let then = async {
        hold.wait_arrivals(held).await;
        let seen = then.await;
        hold.release();
        seen
    };
    let (reads, seen) = join(reads, then).await;
    let reads: Result<Vec<Answer>, BoxError> = reads.into_iter().collect();
    Ok((seen?, reads?.iter().map(|answer| answer.status).collect()))
}

async fn profile_access(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = with_edition(Edition::Free).await?;
    let access = "Crm_Implied_Api_Access";
    sim.set_permission("Administrator", access, false)?;
    let refused = own.plain_get(LIGHT, None).await?;
    sim.set_permission("Administrator", access, true)?;
    let allowed = own.plain_get(LIGHT, None).await?;
    let named = refused.at("/details/permissions/0") == access;
    let good = refused.is(403, "NO_PERMISSION") && named && allowed.status == 200;
    Ok(judge(good, format!("without {}, with {}", refused.status, allowed.status)))
}

async fn at_once(_: &Fixture, _: &Simulator) -> CheckResult {
    let mut seen = Vec::new();
    let mut good = true;
    for (edition, most) in [
        (Edition::Free, 5),
        (Edition::Standard, 10),
        (Edition::Professional, 15),
        (Edition::Enterprise, 20),
        (Edition::Ultimate, 25),
    ] {
        let (own, sim) = with_edition(edition).await?;
        let one_more = || own.plain_get(LIGHT, None);
        let (last, _) = while_held(&own, &sim, most - 1, LIGHT, one_more()).await?;
        let (beyond, held) = while_held(&own, &sim, most, LIGHT, one_more()).await?;
        good &= last.status == 200
            && beyond.is(429, "TOO_MANY_REQUESTS")
            && held.iter().all(|status| *status == 200);
        seen.push(format!("{edition:?}: call {most} {last}, one more {beyond}"));
    }
    Ok(judge(good, seen.join("; ")))
}

async fn heavy(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = with_edition(Edition::Ultimate).await?;
    sim.add_records("Leads", 1)?;
    let both = async { Ok((own.plain_get(HEAVY, None).await?, own.plain_get(LIGHT, None).await?)) };
    let ((heavy, light), held) = while_held(&own, &sim, 10, HEAVY, both).await?;
    let good = heavy.is(429, "TOO_MANY_REQUESTS")
        && light.status == 200
        && held.iter().all(|status| *status == 200);
    Ok(judge(good, format!("beside ten heavy ones a heavy one {heavy}, a light one {light}")))
}

async fn refused(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = with_edition(Edition::Free).await?;
    let row = json!({ "data": [{ "Last_Name": "Refused" }] });
    let spent = sim.spent_credits();
    let insert = own.call(V8, "POST", "Leads", Some(&row));
    let (answer, _) = while_held(&own, &sim, 5, LIGHT, insert).await?;
    let (made, cost) = (sim.record_count("Leads"), sim.spent_credits() - spent);
    let good = answer.is(429, "TOO_MANY_REQUESTS") && made == 0 && cost == 5;
    let seen = format!("{answer}; records made: {made}; the five before it cost {cost} together");
    Ok(judge(good, seen))
}

async fn credit_costs(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = with_edition(Edition::Ultimate).await?;
    let views = own.get(V8, "settings/custom_views?module=Leads").await?;
    let view = views.text("/custom_views/0/id").to_owned();
    let ids = sim.add_records("Leads", 1)?;
    let lead = ids.first().ok_or("no record was made")?;
    let rows = vec![own.lead("Costs"); 11];
    let rows = json!({ "data": rows });
    let convert = json!({ "data": [{ "overwrite": true }] });
    let calls = [
        ("GET", "Leads?fields=id".to_owned(), None, 1),
        ("GET", "Leads/deleted?type=all".to_owned(), None, 2),
        ("GET", format!("Leads?fields=id&cvid={view}"), None, 3),
        ("POST", "Leads".to_owned(), Some(&rows), 2),
        ("POST", format!("Leads/{lead}/actions/convert"), Some(&convert), 5),
    ];
    let mut seen = Vec::new();
    let mut good = true;
    for (method, target, body, expected) in calls {
        let before = sim.spent_credits();
        let answer = own.call(V8, method, &target, body).await?;
        let cost = sim.spent_credits() - before;
        good &= cost == expected && answer.status < 300;
        let path = target.split('?').next().unwrap_or_default();
        seen.push(format!("{method} {path}: {answer}, {cost}"));
    }
    Ok(judge(good, seen.join("; ")))
}

async fn credits_day(_: &Fixture, _: &Simulator) -> CheckResult {
    let (_, sim) = with_edition(Edition::Free).await?;
    sim.spend_credits(100);
    let mut seen = Vec::new();
    for seconds in [86_390, 20] {
        sim.advance(std::time::Duration::from_secs(seconds));
        seen.push(sim.spent_credits() >= 100);
    }
    let good = seen == [true, false];
    Ok(judge(good, format!("still counted after 86,390 s and after 86,410 s: {seen:?}")))
}

async fn reset_header(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = with_edition(Edition::Free).await?;
    sim.spend_credits(4_990);
    let answer = own.get(V8, "org").await?;
    let names = answer.headers.keys().map(http::HeaderName::as_str);
    let limits =
        |name: &&str| name.contains("limit") || name.contains("credits") || *name == "retry-after";
    let told: Vec<&str> = names.filter(limits).collect();
    Ok(judge(told == ["x-api-credits-remaining"], format!("{answer}, with {}", told.join(", "))))
}

async fn invalid_host(fixture: &Fixture, _: &Simulator) -> CheckResult {
    let host = Some("crm.example.com");
    let (v2, later) =
        (fixture.plain_get("v2/org", host).await?, fixture.plain_get("v2.1/org", host).await?);
    let newest = fixture.plain_get("v8/org", host).await?;
    let good = v2.status == 200 && later.is(400, "INVALID_HOST") && newest.is(400, "INVALID_HOST");
    Ok(judge(good, format!("v2: {v2}; v2.1: {later}; v8: {newest}")))
}

async fn large_attachment(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, sim) = own_simulator().await?;
    let ids = sim.add_records("Leads", 1)?;
    let id = ids.first().ok_or("no record was made")?;
    let mut seen = Vec::new();
    for version in [ApiVersion::V5, V8] {
        let content = vec![b'x'; 20 * 1_024 * 1_024 + 1];
        let files = own.client(version)?.record("Leads", id.as_str()).attachments();
        let sent = files.upload("large.txt", "text/plain", content).send().await;
        seen.push(sent.map(|_| String::from("taken")).unwrap_or_else(|error| error.to_string()));
    }
    let good = matches!(seen.as_slice(), [older, newest] if older != "taken" && newest == "taken");
    Ok(judge(good, format!("20 MB and a byte: v5 and v8: {}", seen.join("; "))))
}

async fn several_external_fields(_: &Fixture, _: &Simulator) -> CheckResult {
    let key = |name: &str| FieldSpec::new(name, FieldKind::Text).external();
    let builder = Simulator::builder().plain_http();
    let builder = builder.field("Contacts", key("Their_Id")).field("Accounts", key("Their_Key"));
    let sim = builder.start().await?;
    let own = Fixture::simulated(sim.clone()).await?;
    let account = json!({ "Account_Name": "Known", "Their_Key": "A-1" });
    let account = own.create(V8, "Accounts", account).await?;
    let contact = json!({ "Last_Name": "Known", "Their_Id": "C-1" });
    let contact = own.create(V8, "Contacts", contact).await?;
    let header = [("X-EXTERNAL", "Contacts.Their_Id,Contacts.Account_Name.Their_Key")];
    let row = json!({ "Their_Id": "C-1", "Account_Name": { "Their_Key": "A-1" } });
    let change = json!({ "data": [row] });
    let answer = own.call_with(V8, "PUT", "Contacts", &header, Some(&change)).await?;
    let record = sim.record("Contacts", &contact).unwrap_or_default();
    let linked = record.pointer("/Account_Name/id").is_some_and(|id| *id == account);
    Ok(judge(answer.code() == "SUCCESS" && linked, format!("{answer}, the lookup set: {linked}")))
}

async fn duplicate(_: &Fixture, _: &Simulator) -> CheckResult {
    let sim = Simulator::builder().plain_http().unique("Leads", "Email").start().await?;
    let own = Fixture::simulated(sim).await?;
    let row = || json!({ "Last_Name": "Same", "Email": "same@example.com" });
    let first = own.create(V8, "Leads", row()).await?;
    let second = own.write(V8, "Leads", &[row()]).await?;
    let named =
        [second.text("/data/0/details/id"), second.text("/data/0/details/duplicate_record/id")];
    if second.status >= 500 {
        return Err(Stop::because(&second));
    }
    let good = second.code() == "DUPLICATE_DATA" && named.contains(&first.as_str());
    Ok(judge(good, format!("{second}, the other's id in it: {}", named.contains(&first.as_str()))))
}
