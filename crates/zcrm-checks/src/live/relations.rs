//! Relations between records, tags on them, and one change of many.

use serde_json::{Value, json};
use zcrm::ApiVersion;
use zcrm_sim::Simulator;

use super::accounts::own_simulator;
use super::answer::Answer;
use super::check::{Check, check, simulated};
use super::fixture::Fixture;
use super::related::{book, count, delete, id_of, lead, send, went};
use super::shapes::tag;
use super::verdict::{CheckResult, judge, judge_answer};
use crate::BoxError;

pub(super) const CHECKS: &[Check] = &[
    check!("relation-price", "a relation with `list_price` is seen from both ends", relation_price),
    check!("relation-lookup", "to relate a contact to an account sets its lookup", relation_lookup),
    check!("relation-name", "a related list that is not there: INVALID_DATA", relation_name),
    check!(
        "mass-update",
        "one change of named records; an unknown one is INVALID_DATA",
        mass_update
    ),
    check!("mass-update-limit", "501 ids are refused: LIMIT_EXCEEDED", mass_update_limit),
    simulated!(
        "mass-update-view",
        "one change of a view's records is a job; `ids` beside `cvid` is refused",
        "it would change records of others",
        mass_update_view
    ),
    check!("tags-many", "a tag is put on two records, and taken off one of them", tags_many),
    simulated!(
        "tag-limits",
        "tags have 25 characters, records ten of them; `over_write` takes the others off",
        "it would leave tags",
        tag_limits
    ),
];

const V8: ApiVersion = ApiVersion::V8;

async fn relation_price(fixture: &Fixture) -> CheckResult {
    let product = json!({ "Product_Name": fixture.mark(), "Unit_Price": 8 });
    let (product, book) = (fixture.create(V8, "Products", product).await?, book(fixture).await?);
    let target = format!("Products/{product}/Price_Books/{book}");
    let wrong = send(fixture, "PUT", &target, json!({ "list_price": "much" })).await?;
    let related = went(send(fixture, "PUT", &target, json!({ "list_price": 12.5 })).await?)?;
    let list = format!("Products/{product}/Price_Books?fields=Price_Book_Name");
    let other = format!("Price_Books/{book}/Products?fields=Product_Name");
    let (one, two) = (fixture.get(V8, &list).await?, fixture.get(V8, &other).await?);
    let shows = |answer: &Answer, id: &str| {
        let price = answer.at("/data/0/list_price").as_f64();
        answer.text("/data/0/id") == id && price == Some(12.5) && count(answer) == 1
    };
    let both = (shows(&one, &book), shows(&two, &product));
    let (gone, again) = (delete(fixture, &target).await?, delete(fixture, &target).await?);
    let after = fixture.get(V8, &list).await?;
    let codes = [wrong.code(), gone.code(), again.code()];
    let good = codes == ["INVALID_DATA", "SUCCESS", "INVALID_DATA"];
    let good = good && both == (true, true) && after.status == 204;
    Ok(judge(good, format!("{wrong}, {related}, seen {both:?}; {gone}, {after}, {again}")))
}

async fn relation_lookup(fixture: &Fixture) -> CheckResult {
    let account = json!({ "Account_Name": fixture.mark() });
    let account = fixture.create(V8, "Accounts", account).await?;
    let row = json!({ "Last_Name": fixture.mark() });
    let contact = fixture.create(V8, "Contacts", row).await?;
    let (one, target) = (format!("Contacts/{contact}"), format!("Accounts/{account}/Contacts"));
    let row = json!({ "id": contact });
    let related = went(send(fixture, "PUT", &target, row).await?)?;
    let set = fixture.get(V8, &one).await?.text("/data/0/Account_Name/id") == account;
    let gone = delete(fixture, &format!("{target}?ids={contact}")).await?;
    let after = fixture.get(V8, &one).await?;
    let free = after.status == 200 && after.at("/data/0/Account_Name").is_null();
    Ok(judge(set && free, format!("{related}, set {set}; {gone}, there and free {free}")))
}

async fn relation_name(fixture: &Fixture) -> CheckResult {
    let target = format!("Leads/{}/No_Such_List?fields=id", lead(fixture).await?);
    let answer = fixture.get(V8, &target).await?;
    Ok(judge_answer(answer.is(400, "INVALID_DATA"), &answer))
}

const MASS: &str = "Leads/actions/mass_update";

