//! Roles, profiles and assignment rules.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::Context;
use super::outcome::found;
use super::read::path_id;
use super::refusal::Refusal;
use super::version::Version;
use crate::call::Answer;
use crate::organisation::{FOUNDED, permissions};
use crate::store::text_of;

/// A role, with the name of the one above it.
fn role_json(cx: &Context<'_>, role: &Map<String, Value>) -> Value {
    let mut shown = role.clone();
    let above = cx.store().roles.get(text_of(role, "reporting_to"));
    let above = above.map(|one| json!({ "id": one.get("id"), "name": one.get("name") }));
    shown.insert("reporting_to".into(), above.into());
    shown.insert("forecast_manager".into(), Value::Null);
    Value::Object(shown)
}

pub(super) fn roles(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    Ok(found("roles", cx.store().roles.values().map(|role| role_json(cx, role)).collect()))
}

pub(super) fn role(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let role = cx.store().roles.get(path_id(cx, 0)?);
    Ok(found("roles", role.map(|role| role_json(cx, role)).into_iter().collect()))
}

/// A profile, with what it allows.
fn profile_json(cx: &Context<'_>, profile: &Map<String, Value>, detailed: bool) -> Value {
    let mut shown = profile.clone();
    shown.remove("enabled");
    let first = cx.state.users.first().map(|user| cx.view().actor(&user.id));
    for name in ["created_time", "modified_time"] {
        shown.insert(name.into(), FOUNDED.into());
    }
    for name in ["created_by", "modified_by"] {
        shown.insert(name.into(), first.clone().into());
    }
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

pub(super) fn profiles(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    // The newer files have everything in the list too.
    let detailed = cx.version > Version::V2;
    let all = cx.store().profiles.values().map(|one| profile_json(cx, one, detailed));
    let all: Vec<Value> = all.collect();
    let mut body = json!({ "profiles": all });
    if let (Some(map), true) = (body.as_object_mut(), cx.version > Version::V2) {
        map.insert("info".into(), json!({ "license_limit": 100 }));
    }
    Ok(Answer::json(StatusCode::OK, &body))
}

pub(super) fn profile(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let profile = cx.store().profiles.get(path_id(cx, 0)?);
    Ok(found("profiles", profile.map(|one| profile_json(cx, one, true)).into_iter().collect()))
}

pub(super) fn assignment_rules(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let view = cx.view();
    let wanted = cx.call.param("module");
    if wanted.is_some() {
        cx.param_module()?;
    }
    let rules = cx.store().assignment_rules.values();
    let shown = rules.filter(|rule| wanted.is_none_or(|name| text_of(rule, "module") == name));
    let shown = shown.map(|rule| {
        let owner = view.actor(text_of(rule, "owner"));
        let name = text_of(rule, "module");
        let module = cx.state.modules.get(name).map(|module| module.id.to_string());
        json!({
            "id": rule.get("id"),
            "name": rule.get("name"),
            "api_name": rule.get("api_name"),
            "description": rule.get("description"),
            "module": { "api_name": name, "id": module },
            "default_assignee": owner.clone(),
            "created_by": owner.clone(),
            "modified_by": owner,
            "created_time": FOUNDED,
            "modified_time": FOUNDED,
        })
    });
    Ok(found("assignment_rules", shown.collect()))
}
