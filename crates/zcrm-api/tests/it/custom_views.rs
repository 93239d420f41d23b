//! Requests and responses of custom views, as documented by Zoho for v2 and v8.
//!
//! Sources: for v2 the requests of the Ruby SDK (gem ZCRMSDK 1.0.5), for v8 `custom_views.json` in
//! Zoho's OpenAPI files.

use serde_json::{Value, json};
use zcrm_api::{metadata::AccessType, records::SortOrder};
use zcrm_core::ApiVersion;

use crate::canned::{BOTH, answering, asks, at, canned, done};

/// v2: `PUT settings/custom_views/{id}`, as the Ruby SDK sends it; v8: custom_views.json,
/// `/settings/custom_views/{id}/actions/change_sort`.
#[tokio::test]
async fn changes_the_sort_of_a_view_in_each_version() {
    let body = json!({ "custom_views": [
        { "sort_by": { "api_name": "Last_Name" }, "sort_order": "desc" },
    ]});
    for (version, path) in [
        (ApiVersion::V2, "PUT settings/custom_views/7?module=Leads"),
        (ApiVersion::V2_1, "PUT settings/custom_views/7?module=Leads"),
        (ApiVersion::V3, "PUT settings/custom_views/7/actions/change_sort?module=Leads"),
        (ApiVersion::V8, "PUT settings/custom_views/7/actions/change_sort?module=Leads"),
    ] {
        let views = at(version).module("Leads").custom_views();
        let sort = views.sort("7", "Last_Name", SortOrder::Descending);
        asks(sort.preview(), path, body.clone());
    }
    // defect 10: the sort field of a view that was read can be sent back
    for (version, view) in views() {
        let api = answering(version, &view);
        let views = api.module("Leads").custom_views();
        let field = views.get("7").send().await.unwrap().sort_by.unwrap();
        let request = views.sort("7", field, SortOrder::Ascending).preview().unwrap();
        let (_, sent) = crate::canned::shown(&request);
        assert_eq!(sent["custom_views"][0]["sort_by"]["api_name"], "Last_Name");
        let api = answering(version, &done("custom_views", &["7"]));
        let sort = api.module("Leads").custom_views().sort("7", "Last_Name", SortOrder::Ascending);
        assert_eq!(sort.send().await.unwrap().id.unwrap(), "7");
    }
}

fn views() -> [(ApiVersion, Value); 2] {
    let v2 = json!({
        "custom_views": [{
            "id": "7", "name": "Hot", "system_name": null, "display_value": "Hot leads",
            "default": false, "system_defined": false, "favorite": null, "offline": true,
            "shared_type": "shared", "category": "shared_with_me", "sort_by": "Last_Name",
            "sort_order": "desc", "fields": ["Last_Name", "Email"],
            "shared_details": [{ "id": "3", "name": "South", "type": "groups" }],
            "criteria": { "group_operator": "and", "group": [
                { "comparator": "equal", "field": "City", "value": "Chennai" },
                { "comparator": "contains", "field": "Company", "value": "a(b)" },
                { "comparator": "greater_than", "field": "No_of_Employees", "value": 5 },
            ]},
        }],
        "info": { "translation": {
            "public_views": "Public Views", "other_users_views": "Other Users' Views",
            "shared_with_me": "Shared With Me", "created_by_me": "Created By Me",
        }},
    });
    let v8 = json!({
        "custom_views": [{
            "id": "7", "name": "Hot", "system_name": null, "display_value": "Hot leads",
            "default": false, "system_defined": false, "favorite": 2, "offline": true,
            "locked": false, "access_type": "shared", "category": "shared_with_me",
            "created_time": "2025-01-01T00:00:00+05:30", "modified_time": null,
            "last_accessed_time": "2025-01-02T00:00:00+05:30",
            "created_by": { "name": "P", "id": "5", "email": "p@example.com" }, "modified_by": null,
            "module": { "api_name": "Leads", "id": "2" },
            "sort_by": { "api_name": "Last_Name", "id": "11" }, "sort_order": "desc",
            "fields": [
                { "api_name": "Last_Name", "id": "11", "_pin": true },
                { "api_name": "Email", "id": "12", "_pin": false },
            ],
            "shared_to": [{ "id": "3", "name": "South", "type": "groups", "subordinates": null }],
            "criteria": { "group_operator": "AND", "group": [
                { "comparator": "equal", "field": { "api_name": "City", "id": "13" },
                  "value": "Chennai" },
                { "comparator": "contains", "field": { "api_name": "Company", "id": "14" },
                  "value": "a(b)" },
                { "comparator": "greater_than", "field": { "api_name": "No_of_Employees" },
                  "value": 5 },
            ]},
        }],
        "info": {
            "per_page": 200, "count": 1, "page": 1, "more_records": false, "default": "7",
            "translation": {
                "public_views": "Public Views", "other_users_views": "Other Users' Views",
                "shared_with_me": "Shared With Me", "created_by_me": "Created By Me",
            },
        },
    });
    [(ApiVersion::V2, v2), (ApiVersion::V8, v8)]
}

