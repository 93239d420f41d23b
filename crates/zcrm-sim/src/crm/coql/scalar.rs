//! Values that can be tested, compared and ordered.

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::NaiveDate;
use serde_json::Value;

use crate::clock::parse_stamp;
use crate::json::record_key;
use crate::schema::{FieldKind, FieldSpec};

/// The way in which a column is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Text,
    Integer,
    Number,
    Date,
    DateTime,
    Boolean,
    /// A record or a user, by its id.
    Reference,
    /// Some of several values.
    Choices,
    /// Territories, which only the answer may contain.
    Territories,
    /// A column that only the answer may contain.
    Untestable,
    /// A column that queries do not have.
    Unsupported,
}

impl Class {
    pub(super) fn of(field: &FieldSpec) -> Self {
        match field.kind {
            FieldKind::Text
            | FieldKind::Email
            | FieldKind::Phone
            | FieldKind::Website
            | FieldKind::Picklist
            | FieldKind::AutoNumber => Self::Text,
            FieldKind::BigInt => Self::Integer,
            FieldKind::Integer
            | FieldKind::Double
            | FieldKind::Currency
            | FieldKind::Percent
            | FieldKind::Formula => Self::Number,
            FieldKind::Date => Self::Date,
            FieldKind::DateTime => Self::DateTime,
            FieldKind::Boolean => Self::Boolean,
            FieldKind::Lookup | FieldKind::Owner => Self::Reference,
            FieldKind::MultiPicklist => Self::Choices,
            FieldKind::Territories => Self::Territories,
            FieldKind::Textarea
            | FieldKind::Tags
            | FieldKind::Layout
            | FieldKind::Reminder
            | FieldKind::Recurrence
            | FieldKind::Participants
            | FieldKind::Taxes
            | FieldKind::Discount
            | FieldKind::Other => Self::Untestable,
            FieldKind::Subform
            | FieldKind::MultiLookup
            | FieldKind::MultiUserLookup
            | FieldKind::File
            | FieldKind::Image => Self::Unsupported,
        }
    }

    /// Returns whether the values have an order that tests use.
    pub(super) fn is_ordered(self) -> bool {
        matches!(self, Self::Integer | Self::Number | Self::Date | Self::DateTime)
    }

    /// Parses a value of a query; texts are in lower case afterwards.
    pub(super) fn parse(self, text: &str) -> Option<Scalar<'static>> {
        Some(match self {
            Self::Text => Scalar::Text(text.to_lowercase().into()),
            Self::Integer => Scalar::Integer(text.parse().ok()?),
            Self::Number => {
                Scalar::Number(text.parse().ok().filter(|number: &f64| number.is_finite())?)
            }
            Self::Date => Scalar::Day(day(text)?),
            Self::DateTime => Scalar::Moment(moment(text)?),
            Self::Boolean if text.eq_ignore_ascii_case("true") => Scalar::Boolean(true),
            Self::Boolean if text.eq_ignore_ascii_case("false") => Scalar::Boolean(false),
            Self::Reference => Scalar::Reference(record_key(text)?.to_string().into()),
            Self::Choices => {
                let mut all: Vec<_> =
                    text.split(';').map(|one| one.to_lowercase().into()).collect();
                all.sort_unstable();
                Scalar::Choices(all)
            }
            _ => return None,
        })
    }

    /// Reads a stored value. A lookup's value is its id.
    pub(super) fn read(self, value: &Value) -> Scalar<'_> {
        let read = match (self, value) {
            (Self::Text, Value::String(text)) => Some(Scalar::Text(lower(text))),
            (Self::Text, Value::Number(number)) => Some(Scalar::Text(number.to_string().into())),
            (Self::Integer, Value::String(text)) => text.parse().ok().map(Scalar::Integer),
            (Self::Integer, Value::Number(n)) => n.as_i64().map(|n| Scalar::Integer(n.into())),
            (Self::Number, Value::Number(number)) => number.as_f64().map(Scalar::Number),
            (Self::Number, Value::String(text)) => text.parse().ok().map(Scalar::Number),
            (Self::Date, Value::String(text)) => day(text).map(Scalar::Day),
            (Self::DateTime, Value::String(text)) => moment(text).map(Scalar::Moment),
            (Self::Boolean, Value::Bool(flag)) => Some(Scalar::Boolean(*flag)),
            (Self::Reference, Value::String(id)) => Some(Scalar::Reference(id.as_str().into())),
            (Self::Choices, Value::Array(all)) if !all.is_empty() => {
                let mut all: Vec<_> = all.iter().filter_map(Value::as_str).map(lower).collect();
                all.sort_unstable();
                Some(Scalar::Choices(all))
            }
            _ => None,
        };
        read.unwrap_or(Scalar::Null)
    }
}

/// A value. Texts are in lower case, because tests and the order ignore case.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    Integer(i128),
    Number(f64),
    Day(NaiveDate),
    /// Seconds since 1970.
    Moment(i64),
    Text(Cow<'a, str>),
    Reference(Cow<'a, str>),
    /// The values in order.
    Choices(Vec<Cow<'a, str>>),
}

impl Scalar<'_> {
    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Compares two values of one column; null comes first.
    pub(super) fn order(&self, other: &Scalar<'_>) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Scalar::Boolean(b)) => a.cmp(b),
            (Self::Integer(a), Scalar::Integer(b)) => a.cmp(b),
            (Self::Number(a), Scalar::Number(b)) => a.total_cmp(b),
            (Self::Day(a), Scalar::Day(b)) => a.cmp(b),
            (Self::Moment(a), Scalar::Moment(b)) => a.cmp(b),
            (Self::Text(a), Scalar::Text(b)) => a.cmp(b),
            (Self::Reference(a), Scalar::Reference(b)) => (a.len(), a).cmp(&(b.len(), b)),
            (Self::Choices(a), Scalar::Choices(b)) => a.cmp(b),
            (a, b) => b.is_null().cmp(&a.is_null()),
        }
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    let small = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if small { text.into() } else { text.to_lowercase().into() }
}

fn day(text: &str) -> Option<NaiveDate> {
    let long = text.len() == "2026-01-31".len();
    long.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

/// Parses a time with its zone: an offset or `Z`. Fractions of a second are refused.
fn moment(text: &str) -> Option<i64> {
    let at = match text.strip_suffix('Z') {
        Some(local) => parse_stamp(&format!("{local}+00:00")),
        None => parse_stamp(text),
    };
    Some(at?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_its_zone_and_has_no_fraction() {
        let parse = |text: &str| Class::DateTime.parse(text);
        let noon = parse("2026-07-08T12:00:00Z").unwrap();
        assert_eq!(parse("2026-07-08T17:30:00+05:30"), Some(noon));
        for text in ["2026-07-08T12:00:00", "2026-07-08T12:00:00.0Z", "2026-07-08", "Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn null_comes_before_all_values() {
        let one = Scalar::Number(-1.0);
        assert_eq!(Scalar::Null.order(&one), Ordering::Less);
        assert_eq!(one.order(&Scalar::Null), Ordering::Greater);
        assert_eq!(Scalar::Null.order(&Scalar::Null), Ordering::Equal);
        let id = |text: &'static str| Scalar::Reference(text.into());
        assert_eq!(id("9").order(&id("10")), Ordering::Less);
    }
}
