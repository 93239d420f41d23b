//! Parameters and headers of every request, and operations as Zoho's files describe them.

use std::collections::BTreeMap;

use http::Request;
use serde_json::{Value, json};
use zcrm_api::{
    Api, MetaRef, field,
    metadata::{CustomView, FieldInfo, ModuleInfo, RelatedList},
    operations::{
        self, RECORDS_CLONE, SCORING_RULES_ACTIVATE, SCORING_RULES_CLONE,
        SHARING_RULES_GET_SUMMARY, SHARING_RULES_SEARCH_SUMMARY, TAGS_ADD, TAGS_ADD_BY_NAMES,
        TAGS_ADD_ONE, TAGS_ADD_ONE_BY_NAMES, TAGS_REMOVE, TAGS_REMOVE_BY_NAMES, TAGS_REMOVE_ONE,
        TAGS_REMOVE_ONE_BY_NAMES, USER_GROUPS_COUNT_SOURCES, USER_GROUPS_COUNT_USERS,
        USER_GROUPS_GET_DELETION_STATUS,
    },
    organisation::{Profile, Role, User},
};
use zcrm_core::{ApiVersion, Error, Record};

use crate::canned::{BOTH, answering, asks, at, canned, refused, shown};

type Preview = Result<Request<bytes::Bytes>, Error>;

/// Adds an unknown parameter and a header to a request.
macro_rules! extended {
    ($($builder:expr),* $(,)?) => {
        vec![$($builder.param_unchecked("beta", "1").header("x-trace", "7").preview()),*]
    };
}

fn one_of_each(api: &Api) -> Vec<Preview> {
    let lead = api.record("Leads", "5");
    let tags = api.module("Leads").tags();
    let row = Record::new().with("id", "5").with("Last_Name", "Boyle");
    let mut all = extended![
        api.users().list(),
        api.users().get("7"),
        api.notes().list(),
        api.notes().get("7"),
        api.notes().delete_many(["7"]),
        api.notes().delete("7"),
        lead.get(),
        lead.update(&row),
        lead.delete(),
        lead.convert(),
        lead.tags().add(["Hot"]),
        tags.create_many(["Hot"].map(zcrm_core::Tag::named)),
        lead.related("Campaigns").list().fields(["id"]),
        lead.attachments().list(),
    ];
    let leads = api.records("Leads");
    all.extend(
        extended![leads.update_many([&row]), leads.upsert_many([&row]), leads.delete_many(["5"])]
            .into_iter()
            .map(|calls| calls.map(|mut calls| calls.remove(0))),
    );
    all
}

#[tokio::test]
async fn every_request_accepts_parameters_and_headers() {
    for version in BOTH {
        let api = at(version);
        let leads = api.records("Leads");
        let list = leads.list().fields(["id"]).param_unchecked("beta", "1").header("x-trace", "7");
        let search = leads.search(field("City").eq("x"));
        let search = search.param_unchecked("beta", "1").header("x-trace", "7");
        let deleted = leads.deleted().param_unchecked("beta", "1").header("x-trace", "7");
        let mut all = one_of_each(&api);
        all.push(list.preview());
        all.push(search.preview());
        all.push(deleted.preview());
        for request in all {
            let request = request.unwrap();
            let query = request.uri().query().unwrap_or_default();
            assert!(query.split('&').any(|pair| pair == "beta=1"), "{}", request.uri());
            assert_eq!(request.headers()["x-trace"], "7", "{}", request.uri());
        }
    }
}

#[test]
fn checks_parameters_by_default() {
    for version in BOTH {
        let api = at(version);
        let lead = api.record("Leads", "5");
        asks(lead.get().param("uid", "1").preview(), "GET Leads/5?uid=1", Value::Null);
        refused(lead.get().param("nope", "1").preview(), &["records.get", "`nope`"]);
        refused(lead.delete().param("nope", "1").preview(), &["`nope`"]);
        refused(api.users().list().param("nope", "1").preview(), &["`nope`"]);
        let secret = lead.get().header("x-key", "hidden").param_unchecked("q", "hidden");
        assert!(!format!("{secret:?}").contains("hidden"));
        refused(lead.get().header("authorization", "x").preview(), &["authorization"]);
    }
}

