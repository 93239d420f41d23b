//! Writes of several rows, each with a separate result.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::refusal::{Refusal, RowError};
use crate::http::Answer;
use crate::version::Version;

/// The result of one row.
pub(crate) type RowResult = Result<Value, RowError>;

pub(crate) fn success(message: &str, details: Value) -> Value {
    json!({ "code": "SUCCESS", "details": details, "message": message, "status": "success" })
}

/// Parses the call's body.
pub(crate) fn body(cx: &Context<'_>) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(&cx.call.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => {
            Err(Refusal::bad("INVALID_DATA", "body", json!({ "expected_data_type": "jsonobject" })))
        }
    }
}

/// Returns the rows of the body under `key`, at least one and at most `limit`.
pub(crate) fn rows(
    body: &Map<String, Value>,
    key: &str,
    limit: usize,
) -> Result<Vec<Value>, Refusal> {
    match body.get(key) {
        None => Err(Refusal::missing_member(key)),
        Some(Value::Array(rows)) if rows.len() > limit => Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of records is exceeded",
            json!({ "api_name": key, "json_path": format!("$.{key}"), "limit": limit }),
        )),
        Some(Value::Array(rows)) if !rows.is_empty() => Ok(rows.clone()),
        Some(_) => Err(Refusal::invalid_member(key, "expected_data_type", "jsonarray")),
    }
}

/// A row of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) version: Version,
    /// The member of the body that contains the rows.
    pub(crate) key: &'a str,
    pub(crate) index: usize,
    pub(crate) values: &'a Map<String, Value>,
}

impl<'a> Row<'a> {
    /// Parses a row, which must be an object.
    pub(crate) fn read(
        version: Version,
        key: &'a str,
        index: usize,
        value: &'a Value,
    ) -> Result<Self, RowError> {
        let values = value.as_object().ok_or_else(|| {
            let path = format!("$.{key}[{index}]");
            RowError::invalid(json!({ "expected_data_type": "jsonobject", "json_path": path }))
        })?;
        Ok(Self { version, key, index, values })
    }

    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        self.values.get(name)
    }

    /// Returns the details that name the value; from v3 on with its path.
    pub(crate) fn details(self, name: &str) -> Value {
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

    /// Returns the details with one more member.
    pub(crate) fn details_with(self, name: &str, key: &str, value: impl Into<Value>) -> Value {
        let mut details = self.details(name);
        if let Some(map) = details.as_object_mut() {
            map.insert(key.to_owned(), value.into());
        }
        details
    }

    /// Returns the error of a missing mandatory member.
    pub(crate) fn missing(self, name: &str) -> RowError {
        RowError::mandatory(self.details(name))
    }

    /// Returns the error of a member that is invalid, has the wrong type, is too long, or is not
    /// supported.
    pub(crate) fn invalid(self, name: &str) -> RowError {
        RowError::invalid(self.details(name))
    }

    pub(crate) fn expected(self, name: &str, data_type: &str) -> RowError {
        RowError::invalid(self.details_with(name, "expected_data_type", data_type))
    }

    pub(crate) fn too_long(self, name: &str, longest: usize) -> RowError {
        RowError::invalid(self.details_with(name, "maximum_length", longest))
    }

    pub(crate) fn unsupported(self, name: &str, supported: &[&str]) -> RowError {
        RowError::invalid(self.details_with(name, "supported_values", json!(supported)))
    }

    /// Returns the text of a mandatory member.
    pub(crate) fn text(self, name: &str) -> Result<&'a str, RowError> {
        match self.get(name) {
            None | Some(Value::Null) => Err(self.missing(name)),
            Some(Value::String(text)) if text.is_empty() => Err(self.missing(name)),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(self.expected(name, "string")),
        }
    }
}

/// Returns the id of a setting: from the path, or else from the row.
pub(crate) fn row_id<'r, 'c: 'r>(cx: &Context<'c>, row: Row<'r>) -> Result<&'r str, RowError> {
    cx.optional_path_value(0).map_or_else(|| row.text("id"), Ok)
}

/// Runs `one` for each row of the body under `key`.
pub(crate) fn each<'c>(
    cx: &mut Context<'c>,
    key: &'static str,
    limit: usize,
    good: StatusCode,
    one: impl FnMut(&mut Context<'c>, Row<'_>) -> RowResult,
) -> Result<Answer, Refusal> {
    let rows = rows(&body(cx)?, key, limit)?;
    let outcomes = each_of(cx, key, &rows, one);
    Ok(answer(cx, key, &outcomes, good))
}

/// Runs `one` for each of these rows of the body.
pub(crate) fn each_of<'c>(
    cx: &mut Context<'c>,
    key: &'static str,
    rows: &[Value],
    mut one: impl FnMut(&mut Context<'c>, Row<'_>) -> RowResult,
) -> Vec<RowResult> {
    let rows = rows.iter().enumerate();
    rows.map(|(index, row)| one(cx, Row::read(cx.version, key, index, row)?)).collect()
}

/// Runs `one` for the id of the path, or else for each id in the query.
pub(crate) fn each_id<'c>(
    cx: &mut Context<'c>,
    key: &'static str,
    path_id: Option<&str>,
    limit: usize,
    mut one: impl FnMut(&mut Context<'c>, &str) -> RowResult,
) -> Result<Answer, Refusal> {
    if let Some(id) = path_id {
        let outcome = one(cx, id);
        return Ok(answer(cx, key, &[outcome], StatusCode::OK));
    }
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

/// Combines the results of the rows into an answer.
///
/// If every row fails, the status is 412 if all of them failed with `ALREADY_MODIFIED`. Otherwise
/// it is the configured status, by default 202 in v2 and 400 in later versions; Zoho's pages differ
/// about it.
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
        let configured =
            cx.config.all_failed_status.and_then(|status| StatusCode::from_u16(status).ok());
        configured.unwrap_or(if cx.version == Version::V2 {
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

/// Returns rows under `key`; without rows, the answer has no body.
pub(crate) fn found(key: &str, rows: Vec<Value>) -> Answer {
    if rows.is_empty() {
        return Answer::empty(StatusCode::NO_CONTENT);
    }
    Answer::json(StatusCode::OK, &json!({ key: rows }))
}
