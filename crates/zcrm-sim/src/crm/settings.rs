//! Metadata, the organisation and its users.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Context;
use super::refusal::Refusal;
use super::version::Version;
use crate::call::Answer;
use crate::schema::{field_json, module_json};
use crate::state::{Environment, User};

pub(super) fn modules(cx: &Context<'_>) -> Answer {
    let modules: Vec<Value> = cx
        .state
        .modules
        .values()
        .enumerate()
        .map(|(index, module)| module_json(cx.state, module, cx.version, index + 1, false))
        .collect();
    Answer::json(StatusCode::OK, &json!({ "modules": modules }))
}

/// One module, by its API name or by its id.
pub(super) fn module(cx: &Context<'_>, wanted: &str) -> Result<Answer, Refusal> {
    let by_id = || cx.state.modules.values().find(|module| module.id.to_string() == wanted);
    let module = match cx.state.modules.get(wanted).or_else(by_id) {
        Some(module) => module,
        None => &cx.module(wanted)?,
    };
    let place = cx.state.modules.keys().position(|name| name == module.api_name());
    let json = module_json(cx.state, module, cx.version, place.unwrap_or_default() + 1, true);
    Ok(Answer::json(StatusCode::OK, &json!({ "modules": [json] })))
}

/// A module's fields, or the one of them with that id.
pub(super) fn fields(cx: &Context<'_>, id: Option<&str>) -> Result<Answer, Refusal> {
    let name = cx.call.param("module").ok_or_else(|| Refusal::missing_param("module"))?;
    let Some(module) = cx.state.modules.get(name) else {
        return Err(Refusal::bad(
            "INVALID_MODULE",
            "the module name given seems to be invalid",
            json!({ "param_name": "module", "param": "module" }),
        ));
    };
    let fields: Vec<Value> = module
        .fields
        .iter()
        .filter(|field| id.is_none_or(|id| field.id.to_string() == id))
        .filter(|field| field.api_name != "id" || cx.version >= Version::V4)
        .map(|field| field_json(cx.state, module, field, cx.version))
        .collect();
    if fields.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    Ok(Answer::json(StatusCode::OK, &json!({ "fields": fields })))
}

pub(super) fn org(cx: &Context<'_>) -> Answer {
    let first = cx.state.users.first();
    let org = json!({
        "id": cx.state.org_id,
        "zgid": cx.state.org_id,
        "company_name": "Simulated Company",
        "primary_email": first.map(|user| &user.email),
        "primary_zuid": first.map(|user| &user.zuid),
        "type": match cx.environment {
            Environment::Production => "Production",
            Environment::Sandbox => "Sandbox",
        },
        "time_zone": "Asia/Kolkata",
        "country_code": "IN",
        "currency": "US Dollar - USD",
        "iso_code": "USD",
        "currency_symbol": "$",
        "currency_locale": "en_US",
        "max_per_page": 200,
        "oauth_presence": true,
    });
    Answer::json(StatusCode::OK, &json!({ "org": [org] }))
}

fn user_json(user: &User) -> Value {
    json!({
        "id": user.id,
        "zuid": user.zuid,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "full_name": user.full_name(),
        "status": "active",
        "confirm": true,
        "time_zone": "Asia/Kolkata",
        "locale": "en_US",
    })
}

pub(super) fn users(cx: &Context<'_>) -> Result<Answer, Refusal> {
    let kind = cx.call.param("type").unwrap_or("AllUsers");
    let users: Vec<Value> = match kind {
        "CurrentUser" => cx.state.user(&cx.user).into_iter().map(user_json).collect(),
        // Every user is active, confirmed, and may administer.
        "AllUsers"
        | "ActiveUsers"
        | "ConfirmedUsers"
        | "ActiveConfirmedUsers"
        | "AdminUsers"
        | "ActiveConfirmedAdmins" => cx.state.users.iter().map(user_json).collect(),
        "DeactiveUsers" | "NotConfirmedUsers" | "DeletedUsers" => Vec::new(),
        _ => return Err(Refusal::invalid_param("type", "string")),
    };
    if users.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let info = json!({
        "per_page": 200, "count": users.len(), "page": 1, "more_records": false,
    });
    Ok(Answer::json(StatusCode::OK, &json!({ "users": users, "info": info })))
}

pub(super) fn user(cx: &Context<'_>, id: &str) -> Answer {
    match cx.state.user(id) {
        Some(user) => Answer::json(StatusCode::OK, &json!({ "users": [user_json(user)] })),
        None => Answer::empty(StatusCode::NO_CONTENT),
    }
}