#[tokio::test]
async fn repeated_list_setters_add_values() {
    let v8 = at(ApiVersion::V8);
    let lead = v8.record("Leads", "5");
    let convert = lead
        .convert()
        .carry_over_tags("Contacts", ["Hot"])
        .carry_over_tags("Deals", ["Big"])
        .carry_over_tags("Contacts", ["Fair", "Hot"]);
    let body = shown(&convert.preview().unwrap()).1;
    assert_eq!(
        body["data"][0]["carry_over_tags"],
        json!({ "Contacts": ["Hot", "Fair"], "Deals": ["Big"] })
    );
    let leads = v8.records("Leads");
    let list = leads.list().fields(["A"]).fields(["B", "C"]).preview().unwrap();
    assert_eq!(list.uri().query().unwrap(), "fields=A%2CB%2CC");
    let related = lead.related("Products").list().fields(["A"]).fields(["B"]).preview().unwrap();
    assert_eq!(related.uri().query().unwrap(), "fields=A%2CB");
    // given fields replace the default fields
    let notes = lead.notes().list().fields(["Note_Title"]).fields(["Owner"]).preview().unwrap();
    assert_eq!(notes.uri().query().unwrap(), "fields=Note_Title%2COwner");
    let row = Record::new().with("Email", "p@example.com");
    let upsert = leads
        .upsert_many([row])
        .by("Email")
        .by("Phone")
        .trigger([zcrm_api::records::Trigger::Workflow])
        .trigger([zcrm_api::records::Trigger::Approval]);
    let body = shown(&upsert.preview().unwrap()[0]).1;
    assert_eq!(body["duplicate_check_fields"], json!(["Email", "Phone"]));
    assert_eq!(body["trigger"], json!(["workflow", "approval"]));
}

#[test]
fn optional_bodies_can_be_omitted() {
    let api = at(ApiVersion::V8);
    let clone = || api.call(&RECORDS_CLONE).path("module", "Leads").path("id", "5");
    asks(clone().preview(), "POST Leads/5/actions/clone", Value::Null);
    let body = json!({ "data": [{ "Last_Name": "Copy" }], "trigger": [] });
    asks(clone().body(&body).preview(), "POST Leads/5/actions/clone", body.clone());
    let bytes = body.to_string();
    asks(clone().body_unchecked(bytes).preview(), "POST Leads/5/actions/clone", body);
    refused(clone().body(&json!({ "data": [], "nope": 1 })).preview(), &["`nope`"]);
    for operation in [&SCORING_RULES_ACTIVATE, &SCORING_RULES_CLONE] {
        let call = || api.call(operation).path("id", "5");
        assert!(call().preview().unwrap().body().is_empty());
        let sent = call().body_unchecked("{}").preview().unwrap();
        assert_eq!(sent.body(), "{}");
    }
}

#[test]
fn refuses_tags_in_the_query_in_later_versions() {
    for (old, new) in [
        (&TAGS_ADD_BY_NAMES, &TAGS_ADD),
        (&TAGS_ADD_ONE_BY_NAMES, &TAGS_ADD_ONE),
        (&TAGS_REMOVE_BY_NAMES, &TAGS_REMOVE),
        (&TAGS_REMOVE_ONE_BY_NAMES, &TAGS_REMOVE_ONE),
    ] {
        let call = |version, operation| {
            let call = at(version).call(operation).path("module", "Leads");
            let call = match operation.template().contains("{record_id}") {
                true => call.path("record_id", "5"),
                false => call,
            };
            match operation.name().ends_with("_by_names") {
                true => call.param("tag_names", "Hot").preview(),
                false => call.body(&json!({ "tags": [{ "name": "Hot" }] })).preview(),
            }
        };
        for version in [ApiVersion::V3, ApiVersion::V8] {
            let remedy = format!("use `{}` in this version", new.name());
            refused(call(version, old), &[old.name(), "up to v2.1", &remedy]);
            assert!(call(version, new).is_ok());
        }
        for version in [ApiVersion::V2, ApiVersion::V2_1] {
            let remedy = format!("use `{}` in this version", old.name());
            refused(call(version, new), &[new.name(), "from v3 on", &remedy]);
            assert!(call(version, old).is_ok());
        }
    }
}

