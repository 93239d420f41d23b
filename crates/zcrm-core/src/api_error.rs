//! What Zoho says when it refuses.

mod details;

use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::{Code, Id, escaped, status_object::StatusObject};

/// A refusal of Zoho's: the `{"code", "details", "message", "status": "error"}` object, of a whole
/// request or of one record in it.
///
/// `Debug` names the details and does not show them: they may quote the record.
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
    /// Makes an error by hand, for a custom transport or a test.
    #[must_use]
    pub fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Map::new() }
    }

    /// Reads an error object; `None` where `json` is none: an object with a `code` whose
    /// `status` is `error`, or absent beside an HTTP status of 400 and above.
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

    /// The HTTP status that the refusal came with; it may be 200.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Zoho's code.
    #[must_use]
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// Zoho's sentence for people; it changes without notice, so judge by [`code`](Self::code).
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// All details that Zoho gave. Where they come as a list of errors it is under `errors`, and what is
    /// not an object at all is under `details`.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.details
    }

    /// The API name of the field that is at fault (`details.api_name`).
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.text("api_name")
    }

    /// Where in the request's body the fault lies, such as `$.data[1].Email`.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.text("json_path")
    }

    /// What Zoho expects in the field's place: a data type (`expected_data_type`), a pattern (`regex`),
    /// or the number of a supported version.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        let members = ["expected_data_type", "expected_type", "regex", "supported_version"];
        members.into_iter().find_map(|key| self.text(key))
    }

    /// The API names of the fields of which Zoho expects at least one (`expected_fields`).
    pub fn expected_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.details.get("expected_fields").and_then(Value::as_array);
        fields.into_iter().flatten().filter_map(|field| match field {
            Value::String(name) => Some(name.as_str()),
            field => field.get("api_name").and_then(Value::as_str),
        })
    }

    /// How long the value may be at most (`maximum_length`): in characters of a text, in items of a
    /// list.
    #[must_use]
    pub fn maximum_length(&self) -> Option<u64> {
        match self.details.get("maximum_length")? {
            Value::String(digits) => digits.parse().ok(),
            number => number.as_u64(),
        }
    }

    /// The id that Zoho names: of the record concerned, or of its twin on `DUPLICATE_DATA`.
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

/// One line: the code, Zoho's sentence, and of the details those that say what is at fault. Values of
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
    fn a_record_with_a_status_of_its_own_is_no_error() {
        assert!(ApiError::from_json(StatusCode::OK, br#"{"id":"1","status":"error"}"#).is_none());
        assert!(
            ApiError::from_json(StatusCode::OK, br#"{"code":"C-1","status":"open"}"#).is_none()
        );
        assert!(ApiError::from_json(StatusCode::OK, br#"{"code":"C-1"}"#).is_none());
        assert!(ApiError::from_json(StatusCode::BAD_REQUEST, br#"{"code":"C-1"}"#).is_some());
    }

    #[test]
    fn display_names_the_field_and_the_place() {
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
    fn neither_text_quotes_the_record() {
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
    fn names_what_is_expected() {
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
    fn details_of_any_shape_do_not_sink_the_error() {
        for details in ["null", "[]", "\"text\"", "{}"] {
            let json = format!(r#"{{"code":"X","status":"error","details":{details}}}"#);
            assert!(ApiError::from_json(StatusCode::OK, json.as_bytes()).is_some(), "{details}");
        }
    }
}
