//! The operations on modules and fields.

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::describe::{field_json, module_json};
use crate::crm::call::{Context, Refusal, found};
use crate::http::Answer;
use crate::schema::{FieldSpec, ModuleSpec};
use crate::version::Version;

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    // All modules are visible.
    let asked = cx.call.param("status").unwrap_or("visible");
    if !asked.split(',').any(|status| status == "visible") {
        return Ok(found("modules", Vec::new()));
    }
    Ok(once(cx, String::from("modules"), |cx| {
        let modules = cx.state.modules.values().enumerate();
        let described = modules
            .map(|(index, module)| module_json(cx.state, module, cx.version, index + 1, false));
        json!({ "modules": described.collect::<Vec<Value>>() })
    }))
}

/// Returns the cached description for this version, or caches the result of `describe`.
fn once(
    cx: &mut Context<'_>,
    what: String,
    describe: impl FnOnce(&Context<'_>) -> Value,
) -> Answer {
    let key = (cx.version, what);
    let known = cx.state.described.get(&key).cloned();
    let body = known.unwrap_or_else(|| {
        let body = Bytes::from(describe(cx).to_string());
        cx.state.described.insert(key, body.clone());
        body
    });
    Answer::json_text(StatusCode::OK, body)
}

/// Returns a module by API name or id.
pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let wanted = cx.path_value(0);
    let by_id = || cx.state.modules.values().find(|module| module.id.to_string() == wanted);
    let module = match cx.state.modules.get(wanted).or_else(by_id) {
        Some(module) => module,
        None => &cx.module(wanted)?,
    };
    let place = cx.state.modules.keys().position(|name| name == module.api_name());
    let json = module_json(cx.state, module, cx.version, place.unwrap_or_default() + 1, true);
    Ok(Answer::json(StatusCode::OK, &json!({ "modules": [json] })))
}

pub(crate) fn fields(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    let what = format!("fields of {}", module.api_name());
    Ok(once(cx, what, |cx| json!({ "fields": described(cx, &module, |_| true) })))
}

pub(crate) fn field(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let wanted = cx.path_value(0);
    let module = cx.param_module()?;
    let fields =
        described(cx, &module, |field| field.id.to_string() == wanted || field.api_name == wanted);
    Ok(found("fields", fields))
}

/// Returns the descriptions of a module's fields.
fn described(
    cx: &Context<'_>,
    module: &ModuleSpec,
    wanted: impl Fn(&FieldSpec) -> bool,
) -> Vec<Value> {
    module
        .fields
        .iter()
        .filter(|field| wanted(field))
        .filter(|field| field.api_name != "id" || cx.version >= Version::V4)
        .map(|field| field_json(cx.state, module, field, cx.version))
        .collect()
}
