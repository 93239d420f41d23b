//! Matching of records against criteria.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::parse::{Condition, Criteria, Operator};
use crate::clock::{parse_stamp, whole_seconds};
use crate::crm::render::View;
use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::Record;

pub(crate) fn holds(
    criteria: &Criteria,
    view: View<'_>,
    module: &ModuleSpec,
    record: &Record,
) -> bool {
    match criteria {
        Criteria::And(a, b) => holds(a, view, module, record) && holds(b, view, module, record),
        Criteria::Or(a, b) => holds(a, view, module, record) || holds(b, view, module, record),
        Criteria::Condition(condition) => module.find(&condition.field).is_some_and(|field| {
            if let (true, FieldKind::DateTime) = (field.system, field.kind) {
                let instant =
                    if field.api_name == "Created_Time" { record.created } else { record.modified };
                return compares(
                    condition,
                    field.kind,
                    Comparable::Instant(whole_seconds(instant)),
                );
            }
            meets(condition, field, &value(view, field, record))
        }),
    }
}

/// Returns the value as it is shown. It is copied only if it is stored differently.
fn value<'r>(view: View<'_>, field: &FieldSpec, record: &'r Record) -> Cow<'r, Value> {
    match record.values.get(&field.api_name) {
        Some(stored) if field.is_shown_as_stored() => Cow::Borrowed(stored),
        _ => Cow::Owned(view.value(field, record)),
    }
}

/// The way in which the values of a field are compared.
pub(crate) enum ComparisonKind {
    Text,
    Ordered,
    None,
}

/// A value that can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Comparable {
    Number(f64),
    Instant(DateTime<Utc>),
}

impl Comparable {
    pub(crate) fn kind(kind: FieldKind) -> ComparisonKind {
        match kind {
            FieldKind::Date
            | FieldKind::DateTime
            | FieldKind::Integer
            | FieldKind::Double
            | FieldKind::Currency
            | FieldKind::Percent
            | FieldKind::Formula => ComparisonKind::Ordered,
            kind if kind.is_list() && kind != FieldKind::MultiPicklist => ComparisonKind::None,
            FieldKind::Reminder | FieldKind::Recurrence => ComparisonKind::None,
            _ => ComparisonKind::Text,
        }
    }

    pub(crate) fn parse(kind: FieldKind, text: &str) -> Option<Self> {
        match kind {
            FieldKind::DateTime => parse_stamp(text).map(Self::Instant),
            FieldKind::Date => parse_stamp(&format!("{text}T00:00:00+00:00")).map(Self::Instant),
            _ => text.parse().ok().map(Self::Number),
        }
    }
}

/// Returns whether a value meets a condition. An empty value meets only `not_equal`.
fn meets(condition: &Condition, field: &FieldSpec, value: &Value) -> bool {
    if value.is_null() {
        return condition.operator == Operator::NotEqual;
    }
    if let ComparisonKind::Ordered = Comparable::kind(field.kind) {
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        let value = Comparable::parse(field.kind, &text);
        return value.is_some_and(|value| compares(condition, field.kind, value));
    }
    let any = |test: fn(&str, &str) -> bool| {
        condition.folded.iter().any(|wanted| any_text(value, |text| test(text, wanted)))
    };
    match condition.operator {
        Operator::NotEqual => !any(equals),
        Operator::StartsWith => any(starts_with),
        Operator::Contains => any(contains),
        _ => any(equals),
    }
}

/// Returns whether `test` holds for any of the value's texts.
fn any_text(value: &Value, test: impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => test(text),
        Value::Array(values) => values.iter().filter_map(Value::as_str).any(test),
        // A record or a user is found by its id and by its name.
        Value::Object(mention) => {
            ["id", "name"].iter().filter_map(|key| mention.get(*key)?.as_str()).any(test)
        }
        other => test(&other.to_string()),
    }
}

/// Returns whether `text` equals `lower`, which is in lower case, ignoring case.
pub(crate) fn equals(text: &str, lower: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(lower) } else { text.to_lowercase() == lower }
}

fn starts_with(text: &str, lower: &str) -> bool {
    if text.is_ascii() {
        text.get(..lower.len()).is_some_and(|head| head.eq_ignore_ascii_case(lower))
    } else {
        text.to_lowercase().starts_with(lower)
    }
}

/// Returns whether `text` contains `lower`, which is in lower case, ignoring case.
pub(crate) fn contains(text: &str, lower: &str) -> bool {
    if text.is_ascii() && !lower.is_empty() {
        let mut parts = text.as_bytes().windows(lower.len());
        parts.any(|part| part.eq_ignore_ascii_case(lower.as_bytes()))
    } else {
        text.to_lowercase().contains(lower)
    }
}

fn compares(condition: &Condition, kind: FieldKind, value: Comparable) -> bool {
    let mut wanted = condition.values.iter().filter_map(|text| Comparable::parse(kind, text));
    let Some(first) = wanted.next() else { return false };
    match condition.operator {
        Operator::NotEqual => value != first,
        Operator::GreaterThan => value > first,
        Operator::GreaterEqual => value >= first,
        Operator::LessThan => value < first,
        Operator::LessEqual => value <= first,
        Operator::Between => wanted.next().is_some_and(|last| first <= value && value <= last),
        _ => value == first || wanted.any(|other| value == other),
    }
}
