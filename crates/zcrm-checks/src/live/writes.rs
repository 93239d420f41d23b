//! Writing: outcomes, refusals, conflicts, rows.

use serde_json::{Value, json};
use zcrm::ApiVersion;

use super::answer::Answer;
use super::check::{Check, check};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, Verdict, judge, judge_answer};

pub(super) const CHECKS: &[Check] = &[
    check!("outcomes-in-order", "207, an outcome for each row in order, each with `status`", order),
    check!("all-failed-v8", "v8 refuses a write of which every row fails with 400", all_failed_v8),
    check!("all-failed-v2", "v2 answers a write of which every row fails with 202", all_failed_v2),
    check!("mandatory", "MANDATORY_NOT_FOUND with `api_name` and `json_path`", mandatory),
    check!("wrong-value", "INVALID_DATA with `api_name` for an address that is none", wrong_value),
    check!("hundred-records", "101 records are refused as a whole with 400", hundred_records),
    check!("conflict", "an update of what changed since: 412 ALREADY_MODIFIED", conflict),
    check!("no-automations", "`trigger: []` is taken", no_automations),
    check!("upsert-inserts", "an upsert without a match inserts, with one it updates", upsert),
    check!("times-with-offset", "a time with +00:00 is taken and kept", times_with_offset),
    check!("times-with-z", "a time with Z is refused: INVALID_DATA", times_with_z),
    check!("rows-append-in-v8", "an update appends rows from v5 on", rows_append),
    check!("rows-replace-in-v2", "an update replaces rows in v2", rows_replace_v2),
    check!("rows-replace-in-v4", "an update replaces rows in v4", rows_replace_v4),
    check!("rows-delete", "`_delete: null` deletes a row in v8", rows_delete),
    check!("rows-clear", "an empty list clears the rows in v8", rows_clear),
    check!("external-key", "X-EXTERNAL reads a record by its external id", external_key),
];

const V2: ApiVersion = ApiVersion::V2;
const V8: ApiVersion = ApiVersion::V8;

async fn order(fixture: &Fixture) -> CheckResult {
    let rows = [fixture.lead("A"), json!({ "Company": fixture.mark() }), fixture.lead("B")];
    let answer = fixture.write(V8, "Leads", &rows).await?;
    let status = |index: usize| answer.text(&format!("/data/{index}/status")).to_owned();
    let seen = [status(0), status(1), status(2)];
    let good = answer.status == 207 && seen == ["success", "error", "success"];
    Ok(judge(good, format!("{} with {}", answer.status, seen.join(", "))))
}

async fn bad_row(fixture: &Fixture, version: ApiVersion) -> Result<Answer, Stop> {
    Ok(fixture.write(version, "Leads", &[json!({ "Company": fixture.mark() })]).await?)
}

async fn all_failed_v8(fixture: &Fixture) -> CheckResult {
    let answer = bad_row(fixture, V8).await?;
    Ok(judge_answer(answer.is(400, "MANDATORY_NOT_FOUND"), &answer))
}

async fn all_failed_v2(fixture: &Fixture) -> CheckResult {
    let answer = bad_row(fixture, V2).await?;
    Ok(judge_answer(answer.is(202, "MANDATORY_NOT_FOUND"), &answer))
}

async fn mandatory(fixture: &Fixture) -> CheckResult {
    let answer = bad_row(fixture, V8).await?;
    let details = answer.at("/data/0/details");
    let good = answer.code() == "MANDATORY_NOT_FOUND"
        && details.get("api_name") == Some(&json!("Last_Name"))
        && details.get("json_path") == Some(&json!("$.data[0].Last_Name"));
    Ok(judge(good, format!("{answer}, {details}")))
}

async fn wrong_value(fixture: &Fixture) -> CheckResult {
    let mut row = fixture.lead("Wrong");
    put(&mut row, "Email", json!("no address"));
    let answer = fixture.write(V8, "Leads", &[row]).await?;
    let name = answer.text("/data/0/details/api_name");
    Ok(judge(answer.code() == "INVALID_DATA" && name == "Email", format!("{answer}, {name}")))
}

async fn hundred_records(fixture: &Fixture) -> CheckResult {
    let rows: Vec<Value> = (0..101).map(|_| fixture.lead("Many")).collect();
    let answer = fixture.write(V8, "Leads", &rows).await?;
    let none = answer.at("/data/0/details/id").is_null();
    Ok(judge_answer(answer.status == 400 && none, &answer))
}

fn put(row: &mut Value, name: &str, value: Value) {
    if let Some(row) = row.as_object_mut() {
        row.insert(name.to_owned(), value);
    }
}

async fn update(
    fixture: &Fixture,
    version: ApiVersion,
    module: &str,
    id: &str,
    row: &Value,
) -> Result<Answer, Stop> {
    let target = format!("{module}/{id}");
    Ok(fixture.call(version, "PUT", &target, Some(&json!({ "data": [row] }))).await?)
}

async fn conflict(fixture: &Fixture) -> CheckResult {
    let id = fixture.create(V8, "Leads", fixture.lead("Conflict")).await?;
    let since = [("If-Unmodified-Since", "2020-01-01T00:00:00+00:00")];
    let body = json!({ "data": [{ "City": "Pune" }] });
    let target = format!("Leads/{id}");
    let answer = fixture.call_with(V8, "PUT", &target, &since, Some(&body)).await?;
    Ok(judge_answer(answer.is(412, "ALREADY_MODIFIED"), &answer))
}

async fn no_automations(fixture: &Fixture) -> CheckResult {
    let body = json!({ "data": [fixture.lead("Quiet")], "trigger": [] });
    let answer = fixture.call(V8, "POST", "Leads", Some(&body)).await?;
    let id = answer.text("/data/0/details/id");
    if !id.is_empty() {
        fixture.made("Leads", id);
    }
    Ok(judge_answer(answer.status == 201, &answer))
}

