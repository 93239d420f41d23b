//! The currencies of the organisation.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::call::{
    Context, Refusal, Row, RowError, RowResult, body, each, found, row_id, success,
};
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
        let format = json!({
            "decimal_separator": "Period", "thousand_separator": "Comma", "decimal_places": "2",
        });
        currency.entry("format").or_insert(format);
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

/// The currencies that can be added, by their codes and names.
const AVAILABLE: [(&str, &str, &str); 5] = [
    ("AUD", "Australian Dollar", "A$"),
    ("CHF", "Swiss Franc", "CHF"),
    ("EUR", "Euro", "\u{20ac}"),
    ("GBP", "Pound Sterling", "\u{a3}"),
    ("INR", "Indian Rupee", "\u{20b9}"),
];

pub(crate) fn available(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let is_new = |code: &str| cx.store().currencies.find_by("iso_code", code).is_none();
    let all = AVAILABLE.iter().filter(|(code, _, _)| is_new(code));
    let shown = all.map(|(code, name, symbol)| {
        json!({
            "display_value": format!("{name} - {code}"), "decimal_separator": "Period",
            "symbol": symbol, "thousand_separator": "Comma", "iso_code": code, "decimal_places": "2",
            "display_name": format!("{name} - {code}"),
        })
    });
    Ok(found("available_currencies", shown.collect()))
}

/// Returns the base currency of the body as a row, and its key.
fn base_row<'b>(cx: &Context<'_>, body: &'b Map<String, Value>) -> Result<Row<'b>, Refusal> {
    let given =
        body.get("base_currency").ok_or_else(|| Refusal::missing_member("base_currency"))?;
    let values = given.as_object().ok_or_else(|| {
        Refusal::invalid_member("base_currency", "expected_data_type", "jsonobject")
    })?;
    Ok(Row { version: cx.version, key: "base_currency", index: 0, values })
}

/// Refuses to enable several currencies again: the organisation has them from the beginning.
pub(crate) fn enable(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let body = body(cx)?;
    base_row(cx, &body)?;
    let message = "The multi-currency feature is already enabled";
    Err(Refusal::bad("ALREADY_ENABLED", message, json!({})))
}

/// Changes the base currency.
pub(crate) fn update_base(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let body = body(cx)?;
    let row = base_row(cx, &body)?;
    let id = row.text("id")?;
    let known = cx.store().currencies.get(id);
    if known.is_none_or(|one| one.get("is_base") != Some(&Value::Bool(true))) {
        return Err(RowError::unknown_id(id).into());
    }
    let done = change(cx, row, id)?;
    Ok(Answer::json(StatusCode::OK, &json!({ "base_currency": done })).wrote(1))
}
