//! Search and lead conversion, which hides leads from it.

use serde_json::{Value, json};
use zcrm::{ApiVersion, records::field};

use super::answer::Answer;
use super::check::{Check, check};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, judge, judge_answer};

pub(super) const CHECKS: &[Check] = &[
    check!("search-escape", "`( ) , \\` in a value are escaped by a backslash (v8)", escape_v8),
    check!("search-escape-v2", "`( ) , \\` in a value are escaped by a backslash (v2)", escape_v2),
    check!("search-nothing", "a search that finds nothing is 204 without a body", nothing),
    check!("search-conditions", "11 conditions are refused: 400 LIMIT_EXCEEDED", conditions),
    check!("search-wall", "no page of a search ends beyond 2,000 records: 400", wall),
    check!("convert-v8", "v8 answers `details.Contacts.id`", convert_v8),
    check!("convert-v2", "v2 answers `data[0].Contacts`, a bare id", convert_v2),
    check!("convert-twice", "a second conversion: 400 ID_ALREADY_CONVERTED", convert_twice),
    check!("converted-in-lists", "a list, of ids too, leaves a converted lead out", in_lists),
    check!("converted-in-search", "a search leaves a converted lead out", in_search),
];

const V2: ApiVersion = ApiVersion::V2;
const V8: ApiVersion = ApiVersion::V8;

async fn escape(fixture: &Fixture, version: ApiVersion) -> CheckResult {
    let name = "Kay (Zylker, Inc) \\";
    let id = fixture.create(V8, "Leads", fixture.lead(name)).await?;
    let criteria = field("Last_Name").eq(name).to_search()?;
    let target = format!("Leads/search?criteria={criteria}");
    // the index knows it once the newest search finds it
    fixture.until_found(&target).await?;
    let criteria = field("Last_Name").eq(name);
    let found = fixture.client(version)?.records("Leads").search(criteria).send().await?;
    let ids = found.items.iter().flatten().filter_map(zcrm::Record::id);
    let seen = ids.filter(|found| found.as_str() == id).count();
    Ok(judge(seen == 1, format!("the record {seen} times among those found")))
}

async fn escape_v8(fixture: &Fixture) -> CheckResult {
    escape(fixture, V8).await
}

async fn escape_v2(fixture: &Fixture) -> CheckResult {
    escape(fixture, V2).await
}

async fn nothing(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "Leads/search?criteria=(Last_Name:equals:zcrm no such)").await?;
    Ok(judge_answer(answer.status == 204 && answer.is_empty(), &answer))
}

async fn conditions(fixture: &Fixture) -> CheckResult {
    let all = ["(Last_Name:equals:zcrm)"; 11].join("or");
    let answer = fixture.get(V8, &format!("Leads/search?criteria=({all})")).await?;
    Ok(judge_answer(answer.is(400, "LIMIT_EXCEEDED"), &answer))
}

async fn wall(fixture: &Fixture) -> CheckResult {
    let target = "Leads/search?criteria=(Last_Name:equals:zcrm)&per_page=200&page=11";
    let answer = fixture.get(V8, target).await?;
    Ok(judge_answer(answer.status == 400, &answer))
}

/// Converts a lead of our own; the answer.
async fn convert(fixture: &Fixture, version: ApiVersion, lead: &str) -> Result<Answer, Stop> {
    let row =
        json!({ "overwrite": true, "notify_lead_owner": false, "notify_new_entity_owner": false });
    let target = format!("Leads/{lead}/actions/convert");
    let answer = fixture.call(version, "POST", &target, Some(&json!({ "data": [row] }))).await?;
    for module in ["Accounts", "Contacts", "Deals"] {
        for place in [format!("/data/0/{module}"), format!("/data/0/details/{module}")] {
            let made = answer.at(&place);
            if let Some(id) = made.get("id").unwrap_or(made).as_str() {
                fixture.made(module, id);
            }
        }
    }
    Ok(answer)
}

/// A lead that was converted in v8.
async fn converted(fixture: &Fixture, name: &str) -> Result<String, Stop> {
    let lead = fixture.create(V8, "Leads", fixture.lead(name)).await?;
    let answer = convert(fixture, V8, &lead).await?;
    if answer.status == 200 { Ok(lead) } else { Err(Stop::because(&answer)) }
}

async fn convert_v8(fixture: &Fixture) -> CheckResult {
    let lead = fixture.create(V8, "Leads", fixture.lead("Convert")).await?;
    let answer = convert(fixture, V8, &lead).await?;
    Ok(judge_answer(!answer.text("/data/0/details/Contacts/id").is_empty(), &answer))
}

async fn convert_v2(fixture: &Fixture) -> CheckResult {
    let lead = fixture.create(V8, "Leads", fixture.lead("Convert")).await?;
    let answer = convert(fixture, V2, &lead).await?;
    Ok(judge_answer(!answer.text("/data/0/Contacts").is_empty(), &answer))
}

async fn convert_twice(fixture: &Fixture) -> CheckResult {
    let lead = converted(fixture, "Twice").await?;
    let answer = convert(fixture, V8, &lead).await?;
    Ok(judge_answer(answer.is(400, "ID_ALREADY_CONVERTED"), &answer))
}

/// Whether a list shows the record.
fn shows(answer: &Answer, id: &str) -> bool {
    let rows = answer.at("/data").as_array().into_iter().flatten();
    rows.into_iter().any(|row| row.get("id").and_then(Value::as_str) == Some(id))
}

async fn in_lists(fixture: &Fixture) -> CheckResult {
    let lead = converted(fixture, "Hidden").await?;
    let plain = fixture.get(V8, &format!("Leads?fields=Last_Name&ids={lead}")).await?;
    let target = format!("Leads?fields=Last_Name&converted=true&ids={lead}");
    let asked = fixture.get(V8, &target).await?;
    let good = !shows(&plain, &lead) && shows(&asked, &lead);
    Ok(judge(good, format!("plainly {plain}; with converted=true {asked}")))
}

async fn in_search(fixture: &Fixture) -> CheckResult {
    let criteria = format!("(Company:equals:{} hidden)", fixture.mark());
    let row = json!({ "Last_Name": "Hidden", "Company": format!("{} hidden", fixture.mark()) });
    let lead = fixture.create(V8, "Leads", row).await?;
    let target = format!("Leads/search?criteria={criteria}");
    let before = fixture.until_found(&target).await?;
    let answer = convert(fixture, V8, &lead).await?;
    if answer.status != 200 {
        return Err(Stop::because(&answer));
    }
    let plain = fixture.get(V8, &target).await?;
    let asked = fixture.get(V8, &format!("{target}&converted=true")).await?;
    let good = shows(&before, &lead) && !shows(&plain, &lead) && shows(&asked, &lead);
    Ok(judge(good, format!("before {before}; after {plain}; with converted=true {asked}")))
}
