//! Tests for the groups of defects of the Ruby SDK that concern metadata, the organisation and data
//! of records, each with the number of the group.

use serde_json::{Value, json};
use zcrm_api::{organisation::VariableGroupBy, records::SortOrder};
use zcrm_core::{ApiVersion, ErrorKind, Tag};

use crate::canned::{BOTH, answering, asks, at, canned, refused, shown};

#[test]
fn encodes_or_refuses_names_in_paths() {
    for version in BOTH {
        let api = at(version);
        let named = api.variables().by_name("a/b ?#é").preview().unwrap();
        assert!(named.uri().path().ends_with("/variables/a%2Fb%20%3F%23%C3%A9"), "{named:?}");
        refused(api.module("Le/ads").fields().list().preview(), &["invalid module name"]);
        refused(api.record("Leads", "1/2").notes().list().preview(), &["invalid id"]);
    }
}

#[tokio::test]
async fn reads_the_group_of_a_variable_apart_from_its_id() {
    let variable = json!({ "variables": [
        { "id": "1", "variable_group": { "api_name": "General", "id": "9" } },
    ]});
    for version in BOTH {
        let group = VariableGroupBy::from("General");
        let read = answering(version, &variable).variables().get("1").in_group(group);
        let group = read.send().await.unwrap().group.unwrap();
        assert_eq!(group.api_name.as_deref(), Some("General"));
        assert_eq!(group.id.unwrap(), "9");
    }
}

#[tokio::test]
async fn reads_custom_fields_of_users_with_their_type() {
    let user = json!({ "users": [{ "id": "7", "Badge": "B 17", "Desk": 3, "Keys": ["a"] }] });
    for version in BOTH {
        let user = answering(version, &user).users().get("7").send().await.unwrap();
        assert_eq!(user.get::<String>("Badge").unwrap().as_deref(), Some("B 17"));
        assert_eq!(user.get::<u8>("Desk").unwrap(), Some(3));
        let change = user.with("Desk", 4);
        let body = json!({ "users": [{ "id": "7", "Badge": "B 17", "Desk": 4, "Keys": ["a"] }] });
        asks(at(version).users().update("7", &change).preview(), "PUT users/7", body);
    }
}

#[test]
fn sorts_related_lists_with_the_usual_parameter() {
    for version in BOTH {
        let list = at(version).record("Leads", "5").related("Products").list().fields(["id"]);
        let line = "GET Leads/5/Products?sort_by=id&sort_order=desc&fields=id";
        asks(list.sort_by_desc("id").preview(), line, Value::Null);
    }
}

#[test]
fn sends_no_empty_parameters() {
    for version in BOTH {
        asks(at(version).users().current().preview(), "GET users?type=CurrentUser", Value::Null);
        asks(at(version).variables().get("1").preview(), "GET settings/variables/1", Value::Null);
    }
}

#[tokio::test]
async fn changes_the_sort_of_a_view_that_was_read() {
    for version in BOTH {
        for sort_by in [json!("Last_Name"), json!({ "api_name": "Last_Name", "id": "11" })] {
            let view = json!({ "custom_views": [{ "id": "7", "sort_by": sort_by }] });
            let views = answering(version, &view).module("Leads").custom_views();
            let field = views.get("7").send().await.unwrap().sort_by.unwrap();
            let request = views.sort("7", field, SortOrder::Ascending).preview().unwrap();
            let row = &shown(&request).1["custom_views"][0];
            assert_eq!(row["sort_by"]["api_name"], "Last_Name");
        }
    }
}

#[tokio::test]
async fn reads_responses_without_optional_members() {
    let one = json!({ "id": "1" });
    let body = json!({
        "modules": [{ "related_lists": [{ "id": "2" }] }], "fields": [&one], "custom_views": [&one],
        "users": [&one], "layouts": [&one], "profiles": [&one], "data": [&one],
    });
    for version in BOTH {
        let api = answering(version, &body);
        let leads = api.module("Leads");
        let module = leads.get().send().await.unwrap();
        assert_eq!(module.related_lists[0].id.clone().unwrap(), "2");
        let field = leads.fields().get("1").send().await.unwrap();
        assert!(field.pick_list_values.is_empty());
        let view = leads.custom_views().get("1").send().await.unwrap();
        assert!(view.criteria.is_none());
        assert!(leads.custom_views().categories().await.unwrap().is_empty());
        let user = api.users().get("1").send().await.unwrap();
        assert!(user.role.is_none() && user.profile.is_none());
        assert!(user.created_by.is_none());
        let layout = leads.layouts().get("1").send().await.unwrap();
        assert!(layout.sections.is_empty());
        let profile = api.profiles().get("1").send().await.unwrap();
        assert!(profile.permissions.is_empty());
        let note = api.notes().get("1").send().await.unwrap();
        assert!(note.parent.is_none() && note.created_by.is_none());
    }
}