#[tokio::test]
async fn reads_views_with_their_criteria() {
    for (version, body) in views() {
        let api = answering(version, &body);
        let views = api.module("Leads").custom_views();
        for view in [
            views.get("7").send().await.unwrap(),
            views.list().all().await.unwrap().into_iter().next().unwrap(),
        ] {
            assert_eq!(view.name, "Hot");
            assert_eq!(view.access_type, Some(AccessType::SHARED));
            let fields = &view.fields;
            let names: Vec<_> =
                fields.iter().map(|it| it.field.api_name.as_deref().unwrap()).collect();
            assert_eq!(names, ["Last_Name", "Email"]);
            assert_eq!(fields[0].pinned, (version == ApiVersion::V8).then_some(true));
            let shared = match version {
                ApiVersion::V2 => &view.shared_details,
                _ => &view.shared_to,
            };
            assert_eq!(shared[0].kind.as_deref(), Some("groups"));
            assert_eq!(view.sort_by.as_ref().unwrap().api_name.as_deref(), Some("Last_Name"));
            assert_eq!(view.sort_order.as_deref(), Some("desc"));
            // defect 13: all conditions of a group are read
            let criteria = view.criteria.as_ref().unwrap();
            let wanted = r"((City:equal:Chennai)and(Company:contains:a\(b\))and(No_of_Employees:greater_than:5))";
            assert_eq!(criteria.to_string(), wanted);
            assert!(!format!("{criteria:?}").contains("Chennai"), "{criteria:?}");
            assert_eq!(serde_json::to_value(&view).unwrap(), body["custom_views"][0]);
        }
        // defect 13: categories have a name and a display name
        let categories = views.categories().await.unwrap();
        assert_eq!(categories.len(), 4);
        let shared = categories.iter().find(|it| it.name == "shared_with_me").unwrap();
        assert_eq!(shared.display_value, "Shared With Me");
    }
    // defect 11: a response with a view and without `info`
    for version in BOTH {
        let body = json!({ "custom_views": [{ "id": "7", "name": "All", "criteria": null }] });
        let views = answering(version, &body).module("Leads").custom_views();
        let view = views.get("7").send().await.unwrap();
        assert_eq!(view.criteria, None);
        assert_eq!(view.fields, []);
        assert_eq!(view.created_by, None);
        assert_eq!(views.categories().await.unwrap(), []);
        let (none, _) = canned(version, 204, &[], "");
        assert_eq!(none.module("Leads").custom_views().categories().await.unwrap(), []);
    }
}

#[tokio::test]
async fn reads_criteria_of_any_depth_and_form() {
    for (criteria, shown) in [
        (
            json!({ "comparator": "equal", "field": "City", "value": "Chennai" }),
            "(City:equal:Chennai)",
        ),
        (
            json!({ "group_operator": "OR", "group": [
                { "comparator": "in", "field": { "api_name": "City" }, "value": ["A", "B,C"] },
                { "group_operator": "AND", "group": [
                    { "comparator": "equal", "field": { "api_name": "Owner" },
                      "value": { "name": "P", "id": "5" } },
                    { "comparator": "not_equal", "field": { "api_name": "City" }, "value": null },
                ]},
            ]}),
            r"((City:in:A,B\,C)or((Owner:equal:P)and(City:not_equal:null)))",
        ),
    ] {
        let body = json!({ "custom_views": [{ "id": "7", "criteria": criteria }] });
        let api = answering(ApiVersion::V8, &body);
        let view = api.module("Leads").custom_views().get("7").send().await.unwrap();
        assert_eq!(view.criteria.unwrap().to_string(), shown);
    }
    let body = json!({ "custom_views": [{ "id": "7", "criteria": { "new": 1 } }] });
    let api = answering(ApiVersion::V8, &body);
    let view = api.module("Leads").custom_views().get("7").send().await.unwrap();
    assert_eq!(view.criteria.unwrap().to_string(), r#"{"new":1}"#);
}
