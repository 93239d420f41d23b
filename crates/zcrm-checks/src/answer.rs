//! An answer, and access to the values in it.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use zcrm_core::Reply;

/// An answer as the server sent it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) bytes: Bytes,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            body: serde_json::from_slice(reply.body()).unwrap_or_default(),
            bytes: reply.body().clone(),
        }
    }
}

impl Answer {
    /// Returns the text at a JSON pointer; empty if it is missing.
    pub(crate) fn text(&self, place: &str) -> &str {
        self.body.pointer(place).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns Zoho's code: that of the answer, or of its first row, or the error of the accounts
    /// server.
    pub(crate) fn code(&self) -> &str {
        let code = [at(&self.body, "/code"), self.first_codes(), at(&self.body, "/error")];
        code.into_iter().flatten().find_map(Value::as_str).unwrap_or_default()
    }

    fn first_codes(&self) -> Vec<&Value> {
        let members = self.body.as_object().into_iter().flat_map(|map| map.values());
        members.filter_map(|rows| rows.pointer("/0/code")).collect()
    }

    /// Returns whether the answer is one of `wanted`. ` | ` separates the alternatives; each is a
    /// status, a code or both. `empty` means an answer without a body.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        let fits = |word: &str| match word.parse::<u16>() {
            Ok(status) => self.status == status,
            Err(_) if word == "empty" => self.bytes.is_empty(),
            Err(_) => self.code() == word,
        };
        wanted.split(" | ").any(|one| one.split(' ').all(fits))
    }

    /// Returns whether the entire call was executed.
    pub(crate) fn is_success(&self) -> bool {
        let whole = (200..300).contains(&self.status) && self.status != 207;
        whole && (self.at("/*/*/code").is_empty() || self.code() == "SUCCESS")
    }

    /// Returns the values at a path; see [`at`].
    pub(crate) fn at(&self, place: &str) -> Vec<&Value> {
        at(&self.body, place)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Returns the values at a path: a JSON pointer in which `*` is each member, and `name=value` is
/// each row of a list with this value (with any value if none is given).
pub(crate) fn at<'v>(value: &'v Value, place: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for part in place.split('/').skip(1) {
        found = match part.split_once('=') {
            _ if part == "*" => found.into_iter().flat_map(members).collect(),
            None => found.into_iter().filter_map(|it| it.pointer(&format!("/{part}"))).collect(),
            Some((name, wanted)) => {
                let fits = |row: &&Value| row.get(name).is_some_and(|own| has(own, wanted));
                found.into_iter().flat_map(members).filter(fits).collect()
            }
        };
    }
    found
}

fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn has(own: &Value, wanted: &str) -> bool {
    match own {
        _ if wanted.is_empty() => is_there(own),
        Value::String(text) => text == wanted,
        other => serde_json::from_str(wanted).is_ok_and(|wanted: Value| wanted == *other),
    }
}

/// Returns whether there is a value: not null, and not an empty text.
pub(crate) fn is_there(value: &Value) -> bool {
    !value.is_null() && value != ""
}

/// Shows the status with the code or the names of the members. Values are left out because they may
/// be personal data.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if self.bytes.is_empty() {
            return f.write_str(", empty");
        }
        if !self.code().is_empty() {
            return write!(f, " {}", self.code());
        }
        match &self.body {
            Value::Object(map) => {
                let names: Vec<&str> = map.keys().map(String::as_str).collect();
                write!(f, " with {}", names.join(", "))
            }
            _ => f.write_str(", not a JSON object"),
        }
    }
}
