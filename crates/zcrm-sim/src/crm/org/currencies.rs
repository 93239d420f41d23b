//! The currencies of the organisation.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::call::{Context, Refusal, Row, RowError, RowResult, each, found, row_id, success};
use crate::http::Answer;
use crate::json::text_of;

/// The maximum number of currencies in a call.
const LIMIT: usize = 10;

fn show(cx: &Context<'_>, currency: &Map<String, Value>) -> Value {
    let mut shown = currency.clone();
    cx.view().add_founder(&mut shown);
    Value::Object(shown)
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let currencies = cx.store().currencies.all_or_one(cx.setting_id()?);
    Ok(found("currencies", currencies.map(|one| show(cx, one)).collect()))
}

/// Returns the checked values of a row. A rate is a number in text, a code has three capital
/// letters.
fn checked(
    cx: &Context<'_>,
    row: Row<'_>,
    id: Option<&str>,
) -> Result<Map<String, Value>, RowError> {
    let mut currency = Map::new();
    for name in ["iso_code", "symbol", "exchange_rate", "name"] {
        let needed = id.is_none() && name != "name";
        if !needed && row.get(name).is_none_or(Value::is_null) {
            continue;
        }
        let text = row.text(name)?;
        let fits = match name {
            "iso_code" => text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
            "exchange_rate" => text.parse::<f64>().is_ok_and(|rate| rate > 0.0),
            _ => true,
        };
        if !fits {
            return Err(row.invalid(name));
        }
        currency.insert(name.into(), text.into());
    }
    for name in ["is_active", "prefix_symbol"] {
        match row.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Bool(flag)) => {
                currency.insert(name.into(), (*flag).into());
            }
            Some(_) => {
                return Err(row.expected(name, "boolean"));
            }
        }
    }
    if let Some(format) = row.get("format").filter(|format| format.is_object()) {
        currency.insert("format".into(), format.clone());
    }
    let twin = cx.store().currencies.find_by("iso_code", text_of(&currency, "iso_code"));
    if let Some(twin) = twin.map(|one| text_of(one, "id")).filter(|twin| Some(*twin) != id) {
        let details = row.details_with("iso_code", "id", twin);
        return Err(RowError::duplicate(details));
    }
    Ok(currency)
}

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each(cx, "currencies", LIMIT, StatusCode::CREATED, |cx, row| {
        let mut currency = checked(cx, row, None)?;
        let code = text_of(&currency, "iso_code").to_owned();
        currency.entry("name").or_insert_with(|| code.into());
        currency.entry("is_active").or_insert(Value::Bool(true));
        currency.entry("prefix_symbol").or_insert(Value::Bool(true));
        currency.insert("is_base".into(), false.into());
        let id = cx.state.rng.next_id();
        cx.store_mut().currencies.put(id, currency);
        let message = "The currency created successfully.";
        Ok(success(message, json!({ "id": id.to_string() })))
    })
}

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let limit = if cx.path_values.is_empty() { LIMIT } else { 1 };
    each(cx, "currencies", limit, StatusCode::OK, |cx, row| {
        let id = row_id(cx, row)?;
        change(cx, row, id)
    })
}

fn change(cx: &mut Context<'_>, row: Row<'_>, id: &str) -> RowResult {
    let known = cx.store().currencies.get(id).ok_or_else(|| RowError::unknown_id(id))?;
    let is_base = known.get("is_base") == Some(&Value::Bool(true));
    let changes = checked(cx, row, Some(id))?;
    if is_base && changes.get("is_active") == Some(&Value::Bool(false)) {
        let message = "the base currency cannot be deactivated";
        return Err(RowError::new("NOT_ALLOWED", message, row.details("is_active")));
    }
    if let Some(currency) = cx.store_mut().currencies.get_mut(id) {
        currency.extend(changes);
    }
    Ok(success("The currency updated successfully.", json!({ "id": id })))
}
