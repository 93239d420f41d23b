//! Modules, fields, layouts and custom views, as the settings describe them.

use serde_json::{Value, json};
use zcrm::ApiVersion;
use zcrm_sim::Simulator;

use super::accounts::own_simulator;
use super::check::{Check, check, simulated};
use super::fixture::Fixture;
use super::settings::{CHANGES, first, rows, send, text};
use super::verdict::{CheckResult, judge, judge_answer};

pub(super) const CHECKS: &[Check] = &[
    check!("view-default", "`info.default` is a view of the list, by its id the same", view),
    check!("view-unknown", "a list by a view that is none: 400 INVALID_DATA", view_unknown),
    simulated!("view-sort", "a list by a view comes in the view's order", CHANGES, view_sort),
    check!("layout-required", "a layout has Last_Name, required", layout_required),
    check!("layout-module", "layouts need `module`: 400 REQUIRED_PARAM_MISSING", layout_module),
    check!("field-by-id", "a field by its id is that of the list", field_by_id),
    check!("lookup-module", "a lookup's module: a name in v2, an object in v8", lookup_module),
    check!("module-by-name", "a module by its name, and one that is none: 400", module_by_name),
];

const V2: ApiVersion = ApiVersion::V2;
const V8: ApiVersion = ApiVersion::V8;

async fn view(fixture: &Fixture) -> CheckResult {
    let list = fixture.get(V8, "settings/custom_views?module=Leads").await?;
    let default = list.text("/info/default");
    let views = list.at("/custom_views").as_array().cloned().unwrap_or_default();
    let listed = views.iter().find(|view| text(view, "/id") == default);
    let Some(listed) = listed else { return Ok(judge_answer(false, &list)) };
    let one = first(fixture, &format!("settings/custom_views/{default}?module=Leads")).await?;
    let same = text(&one, "/id") == default && text(&one, "/name") == text(listed, "/name");
    Ok(judge(same, format!("{list}, by its id the same: {same}")))
}

async fn view_unknown(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "Leads?fields=id&cvid=1").await?;
    Ok(judge_answer(answer.is(400, "INVALID_DATA"), &answer))
}

async fn view_sort(_: &Fixture, _: &Simulator) -> CheckResult {
    let (own, _) = own_simulator().await?;
    for name in ["B", "C", "A"] {
        own.create(V8, "Leads", json!({ "Last_Name": name })).await?;
    }
    let view = first(&own, "settings/custom_views?module=Leads").await?;
    let view = text(&view, "/id");
    let path = format!("settings/custom_views/{view}/actions/change_sort?module=Leads");
    let (mut good, mut seen) = (true, Vec::new());
    for (order, expected) in [("asc", ["A", "B", "C"]), ("desc", ["C", "B", "A"])] {
        let sort = json!({ "sort_by": { "api_name": "Last_Name" }, "sort_order": order });
        let changed = send(&own, "PUT", &path, "custom_views", &sort).await?;
        let leads = rows(&own, V8, &format!("Leads?fields=Last_Name&cvid={view}")).await?;
        let names: Vec<&str> = leads.iter().map(|lead| text(lead, "/Last_Name")).collect();
        good &= changed.is(200, "SUCCESS") && names == expected;
        seen.push(format!("{order} {changed}: {names:?}"));
    }
    let none = json!({ "sort_by": { "api_name": "No_Field" } });
    let none = send(&own, "PUT", &path, "custom_views", &none).await?;
    seen.push(format!("by no field {none}"));
    Ok(judge(good && none.is(400, "INVALID_DATA"), seen.join("; ")))
}

async fn layout_required(fixture: &Fixture) -> CheckResult {
    let listed = first(fixture, "settings/layouts?module=Leads").await?;
    let id = text(&listed, "/id");
    let one = first(fixture, &format!("settings/layouts/{id}?module=Leads")).await?;
    let list = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let sections = list(&one, "sections");
    let mut fields = sections.iter().flat_map(|section| list(section, "fields"));
    let name = fields.find(|field| text(field, "/api_name") == "Last_Name").unwrap_or_default();
    let required = name.get("required").cloned().unwrap_or_default();
    let good = text(&one, "/id") == id && required == true;
    Ok(judge(good, format!("{} sections, Last_Name required: {required}", sections.len())))
}

async fn layout_module(fixture: &Fixture) -> CheckResult {
    let answer = fixture.get(V8, "settings/layouts").await?;
    Ok(judge_answer(answer.is(400, "REQUIRED_PARAM_MISSING"), &answer))
}

async fn field_by_id(fixture: &Fixture) -> CheckResult {
    let fields = rows(fixture, V8, "settings/fields?module=Leads").await?;
    let listed = fields.iter().find(|field| text(field, "/api_name") == "Lead_Source");
    let Some(listed) = listed else { return Ok(judge(false, "Leads have no Lead_Source")) };
    let path = format!("settings/fields/{}?module=Leads", text(listed, "/id"));
    let one = first(fixture, &path).await?;
    let same = |name: &&str| one.get(*name) == listed.get(*name) && one.get(*name).is_some();
    let good = ["id", "api_name", "data_type"].iter().all(same);
    let picked = text(&one, "/data_type") == "picklist"
        && !text(&one, "/pick_list_values/0/actual_value").is_empty();
    Ok(judge(good && picked, format!("the same: {good}; a picklist with values: {picked}")))
}

async fn lookup_module(fixture: &Fixture) -> CheckResult {
    let mut seen = Vec::new();
    for (version, place) in [(V2, "/lookup/module"), (V8, "/lookup/module/api_name")] {
        let fields = rows(fixture, version, "settings/fields?module=Contacts").await?;
        let field = fields.iter().find(|field| text(field, "/api_name") == "Account_Name");
        seen.push(field.map_or(String::new(), |field| text(field, place).to_owned()));
    }
    Ok(judge(seen == ["Accounts", "Accounts"], format!("v2, v8: {seen:?}")))
}

async fn module_by_name(fixture: &Fixture) -> CheckResult {
    let one = fixture.get(V8, "settings/modules/Leads").await?;
    let none = fixture.get(V8, "settings/modules/Nothing").await?;
    let good = one.text("/modules/0/api_name") == "Leads" && none.is(400, "INVALID_MODULE");
    Ok(judge(good, format!("Leads {one}, Nothing {none}")))
}