async fn mass_update(fixture: &Fixture) -> CheckResult {
    let (a, b, gone) = (lead(fixture).await?, lead(fixture).await?, lead(fixture).await?);
    delete(fixture, &format!("Leads/{gone}")).await?;
    let body = json!({ "data": [{ "City": "Pune" }], "ids": [a, gone, b] });
    let answer = fixture.call(V8, "POST", MASS, Some(&body)).await?;
    if answer.status != 207 {
        return Ok(judge_answer(false, &answer));
    }
    let mut cities = Vec::new();
    for id in [&a, &b] {
        let read = fixture.get(V8, &format!("Leads/{id}")).await?;
        cities.push(read.text("/data/0/City").to_owned());
    }
    let unknown = answer.text("/data/1/code");
    let good = unknown == "INVALID_DATA" && cities == ["Pune", "Pune"];
    Ok(judge(good, format!("{answer}, the second {unknown}; then {cities:?}")))
}

async fn mass_update_limit(fixture: &Fixture) -> CheckResult {
    let body = json!({ "data": [{ "City": "Pune" }], "ids": vec![lead(fixture).await?; 501] });
    let answer = fixture.call(V8, "POST", MASS, Some(&body)).await?;
    Ok(judge_answer(answer.is(400, "LIMIT_EXCEEDED"), &answer))
}

async fn mass_update_view(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _sim) = own_simulator().await?;
    let leads = [own.lead("A"), own.lead("B")];
    let made = own.write(V8, "Leads", &leads).await?;
    let views = own.get(V8, "settings/custom_views?module=Leads").await?;
    let view = views.text("/info/default");
    let body = json!({ "data": [{ "City": "Pune" }], "cvid": { "id": view } });
    let job = own.call(V8, "POST", MASS, Some(&body)).await?;
    let status = format!("{MASS}?job_id={}", job.text("/data/0/details/job_id"));
    let status = own.get(V8, &status).await?;
    let body = json!({ "data": [{ "City": "Agra" }], "cvid": view, "ids": [id_of(&made)?] });
    let both = own.call(V8, "POST", MASS, Some(&body)).await?;
    let read = own.get(V8, "Leads?fields=City").await?;
    let cities = [read.text("/data/0/City"), read.text("/data/1/City")];
    let updated = status.at("/data/0/Updated_Count").as_u64();
    let good = job.is(202, "SCHEDULED") && updated == Some(2) && cities == ["Pune", "Pune"];
    let seen = format!("{job}, updated {updated:?}, then {cities:?}; both {both}");
    Ok(judge(good && both.is(400, "AMBIGUITY_DURING_PROCESSING"), seen))
}

/// The names of a lead's tags.
async fn tags(fixture: &Fixture, lead: &str) -> Result<Vec<String>, BoxError> {
    let read = fixture.get(V8, &format!("Leads/{lead}")).await?;
    let tags = read.at("/data/0/Tag").as_array().into_iter().flatten();
    Ok(tags.filter_map(|tag| Some(tag.get("name")?.as_str()?.to_owned())).collect())
}

async fn tags_many(fixture: &Fixture) -> CheckResult {
    let (a, b, name) = (lead(fixture).await?, lead(fixture).await?, tag(fixture).await?);
    let body = json!({ "tags": [{ "name": name }], "ids": [a, b] });
    let added = went(fixture.call(V8, "POST", "Leads/actions/add_tags", Some(&body)).await?)?;
    let before = [tags(fixture, &a).await?.len(), tags(fixture, &b).await?.len()];
    let body = json!({ "tags": [{ "name": name }] });
    let target = format!("Leads/{a}/actions/remove_tags");
    let removed = fixture.call(V8, "POST", &target, Some(&body)).await?;
    let after = [tags(fixture, &a).await?.len(), tags(fixture, &b).await?.len()];
    let good = before == [1, 1] && after == [0, 1];
    Ok(judge(good, format!("{added}, tags {before:?}; {removed}, tags {after:?}")))
}

async fn tag_limits(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _sim) = own_simulator().await?;
    let lead = lead(&own).await?;
    let target = format!("Leads/{lead}/actions/add_tags");
    let mut seen = Vec::new();
    for (names, over) in [(vec!["x".repeat(26)], false), (many(11), false), (many(10), false)] {
        seen.push(add(&own, &target, &names, over).await?.code().to_owned());
    }
    seen.push(add(&own, &target, &["y".repeat(25)], false).await?.code().to_owned());
    let ten = tags(&own, &lead).await?;
    add(&own, &target, &["y".repeat(25)], true).await?;
    let one = tags(&own, &lead).await?;
    let good = seen == ["INVALID_DATA", "LIMIT_EXCEEDED", "SUCCESS", "LIMIT_EXCEEDED"];
    let good = good && ten == many(10) && one == ["y".repeat(25)];
    Ok(judge(good, format!("26 characters, 11, 10, one more: {seen:?}; {}", one.len())))
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("tag {index}")).collect()
}

async fn add(own: &Fixture, at: &str, names: &[String], over: bool) -> Result<Answer, BoxError> {
    let tags: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    own.call(V8, "POST", at, Some(&json!({ "tags": tags, "over_write": over }))).await
}
