//! Zoho's status objects, which report a success or an error.

use serde_json::{Map, Value, value::RawValue};

use crate::{Code, json::Members};

/// An object with a `code`: a success, an error, or neither.
///
/// Only `code` must have the expected type. Other members of an unexpected type are left out. If a
/// name occurs twice, the last one counts.
pub(crate) struct StatusObject {
    pub(crate) code: Code,
    pub(crate) status: Option<String>,
    pub(crate) message: String,
    pub(crate) action: Option<String>,
    pub(crate) duplicate_field: Option<String>,
    pub(crate) details: Map<String, Value>,
}

impl StatusObject {
    /// Reads a status object. Returns `None` if the text is not an object with a `code`.
    pub(crate) fn read(json: &[u8]) -> Option<Self> {
        let members = Members::parse(std::str::from_utf8(json).ok()?).ok()?;
        let code = serde_json::from_str(members.get("code")?.get()).ok()?;
        let text = |name: &str| members.get(name).and_then(text_of);
        Some(Self {
            code,
            status: text("status"),
            message: text("message").unwrap_or_default(),
            action: text("action"),
            duplicate_field: text("duplicate_field"),
            details: members.get("details").map(details_of).unwrap_or_default(),
        })
    }

    /// Returns `true` if the object reports a success, by its `status` or, without one, by its
    /// code.
    ///
    /// A code that is known to be an error's contradicts the status `success`, so the object is
    /// then not a success.
    pub(crate) fn is_success(&self) -> bool {
        match self.status.as_deref() {
            Some(word) => word.eq_ignore_ascii_case("success") && !self.code.is_refusal(),
            None => self.code == Code::SUCCESS,
        }
    }
}

/// Returns a text, or a number as its digits.
fn text_of(raw: &RawValue) -> Option<String> {
    match serde_json::from_str(raw.get()).ok()? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the details as an object.
///
/// A list of one object without a code is read as that object. Any other list of objects is put
/// under `errors`, and any other value under `details`, which no text shows.
fn details_of(raw: &RawValue) -> Map<String, Value> {
    let under = |name: &str, value| Map::from_iter([(name.to_owned(), value)]);
    match serde_json::from_str(raw.get()) {
        Ok(Value::Object(details)) => details,
        Ok(Value::Array(mut list)) => match list.as_mut_slice() {
            [] => Map::new(),
            [Value::Object(only)] if !only.contains_key("code") => std::mem::take(only),
            objects if objects.iter().all(Value::is_object) => under("errors", Value::Array(list)),
            _ => under("details", Value::Array(list)),
        },
        Ok(Value::Null) | Err(_) => Map::new(),
        Ok(other) => under("details", other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::StatusObject;

    #[test]
    fn reads_members_of_unexpected_types() {
        let said = |json: &str| StatusObject::read(json.as_bytes()).unwrap();
        let unexpected = said(r#"{"code":7,"message":5,"status":true,"action":[],"details":"x"}"#);
        assert_eq!((unexpected.code.as_str(), unexpected.message.as_str()), ("7", "5"));
        assert!(unexpected.status.is_none() && unexpected.action.is_none());
        assert_eq!(json!(unexpected.details), json!({"details": "x"}));
        let twice = said(r#"{"code":"A","status":"error","code":"B"}"#);
        assert_eq!(twice.code, "B");
        for (details, read) in [
            ("[]", json!({})),
            (r#"[{"api_name":"A"}]"#, json!({"api_name": "A"})),
            (r#"[{"code":"A"}]"#, json!({"errors": [{"code": "A"}]})),
            ("[1,\"Boyle\"]", json!({"details": [1, "Boyle"]})),
        ] {
            let text = format!(r#"{{"code":"X","details":{details}}}"#);
            assert_eq!(json!(said(&text).details), read);
        }
        for none in ["[]", "{}", r#"{"code":null}"#, r#"{"code":{"a":1}}"#, "[\"X\"]", "\u{feff}"] {
            assert!(StatusObject::read(none.as_bytes()).is_none(), "{none}");
        }
    }

    #[test]
    fn does_not_take_an_error_code_for_a_success() {
        let success = |json: &str| StatusObject::read(json.as_bytes()).unwrap().is_success();
        assert!(success(r#"{"code":"SUCCESS","status":"success"}"#));
        assert!(success(r#"{"code":"SCHEDULED","status":"success"}"#));
        assert!(success(r#"{"code":"SOMETHING_NEW","status":"SUCCESS"}"#));
        assert!(success(r#"{"code":"SUCCESS","status":{}}"#));
        assert!(!success(r#"{"code":"INVALID_DATA","status":"success"}"#));
        assert!(!success(r#"{"code":"SUCCESS","status":"error"}"#));
        assert!(!success(r#"{"code":"SCHEDULED"}"#));
    }
}