#[tokio::test]
async fn reads_summaries_counts_and_jobs_under_their_keys() {
    let v8 = |body: Value| answering(ApiVersion::V8, &body);
    for operation in [&SHARING_RULES_GET_SUMMARY, &SHARING_RULES_SEARCH_SUMMARY] {
        let body = json!({ "sharing_rules_summary": [{ "rule_count": 3 }] });
        let api = v8(body);
        let call = match operation.method() == http::Method::POST {
            true => api.call(operation).body_unchecked("{}"),
            false => api.call(operation),
        };
        let page = call.list::<Record>().await.unwrap();
        assert_eq!(page.items[0].as_ref().unwrap().get::<u8>("rule_count").unwrap(), Some(3));
    }
    let body = json!({ "sources_count": [{ "roles": 2 }] });
    let call = v8(body).call(&USER_GROUPS_COUNT_SOURCES).path("group", "7");
    assert_eq!(call.list::<Record>().await.unwrap().items.len(), 1);
    let body = json!({
        "grouped_counts": [{ "status": "active", "count": 4 }],
        "info": { "more_records": false, "count": 1 },
    });
    let call = v8(body).call(&USER_GROUPS_COUNT_USERS).path("group", "7");
    let page = call.param("group_by", "status").list::<Record>().await.unwrap();
    assert_eq!((page.items.len(), page.info.more_records), (1, false));
    let call = v8(json!({ "deletion_jobs": [{ "Status": "COMPLETED" }] }));
    let call = call.call(&USER_GROUPS_GET_DELETION_STATUS).param("job_id", "7");
    assert_eq!(call.list::<Record>().await.unwrap().items.len(), 1);
}

/// `HistoryTrackingModule` in fields.json of June, and `multiselectlookup` in fields.json of 2026.
#[test]
fn reads_fields_of_the_newer_openapi_files() {
    let field: FieldInfo = serde_json::from_value(json!({
        "api_name": "Stage",
        "history_tracking": {
            "module": {
                "layout": null,
                "module": { "api_name": "Stage_History", "id": "40", "module_name": "History" },
            },
            "duration_configured_field": { "api_name": "Moved_To__s", "id": "41" },
        },
        "multiselectlookup": {
            "linking_details": {
                "module": { "visibility": 0, "plural_label": "X", "api_name": "Link", "id": "1" },
                "lookup_field": { "api_name": "Lead", "field_label": "L", "id": "2" },
                "connected_lookup_field": { "api_name": "Event", "field_label": "E", "id": "3" },
            },
            "connected_details": {
                "field": { "api_name": "Leads", "field_label": "Leads", "id": "4" },
                "module": { "plural_label": "Events", "api_name": "Events", "id": "5" },
                "layouts": [{ "api_name": "Standard", "id": "6" }],
            },
            "related_list": { "display_label": "Events", "api_name": "Events7", "id": "7" },
            "record_access": true,
        },
    }))
    .unwrap();
    let history = field.history_tracking.unwrap();
    assert!(history.enabled);
    assert_eq!(history.module.unwrap().api_name.as_deref(), Some("Stage_History"));
    let lookup = field.multiselect_lookup.unwrap();
    let name = |reference: Option<MetaRef>| reference.unwrap().api_name.unwrap();
    let linking = lookup.linking_details.unwrap();
    assert_eq!(name(linking.module), "Link");
    assert_eq!(name(linking.lookup_field), "Lead");
    assert_eq!(name(linking.connected_lookup_field), "Event");
    let connected = lookup.connected_details.unwrap();
    assert_eq!(name(connected.module), "Events");
    assert_eq!(name(connected.field), "Leads");
    assert_eq!(connected.layouts.len(), 1);
    let list = lookup.related_list.unwrap();
    assert_eq!(list.api_name, "Events7");
    assert_eq!(lookup.record_access, Some(true));
}

