//! Requests and responses of metadata, as documented by Zoho for v2 and v8.
//!
//! Sources: for v2 the requests of the Ruby SDK (gem ZCRMSDK 1.0.5), for v8 `modules.json`,
//! `fields.json`, `layouts.json` and `related_lists.json` in Zoho's OpenAPI files.

use serde_json::{Value, json};
use zcrm_api::{
    MetaRef,
    metadata::{DataType, GeneratedType, ModuleStatus},
    records::SortOrder,
};
use zcrm_core::{ApiVersion, ErrorKind, Id};

use crate::canned::{BOTH, answering, asks, at, canned, refused};

#[test]
fn requests_metadata_alike_in_both_versions() {
    for version in BOTH {
        let api = at(version);
        let leads = api.module("Leads");
        for (request, line) in [
            (api.modules().list().preview(), "GET settings/modules"),
            (api.modules().get("Leads").preview(), "GET settings/modules/Leads"),
            (leads.get().preview(), "GET settings/modules/Leads"),
            (leads.fields().list().preview(), "GET settings/fields?module=Leads"),
            (leads.fields().get("7").preview(), "GET settings/fields/7?module=Leads"),
            (leads.layouts().list().preview(), "GET settings/layouts?module=Leads"),
            (leads.layouts().get("7").preview(), "GET settings/layouts/7?module=Leads"),
            (leads.custom_views().list().preview(), "GET settings/custom_views?module=Leads"),
            (leads.custom_views().get("7").preview(), "GET settings/custom_views/7?module=Leads"),
            (leads.related_lists().list().preview(), "GET settings/related_lists?module=Leads"),
            (
                leads.related_lists().list().of_layout("9").preview(),
                "GET settings/related_lists?module=Leads&layout_id=9",
            ),
            (leads.related_lists().get("7").preview(), "GET settings/related_lists/7?module=Leads"),
        ] {
            asks(request, line, Value::Null);
        }
    }
    let unused = at(ApiVersion::V8).module("Leads").fields().list().unused();
    asks(unused.preview(), "GET settings/fields?module=Leads&type=unused", Value::Null);
    refused(
        at(ApiVersion::V2).module("Leads").fields().list().unused().preview(),
        &["type", "v2.1"],
    );
    let hidden = at(ApiVersion::V8).modules().list().param("status", "user_hidden");
    asks(hidden.preview(), "GET settings/modules?status=user_hidden", Value::Null);
    let older = at(ApiVersion::V4).modules().list().param("status", "user_hidden");
    refused(older.preview(), &["status", "v5"]);
}

