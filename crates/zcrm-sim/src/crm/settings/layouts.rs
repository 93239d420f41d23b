//! Layouts: the sections of a module's form and the fields in them.

use serde_json::{Map, Value, json};

use super::describe::field_json;
use crate::crm::call::{Context, Refusal, found};
use crate::http::Answer;
use crate::schema::{FieldKind, ModuleSpec};
use crate::state::FOUNDED;
use crate::version::Version;

/// The deal fields shown when a lead is converted.
const OF_DEAL: [&str; 4] = ["Deal_Name", "Closing_Date", "Stage", "Amount"];

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let wanted = cx.setting_id()?;
    let module = cx.param_module()?;
    let layouts = module.layouts.iter();
    let layouts = layouts.filter(|(id, _)| wanted.is_none_or(|wanted| id.to_string() == wanted));
    Ok(found("layouts", layouts.map(|(id, name)| show(cx, &module, *id, name)).collect()))
}

fn show(cx: &Context<'_>, module: &ModuleSpec, id: u64, name: &str) -> Value {
    let first = cx.state.users.first().map(|user| cx.view().actor(&user.id));
    let profiles: Vec<Value> = cx
        .store()
        .profiles
        .values()
        .map(|one| json!({ "id": one.get("id"), "name": one.get("name"), "default": true }))
        .collect();
    let mut shown = json!({
        "id": id.to_string(),
        "name": name,
        "visible": true,
        "status": 0,
        "source": "crm",
        "created_for": Value::Null,
        "created_time": Value::Null,
        "created_by": Value::Null,
        "modified_time": FOUNDED,
        "modified_by": first,
        "profiles": profiles,
        "sections": sections(cx, module, id),
    });
    let Some(map) = shown.as_object_mut() else { return shown };
    if module.api_name() == "Leads" {
        map.insert("convert_mapping".into(), convert_mapping(cx));
    }
    if cx.version > Version::V2 {
        map.insert("status".into(), "active".into());
        map.insert("display_label".into(), name.into());
        map.insert("api_name".into(), name.into());
        map.insert("mode".into(), Value::Null);
        map.insert("generated_type".into(), "default".into());
        map.insert("show_business_card".into(), true.into());
        map.insert("has_more_profiles".into(), false.into());
        let allowed = [
            "edit",
            "rename",
            "clone",
            "downgrade",
            "delete",
            "deactivate",
            "set_layout_permissions",
        ];
        let allowed: Map<String, Value> =
            allowed.iter().map(|name| ((*name).to_owned(), json!(*name != "delete"))).collect();
        map.insert("actions_allowed".into(), allowed.into());
    }
    shown
}

/// Returns the sections of the form: one for the fields, and one for each subform.
fn sections(cx: &Context<'_>, module: &ModuleSpec, layout: u64) -> Vec<Value> {
    let is_subform = |kind: FieldKind| kind == FieldKind::Subform;
    let plain: Vec<Value> = module
        .fields
        .iter()
        .filter(|field| !is_subform(field.kind) && field.kind != FieldKind::Layout)
        .filter(|field| field.api_name != "id")
        .enumerate()
        .map(|(index, field)| {
            let mut shown = field_json(cx.state, module, field, cx.version);
            if let Some(map) = shown.as_object_mut() {
                map.insert("sequence_number".into(), (index + 1).into());
                map.insert("required".into(), field.mandatory.into());
                map.insert("section_id".into(), 1.into());
            }
            shown
        })
        .collect();
    let information = format!("{} Information", module.singular);
    let mut all = vec![section(cx, layout, 0, &information, false, plain)];
    for (index, field) in module.fields.iter().filter(|f| is_subform(f.kind)).enumerate() {
        let columns: Vec<Value> = field
            .columns
            .iter()
            .map(|column| field_json(cx.state, module, column, cx.version))
            .collect();
        all.push(section(cx, layout, index + 1, &field.api_name, true, columns));
    }
    all
}

fn section(
    cx: &Context<'_>,
    layout: u64,
    index: usize,
    name: &str,
    subform: bool,
    fields: Vec<Value>,
) -> Value {
    let properties =
        subform.then(|| json!({ "reorder_rows": false, "maximum_rows": 100, "tooltip": null }));
    let mut shown = json!({
        "name": name,
        "api_name": name,
        "display_label": name.replace('_', " "),
        "sequence_number": index + 1,
        "column_count": if subform { 1 } else { 2 },
        "tab_traversal": if cx.version == Version::V2 { json!(2) } else { json!("left_to_right") },
        "isSubformSection": subform,
        "properties": properties,
        "fields": fields,
    });
    if let (Some(map), true) = (shown.as_object_mut(), cx.version > Version::V2) {
        let id = layout + 400_000_000_000 + index as u64;
        map.insert("id".into(), id.to_string().into());
        map.insert("type".into(), if subform { "used" } else { "default" }.into());
        map.insert("generated_type".into(), "default".into());
    }
    shown
}

/// Returns the layouts used by a lead's conversion.
fn convert_mapping(cx: &Context<'_>) -> Value {
    let layout = |module: &str| {
        let layout = cx.state.modules.get(module).and_then(|module| module.layouts.first());
        layout.map(|(id, name)| json!({ "id": id.to_string(), "name": name })).unwrap_or_default()
    };
    let mut deals = layout("Deals");
    if let (Some(map), Some(module)) = (deals.as_object_mut(), cx.state.modules.get("Deals")) {
        let fields = OF_DEAL.iter().filter_map(|name| module.find(name)).map(|field| {
            json!({
                "id": field.id.to_string(),
                "api_name": field.api_name,
                "field_label": field.label,
                "required": field.mandatory,
            })
        });
        map.insert("fields".into(), fields.collect());
    }
    json!({ "Contacts": layout("Contacts"), "Accounts": layout("Accounts"), "Deals": deals })
}
