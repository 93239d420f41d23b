//! The text of an error's details.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::escaped;

/// The members that are shown, in this order: names of settings, fields and limits. Other members
/// may hold people's data (`value`, `name`, `duplicate_record`).
const SHOWN: &[&str] = &[
    // the location of the fault
    "api_name",
    "json_path",
    "param_name",
    "param_names",
    "param",
    "column_name",
    "operator",
    "comparator",
    "alias",
    "field",
    "fields",
    "module",
    "resource_path_index",
    "index",
    "near",
    "line",
    "column",
    "clause",
    // the expected value
    "expected_data_type",
    "expected_type",
    "expected_fields",
    "expected_data",
    "supported_values",
    "supported_version",
    "supported_domains",
    "supported_callback_methods",
    "regex",
    "range",
    "from",
    "to",
    "minimum_length",
    "maximum_length",
    "maximum_decimal_place",
    "limit",
    "max_limit",
    "allowed_count",
    "MAXIMUM_SIZE",
    "permissions",
    // the reason
    "reason",
    "dependee",
    "mapped_field",
    "ambiguity_due_to",
    "limit_due_to",
    "exists_in",
    "referred_columns",
    "errors",
];

/// The greatest depth, and the largest number of items of a list, that are shown.
const DEEPEST: usize = 4;
const MOST_ITEMS: usize = 10;

/// Returns the details as text for the end of an error's message; empty if no detail is shown.
pub(super) fn shown(details: &Map<String, Value>) -> String {
    let mut text = String::new();
    members(&mut text, details, 0);
    text
}

/// Writes the members that are shown.
fn members(text: &mut String, object: &Map<String, Value>, depth: usize) {
    let begin = text.len();
    for key in SHOWN {
        let Some(found) = object.get(*key) else { continue };
        let mut rendered = String::new();
        value(&mut rendered, found, depth);
        if !rendered.is_empty() {
            let separator = if text.len() == begin { "" } else { ", " };
            // writing to a String cannot fail
            let _ = write!(text, "{separator}{key} {rendered}");
        }
    }
}

fn value(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Null => {}
        Value::String(word) => _ = write!(text, "{}", escaped(word)),
        Value::Bool(_) | Value::Number(_) => _ = write!(text, "{value}"),
        _ if depth == DEEPEST => text.push('…'),
        Value::Array(items) => list(text, items, depth),
        Value::Object(object) => {
            let mut inner = String::new();
            error(&mut inner, object);
            members(&mut inner, object, depth + 1);
            if !inner.is_empty() {
                let _ = write!(text, "{{{inner}}}");
            }
        }
    }
}

fn list(text: &mut String, items: &[Value], depth: usize) {
    let mut rendered: Vec<String> = Vec::new();
    for item in items.iter().take(MOST_ITEMS) {
        let mut one = String::new();
        value(&mut one, item, depth + 1);
        if !one.is_empty() {
            rendered.push(one);
        }
    }
    if items.len() > MOST_ITEMS {
        rendered.push("…".to_owned());
    }
    if !rendered.is_empty() {
        let _ = write!(text, "[{}]", rendered.join(", "));
    }
}

/// Writes one error of several (`MULTIPLE_OR_MULTI_ERRORS`): its code, its message and its details.
fn error(text: &mut String, object: &Map<String, Value>) {
    let word = |key| match object.get(key)? {
        Value::String(word) => Some(word.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let Some(code) = word("code") else { return };
    let _ = write!(text, "{}", escaped(&code));
    if let Some(message) = word("message").filter(|message| !message.is_empty()) {
        let _ = write!(text, ": {}", escaped(&message));
    }
    if let Some(details) = object.get("details").and_then(Value::as_object) {
        let details = shown(details);
        if !details.is_empty() {
            let _ = write!(text, " ({details})");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::shown;

    fn text(details: &Value) -> String {
        shown(details.as_object().unwrap())
    }

    #[test]
    fn shows_the_details_that_name_the_cause() {
        let place = json!({ "api_name": "Email", "json_path": "$.data[0].Email" });
        for (details, expected) in [
            (json!({ "param": "sort_by" }), "param sort_by"),
            (
                json!({ "expected_fields": [place, { "api_name": "Phone" }] }),
                "expected_fields [{api_name Email, json_path $.data[0].Email}, {api_name Phone}]",
            ),
            (
                json!({ "ambiguity_due_to": [{ "param_name": "ids" }] }),
                "ambiguity_due_to [{param_name ids}]",
            ),
            (json!({ "supported_values": ["asc", "desc", 3] }), "supported_values [asc, desc, 3]"),
            (json!({ "regex": "private|public" }), "regex private|public"),
            (
                json!({ "reason": "not sortable", "column_name": "City" }),
                "column_name City, reason not sortable",
            ),
            (json!({ "operator": "between" }), "operator between"),
            (
                json!({ "near": "fro", "line": 1, "column": 12, "clause": "select" }),
                "near fro, line 1, column 12, clause select",
            ),
            (
                json!({ "limit_due_to": place, "limit": 50 }),
                "limit 50, limit_due_to {api_name Email, json_path $.data[0].Email}",
            ),
            (
                json!({ "errors": [
                    { "code": "INVALID_DATA", "message": "invalid data", "status": "error", "details": place },
                    { "code": "DUPLICATE_DATA", "details": { "value": "Boyle" } },
                ] }),
                "errors [{INVALID_DATA: invalid data (api_name Email, json_path $.data[0].Email)}, \
                 {DUPLICATE_DATA}]",
            ),
            (json!({ "dependee": null, "range": { "from": 1, "to": 5 } }), "range {from 1, to 5}"),
        ] {
            assert_eq!(text(&details), expected);
        }
    }

    #[test]
    fn hides_values_of_records_at_any_depth() {
        let details = json!({
            "value": "Boyle",
            "expected_fields": [{ "value": "Boyle" }],
            "dependee": { "name": "Boyle", "duplicate_record": { "name": "Boyle" } },
        });
        assert_eq!(text(&details), "");
    }

    #[test]
    fn cuts_deep_and_long_details() {
        let mut deep = json!("end");
        for _ in 0..1_000 {
            deep = json!([deep]);
        }
        let text = text(&json!({ "limit_due_to": deep, "supported_values": vec![1; 1_000] }));
        assert!(text.len() < 120, "{text}");
        assert!(text.contains('…'), "{text}");
    }

    #[test]
    fn escapes_each_text() {
        let text = text(&json!({ "api_name": "a\nb", "expected_fields": ["c\u{1b}"] }));
        assert_eq!(text, r"api_name a\nb, expected_fields [c\u{1b}]");
    }
}