async fn upsert(fixture: &Fixture) -> CheckResult {
    let address = format!("{:016x}@example.com", fastrand::u64(..));
    let mut row = fixture.lead("Upsert");
    put(&mut row, "Email", json!(address));
    let body = json!({ "data": [row], "duplicate_check_fields": ["Email"] });
    let mut actions = Vec::new();
    for _ in 0..2 {
        let answer = fixture.call(V8, "POST", "Leads/upsert", Some(&body)).await?;
        let id = answer.text("/data/0/details/id");
        if id.is_empty() {
            return Err(Stop::because(&answer));
        }
        if actions.is_empty() {
            fixture.made("Leads", id);
        }
        actions.push(answer.text("/data/0/action").to_owned());
    }
    Ok(judge(actions == ["insert", "update"], actions.join(", then ")))
}

/// An event with such times.
async fn event(fixture: &Fixture, zone: &str) -> Result<Answer, Stop> {
    let row = json!({
        "Event_Title": fixture.mark(),
        "Start_DateTime": format!("2030-01-01T10:00:00{zone}"),
        "End_DateTime": format!("2030-01-01T11:00:00{zone}"),
    });
    Ok(fixture.write(V8, "Events", &[row]).await?)
}

async fn times_with_offset(fixture: &Fixture) -> CheckResult {
    let answer = event(fixture, "+00:00").await?;
    let id = answer.text("/data/0/details/id");
    if id.is_empty() {
        return Ok(judge_answer(false, &answer));
    }
    let read = fixture.get(V8, &format!("Events/{id}")).await?;
    let kept = chrono::DateTime::parse_from_rfc3339(read.text("/data/0/Start_DateTime"));
    let good = kept.is_ok_and(|kept| kept.to_utc().to_rfc3339() == "2030-01-01T10:00:00+00:00");
    Ok(judge(good, format!("{answer}, the instant kept: {good}")))
}

async fn times_with_z(fixture: &Fixture) -> CheckResult {
    let answer = event(fixture, "Z").await?;
    Ok(judge_answer(answer.code() == "INVALID_DATA", &answer))
}

const ROWS: &str = "/data/0/Pricing_Details";

fn range(from: u32) -> Value {
    json!({ "from_range": from, "to_range": from + 8, "discount": 5 })
}

/// A price book with one row, after an update with `rows`; how many it has then.
async fn rows_after(
    fixture: &Fixture,
    version: ApiVersion,
    rows: impl Fn(&Value) -> Value,
) -> Result<(usize, usize), Stop> {
    let book = json!({
        "Price_Book_Name": fixture.mark(), "Pricing_Model": "Flat", "Pricing_Details": [range(1)],
    });
    let id = fixture.create(V8, "Price_Books", book).await?;
    let target = format!("Price_Books/{id}");
    let count = |answer: &Answer| answer.at(ROWS).as_array().map_or(0, Vec::len);
    let before = fixture.get(V8, &target).await?;
    let change = json!({ "Pricing_Details": rows(before.at(&format!("{ROWS}/0"))) });
    let answer = update(fixture, version, "Price_Books", &id, &change).await?;
    if answer.status != 200 {
        return Err(Stop::because(&answer));
    }
    Ok((count(&before), count(&fixture.get(V8, &target).await?)))
}

fn rows_seen(seen: (usize, usize), wanted: usize) -> Verdict {
    judge(seen == (1, wanted), format!("{} rows, then {}", seen.0, seen.1))
}

async fn rows_append(fixture: &Fixture) -> CheckResult {
    Ok(rows_seen(rows_after(fixture, V8, |_| json!([range(11)])).await?, 2))
}

async fn rows_replace_v2(fixture: &Fixture) -> CheckResult {
    let rows = |_: &Value| json!([range(11), range(21), range(31)]);
    Ok(rows_seen(rows_after(fixture, V2, rows).await?, 3))
}

async fn rows_replace_v4(fixture: &Fixture) -> CheckResult {
    let rows = |_: &Value| json!([range(11), range(21), range(31)]);
    Ok(rows_seen(rows_after(fixture, ApiVersion::V4, rows).await?, 3))
}

async fn rows_delete(fixture: &Fixture) -> CheckResult {
    let gone = |row: &Value| json!([{ "id": row.get("id"), "_delete": null }]);
    Ok(rows_seen(rows_after(fixture, V8, gone).await?, 0))
}

async fn rows_clear(fixture: &Fixture) -> CheckResult {
    Ok(rows_seen(rows_after(fixture, V8, |_| json!([])).await?, 0))
}

async fn external_key(fixture: &Fixture) -> CheckResult {
    let fields = fixture.get(V8, "settings/fields?module=Leads").await?;
    let all = fields.at("/fields").as_array().into_iter().flatten();
    let own = all.into_iter().find(|field| field.get("external").is_some_and(Value::is_object));
    let Some(name) = own.and_then(|field| field.get("api_name")?.as_str()) else {
        return Ok(Verdict::NotHere("Leads have no field for ids of another system".into()));
    };
    let key = format!("zcrm{:016x}", fastrand::u64(..));
    let mut row = fixture.lead("External");
    put(&mut row, name, json!(key));
    let id = fixture.create(V8, "Leads", row).await?;
    let header = format!("Leads.{name}");
    let target = format!("Leads/{key}");
    let answer = fixture.call_with(V8, "GET", &target, &[("X-EXTERNAL", &header)], None).await?;
    Ok(judge_answer(answer.text("/data/0/id") == id, &answer))
}
