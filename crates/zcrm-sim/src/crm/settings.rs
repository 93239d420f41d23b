//! Modules and fields as the settings describe them.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::Context;
use super::outcome::found;
use super::refusal::Refusal;
use super::version::Version;
use crate::call::Answer;
use crate::schema::{field_json, module_json};

pub(super) fn modules(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    // Every module here is visible.
    let asked = cx.call.param("status").unwrap_or("visible");
    let modules: Vec<Value> = cx
        .state
        .modules
        .values()
        .enumerate()
        .filter(|_| asked.split(',').any(|status| status == "visible"))
        .map(|(index, module)| module_json(cx.state, module, cx.version, index + 1, false))
        .collect();
    Ok(found("modules", modules))
}

/// One module, by its API name or by its id.
pub(super) fn module(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let wanted = cx.value(0);
    let by_id = || cx.state.modules.values().find(|module| module.id.to_string() == wanted);
    let module = match cx.state.modules.get(wanted).or_else(by_id) {
        Some(module) => module,
        None => &cx.module(wanted)?,
    };
    let place = cx.state.modules.keys().position(|name| name == module.api_name());
    let json = module_json(cx.state, module, cx.version, place.unwrap_or_default() + 1, true);
    Ok(Answer::json(StatusCode::OK, &json!({ "modules": [json] })))
}

pub(super) fn fields(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    describe(cx, None)
}

pub(super) fn field(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let id = cx.value(0);
    describe(cx, Some(id))
}

/// A module's fields, or the one of them with that id or API name.
fn describe(cx: &Context<'_>, wanted: Option<&str>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    let fields: Vec<Value> = module
        .fields
        .iter()
        .filter(|field| {
            wanted.is_none_or(|wanted| field.id.to_string() == wanted || field.api_name == wanted)
        })
        .filter(|field| field.api_name != "id" || cx.version >= Version::V4)
        .map(|field| field_json(cx.state, &module, field, cx.version))
        .collect();
    Ok(found("fields", fields))
}
