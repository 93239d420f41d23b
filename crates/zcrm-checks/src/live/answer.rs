//! An answer, with what the checks ask of it.

use std::fmt;

use http::HeaderMap;
use serde_json::Value;
use zcrm::request::Reply;

/// An answer as it came.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    empty: bool,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            body: serde_json::from_slice(reply.body()).unwrap_or_default(),
            empty: reply.body().is_empty(),
        }
    }
}

impl Answer {
    /// The text at that place; empty if there is none.
    pub(super) fn text(&self, place: &str) -> &str {
        self.body.pointer(place).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn at(&self, place: &str) -> &Value {
        self.body.pointer(place).unwrap_or(&Value::Null)
    }

    /// Zoho's code: the answer's, else that of its first row.
    pub(super) fn code(&self) -> &str {
        let rows = self.body.as_object().into_iter().flat_map(|map| map.values());
        let first = rows.filter_map(|rows| rows.pointer("/0/code")?.as_str()).next();
        self.body.get("code").and_then(Value::as_str).or(first).unwrap_or_default()
    }

    pub(super) fn is(&self, status: u16, code: &str) -> bool {
        self.status == status && self.code() == code
    }

    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Status and code, or which members there are; no values, for they may be people's.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if self.empty {
            return f.write_str(", empty");
        }
        if !self.code().is_empty() {
            return write!(f, " {}", self.code());
        }
        if let Some(error) = self.body.get("error").and_then(Value::as_str) {
            return write!(f, " {error}");
        }
        match &self.body {
            Value::Object(map) => {
                let names: Vec<&str> = map.keys().map(String::as_str).collect();
                write!(f, " with {}", names.join(", "))
            }
            _ => f.write_str(", no JSON object"),
        }
    }
}
