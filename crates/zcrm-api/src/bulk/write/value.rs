//! The text of a cell, from a JSON value or from the text of a CSV.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate};
use serde_json::value::RawValue;
use zcrm_core::escaped;

use super::members::MemberValue;
use crate::metadata::{DataType, FieldInfo};

/// The separator of several values in a cell, by Zoho's Kaizen article 13.
const SEPARATOR: &str = ";";

/// The type of a column's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CellKind {
    /// Text of at most so many characters.
    Text(Option<usize>),
    Date,
    DateTime,
    Integer,
    Decimal,
    Boolean,
    /// Several texts.
    List,
    /// The id of a record or a user.
    Lookup,
    /// A field by which a record or a user is found, or a layout.
    LookupText,
    /// A custom format, which only Zoho reads, or a field whose type is not known.
    Any,
}

impl CellKind {
    /// Returns the type of a field's values, or `None` if a cell cannot have them.
    pub(super) fn of(field: &FieldInfo) -> Option<Self> {
        let Some(data_type) = &field.data_type else { return Some(Self::Any) };
        let is = |json: &str| field.json_type.as_deref() == Some(json);
        let length = field.length.and_then(|most| usize::try_from(most).ok());
        Some(match data_type.as_str() {
            // `Tag` is declared as text
            "text" if is("jsonarray") => Self::List,
            "text" | "textarea" | "email" | "phone" | "website" => {
                Self::Text(length.filter(|most| *most > 0))
            }
            "picklist" => Self::Text(None),
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "layout" => Self::LookupText,
            // v8 declares the layout as a large number
            "bigint" if is("jsonobject") => Self::LookupText,
            "integer" | "bigint" => Self::Integer,
            "double" | "currency" | "percent" => Self::Decimal,
            "boolean" => Self::Boolean,
            "multiselectpicklist" => Self::List,
            "lookup" | "ownerlookup" | "userlookup" => Self::Lookup,
            "subform" | "multiselectlookup" | "multiuserlookup" | "fileupload" | "imageupload" => {
                return None;
            }
            _ => Self::Any,
        })
    }

    /// Returns whether the record of a lookup is named by a mapping's `find_by`.
    pub(super) fn is_found(field: &FieldInfo) -> bool {
        let lookups = [DataType::LOOKUP, DataType::OWNER_LOOKUP, DataType::USER_LOOKUP];
        field.data_type.as_ref().is_some_and(|data_type| lookups.contains(data_type))
    }

    /// Returns the format that Zoho reads the values by.
    pub(super) fn format(&self) -> Option<&'static str> {
        match self {
            Self::Date => Some("yyyy-MM-dd"),
            Self::DateTime => Some("yyyy-MM-dd'T'HH:mm:ssXXX"),
            _ => None,
        }
    }

    /// Returns the text of a value. The error is the reason why it does not fit.
    pub(super) fn of_value<'v>(&self, value: MemberValue<'v>) -> Result<Cow<'v, str>, String> {
        let json = match value {
            MemberValue::Text(text) => return self.of_text(Cow::Borrowed(text)),
            MemberValue::Json(json) => json,
        };
        let text = match json.as_bytes().first() {
            Some(b'n') => return Ok(Cow::Borrowed("")),
            Some(b'"') => string(json)?,
            Some(b'{') => self.named(json)?,
            Some(b'[') => return self.joined(json),
            _ => Cow::Borrowed(json),
        };
        self.of_text(text)
    }

    /// Returns the text of a cell in the form that Zoho reads. The error is the reason why it does not fit.
    pub(super) fn of_text<'v>(&self, text: Cow<'v, str>) -> Result<Cow<'v, str>, String> {
        if text.is_empty() {
            return Ok(text);
        }
        let wrong = |expected: &str| Err(format!("`{}` is not {expected}", escaped(&text)));
        match self {
            Self::Text(Some(most)) => match text.len() > *most && text.chars().nth(*most).is_some()
            {
                true => Err(format!(
                    "the text has {} characters, and the field takes at most {most}",
                    text.chars().count()
                )),
                false => Ok(text),
            },
            Self::Date if !is_date(&text) => wrong("a date such as 2026-01-31"),
            Self::DateTime => match date_time(&text) {
                Some(time) => Ok(Cow::Owned(time)),
                None => wrong("a time such as 2026-01-31T10:00:00+05:30"),
            },
            Self::Integer if !is_integer(&text) => wrong("a whole number"),
            Self::Decimal => match decimal(&text) {
                Some(Cow::Borrowed(_)) => Ok(text),
                Some(Cow::Owned(plain)) => Ok(Cow::Owned(plain)),
                None => wrong("a number such as -12.5"),
            },
            Self::Boolean => match &*text.to_ascii_lowercase() {
                "true" => Ok(Cow::Borrowed("true")),
                "false" => Ok(Cow::Borrowed("false")),
                _ => wrong("`true` or `false`"),
            },
            Self::Lookup if !is_id(&text) => {
                wrong("an id; name the field that finds the record (`find_by`)")
            }
            _ => Ok(text),
        }
    }

    /// Returns the id of an object, or the name in it.
    fn named<'v>(&self, json: &'v str) -> Result<Cow<'v, str>, String> {
        let member = match self {
            Self::Lookup | Self::LookupText | Self::Any => "id",
            _ => return Err(String::from("it is an object")),
        };
        let members: std::collections::BTreeMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(json).map_err(|_| String::from("it is an invalid object"))?;
        match members.get(member).map(|value| value.get()) {
            Some(text) if text.starts_with('"') => {
                string(text).map(|text| text.into_owned().into())
            }
            Some(number) if is_integer(number) => Ok(number.to_owned().into()),
            _ => Err(format!("it is an object without the member `{member}`")),
        }
    }

    /// Returns the values of a list as one text.
    fn joined<'v>(&self, json: &'v str) -> Result<Cow<'v, str>, String> {
        if !matches!(self, Self::List | Self::Any) {
            return Err(String::from("it is a list"));
        }
        let values: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|_| String::from("it is an invalid list"))?;
        let mut joined = String::new();
        for value in values {
            let text = match value.get().as_bytes().first() {
                Some(b'"') => string(value.get())?,
                // tags are objects with a name
                Some(b'{') => {
                    let name = |json| serde_json::from_str::<Name<'_>>(json).ok();
                    let named = name(value.get()).ok_or("it has an object without a name")?;
                    named.name
                }
                _ => return Err(String::from("it has a value that is not text")),
            };
            if text.contains(SEPARATOR) {
                return Err(format!(
                    "the value `{}` contains `;`, which separates the values in a bulk write",
                    escaped(&text)
                ));
            }
            if !joined.is_empty() {
                joined.push_str(SEPARATOR);
            }
            joined.push_str(&text);
        }
        Ok(Cow::Owned(joined))
    }
}