#[tokio::test]
async fn reads_modules() {
    let v2 = json!({ "modules": [{
        "global_search_supported": true, "kanban_view": false, "deletable": true, "creatable": true,
        "filter_status": true, "inventory_template_supported": false,
        "modified_time": "2018-12-29T16:47:52+05:30", "plural_label": "Leads",
        "presence_sub_menu": true, "id": "2", "visibility": 1, "convertable": true,
        "editable": true, "emailTemplate_support": true, "filter_supported": true,
        "web_link": null, "sequence_number": 2, "singular_label": "Lead", "viewable": true,
        "api_supported": true, "api_name": "Leads", "quick_create": true,
        "modified_by": { "name": "P", "id": "5" }, "generated_type": "default",
        "feeds_required": false, "scoring_supported": true, "arguments": [], "module_name": "Leads",
        "profiles": [{ "name": "Administrator", "id": "12" }], "business_card_field_limit": 5,
        "parent_module": {}, "display_field": "Last_Name", "territory": null,
        "search_layout_fields": ["Last_Name", "Email"], "per_page": 10,
        "properties": ["$review", "$followed"],
        "related_list_properties": { "sort_by": null, "fields": ["Last_Name"], "sort_order": null },
        "lookup_field_properties": { "fields": [{ "sequence_number": 1, "api_name": "Last_Name" }] },
        "custom_view": {
            "display_value": "All Leads", "shared_type": null, "system_name": "ALLVIEWS",
            "sort_by": null, "criteria": null, "name": "All Leads", "id": "9",
            "category": "public_views", "fields": ["Last_Name"], "favorite": null,
            "sort_order": null,
        },
        "related_lists": [{
            "display_label": "Notes", "visible": true, "api_name": "Notes", "module": "Notes",
            "name": "Notes", "action": null, "id": "20", "href": "Leads/{ENTITYID}/Notes",
            "type": "default", "sequence_number": "2",
        }],
    }]});
    let v8 = json!({ "modules": [{
        "common.search_supported": true, "kanban_view": false, "deletable": true,
        "creatable": true, "filter_status": true, "inventory_template_supported": false,
        "modified_time": null, "plural_label": "Leads", "presence_sub_menu": true, "id": "2",
        "isBlueprintSupported": true, "visibility": 1, "visible": true, "convertable": true,
        "editable": true, "emailTemplate_support": true, "email_parser_supported": true,
        "filter_supported": true, "show_as_tab": true, "web_link": null, "sequence_number": 2,
        "singular_label": "Lead", "viewable": true, "api_supported": true, "api_name": "Leads",
        "quick_create": true, "modified_by": null, "generated_type": "default",
        "feeds_required": false, "scoring_supported": true, "webform_supported": true,
        "arguments": [], "module_name": "Leads", "profile_count": 2, "has_more_profiles": false,
        "business_card_field_limit": 5, "track_current_data": false, "status": "visible",
        "profiles": [{ "name": "Administrator", "id": "12" }], "parent_module": null,
        "activity_badge": "Not_Supported", "$field_states": ["optimize"],
        "business_card_fields": ["Company"], "per_page": 10,
        "$properties": ["$review", "$followed"], "$on_demand_properties": [],
        "search_layout_fields": ["Last_Name", "Email"], "kanban_view_supported": true,
        "display_field": { "api_name": "Last_Name", "id": "11" }, "zia_view": true,
        "default_mapping_fields": [{ "api_name": "Company", "id": "14" }], "description": null,
    }]});
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let api = answering(version, body);
        for module in [
            api.module("Leads").get().send().await.unwrap(),
            api.modules().list().all().await.unwrap().into_iter().next().unwrap(),
        ] {
            assert_eq!(module.api_name, "Leads");
            assert_eq!(module.generated_type, Some(GeneratedType::DEFAULT));
            assert_eq!(module.search_supported, Some(true));
            assert_eq!(module.parent_module, None);
            let display = module.display_field.clone().unwrap();
            assert_eq!(display.api_name.as_deref(), Some("Last_Name"));
            let shown = &module.search_layout_fields;
            assert_eq!(shown[1], MetaRef::named("Email"));
            assert_eq!(module.profiles[0].id, Some(Id::from("12")));
            assert_eq!(serde_json::to_value(&module).unwrap(), body["modules"][0]);
            match version {
                ApiVersion::V2 => {
                    assert_eq!(module.status, None);
                    let view = module.custom_view.unwrap();
                    assert_eq!(view.system_name.as_deref(), Some("ALLVIEWS"));
                    // defect 11: related lists in the response are read
                    let lists = module.related_lists;
                    assert_eq!(lists[0].module, Some(MetaRef::named("Notes")));
                    let list = module.related_list_properties.unwrap();
                    assert_eq!(list.fields, [MetaRef::named("Last_Name")]);
                }
                _ => {
                    assert_eq!(module.status, Some(ModuleStatus::VISIBLE));
                    assert_eq!(module.properties, ["$review", "$followed"]);
                    assert_eq!(module.modified_by, None);
                }
            }
        }
    }
}

