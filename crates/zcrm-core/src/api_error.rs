//! Error objects in Zoho's answers.

mod details;

use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::{Code, Id, escaped, status_object::StatusObject};

/// An error object from Zoho: `{"code", "details", "message", "status": "error"}`.
///
/// It belongs to an entire request, or to one record of it. `Debug` shows only the names of the
/// details, because their values may quote the record.
///
/// ```
/// use http::StatusCode;
/// use zcrm_core::{ApiError, Code};
///
/// let body = br#"{"code":"MANDATORY_NOT_FOUND","status":"error","message":"required field not found",
///     "details":{"api_name":"Last_Name","json_path":"$.data[0].Last_Name"}}"#;
/// let error = ApiError::from_json(StatusCode::BAD_REQUEST, body).unwrap();
/// assert_eq!(*error.code(), Code::MANDATORY_NOT_FOUND);
/// assert_eq!(error.field(), Some("Last_Name"));
/// assert_eq!(error.json_path(), Some("$.data[0].Last_Name"));
/// ```
#[derive(Clone, PartialEq)]
pub struct ApiError {
    status: StatusCode,
    code: Code,
    message: String,
    details: Map<String, Value>,
}

impl ApiError {
    /// Creates an error, for a custom transport or a test.
    #[must_use]
    pub fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Map::new() }
    }

    /// Reads an error object: an object with a `code` and the status `error`.
    ///
    /// Without a member `status`, the object is an error if the HTTP status is 400 or above.
    /// Returns `None` if `json` is anything else.
    #[must_use]
    pub fn from_json(status: StatusCode, json: &[u8]) -> Option<Self> {
        let said = StatusObject::read(json)?;
        let says_error = match said.status.as_deref() {
            Some(word) => word.eq_ignore_ascii_case("error"),
            None => status.as_u16() >= 400,
        };
        says_error.then_some(Self {
            status,
            code: said.code,
            message: said.message,
            details: said.details,
        })
    }

    /// Returns the HTTP status of the answer, which may be 200.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns Zoho's error code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// Returns Zoho's message. Zoho changes its messages without notice, so compare
    /// [`code`](Self::code) instead.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns all details that Zoho sent.
    ///
    /// A list of errors is under the key `errors`. Details that are not an object are under the key
    /// `details`.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }

    /// Returns the API name of the field that caused the error (`details.api_name`).
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.text("api_name")
    }

    /// Returns the JSON path in the request's body that caused the error, such as
    /// `$.data[1].Email`.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.text("json_path")
    }

    /// Returns the value that Zoho expects in the field: a data type (`expected_data_type`), a
    /// pattern (`regex`) or the number of a supported version.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        let members = ["expected_data_type", "expected_type", "regex", "supported_version"];
        members.into_iter().find_map(|key| self.text(key))
    }

    /// Returns the API names of the fields in `expected_fields`; Zoho requires at least one of them.
    pub fn expected_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.details.get("expected_fields").and_then(Value::as_array);
        fields.into_iter().flatten().filter_map(|field| match field {
            Value::String(name) => Some(name.as_str()),
            field => field.get("api_name").and_then(Value::as_str),
        })
    }

    /// Returns the maximum length of the value (`maximum_length`): characters of a text, or items
    /// of a list.
    #[must_use]
    pub fn maximum_length(&self) -> Option<u64> {
        match self.details.get("maximum_length")? {
            Value::String(digits) => digits.parse().ok(),
            number => number.as_u64(),
        }
    }

    /// Returns the id in the details: of the record concerned, or of the existing record on
    /// `DUPLICATE_DATA`.
    #[must_use]
    pub fn id(&self) -> Option<Id> {
        let twin = self.details.get("duplicate_record").and_then(|twin| twin.get("id"));
        let value = twin.or_else(|| self.details.get("id"))?;
        serde_json::from_value(value.clone()).ok()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.details.get(key).and_then(Value::as_str)
    }
}

/// Writes one line: the code, Zoho's message, and the details that name the cause. Values of
/// records are not shown.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", escaped(&self.message))?;
        }
        let details = details::shown(&self.details);
        if details.is_empty() { Ok(()) } else { write!(f, " ({details})") }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("text", &format_args!("{self}"))
            .field("details", &self.details.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::ApiError;

    #[test]
    fn reads_a_record_with_a_field_status_as_no_error() {
        assert!(ApiError::from_json(StatusCode::OK, br#"{"id":"1","status":"error"}"#).is_none());
        assert!(
            ApiError::from_json(StatusCode::OK, br#"{"code":"C-1","status":"open"}"#).is_none()
        );
        assert!(ApiError::from_json(StatusCode::OK, br#"{"code":"C-1"}"#).is_none());
        assert!(ApiError::from_json(StatusCode::BAD_REQUEST, br#"{"code":"C-1"}"#).is_some());
    }

    #[test]
    fn displays_the_field_and_the_json_path() {
        let json = br#"{"code":"INVALID_DATA","status":"error","message":"invalid data",
            "details":{"api_name":"Email","json_path":"$.data[0].Email","expected_data_type":"email"}}"#;
        let error = ApiError::from_json(StatusCode::ACCEPTED, json).unwrap();
        assert_eq!(
            error.to_string(),
            "INVALID_DATA: invalid data \
             (api_name Email, json_path $.data[0].Email, expected_data_type email)"
        );
    }

    #[test]
    fn display_and_debug_show_no_values_of_the_record() {
        let json = br#"{"code":"DUPLICATE_DATA","status":"error","message":"duplicate data",
            "details":{"api_name":"Email","duplicate_record":{"id":"1","name":"Patricia Boyle"},
            "value":"patricia@example.com"}}"#;
        let error = ApiError::from_json(StatusCode::OK, json).unwrap();
        let text = format!("{error} {error:?}");
        assert!(text.contains("api_name Email") && text.contains("duplicate_record"), "{text}");
        assert!(!text.contains("Boyle") && !text.contains("patricia"), "{text}");
        assert_eq!(error.id().unwrap().as_str(), "1");
    }

    #[test]
    fn returns_the_expected_types_lengths_and_fields() {
        let error = |details: &str| {
            let json = format!(r#"{{"code":"X","status":"error","details":{details}}}"#);
            ApiError::from_json(StatusCode::OK, json.as_bytes()).unwrap()
        };
        assert_eq!(error(r#"{"expected_data_type":"email"}"#).expected(), Some("email"));
        assert_eq!(error(r#"{"regex":"a|b"}"#).expected(), Some("a|b"));
        assert_eq!(error(r#"{"maximum_length":80}"#).maximum_length(), Some(80));
        assert_eq!(error(r#"{"maximum_length":"80"}"#).maximum_length(), Some(80));
        assert_eq!(error(r#"{"maximum_length":[]}"#).maximum_length(), None);
        let fields = error(r#"{"expected_fields":[{"api_name":"Email"},"Phone",7]}"#);
        assert_eq!(fields.expected_fields().collect::<Vec<_>>(), ["Email", "Phone"]);
        assert_eq!(error("{}").expected_fields().count(), 0);
    }

    #[test]
    fn reads_an_error_with_details_of_any_shape() {
        for details in ["null", "[]", "\"text\"", "{}"] {
            let json = format!(r#"{{"code":"X","status":"error","details":{details}}}"#);
            assert!(ApiError::from_json(StatusCode::OK, json.as_bytes()).is_some(), "{details}");
        }
    }
}