/// Members of fields.json, modules.json, custom-views.json, related-lists.json, roles.json,
/// profiles.json and users.json of 2026.
#[test]
fn reads_members_of_the_newest_description() {
    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }
    let field: FieldInfo = read(json!({
        "history_tracking_enabled": true,
        "display_format": "MMM D, YYYY",
        "range": { "from": 0.5, "to": 10 },
        "parent_field": { "api_name": "Address", "name": "Address", "id": "1" },
        "child_fields": [{ "sequence_number": 1, "field": { "api_name": "City", "id": "2" } }],
        "formula": { "dynamic": true, "stop_compute_conditionally": false },
    }));
    assert_eq!(field.history_tracking_enabled, Some(true));
    let range = field.range.unwrap();
    assert_eq!((range.from, range.to), (Some(0.5), Some(10.0)));
    assert_eq!(field.parent_field.unwrap().api_name.as_deref(), Some("Address"));
    let child = field.child_fields.first().unwrap();
    assert_eq!(child.field.as_ref().unwrap().api_name.as_deref(), Some("City"));
    let formula = field.formula.unwrap();
    assert_eq!((formula.dynamic, formula.stop_compute_conditionally), (Some(true), Some(false)));
    // what only some fields have is null in the others
    let other: FieldInfo =
        read(json!({ "range": null, "child_fields": null, "parent_field": null }));
    assert!(other.range.is_none() && other.child_fields.is_empty() && other.parent_field.is_none());
    let module: ModuleInfo = read(json!({
        "access_type": "org_based", "module_type": "ENTITIES", "actual_singular_label": "Lead",
        "actual_plural_label": "Leads", "lookupable": true, "source": "crm",
    }));
    assert_eq!(module.access_type.as_deref(), Some("org_based"));
    assert_eq!(module.actual_plural_label.as_deref(), Some("Leads"));
    assert_eq!((module.lookupable, module.source.as_deref()), (Some(true), Some("crm")));
    let view: CustomView = read(json!({ "wrap_text": true, "cross_filters": [{
        "include_objects": true,
        "relation": { "id": "1", "api_name": "Notes__r" },
        "criteria": { "comparator": "equal", "field": { "api_name": "City" }, "value": "X" },
    }] }));
    let filter = view.cross_filters.first().unwrap();
    assert_eq!((view.wrap_text, filter.include_objects), (Some(true), Some(true)));
    assert!(filter.criteria.is_some() && filter.extra.is_empty());
    let list: RelatedList = read(json!({ "record_operations": { "edit": true, "delete": false } }));
    let allowed = list.record_operations.unwrap();
    assert_eq!((allowed.edit, allowed.delete, allowed.assign), (Some(true), Some(false), None));
    let role: Role = read(json!({ "api_name": "CEO" }));
    let profile: Profile = read(json!({ "api_name": "Standard" }));
    assert_eq!(role.api_name, profile.api_name.map(|_| "CEO".to_owned()));
    let user: User = read(json!({ "type__s": "Regular User", "share_among_subordinates": true }));
    assert_eq!(user.user_type.as_deref(), Some("Regular User"));
    assert_eq!(user.share_among_subordinates, Some(true));
}

#[test]
fn sends_times_without_fractions_of_seconds() {
    #[derive(serde::Serialize)]
    struct Call {
        #[serde(rename = "Call_Start_Time")]
        start: chrono::DateTime<chrono::Utc>,
    }
    let start = chrono::DateTime::from_timestamp(1_779_622_512, 345_678_901).unwrap();
    let call = Call { start };
    let written = "2026-05-24T11:35:12+00:00";
    for version in BOTH {
        let calls = at(version).records("Calls");
        let dynamic = Record::new().with("Call_Start_Time", start);
        let rows = [
            shown(&calls.create_many([&call]).preview().unwrap()[0]).1,
            shown(&calls.create_many([&dynamic]).preview().unwrap()[0]).1,
            shown(&calls.record("5").update(&call).preview().unwrap()).1,
        ];
        for row in rows {
            assert_eq!(row["data"][0]["Call_Start_Time"], written);
        }
        let raw = at(version).call(&operations::RECORDS_CREATE).path("module", "Calls");
        let raw = raw.items(&[&call]).preview().unwrap();
        assert_eq!(shown(&raw).1["data"][0]["Call_Start_Time"], written);
        let mass = calls.mass_update(["5"], "Call_Start_Time", start).preview().unwrap();
        assert_eq!(shown(&mass[0]).1["data"][0]["Call_Start_Time"], written);
    }
}

#[test]
fn refuses_a_record_that_cannot_be_written_as_json() {
    let odd = BTreeMap::from([((1, 2), 3)]);
    for version in BOTH {
        let record = Record::new().with("Last_Name", "Boyle").with("Odd", &odd);
        let leads = at(version).records("Leads");
        for error in [
            leads.create_many([&record]).preview().unwrap_err(),
            leads.record("5").update(&record).preview().unwrap_err(),
        ] {
            assert_eq!(error.kind(), zcrm_core::ErrorKind::Input);
            let text = error.to_string();
            assert!(text.contains("`Odd`") && text.contains("key must be"), "{text}");
        }
    }
}

#[tokio::test]
async fn sends_unchecked_parameters_with_both_calls_of_a_row_change() {
    let lead = json!({ "id": "5", "Modified_Time": "2026-05-24T17:05:12+05:30", "Visits": [] });
    for (version, calls) in [(ApiVersion::V2, 2), (ApiVersion::V8, 1)] {
        let (api, sent) = canned(version, 200, &[], json!({ "data": [lead] }).to_string());
        let change =
            api.record("Leads", "5").rows("Visits").create(&Record::new().with("City", "x"));
        // the response is not a result of the write
        change.param_unchecked("beta", "1").await.unwrap_err();
        let sent = sent.lock().unwrap();
        assert_eq!(sent.len(), calls);
        for request in sent.iter() {
            assert!(request.uri().query().unwrap().contains("beta=1"), "{}", request.uri());
        }
        assert_eq!(sent[calls - 1].uri().query(), Some("beta=1"));
    }
}
