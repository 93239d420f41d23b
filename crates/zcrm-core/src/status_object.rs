//! The object by which Zoho says what became of something, read leniently.

use serde_json::{Map, Value, value::RawValue};

use crate::{Code, json::Members};

/// An object with a `code`: a success, a refusal, or neither. Only `code` must have its form: of the
/// other members those of an odd shape are left out, and of a name that comes twice the last counts.
pub(crate) struct StatusObject {
    pub(crate) code: Code,
    pub(crate) status: Option<String>,
    pub(crate) message: String,
    pub(crate) action: Option<String>,
    pub(crate) duplicate_field: Option<String>,
    pub(crate) details: Map<String, Value>,
}

impl StatusObject {
    /// `None` where the text is not an object with a `code`.
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

    /// Whether the object says that something was carried out: by its `status`, or by its code where
    /// it has none. A code that is known to be a refusal's contradicts such a status.
    pub(crate) fn is_success(&self) -> bool {
        match self.status.as_deref() {
            Some(word) => word.eq_ignore_ascii_case("success") && !self.code.is_refusal(),
            None => self.code == Code::SUCCESS,
        }
    }
}

/// A text; a number as its digits.
fn text_of(raw: &RawValue) -> Option<String> {
    match serde_json::from_str(raw.get()).ok()? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The details as an object. A list of one object without a code is that object, any other list of
/// objects is kept under `errors`, and other values under `details`, which no text shows.
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
    fn reads_members_of_odd_shapes() {
        let said = |json: &str| StatusObject::read(json.as_bytes()).unwrap();
        let odd = said(r#"{"code":7,"message":5,"status":true,"action":[],"details":"x"}"#);
        assert_eq!((odd.code.as_str(), odd.message.as_str()), ("7", "5"));
        assert!(odd.status.is_none() && odd.action.is_none());
        assert_eq!(json!(odd.details), json!({"details": "x"}));
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
    fn a_code_of_a_refusal_is_not_a_success() {
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
