//! The taxes of the organisation.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::Context;
use super::outcome::{Outcome, Place, answer, each, each_id, found, success};
use super::read::path_id;
use super::refusal::{Refusal, RowError};
use super::version::Version;
use crate::call::Answer;
use crate::store::text_of;

/// The most taxes of a call.
const LIMIT: usize = 100;

fn show(cx: &Context<'_>, tax: &Map<String, Value>, index: usize) -> Value {
    let mut shown = tax.clone();
    shown.insert("sequence_number".into(), (index + 1).into());
    if cx.version == Version::V2 {
        shown.remove("sequence_number");
    }
    Value::Object(shown)
}

pub(super) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let taxes: Vec<Value> =
        cx.store().taxes.values().enumerate().map(|(index, tax)| show(cx, tax, index)).collect();
    if taxes.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let body = json!({ "taxes": taxes, "preference": { "auto_populate_tax": false, "modify_tax_rates": false } });
    Ok(Answer::json(StatusCode::OK, &body))
}

pub(super) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let tax = cx.store().taxes.get(path_id(cx, 0)?);
    Ok(found("taxes", tax.map(|tax| show(cx, tax, 0)).into_iter().collect()))
}

/// A tax's name and rate in a row; an update may leave either out.
fn checked(
    cx: &Context<'_>,
    place: Place<'_>,
    row: &Map<String, Value>,
    id: Option<&str>,
) -> Result<Map<String, Value>, RowError> {
    let mut tax = Map::new();
    if id.is_none() || row.contains_key("name") {
        let name = place.text(row, "name")?;
        if name.chars().count() > 50 {
            return Err(RowError::invalid(place.with("name", "maximum_length", 50)));
        }
        let twin = cx.store().taxes.by("name", name).map(|one| text_of(one, "id"));
        if let Some(twin) = twin.filter(|twin| Some(*twin) != id) {
            return Err(RowError::new(
                "DUPLICATE_DATA",
                "duplicate data",
                place.with("name", "id", twin),
            ));
        }
        tax.insert("name".into(), name.into());
        tax.insert("display_label".into(), name.into());
    }
    match row.get("value").filter(|value| !value.is_null()) {
        None if id.is_none() => return Err(RowError::mandatory(place.of("value"))),
        None => {}
        Some(value) if value.as_f64().is_some_and(|rate| (0.0..=100.0).contains(&rate)) => {
            tax.insert("value".into(), value.clone());
        }
        Some(_) => {
            return Err(RowError::invalid(place.with("value", "expected_data_type", "double")));
        }
    }
    Ok(tax)
}

pub(super) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each(cx, "taxes", LIMIT, StatusCode::CREATED, |cx, place, row| {
        let tax = checked(cx, place, row, None)?;
        let id = cx.state.chance.next_id();
        cx.store_mut().taxes.put(id, tax);
        Ok(success("Tax added", json!({ "id": id.to_string() })))
    })
}

pub(super) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each(cx, "taxes", LIMIT, StatusCode::OK, |cx, place, row| {
        let id = place.text(row, "id")?;
        if cx.store().taxes.get(id).is_none() {
            return Err(RowError::unknown_id(id));
        }
        let changes = checked(cx, place, row, Some(id))?;
        if let Some(tax) = cx.store_mut().taxes.get_mut(id) {
            tax.extend(changes);
        }
        Ok(success("Tax updated", json!({ "id": id })))
    })
}

fn remove(cx: &mut Context<'_>, id: &str) -> Outcome {
    cx.store_mut().taxes.remove(id).ok_or_else(|| RowError::unknown_id(id))?;
    Ok(success("Tax deleted", json!({ "id": id })))
}

pub(super) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    each_id(cx, "taxes", LIMIT, remove)
}

pub(super) fn delete_one(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let outcome = remove(cx, cx.value(0));
    Ok(answer(cx, "taxes", &[outcome], StatusCode::OK))
}
