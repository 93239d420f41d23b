//! What the versions show differently.

use serde_json::{Value, json};
use zcrm::ApiVersion;

use super::answer::Answer;
use super::check::{Check, check};
use super::fixture::Fixture;
use super::verdict::{CheckResult, Stop, Verdict, judge, judge_answer};

pub(super) const CHECKS: &[Check] = &[
    check!("module-flag", "modules have `visible` up to v4, `status` from v5 on", module_flag),
    check!("converted-flag", "`$converted` in v3, `Converted__s` from v4 on", converted_flag),
    check!("id-is-a-field", "`id` is among the fields from v4 on", id_is_a_field),
    check!("note-parent-v2", "v2 shows a note's Parent_Id and `$se_module`", note_parent_v2),
    check!("note-parent-v8", "v8 shows Parent_Id.module.api_name", note_parent_v8),
    check!("tags-v8", "v8 adds tags by a body of objects with names", tags_v8),
    check!("tags-v2", "v2 adds tags by `tag_names`", tags_v2),
    check!("line-items-v8", "a quote has `Quoted_Items` with Product_Name in v8", items_v8),
    check!("line-items-v2", "a quote has `Product_Details` with product in v2", items_v2),
    check!("line-discount", "a discount of 12.5% is the text `12.5%`", line_discount),
    check!("product-taxes", "taxes are names in v2, objects with `value` in v8", product_taxes),
    check!("file-field", "a file's field is written as File_Id__s (v8)", file_field),
    check!("unknown-file", "a file that is not there is 204", unknown_file),
    check!("attachment-link", "attachments take `attachmentUrl` in a part", attachment_link),
    check!("coql-fields", "COQL takes more than 50 fields in v8", coql_fields),
    check!("coql-joins", "COQL follows two relations", coql_joins),
];

const V2: ApiVersion = ApiVersion::V2;
const V8: ApiVersion = ApiVersion::V8;

async fn module_flag(fixture: &Fixture) -> CheckResult {
    let old = fixture.get(ApiVersion::V4, "settings/modules").await?;
    let new = fixture.get(ApiVersion::V5, "settings/modules").await?;
    let has = |answer: &Answer, name: &str| !answer.at(&format!("/modules/0/{name}")).is_null();
    let seen = (has(&old, "visible"), has(&new, "status"));
    Ok(judge(
        seen == (true, true),
        format!("v4 {old}, visible {}; v5 {new}, status {}", seen.0, seen.1),
    ))
}

async fn converted_flag(fixture: &Fixture) -> CheckResult {
    let id = fixture.create(V8, "Leads", fixture.lead("Flag")).await?;
    let has = |answer: &Answer, name: &str| answer.at("/data/0").get(name).is_some();
    let old = fixture.get(ApiVersion::V3, &format!("Leads/{id}")).await?;
    let new = fixture.get(ApiVersion::V4, &format!("Leads/{id}")).await?;
    let seen = (has(&old, "$converted"), has(&new, "Converted__s"));
    Ok(judge(seen == (true, true), format!("in v3: {}, in v4: {}", seen.0, seen.1)))
}

async fn id_is_a_field(fixture: &Fixture) -> CheckResult {
    let mut seen = Vec::new();
    for version in [ApiVersion::V3, ApiVersion::V4] {
        let fields = fixture.get(version, "settings/fields?module=Leads").await?;
        let all = fields.at("/fields").as_array().into_iter().flatten();
        let is_id = |field: &Value| field.get("api_name").is_some_and(|name| name == "id");
        seen.push(all.into_iter().any(is_id));
    }
    Ok(judge(seen == [false, true], format!("v3, v4: {seen:?}")))
}

