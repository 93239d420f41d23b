//! The answers of the control API.

use hyper::StatusCode;
use serde_json::Value;

use crate::error::Error;
use crate::http::Answer;

/// The refusal of a call of the control API.
pub(super) struct ControlError {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl ControlError {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }
}

impl From<Error> for ControlError {
    fn from(error: Error) -> Self {
        let reason = std::error::Error::source(&error).map(|source| format!(": {source}"));
        Self::new(StatusCode::BAD_REQUEST, format!("{error}{}", reason.unwrap_or_default()))
    }
}

pub(super) type ControlResult = Result<Answer, ControlError>;

pub(super) fn ok(body: &Value) -> Answer {
    Answer::json(StatusCode::OK, body)
}