#[derive(serde::Deserialize)]
struct Name<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Reads a JSON string, without a copy if it has no escapes.
fn string(json: &str) -> Result<Cow<'_, str>, String> {
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str(json).map(Cow::Owned).map_err(|_| String::from("it is invalid text"))
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_integer(text: &str) -> bool {
    is_id(text.strip_prefix('-').unwrap_or(text))
}

/// Returns `true` if each `0` of the form is a digit in the text, and all else is equal.
fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == form,
        })
}

fn is_date(text: &str) -> bool {
    has_form(text, "0000-00-00") && text.parse::<NaiveDate>().is_ok()
}

/// Returns a time in whole seconds with its offset, or `None` if it is not a complete time.
fn date_time(text: &str) -> Option<String> {
    let (start, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let is_zone = zone == "Z" || has_form(zone, "+00:00") || has_form(zone, "-00:00");
    if !has_form(start, "0000-00-00T00:00:00") || !is_zone {
        return None;
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// Returns a number without an exponent, or `None` if the text is not a number.
fn decimal(text: &str) -> Option<Cow<'_, str>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if is_id(whole) && is_id(fraction) {
        return Some(Cow::Borrowed(text));
    }
    let with_exponent = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let number = text.parse::<f64>().ok().filter(|_| text.chars().all(with_exponent))?;
    number.is_finite().then(|| Cow::Owned(number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(kind: &CellKind, json: &str) -> Result<String, String> {
        kind.of_value(MemberValue::Json(json)).map(Cow::into_owned)
    }

    #[test]
    fn writes_values_as_bulk_writes_read_them() {
        for (kind, value, text) in [
            (CellKind::Text(Some(3)), r#""a\nb""#, "a\nb"),
            (CellKind::Text(None), "17", "17"),
            (CellKind::Date, r#""2026-02-28""#, "2026-02-28"),
            (CellKind::DateTime, r#""2026-02-28T10:00:00Z""#, "2026-02-28T10:00:00+00:00"),
            (CellKind::DateTime, r#""2026-02-28T10:00:00.5-05:00""#, "2026-02-28T10:00:00-05:00"),
            (CellKind::Integer, "-5", "-5"),
            (CellKind::Decimal, "12.50", "12.50"),
            (CellKind::Decimal, "1e3", "1000"),
            (CellKind::Boolean, "true", "true"),
            (CellKind::Boolean, r#""FALSE""#, "false"),
            (CellKind::List, r#"["a","b"]"#, "a;b"),
            (CellKind::List, r#"[{"name":"Hot"},{"name":"New","id":"5"}]"#, "Hot;New"),
            (CellKind::Lookup, r#"{"name":"x","id":"5"}"#, "5"),
            (CellKind::Lookup, "5", "5"),
            (CellKind::LookupText, r#""Zylker""#, "Zylker"),
            (CellKind::Decimal, "null", ""),
            (CellKind::Date, r#""""#, ""),
        ] {
            assert_eq!(json(&kind, value).as_deref(), Ok(text), "{kind:?}");
        }
    }

    #[test]
    fn refuses_values_that_do_not_fit_their_field() {
        for (kind, value) in [
            (CellKind::Text(Some(3)), r#""abcd""#),
            (CellKind::Text(None), r#"{"id":"5"}"#),
            (CellKind::Text(None), "[]"),
            (CellKind::Date, r#""2026-02-30""#),
            (CellKind::Date, r#""28.02.2026""#),
            (CellKind::Date, r#""2026-02-28T10:00:00Z""#),
            (CellKind::DateTime, r#""2026-02-28""#),
            (CellKind::DateTime, r#""2026-02-28T10:00:00""#),
            (CellKind::DateTime, r#""2026-02-28 10:00:00Z""#),
            (CellKind::Integer, "5.5"),
            (CellKind::Integer, r#""five""#),
            (CellKind::Decimal, r#""1,000""#),
            (CellKind::Decimal, r#""inf""#),
            (CellKind::Boolean, r#""yes""#),
            (CellKind::List, r#"["a;b"]"#),
            (CellKind::List, "[5]"),
            (CellKind::Lookup, r#""Zylker""#),
            (CellKind::Lookup, r#"{"name":"x"}"#),
        ] {
            assert!(json(&kind, value).is_err(), "{kind:?} {value}");
        }
    }
}
