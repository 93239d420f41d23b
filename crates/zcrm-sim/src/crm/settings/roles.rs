//! Roles of users.

use serde_json::{Map, Value, json};

use crate::crm::call::{Context, Refusal, found};
use crate::http::Answer;
use crate::json::text_of;

/// Returns a role with the name of the role above it.
fn role_json(cx: &Context<'_>, role: &Map<String, Value>) -> Value {
    let mut shown = role.clone();
    let above = cx.store().roles.get(text_of(role, "reporting_to"));
    let above = above.map(|one| json!({ "id": one.get("id"), "name": one.get("name") }));
    shown.insert("reporting_to".into(), above.into());
    shown.insert("forecast_manager".into(), Value::Null);
    Value::Object(shown)
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let roles = cx.store().roles.all_or_one(cx.setting_id()?);
    Ok(found("roles", roles.map(|role| role_json(cx, role)).collect()))
}