#[tokio::test]
async fn reads_the_name_and_both_users_of_a_tag() {
    let tags = json!({ "tags": [
        { "id": "7", "name": "Hot", "created_by": { "id": "1" }, "modified_by": { "id": "2" } },
    ]});
    for version in BOTH {
        let tags = answering(version, &tags).module("Leads").tags().list().all().await.unwrap();
        let tag: &Tag = &tags[0];
        assert_eq!(tag.name().unwrap().as_deref(), Some("Hot"));
        assert_eq!(tag.created_by().unwrap().unwrap().id, "1");
        assert_eq!(tag.modified_by().unwrap().unwrap().id, "2");
        let request = at(version).record("Leads", "5").tags().add([tag]).preview().unwrap();
        let (line, body) = shown(&request);
        assert!(line.ends_with("tag_names=Hot") || body["tags"][0]["name"] == "Hot", "{line}");
    }
}

#[tokio::test]
async fn reads_category_names_and_all_conditions_of_a_group() {
    let part = |field: &str| json!({ "field": field, "comparator": "equal", "value": "x" });
    let views = json!({
        "custom_views": [{ "id": "7", "criteria": {
            "group_operator": "or", "group": [part("A"), part("B"), part("C")],
        }}],
        "info": { "translation": { "public_views": "Public Views" } },
    });
    for version in BOTH {
        let views = answering(version, &views).module("Leads").custom_views();
        let criteria = views.get("7").send().await.unwrap().criteria.unwrap();
        assert_eq!(criteria.to_string(), "((A:equal:x)or(B:equal:x)or(C:equal:x))");
        let categories = views.categories().await.unwrap();
        assert_eq!(categories[0].name, "public_views");
        assert_eq!(categories[0].display_value, "Public Views");
    }
}

#[test]
fn accepts_ids_as_numbers_and_text() {
    for version in BOTH {
        let lead = at(version).record("Leads", 5);
        asks(lead.notes().delete(7).preview(), "DELETE Leads/5/Notes/7", Value::Null);
        asks(lead.attachments().delete("7").preview(), "DELETE Leads/5/Attachments/7", Value::Null);
        assert!(lead.tags().add(["Hot"]).preview().is_ok());
    }
}

#[tokio::test]
async fn maps_every_status_to_its_error() {
    for version in BOTH {
        let (api, _) = canned(version, 204, &[], "");
        assert!(api.roles().list().all().await.unwrap().is_empty());
        let none = api.roles().get("1").send().await.unwrap_err();
        assert_eq!(none.kind(), ErrorKind::NotFound);
        let (api, _) = canned(version, 304, &[], "");
        assert!(api.users().list().all().await.unwrap_err().is_not_modified());
        for status in [502, 503] {
            let (api, _) = canned(version, status, &[], "<html>down</html>");
            let error = api.taxes().list().all().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            let file = api.record("Leads", "5").attachments().download("8").await.unwrap_err();
            assert_eq!(file.status().unwrap().as_u16(), status);
        }
        let key = if version < ApiVersion::V3 { "taxes" } else { "org_taxes" };
        let mixed = json!({ key: [
            { "code": "SUCCESS", "status": "success", "message": "", "details": { "id": "1" } },
            { "code": "INVALID_DATA", "status": "error", "message": "no", "details": {} },
        ]});
        let (api, _) = canned(version, 207, &[], mixed.to_string());
        let outcomes = api.taxes().delete_many(["1", "2"]).send().await.unwrap();
        assert_eq!((outcomes.successes().count(), outcomes.failures().count()), (1, 1));
    }
}
