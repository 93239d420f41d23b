//! Errors in Zoho's format: of an entire call, and of one row.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::Answer;

const INVALID_ID: &str = "the id given seems to be invalid";

/// The refusal of an entire call.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Value,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        details: Value,
    ) -> Self {
        Self { status, code, message: message.into(), details }
    }

    /// Creates a refusal with status 400.
    pub(crate) fn bad(code: &'static str, message: impl Into<String>, details: Value) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, details)
    }

    /// Refuses a method that the path does not have.
    pub(crate) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "INVALID_REQUEST_METHOD",
            "The http request method type is not a valid one",
            json!({}),
        )
    }

    pub(crate) fn unauthorized(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message, json!({}))
    }

    pub(crate) fn invalid_module(details: Value) -> Self {
        Self::bad("INVALID_MODULE", "the module name given seems to be invalid", details)
    }

    /// Refuses a value that is not an id, or an id that does not exist.
    pub(crate) fn invalid_id(details: Value) -> Self {
        Self::bad("INVALID_DATA", INVALID_ID, details)
    }

    /// Refuses a path value that is not an id, or an id that does not exist.
    pub(crate) fn invalid_path_id(id: &str, place: usize) -> Self {
        Self::invalid_id(json!({ "id": id, "resource_path_index": place }))
    }

    /// Refuses an operation that the API has only from a later version on.
    pub(crate) fn unsupported_version(since: &str) -> Self {
        let details = json!({ "supported_version": since });
        Self::bad("API_NOT_SUPPORTED", "api not supported in this version", details)
    }

    /// Refuses a body without a mandatory member.
    pub(crate) fn missing_member(name: &str) -> Self {
        let details = json!({ "api_name": name, "json_path": format!("$.{name}") });
        Self::bad("MANDATORY_NOT_FOUND", "required field not found", details)
    }

    /// Refuses the value of a member of the body, with a detail such as the expected type.
    pub(crate) fn invalid_member(name: &str, detail: &str, value: impl Into<Value>) -> Self {
        let path = format!("$.{name}");
        let details = json!({ "api_name": name, "json_path": path, detail: value.into() });
        Self::bad("INVALID_DATA", "invalid data", details)
    }

    /// Refuses a parameter value that is not supported.
    pub(crate) fn unsupported_param(name: &str, supported: &[&str]) -> Self {
        let details = json!({ "param_name": name, "supported_values": supported });
        Self::bad("INVALID_DATA", "invalid data", details)
    }

    /// Refuses a parameter value outside of the pattern that Zoho expects.
    pub(crate) fn unmatched_param(name: &str) -> Self {
        Self::bad(
            "PATTERN_NOT_MATCHED",
            "Please check whether the input values are correct",
            json!({ "param_name": name }),
        )
    }

    /// Refuses a call without a mandatory parameter.
    pub(crate) fn missing_param(name: &str) -> Self {
        Self::bad(
            "REQUIRED_PARAM_MISSING",
            "One of the expected parameter is missing",
            json!({ "param_name": name, "param": name }),
        )
    }

    /// Refuses a parameter whose value has the wrong type.
    pub(crate) fn invalid_param(name: &str, expected: &str) -> Self {
        let details = json!({ "param_name": name, "expected_data_type": expected });
        Self::bad("INVALID_DATA", "invalid data", details)
    }

    /// Refuses a parameter that exceeds a limit.
    pub(crate) fn param_limit(name: &str, limit: usize) -> Self {
        Self::bad(
            "LIMIT_EXCEEDED",
            format!("the limit of {limit} is exceeded"),
            json!({ "param_name": name, "limit": limit }),
        )
    }
}

impl Refusal {
    fn body(&self) -> Value {
        json!({
            "code": self.code,
            "details": self.details,
            "message": self.message,
            "status": "error",
        })
    }

    /// Returns the answer of the few operations that have their errors in a list under `key`.
    pub(crate) fn within(self, key: &str) -> Answer {
        Answer::json(self.status, &json!({ key: [self.body()] })).with_code(self.code)
    }
}

impl From<RowError> for Refusal {
    /// Refuses the entire call because of one row.
    fn from(error: RowError) -> Self {
        Self::bad(error.code, error.message, error.details)
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, &refusal.body()).with_code(refusal.code)
    }
}

/// The refusal of one row.
#[derive(Debug)]
pub(crate) struct RowError {
    pub(crate) code: &'static str,
    message: &'static str,
    details: Value,
}

impl RowError {
    pub(crate) fn new(code: &'static str, message: &'static str, details: Value) -> Self {
        Self { code, message, details }
    }

    pub(crate) fn invalid(details: Value) -> Self {
        Self::new("INVALID_DATA", "invalid data", details)
    }

    pub(crate) fn mandatory(details: Value) -> Self {
        Self::new("MANDATORY_NOT_FOUND", "required field not found", details)
    }

    pub(crate) fn unknown_id(id: &str) -> Self {
        Self::invalid_id(json!({ "id": id }))
    }

    pub(crate) fn invalid_id(details: Value) -> Self {
        Self::new("INVALID_DATA", INVALID_ID, details)
    }

    pub(crate) fn duplicate(details: Value) -> Self {
        Self::new("DUPLICATE_DATA", "duplicate data", details)
    }

    /// Returns the name of the field that is wrong, if the details have it.
    pub(crate) fn field(&self) -> Option<&str> {
        self.details.get("api_name")?.as_str()
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "code": self.code,
            "details": self.details,
            "message": self.message,
            "status": "error",
        })
    }
}

/// The refusals of one row: at least one.
#[derive(Debug)]
pub(crate) struct RowErrors {
    first: RowError,
    more: Vec<RowError>,
}

impl RowErrors {
    /// Returns `None` without errors.
    pub(crate) fn of(errors: Vec<RowError>) -> Option<Self> {
        let mut errors = errors.into_iter();
        errors.next().map(|first| Self { first, more: errors.collect() })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RowError> {
        std::iter::once(&self.first).chain(&self.more)
    }
}

impl From<RowErrors> for RowError {
    /// Takes the first one, because the answer to a call has one error for each row.
    fn from(errors: RowErrors) -> Self {
        errors.first
    }
}
