//! Writes of several rows, each with an outcome of its own.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::refusal::{Refusal, RowError};
use crate::http::Answer;
use crate::version::Version;

/// What came of one row.
pub(crate) type RowResult = Result<Value, RowError>;

pub(crate) fn success(message: &str, details: Value) -> Value {
    json!({ "code": "SUCCESS", "details": details, "message": message, "status": "success" })
}

/// The call's body.
pub(crate) fn body(cx: &Context<'_>) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(&cx.call.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => {
            Err(Refusal::bad("INVALID_DATA", "body", json!({ "expected_data_type": "jsonobject" })))
        }
    }
}

/// The rows that a body holds under `key`, at least one and at most `limit`.
pub(crate) fn rows(
    body: &Map<String, Value>,
    key: &str,
    limit: usize,
) -> Result<Vec<Value>, Refusal> {
    let place = || json!({ "api_name": key, "json_path": format!("$.{key}") });
    let with = |name: &str, value: Value| {
        let mut details = place();
        if let Some(map) = details.as_object_mut() {
            map.insert(name.to_owned(), value);
        }
        details
    };
    match body.get(key) {
        None => Err(Refusal::bad("MANDATORY_NOT_FOUND", "required field not found", place())),
        Some(Value::Array(rows)) if rows.len() > limit => Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of records is exceeded",
            with("limit", limit.into()),
        )),
        Some(Value::Array(rows)) if !rows.is_empty() => Ok(rows.clone()),
        Some(_) => Err(Refusal::bad(
            "INVALID_DATA",
            "invalid data",
            with("expected_data_type", "jsonarray".into()),
        )),
    }
}

/// A row as an object.
pub(crate) fn object<'a>(
    row: &'a Value,
    place: RowPosition<'_>,
) -> Result<&'a Map<String, Value>, RowError> {
    row.as_object().ok_or_else(|| {
        let path = format!("$.{}[{}]", place.key, place.index);
        RowError::invalid(json!({ "expected_data_type": "jsonobject", "json_path": path }))
    })
}

/// Where a row stands in a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowPosition<'a> {
    pub(crate) version: Version,
    pub(crate) key: &'a str,
    pub(crate) index: usize,
}

impl RowPosition<'_> {
    /// The details that say which value is meant; before v3 without its path.
    pub(crate) fn of(self, name: &str) -> Value {
        let last = name.rsplit('.').next().unwrap_or(name);
        let last = last.split('[').next().unwrap_or(last);
        let mut details = Map::new();
        details.insert("api_name".into(), last.into());
        if self.version >= Version::V3 {
            let path = format!("$.{}[{}].{name}", self.key, self.index);
            details.insert("json_path".into(), path.into());
        }
        Value::Object(details)
    }

    /// The same, with one detail more.
    pub(crate) fn with(self, name: &str, key: &str, value: impl Into<Value>) -> Value {
        let mut details = self.of(name);
        if let Some(map) = details.as_object_mut() {
            map.insert(key.to_owned(), value.into());
        }
        details
    }

    /// The text of a member that must be given.
    pub(crate) fn text<'r>(
        self,
        row: &'r Map<String, Value>,
        name: &str,
    ) -> Result<&'r str, RowError> {
        match row.get(name) {
            None | Some(Value::Null) => Err(RowError::mandatory(self.of(name))),
            Some(Value::String(text)) if text.is_empty() => Err(RowError::mandatory(self.of(name))),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(RowError::invalid(self.with(name, "expected_data_type", "string"))),
        }
    }
}

/// Carries out `one` for each row that the body holds under `key`.
pub(crate) fn each<'c>(
    cx: &mut Context<'c>,
    key: &'static str,
    limit: usize,
    good: StatusCode,
    mut one: impl FnMut(&mut Context<'c>, RowPosition<'static>, &Map<String, Value>) -> RowResult,
) -> Result<Answer, Refusal> {
    let rows = rows(&body(cx)?, key, limit)?;
    let outcomes: Vec<RowResult> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let place = RowPosition { version: cx.version, key, index };
            one(cx, place, object(row, place)?)
        })
        .collect();
    Ok(answer(cx, key, &outcomes, good))
}

/// Carries out `one` for each of the ids that the query names.
pub(crate) fn each_id<'c>(
    cx: &mut Context<'c>,
    key: &'static str,
    limit: usize,
    mut one: impl FnMut(&mut Context<'c>, &str) -> RowResult,
) -> Result<Answer, Refusal> {
    let ids = cx.call.param("ids").map(|ids| ids.trim_end_matches(',')).unwrap_or_default();
    if ids.is_empty() {
        return Err(Refusal::missing_param("ids"));
    }
    let ids: Vec<&str> = ids.split(',').map(str::trim).collect();
    if ids.len() > limit {
        return Err(Refusal::param_limit("ids", limit));
    }
    let outcomes: Vec<RowResult> = ids.into_iter().map(|id| one(cx, id)).collect();
    Ok(answer(cx, key, &outcomes, StatusCode::OK))
}

/// Puts the rows' outcomes together.
///
/// If every row fails, the status is 412 where all of them were modified meanwhile, else what the
/// simulator was told, else 202 in v2 and 400 after it: what Zoho sends differs between its pages.
pub(crate) fn answer(
    cx: &Context<'_>,
    key: &str,
    outcomes: &[RowResult],
    good: StatusCode,
) -> Answer {
    let written = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let failures: Vec<&RowError> =
        outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    let status = if failures.is_empty() {
        good
    } else if written > 0 {
        StatusCode::MULTI_STATUS
    } else if failures.iter().all(|error| error.code == "ALREADY_MODIFIED") {
        StatusCode::PRECONDITION_FAILED
    } else {
        let told = cx.config.all_failed_status.and_then(|told| StatusCode::from_u16(told).ok());
        told.unwrap_or(if cx.version == Version::V2 {
            StatusCode::ACCEPTED
        } else {
            StatusCode::BAD_REQUEST
        })
    };
    let rows: Vec<Value> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().map_or_else(RowError::json, Value::clone))
        .collect();
    let answer = Answer::json(status, &json!({ key: rows })).wrote(written);
    match failures.first() {
        Some(first) if written == 0 => answer.with_code(first.code),
        _ => answer,
    }
}

/// A setting or a list of them under `key`; nothing if there is none.
pub(crate) fn found(key: &str, rows: Vec<Value>) -> Answer {
    if rows.is_empty() {
        return Answer::empty(StatusCode::NO_CONTENT);
    }
    Answer::json(StatusCode::OK, &json!({ key: rows }))
}
