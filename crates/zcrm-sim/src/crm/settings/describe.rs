//! Descriptions of modules and fields.

use serde_json::{Map, Value, json};

use crate::crm::settings::newer_members;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::State;
use crate::version::Version;

/// Returns a module's description, with its fields if a single module was requested.
pub(crate) fn module_json(
    state: &State,
    module: &ModuleSpec,
    version: Version,
    sequence: usize,
    detailed: bool,
) -> Value {
    let mut json = json!({
        "id": module.id.to_string(),
        "api_name": module.api_name(),
        "module_name": module.api_name(),
        "singular_label": module.singular,
        "plural_label": module.plural,
        "generated_type": if module.custom { "custom" } else { "default" },
        "sequence_number": sequence,
        "api_supported": true,
        "creatable": true,
        "editable": true,
        "deletable": true,
        "viewable": true,
        "show_as_tab": true,
        "quick_create": true,
        "global_search_supported": true,
        "triggers_supported": true,
        "convertable": module.api_name() == "Leads",
        "modified_by": Value::Null,
        "parent_module": {},
        "profiles": [],
    });
    let Some(map) = json.as_object_mut() else { return json };
    // From v5 on, a status replaces the flag of earlier versions.
    if version >= Version::V5 {
        map.insert("status".into(), "visible".into());
    } else {
        map.insert("visible".into(), true.into());
    }
    if detailed {
        let display = module.find(&module.display_field);
        let display = display.map_or(
            Value::Null,
            |field| json!({ "api_name": field.api_name, "id": field.id.to_string() }),
        );
        map.insert("display_field".into(), display);
        map.insert("per_page".into(), 200.into());
        let fields: Vec<Value> =
            module.fields.iter().map(|field| field_json(state, module, field, version)).collect();
        map.insert("fields".into(), fields.into());
    }
    newer_members::of_module(state, module, version, map);
    json
}

/// Returns a field's description.
pub(crate) fn field_json(
    state: &State,
    module: &ModuleSpec,
    field: &FieldSpec,
    version: Version,
) -> Value {
    let writable = !field.read_only;
    // A record has a layout, but forms do not show it as a field.
    let shown = field.kind != FieldKind::Layout;
    let sortable = matches!(field.api_name.as_str(), "id" | "Created_Time" | "Modified_Time");
    let mut json = json!({
        "id": field.id.to_string(),
        "api_name": field.api_name,
        "field_label": field.label,
        "display_label": field.label,
        "data_type": field.kind.data_type(),
        "json_type": field.kind.json_type(),
        "length": field.max_length,
        "system_mandatory": field.mandatory,
        "read_only": field.read_only,
        "field_read_only": field.read_only,
        "custom_field": field.custom,
        "created_source": if field.custom { "custom" } else { "default" },
        "visible": shown,
        "filterable": field.kind != FieldKind::Subform,
        "sortable": sortable,
        "searchable": field.kind != FieldKind::Subform,
        "display_field": field.api_name == module.display_field,
        "mass_update": writable,
        "unique": if field.unique { json!({ "casesensitive": "false" }) } else { json!({}) },
        "lookup": lookup_json(state, field, version),
        "pick_list_values": picklist_json(field),
        "operation_type": {
            "web_create": writable, "web_update": writable,
            "api_create": writable, "api_update": writable,
        },
        "view_type": {
            "view": shown, "edit": shown && writable, "create": shown && writable,
            "quick_create": shown && field.mandatory,
        },
        "auto_number": {},
        "formula": {},
        "currency": {},
        "multiselectlookup": {},
        "external": Value::Null,
        "tooltip": Value::Null,
        "decimal_place": Value::Null,
    });
    let Some(map) = json.as_object_mut() else { return json };
    if field.kind == FieldKind::Currency {
        map.insert("decimal_place".into(), 2.into());
        map.insert("currency".into(), json!({ "rounding_option": "normal", "precision": 2 }));
    }
    if field.kind == FieldKind::AutoNumber {
        map.insert("auto_number".into(), json!({ "prefix": "", "suffix": "", "start_number": 1 }));
    }
    if field.external {
        map.insert("external".into(), json!({ "type": "org", "show": true }));
    }
    newer_members::of_field(state, module, field, version, map);
    json
}

fn lookup_json(state: &State, field: &FieldSpec, version: Version) -> Value {
    let Some(target) = field.lookup.as_deref() else { return Value::Object(Map::new()) };
    let id = state.module(target).map(|module| module.id.to_string());
    // v2 names the module; later versions describe it.
    let module = if version == Version::V2 {
        json!(target)
    } else {
        json!({ "api_name": target, "id": id })
    };
    json!({ "module": module, "display_label": field.label, "api_name": null, "id": null })
}

/// Returns the picklist values. Their ids are far from those assigned to modules and fields.
fn picklist_json(field: &FieldSpec) -> Vec<Value> {
    field
        .values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            json!({
                "id": field.id.saturating_add(1_000_000 * (index as u64 + 1)).to_string(),
                "display_value": value,
                "actual_value": value,
                "sequence_number": index + 1,
                "type": "used",
                "colour_code": null,
            })
        })
        .collect()
}
