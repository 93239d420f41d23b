//! Helpers for JSON: texts, objects and ids.

use serde_json::{Map, Value};

/// Returns a member's text; empty if it is missing.
pub(crate) fn text_of<'a>(object: &'a Map<String, Value>, member: &str) -> &'a str {
    object.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the members of an object; none if the value is not an object.
pub(crate) fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Returns the key of an id; `None` if the text is not an id in its canonical form.
pub(crate) fn record_key(id: &str) -> Option<u64> {
    let key = id.parse::<u64>().ok()?;
    (key.to_string() == id).then_some(key)
}

/// Returns the id in `{"id": …}` or in a bare value, as text or as a number.
pub(crate) fn mentioned_id(value: &Value) -> Option<String> {
    match value.get("id").unwrap_or(value) {
        Value::String(id) => record_key(id).map(|_| id.clone()),
        Value::Number(id) => id.as_u64().map(|id| id.to_string()),
        _ => None,
    }
}
