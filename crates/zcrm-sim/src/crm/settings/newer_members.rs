//! Members of modules and fields that only newer versions show and that have no effect in the
//! simulator.

use serde_json::{Map, Value, json};

use crate::environment::Environment;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec, related_lists};
use crate::state::{FOUNDED, State};
use crate::version::Version;

/// Adds the members that the description does not have yet.
fn complete(description: &mut Map<String, Value>, members: Value) {
    let Value::Object(members) = members else { return };
    for (name, value) in members {
        description.entry(name).or_insert(value);
    }
}

fn layouts(module: &ModuleSpec) -> Vec<Value> {
    let layouts = module.layouts.iter();
    layouts
        .map(|(id, name)| json!({ "id": id.to_string(), "name": name, "api_name": name }))
        .collect()
}

/// Adds the members of a field that are shown from v2.1 on.
pub(crate) fn of_field(
    state: &State,
    module: &ModuleSpec,
    field: &FieldSpec,
    version: Version,
    description: &mut Map<String, Value>,
) {
    if version <= Version::V2 {
        return;
    }
    let place = module.fields.iter().position(|known| known.id == field.id).unwrap_or_default();
    let profiles: Vec<Value> = state
        .store(Environment::Production)
        .profiles
        .values()
        .map(|one| {
            json!({ "id": one.get("id"), "name": one.get("name"), "permission_type": "read_write" })
        })
        .collect();
    let subform = (field.kind == FieldKind::Subform)
        .then(|| json!({ "module": field.api_name, "id": field.id.to_string() }));
    let members = json!({
        "sequence_number": place + 1,
        "quick_sequence_number": (place + 1).to_string(),
        "column_name": field.api_name.to_uppercase(),
        "type": "used",
        "profiles": profiles,
        "layout_associations": layouts(module),
        "subform": subform,
        "created_time": Value::Null,
        "modified_time": Value::Null,
        "customizable_properties": [],
        "allowed_modules": [],
        "file_upolad_optionlist": [],
        "multi_module_lookup": Value::Null,
        "rollup_summary": Value::Null,
        "common.picklist": Value::Null,
        "additional_column": Value::Null,
        "category": i32::from(field.custom),
        "display_type": -1,
        "show_type": 7,
        "ui_type": 1,
        "webhook": true,
        "blueprint_supported": !field.read_only,
        "businesscard_supported": true,
        "available_in_user_layout": true,
        "pick_list_values_sorted_lexically": false,
        "colour_code_enabled_by_system": false,
        "enable_colour_code": false,
        "hipaa_compliance_enabled": false,
        "virtual_field": false,
        "static_field": false,
        "separator": false,
        "number_separator": false,
        "_update_existing_records": false,
    });
    complete(description, members);
    if let Some(default) = &field.default {
        let text = default.as_str().map_or_else(|| default.to_string(), String::from);
        description.insert("default_value".into(), text.into());
    }
}

/// Adds the members of a module that are shown from v2.1 on.
pub(crate) fn of_module(
    state: &State,
    module: &ModuleSpec,
    version: Version,
    description: &mut Map<String, Value>,
) {
    if version <= Version::V2 {
        return;
    }
    let lists: Vec<Value> = related_lists(&state.modules, module)
        .iter()
        .map(|list| {
            let target = state.modules.get(list.target());
            let id = target.map(|module| module.id.to_string());
            json!({
                "id": list.id.to_string(), "api_name": list.api_name,
                "module": { "api_name": list.target(), "id": id },
            })
        })
        .collect();
    let members = json!({
        "visibility": 1,
        "profile_count": state.store(Environment::Production).profiles.0.len(),
        "layouts": layouts(module),
        "layout_associations": layouts(module),
        "related_lists": lists,
        "per_page": 200,
        "modified_time": FOUNDED,
        "description": Value::Null,
        "web_link": Value::Null,
        "arguments": [],
        "business_card_fields": [],
        "business_card_field_limit": 5,
        "default_mapping_fields": [],
        "search_layout_fields": [],
        "$field_states": [],
        "$properties": ["$currency_symbol", "$approval", "$editable"],
        "$on_demand_properties": [],
        "activity_badge": "Disabled",
        "chart_view": false,
        "chart_view_supported": true,
        "common.search_supported": true,
        "emailTemplate_support": true,
        "email_parser_supported": true,
        "feeds_required": false,
        "filter_status": true,
        "filter_supported": true,
        "inventory_template_supported": false,
        "isBlueprintSupported": true,
        "kanban_view": false,
        "kanban_view_supported": true,
        "presence_sub_menu": true,
        "recycle_bin_on_delete": true,
        "scoring_supported": true,
        "track_current_data": false,
        "webform_supported": true,
        "zia_view": false,
    });
    complete(description, members);
}