fn fields() -> [(ApiVersion, Value); 2] {
    let v2 = json!({ "fields": [
        {
            "webhook": true, "json_type": "string", "crypt": null, "field_label": "Lead Source",
            "tooltip": null, "created_source": "default", "field_read_only": false,
            "display_label": "Lead Source", "read_only": false, "association_details": null,
            "businesscard_supported": true, "currency": {}, "id": "21", "custom_field": false,
            "lookup": {}, "visible": true, "length": 120, "unique": {}, "subform": null,
            "view_type": { "view": true, "edit": true, "quick_create": true, "create": true },
            "api_name": "Lead_Source", "history_tracking": false, "data_type": "picklist",
            "formula": {}, "decimal_place": null, "mass_update": true, "multiselectlookup": {},
            "auto_number": {}, "system_mandatory": false,
            "pick_list_values": [
                { "display_value": "-None-", "actual_value": "-None-", "sequence_number": 1 },
                { "display_value": "Cold Call", "actual_value": "Cold Call", "maps": [] },
            ],
        },
        {
            "field_label": "Account", "id": "22", "api_name": "Account", "data_type": "lookup",
            "json_type": "jsonobject",
            "lookup": { "display_label": "Leads", "api_name": "Leads", "module": "Accounts",
                "id": "30" },
            "unique": { "casesensitive": true }, "length": 120,
        },
        // defect 11: a field without choices and details
        { "id": "23", "api_name": "Bare" },
    ]});
    let v8 = json!({ "fields": [
        {
            "associated_module": null, "webhook": true,
            "operation_type": { "web_update": true, "api_create": true, "web_create": true,
                "api_update": true },
            "colour_code_enabled_by_system": false, "field_label": "Lead Source", "tooltip": null,
            "type": "used", "field_read_only": false, "display_label": "Lead Source",
            "read_only": false, "association_details": null, "multi_module_lookup": {},
            "id": "21", "created_time": null, "filterable": true, "visible": true, "length": 120,
            "profiles": [{ "permission_type": "read_write", "name": "Administrator", "id": "12" }],
            "view_type": { "view": true, "edit": true, "quick_create": true, "create": true },
            "separator": false, "searchable": true, "external": null, "api_name": "Lead_Source",
            "unique": {}, "enable_colour_code": true, "system_mandatory": false,
            "pick_list_values_sorted_lexically": false, "json_type": "string", "crypt": null,
            "created_source": "default", "display_type": -1, "ui_type": 2, "quick_sequence_number":
            "6", "custom_field": false, "lookup": {}, "rollup_summary": {}, "refer_from_field": null,
            "subform": null, "show_type": 7, "formula": {}, "data_type": "picklist", "category": 2,
            "decimal_place": null, "mass_update": true, "multiselectlookup": {}, "auto_number": {},
            "hipaa_compliance_enabled": false, "display_field": false, "sortable": true,
            "history_tracking": { "module": { "api_name": "Stage_History", "id": "40" },
                "duration_configured_field": null },
            "pick_list_values": [
                { "display_value": "-None-", "actual_value": "-None-", "sequence_number": 1,
                  "reference_value": "-None-", "colour_code": null, "type": "used", "id": "50" },
                { "display_value": "Cold Call", "actual_value": "Cold Call", "type": "used",
                  "id": "51", "colour_code": "#57B1FD", "maps": [] },
            ],
        },
        {
            "field_label": "Account", "id": "22", "api_name": "Account", "data_type": "lookup",
            "json_type": "jsonobject",
            "lookup": { "display_label": "Leads", "api_name": "Leads", "id": "30",
                "module": { "api_name": "Accounts", "id": "3" }, "query_details": {},
                "revalidate_filter_during_edit": false, "show_fields": [] },
            "unique": { "casesensitive": "true" }, "length": 120,
        },
        { "id": "23", "api_name": "Bare" },
    ]});
    [(ApiVersion::V2, v2), (ApiVersion::V8, v8)]
}

#[tokio::test]
async fn reads_fields() {
    for (version, body) in fields() {
        let api = answering(version, &body);
        let fields = api.module("Leads").fields();
        let all = fields.list().all().await.unwrap();
        let source = &all[0];
        assert_eq!(source.data_type, Some(DataType::PICKLIST));
        assert_eq!(source.length, Some(120));
        let choices = &source.pick_list_values;
        assert_eq!(choices[1].actual_value.as_deref(), Some("Cold Call"));
        assert_eq!(source.view_type.clone().unwrap().quick_create, Some(true));
        // empty objects of older versions are read as `None`
        assert!(source.lookup.is_none() && source.formula.is_none());
        assert!(source.unique.is_none() && source.auto_number.is_none());
        let history = source.history_tracking.clone().unwrap();
        assert_eq!(history.enabled, version == ApiVersion::V8);
        let account = &all[1];
        let lookup = account.lookup.clone().unwrap();
        let module = lookup.module.unwrap();
        assert_eq!(module.api_name.as_deref(), Some("Accounts"));
        assert!(account.unique.is_some());
        let bare = &all[2];
        assert_eq!(bare.pick_list_values.len(), 0);
        assert_eq!(bare.data_type, None);
        assert!(bare.history_tracking.is_none());
        for (field, wanted) in all.iter().zip(body["fields"].as_array().unwrap()) {
            assert_eq!(&serde_json::to_value(field).unwrap(), wanted);
        }
        assert_eq!(fields.get("21").send().await.unwrap().id.unwrap(), "21");
    }
}