/// A note on a lead of our own, as that version reads it.
async fn note(fixture: &Fixture, version: ApiVersion) -> Result<Answer, Stop> {
    let lead = fixture.create(V8, "Leads", fixture.lead("Noted")).await?;
    let body = json!({ "data": [{ "Note_Content": fixture.mark() }] });
    let made = fixture.call(V8, "POST", &format!("Leads/{lead}/Notes"), Some(&body)).await?;
    let id = made.text("/data/0/details/id");
    if id.is_empty() {
        return Err(Stop::because(&made));
    }
    fixture.made("Notes", id);
    // v2 shows `$se_module` to those who name no fields
    let fields = if version == V2 { "" } else { "?fields=Note_Content,Parent_Id" };
    Ok(fixture.get(version, &format!("Leads/{lead}/Notes{fields}")).await?)
}

async fn note_parent_v2(fixture: &Fixture) -> CheckResult {
    let answer = note(fixture, V2).await?;
    let parent = !answer.at("/data/0/Parent_Id").is_null();
    let good = parent && answer.text("/data/0/$se_module") == "Leads";
    Ok(judge_answer(good, &answer))
}

async fn note_parent_v8(fixture: &Fixture) -> CheckResult {
    let answer = note(fixture, V8).await?;
    Ok(judge_answer(answer.text("/data/0/Parent_Id/module/api_name") == "Leads", &answer))
}

/// The name of a tag that some lead has already, if the organisation has one: a new one would stay.
pub(super) async fn tag(fixture: &Fixture) -> Result<String, Stop> {
    let tags = fixture.get(V8, "settings/tags?module=Leads").await?;
    let name = tags.text("/tags/0/name");
    if !name.is_empty() {
        return Ok(name.to_owned());
    }
    if fixture.simulator().is_none() {
        let why = "the organisation has no tag of leads, and a new one would stay";
        return Err(Stop::Verdict(Verdict::NotHere(why.into())));
    }
    Ok("live-check".to_owned())
}

async fn tagged(fixture: &Fixture, lead: &str, answer: &Answer) -> CheckResult {
    let read = fixture.get(V8, &format!("Leads/{lead}")).await?;
    let has = read.at("/data/0/Tag").as_array().is_some_and(|tags| !tags.is_empty());
    Ok(judge(answer.status == 200 && has, format!("{answer}, the record has it: {has}")))
}

async fn tags_v8(fixture: &Fixture) -> CheckResult {
    let lead = fixture.create(V8, "Leads", fixture.lead("Tagged")).await?;
    let body = json!({ "tags": [{ "name": tag(fixture).await? }] });
    let target = format!("Leads/{lead}/actions/add_tags");
    let answer = fixture.call(V8, "POST", &target, Some(&body)).await?;
    tagged(fixture, &lead, &answer).await
}

async fn tags_v2(fixture: &Fixture) -> CheckResult {
    let lead = fixture.create(V8, "Leads", fixture.lead("Tagged")).await?;
    let target = format!("Leads/{lead}/actions/add_tags?tag_names={}", tag(fixture).await?);
    let answer = fixture.call(V2, "POST", &target, None).await?;
    tagged(fixture, &lead, &answer).await
}

/// A quote with one line of a product of our own, made in v8 and read in that version.
async fn quote(fixture: &Fixture, version: ApiVersion) -> Result<Answer, Stop> {
    let product = json!({ "Product_Name": fixture.mark(), "Unit_Price": 8 });
    let product = fixture.create(V8, "Products", product).await?;
    let line = json!({
        "Product_Name": { "id": product }, "Quantity": 1, "List_Price": 8, "Discount": "12.5%",
    });
    let row = json!({ "Subject": fixture.mark(), "Quoted_Items": [line] });
    let id = fixture.create(V8, "Quotes", row).await?;
    Ok(fixture.get(version, &format!("Quotes/{id}")).await?)
}

async fn items_v8(fixture: &Fixture) -> CheckResult {
    let answer = quote(fixture, V8).await?;
    Ok(judge_answer(!answer.text("/data/0/Quoted_Items/0/Product_Name/id").is_empty(), &answer))
}

async fn items_v2(fixture: &Fixture) -> CheckResult {
    let answer = quote(fixture, V2).await?;
    Ok(judge_answer(!answer.text("/data/0/Product_Details/0/product/id").is_empty(), &answer))
}

