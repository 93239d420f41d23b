//! The taxes of the organisation.
//!
//! v2 and v2.1 have a separate method for each operation. From v3 on there is a single write, which
//! is executed completely or not at all and has one result (as in Zoho's SDKs of these versions).

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::call::{
    Context, Refusal, Row, RowError, RowResult, body, each, each_id, found, rows, success,
};
use crate::http::Answer;
use crate::json::text_of;
use crate::version::Version;

/// The maximum number of taxes in a call.
const LIMIT: usize = 100;

fn show(cx: &Context<'_>, tax: &Map<String, Value>, index: usize) -> Value {
    let mut shown = tax.clone();
    shown.insert("sequence_number".into(), (index + 1).into());
    if cx.version == Version::V2 {
        shown.remove("sequence_number");
    }
    Value::Object(shown)
}

/// Returns whether taxes have the format of v2.
fn is_v2_form(cx: &Context<'_>) -> bool {
    cx.version < Version::V3
}

fn preference(cx: &Context<'_>) -> Value {
    json!(cx.store().tax_preference)
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let taxes: Vec<Value> =
        cx.store().taxes.values().enumerate().map(|(index, tax)| show(cx, tax, index)).collect();
    if taxes.is_empty() && is_v2_form(cx) {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let taxes = json!({ "taxes": taxes, "preference": preference(cx) });
    Ok(Answer::json(StatusCode::OK, &in_form(cx, taxes)))
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let Some(tax) = cx.store().taxes.get(cx.path_id(0)?) else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    if is_v2_form(cx) {
        return Ok(found("taxes", vec![show(cx, tax, 0)]));
    }
    let index = cx.store().taxes.values().position(|one| one.get("id") == tax.get("id"));
    let taxes = json!({ "taxes": [show(cx, tax, index.unwrap_or_default())] });
    Ok(Answer::json(StatusCode::OK, &in_form(cx, taxes)))
}

/// Returns an answer about taxes in the format of the version.
fn in_form(cx: &Context<'_>, taxes: Value) -> Value {
    match is_v2_form(cx) {
        true => taxes,
        false => json!({ "org_taxes": taxes }),
    }
}

/// Refuses a method that newer versions do not have.
fn only_in_v2_form(cx: &Context<'_>) -> Result<(), Refusal> {
    match is_v2_form(cx) {
        true => Ok(()),
        false => Err(Refusal::method()),
    }
}

/// Returns a tax's name and rate from a row. An update may omit either.
fn checked(
    cx: &Context<'_>,
    row: Row<'_>,
    id: Option<&str>,
) -> Result<Map<String, Value>, RowError> {
    let mut tax = Map::new();
    if id.is_none() || row.get("name").is_some() {
        let name = row.text("name")?;
        if name.chars().count() > 50 {
            return Err(row.too_long("name", 50));
        }
        let twin = cx.store().taxes.find_by("name", name).map(|one| text_of(one, "id"));
        if let Some(twin) = twin.filter(|twin| Some(*twin) != id) {
            return Err(RowError::duplicate(row.details_with("name", "id", twin)));
        }
        tax.insert("name".into(), name.into());
        tax.insert("display_label".into(), name.into());
    }
    match row.get("value").filter(|value| !value.is_null()) {
        None if id.is_none() => return Err(row.missing("value")),
        None => {}
        Some(value) if value.as_f64().is_some_and(|rate| (0.0..=100.0).contains(&rate)) => {
            tax.insert("value".into(), value.clone());
        }
        Some(_) => {
            return Err(row.expected("value", "double"));
        }
    }
    Ok(tax)
}

fn make(cx: &mut Context<'_>, row: Row<'_>) -> RowResult {
    let tax = checked(cx, row, None)?;
    let id = cx.state.rng.next_id();
    cx.store_mut().taxes.put(id, tax);
    Ok(success("Tax added", json!({ "id": id.to_string() })))
}

fn change(cx: &mut Context<'_>, row: Row<'_>) -> RowResult {
    let id = row.text("id")?;
    if cx.store().taxes.get(id).is_none() {
        return Err(RowError::unknown_id(id));
    }
    let changes = checked(cx, row, Some(id))?;
    if let Some(tax) = cx.store_mut().taxes.get_mut(id) {
        tax.extend(changes);
    }
    Ok(success("Tax updated", json!({ "id": id })))
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    only_in_v2_form(cx)?;
    each(cx, "taxes", LIMIT, StatusCode::CREATED, make)
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    match is_v2_form(cx) {
        true => each(cx, "taxes", LIMIT, StatusCode::OK, change),
        false => write(cx),
    }
}

/// Executes the single write of newer versions: rows without an id are inserted, rows with an id
/// are updated, and rows marked for deletion are deleted. If one row is refused, no row is written.
fn write(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let body = body(cx)?;
    let Some(org_taxes) = body.get("org_taxes").and_then(Value::as_object) else {
        return Err(Refusal::missing_member("org_taxes"));
    };
    let (taxes, preference) = (cx.store().taxes.clone(), cx.store().tax_preference);
    match carry_out(cx, org_taxes)? {
        Ok(done) => {
            let answer = Answer::json(StatusCode::OK, &json!({ "org_taxes": done }));
            Ok(answer.wrote(1))
        }
        Err(refused) => {
            cx.store_mut().taxes = taxes;
            cx.store_mut().tax_preference = preference;
            let answer = json!({ "org_taxes": refused.json() });
            Ok(Answer::json(StatusCode::BAD_REQUEST, &answer).with_code(refused.code))
        }
    }
}

fn carry_out(cx: &mut Context<'_>, org_taxes: &Map<String, Value>) -> Result<RowResult, Refusal> {
    let taxes = match org_taxes.contains_key("taxes") {
        true => rows(org_taxes, "taxes", LIMIT)?,
        false => Vec::new(),
    };
    if let Some(preference) = org_taxes.get("preference")
        && let Err(refused) = set_preference(cx, preference)
    {
        return Ok(Err(refused));
    }
    let mut last = success("Taxes updated", json!({}));
    for (index, row) in taxes.iter().enumerate() {
        let row = Row::read(cx.version, "org_taxes.taxes", index, row);
        let done = row.and_then(|row| one(cx, row));
        match done {
            Ok(done) => last = done,
            Err(refused) => return Ok(Err(refused)),
        }
    }
    // The result names a tax only if there is exactly one.
    Ok(Ok(match taxes.len() {
        1 => last,
        _ => success("Taxes updated", json!({})),
    }))
}

fn one(cx: &mut Context<'_>, row: Row<'_>) -> RowResult {
    match (row.get("id"), row.get("_delete")) {
        (Some(_), Some(mark)) if *mark != Value::Bool(false) => {
            let id = row.text("id")?;
            remove(cx, id)
        }
        (Some(_), _) => change(cx, row),
        (None, _) => make(cx, row),
    }
}

/// Updates the organisation's tax settings. Members that are not given stay unchanged.
fn set_preference(cx: &mut Context<'_>, preference: &Value) -> Result<(), RowError> {
    let wrong = |name: &str| {
        let path = format!("$.org_taxes.preference.{name}");
        let details =
            json!({ "api_name": name, "json_path": path, "expected_data_type": "boolean" });
        RowError::invalid(details)
    };
    let given = preference.as_object().ok_or_else(|| wrong("preference"))?;
    for (name, value) in given {
        let value = value.as_bool().ok_or_else(|| wrong(name))?;
        let known = &mut cx.store_mut().tax_preference;
        match name.as_str() {
            "auto_populate_tax" => known.auto_populate_tax = value,
            "modify_tax_rates" => known.modify_tax_rates = value,
            _ => {}
        }
    }
    Ok(())
}

fn remove(cx: &mut Context<'_>, id: &str) -> RowResult {
    cx.store_mut().taxes.remove(id).ok_or_else(|| RowError::unknown_id(id))?;
    Ok(success("Tax deleted", json!({ "id": id })))
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    only_in_v2_form(cx)?;
    let id = cx.optional_path_value(0);
    each_id(cx, "taxes", id, LIMIT, remove)
}