#[tokio::test]
async fn keeps_unknown_members_and_values() {
    let body = json!({ "fields": [
        { "id": 21, "data_type": "hologram", "length": "long", "visible": true, "new": [1.10] },
    ]});
    let api = answering(ApiVersion::V8, &body);
    let field = api.module("Leads").fields().get("21").send().await.unwrap();
    assert_eq!(field.id.clone().unwrap(), "21");
    assert_eq!(field.data_type.clone().unwrap().as_str(), "hologram");
    assert_eq!(field.visible, Some(true));
    // a member of an unexpected shape is kept in `extra`
    assert_eq!(field.length, None);
    assert_eq!(field.get::<String>("length").unwrap().as_deref(), Some("long"));
    let error = field.get::<u8>("length").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("length"), "{error}");
    assert_eq!(field.extra.raw("new"), Some("[1.1]"));
}

#[tokio::test]
async fn reads_layouts() {
    let v2 = json!({ "layouts": [{
        "created_time": null, "modified_time": "2018-12-29T16:47:52+05:30", "visible": true,
        "name": "Standard", "modified_by": { "name": "P", "id": "5" }, "id": "60", "status": 0,
        "profiles": [{ "default": true, "name": "Administrator", "id": "12" }],
        "created_by": null, "created_for": null,
        "convert_mapping": {
            "Contacts": { "name": "Standard", "id": "61" },
            "Deals": { "name": "Standard", "id": "62", "fields": [
                { "api_name": "Deal_Name", "field_label": "Deal Name", "id": "63", "required": true },
            ]},
            "Accounts": { "name": "Standard", "id": "64" },
        },
        "sections": [{
            "display_label": "Lead Information", "sequence_number": 1, "isSubformSection": false,
            "tab_traversal": 2, "api_name": "Lead Information", "column_count": 2,
            "name": "Lead Information", "properties": null,
            "fields": [{ "api_name": "Last_Name", "id": "11", "required": true,
                "data_type": "text", "validation_rule": null, "section_id": 1 }],
        }],
    }]});
    let v8 = json!({ "layouts": [{
        "display_type": 1, "api_name": "Standard", "has_more_profiles": false, "visible": true,
        "created_time": null, "modified_time": null, "source": "crm", "id": "60",
        "name": "Standard", "display_label": "Standard", "mode": "view", "status": "active",
        "show_business_card": true, "generated_type": "default", "created_for": null,
        "convert_mapping": {
            "Contacts": { "name": "Standard", "id": "61" },
            "Deals": { "name": "Standard", "id": "62", "fields": [
                { "api_name": "Deal_Name", "field_label": "Deal Name", "id": "63", "required": true },
            ]},
            "Accounts": { "name": "Standard", "id": "64" },
        },
        "modified_by": null, "created_by": null,
        "profiles": [{ "default": true, "name": "Administrator", "id": "12",
            "_default_view": { "name": "All", "id": "9", "type": "kanban" } }],
        "sections": [{
            "display_label": "Visits", "sequence_number": 1, "isSubformSection": true,
            "tab_traversal": "left_to_right", "api_name": "Visits", "column_count": 2,
            "name": "Visits", "generated_type": "subform", "id": "70", "type": "used",
            "properties": { "reorder_rows": true, "maximum_rows": 20, "tooltip": null },
            "fields": [{ "api_name": "Last_Name", "id": "11", "required": true,
                "data_type": "text" }],
        }],
        "actions_allowed": { "edit": true, "rename": true, "clone": true, "downgrade": false,
            "delete": false, "deactivate": false, "set_layout_permissions": true },
    }]});
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let api = answering(version, body);
        let layouts = api.module("Leads").layouts();
        let layout = layouts.get("60").send().await.unwrap();
        assert_eq!(layout.name, "Standard");
        assert_eq!(layout.profiles[0].is_default, Some(true));
        let deals = layout.convert_mapping.clone().unwrap().deals.unwrap();
        assert_eq!(deals.fields[0].required, Some(true));
        let section = &layout.sections[0];
        let v8 = version == ApiVersion::V8;
        assert_eq!(section.is_subform_section, Some(v8));
        let rows = section.properties.clone().and_then(|it| it.maximum_rows);
        assert_eq!(rows, v8.then_some(20));
        assert_eq!(section.fields[0].data_type, Some(DataType::TEXT));
        assert_eq!(layout.actions_allowed.is_some(), v8);
        assert_eq!(serde_json::to_value(&layout).unwrap(), body["layouts"][0]);
        assert_eq!(layouts.list().all().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn reads_related_lists() {
    let v2 = json!({ "related_lists": [{
        "display_label": "Contact Roles", "visible": true, "api_name": "Contact_Roles",
        "module": "Contacts", "name": "Contact Roles", "action": "relate", "id": "20",
        "href": "Deals/{ENTITYID}/Contact_Roles", "type": "default", "sequence_number": "3",
    }]});
    let v8 = json!({ "related_lists": [{
        "id": "20", "sequence_number": "3", "display_label": "Contact Roles",
        "api_name": "Contact_Roles", "module": { "api_name": "Contacts", "id": "4" },
        "name": "Contact Roles", "action": "relate", "href": "Deals/{ENTITYID}/Contact_Roles",
        "type": "default", "connectedmodule": null, "linkingmodule": null, "customize_sort": true,
        "customize_fields": true, "customize_display_label": true, "status": "visible",
        "sort_by": { "api_name": "Last_Name", "id": "11" }, "sort_order": "asc",
        "fields": [{ "api_name": "Last_Name", "id": "11" }],
    }]});
    for (version, body) in [(ApiVersion::V2, &v2), (ApiVersion::V8, &v8)] {
        let api = answering(version, body);
        let lists = api.module("Deals").related_lists();
        for list in [
            lists.get("20").send().await.unwrap(),
            lists.list().all().await.unwrap().into_iter().next().unwrap(),
        ] {
            assert_eq!(list.api_name, "Contact_Roles");
            let module = list.module.clone().unwrap();
            assert_eq!(module.api_name.as_deref(), Some("Contacts"));
            assert_eq!(list.linking_module, None);
            assert_eq!(list.fields.len(), usize::from(version == ApiVersion::V8));
            assert_eq!(serde_json::to_value(&list).unwrap(), body["related_lists"][0]);
        }
    }
}

#[tokio::test]
async fn names_mistakes_and_sends_nothing() {
    for version in BOTH {
        let (api, sent) = canned(version, 500, &[], "");
        for module in ["", "..", "Le ads", "Leads/1", "Leads&x=1", "Lëads"] {
            refused(api.module(module).get().send().await, &["invalid module name"]);
            refused(api.module(module).fields().list().send().await, &["invalid module name"]);
            refused(api.module(module).custom_views().categories().await, &["invalid module name"]);
        }
        let leads = api.module("Leads");
        refused(leads.fields().get("").send().await, &["invalid id"]);
        refused(leads.layouts().get("a/b").send().await, &["a/b"]);
        refused(
            leads.layouts().list().param("per_page", "10").send().await,
            &["layouts.list", "per_page"],
        );
        refused(leads.custom_views().list().per_page(201).send().await, &["per_page", "201"]);
        let views = leads.custom_views();
        refused(views.sort("?", "Last_Name", SortOrder::Ascending).send().await, &["invalid id"]);
        refused(leads.related_lists().list().of_layout("#").send().await, &["invalid id"]);
        refused("downwards".parse::<SortOrder>(), &["downwards", "asc", "desc"]);
        assert_eq!(sent.lock().unwrap().len(), 0);
    }
}