async fn line_discount(fixture: &Fixture) -> CheckResult {
    let answer = quote(fixture, V8).await?;
    let shown = answer.at("/data/0/Quoted_Items/0/Discount");
    let after = answer.at("/data/0/Quoted_Items/0/Total_After_Discount").as_f64();
    let good = after == Some(7.0);
    Ok(judge(good, format!("{answer}, of 8 remains {after:?}; it is shown as {shown}")))
}

async fn product_taxes(fixture: &Fixture) -> CheckResult {
    let taxes = fixture.get(V8, "org/taxes").await?;
    let name = taxes.text("/org_taxes/taxes/0/display_label");
    let name = if name.is_empty() { taxes.text("/taxes/0/display_label") } else { name };
    if name.is_empty() {
        return Ok(Verdict::NotHere(format!("the organisation tells no tax: {taxes}")));
    }
    let row = json!({ "Product_Name": fixture.mark(), "Tax": [{ "value": name }] });
    let id = fixture.create(V8, "Products", row).await?;
    let new = fixture.get(V8, &format!("Products/{id}")).await?;
    let old = fixture.get(V2, &format!("Products/{id}")).await?;
    let (new, old) = (new.at("/data/0/Tax/0/value"), old.at("/data/0/Tax/0"));
    Ok(judge(new.is_string() && old.is_string(), format!("v8 value {new}, v2 {old}")))
}

async fn file_field(fixture: &Fixture) -> CheckResult {
    let fields = fixture.get(V8, "settings/fields?module=Leads").await?;
    let all = fields.at("/fields").as_array().into_iter().flatten();
    let is_file = |field: &&Value| field.get("data_type").is_some_and(|it| it == "fileupload");
    let own = all.into_iter().find(is_file).and_then(|field| field.get("api_name")?.as_str());
    let Some(name) = own else {
        return Ok(Verdict::NotHere("Leads have no field for files".into()));
    };
    let upload = &zcrm::operations::FILES_UPLOAD;
    let call = fixture.client(V8)?.call(upload).file("zcrm.txt", "text/plain", "zcrm live-check");
    let uploaded: Answer = call.send().await?.into();
    let file = uploaded.text("/data/0/details/id");
    if file.is_empty() {
        return Err(Stop::because(&uploaded));
    }
    let row = json!({
        "Last_Name": "Papers", "Company": fixture.mark(), name: [{ "File_Id__s": file }],
    });
    let id = fixture.create(V8, "Leads", row).await?;
    let read = fixture.get(V8, &format!("Leads/{id}")).await?;
    let kept = read.at("/data/0").get(name).and_then(Value::as_array).map_or(0, Vec::len);
    Ok(judge(kept == 1, format!("{read}, {kept} files in the field")))
}

async fn unknown_file(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "files?id=zcrmlivecheck").await?;
    Ok(judge_answer(answer.status == 204, &answer))
}

async fn attachment_link(fixture: &Fixture) -> CheckResult {
    let lead = fixture.create(V8, "Leads", fixture.lead("Linked")).await?;
    let files = fixture.client(V8)?.record("Leads", lead).attachments();
    let made = files.link("https://example.com/zcrm").send().await;
    match made {
        Ok(_) => Ok(Verdict::Agrees("it was taken".into())),
        Err(error) => Ok(Verdict::Disagrees(error.to_string())),
    }
}

async fn coql(fixture: &Fixture, query: &str) -> CheckResult {
    let answer = fixture.call(V8, "POST", "coql", Some(&json!({ "select_query": query }))).await?;
    Ok(judge_answer(matches!(answer.status, 200 | 204), &answer))
}

async fn coql_fields(fixture: &Fixture) -> CheckResult {
    let fields = ["Last_Name"; 51].join(", ");
    coql(fixture, &format!("select {fields} from Contacts where Last_Name is not null limit 1"))
        .await
}

async fn coql_joins(fixture: &Fixture) -> CheckResult {
    let fields = "Account_Name.Account_Name, Account_Name.Parent_Account.Account_Name";
    coql(fixture, &format!("select {fields} from Contacts where Last_Name is not null limit 1"))
        .await
}
