//! Profiles of users and their permissions.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::call::{Context, Refusal, found};
use crate::http::Answer;
use crate::state::permissions;
use crate::version::Version;

/// Returns a profile with its permissions.
fn profile_json(cx: &Context<'_>, profile: &Map<String, Value>, detailed: bool) -> Value {
    let mut shown = profile.clone();
    shown.remove("enabled");
    cx.view().add_founder(&mut shown);
    if cx.version == Version::V2 {
        shown.remove("type");
        shown.remove("custom");
    }
    if detailed {
        let all = permissions(profile);
        let ids = |module: &str| -> Vec<Value> {
            let of =
                all.iter().filter(|one| one.get("module").and_then(Value::as_str) == Some(module));
            of.filter_map(|one| one.get("id").cloned()).collect()
        };
        let others: Vec<Value> = all
            .iter()
            .filter(|one| one.get("module") == Some(&Value::Null))
            .filter_map(|one| one.get("id").cloned())
            .collect();
        let category = |module: &str| {
            json!({
                "name": module, "display_label": module, "module": module,
                "permissions_details": ids(module),
            })
        };
        let sections = json!([
            { "name": "Basic Permissions", "categories": [category("Leads"), category("Contacts")] },
            { "name": "Setup Permissions", "categories": [{
                "name": "Administration", "display_label": "Administration", "module": null,
                "permissions_details": others,
            }] },
        ]);
        shown.insert("sections".into(), sections);
        shown.insert("permissions_details".into(), all.into());
    }
    Value::Object(shown)
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    // In later versions, the list has all details too.
    let detailed = cx.version > Version::V2;
    let all = cx.store().profiles.values().map(|one| profile_json(cx, one, detailed));
    let all: Vec<Value> = all.collect();
    let mut body = json!({ "profiles": all });
    if let (Some(map), true) = (body.as_object_mut(), cx.version > Version::V2) {
        map.insert("info".into(), json!({ "license_limit": 100 }));
    }
    Ok(Answer::json(StatusCode::OK, &body))
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let profile = cx.store().profiles.get(cx.path_id(0)?);
    Ok(found("profiles", profile.map(|one| profile_json(cx, one, true)).into_iter().collect()))
}
