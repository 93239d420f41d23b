//! Checks that a value has the type of its field.

use serde_json::Value;

use crate::clock::parse_stamp;
use crate::formats::{is_date, is_email, is_phone, percentage};
use crate::json::mentioned_id;
use crate::schema::FieldKind;

/// Returns whether a value has the type of the field's kind.
pub(super) fn fits(kind: FieldKind, value: &Value) -> bool {
    let rows =
        |row: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|rows| rows.iter().all(row));
    let rule = |key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.is_some_and(|text| text.starts_with("FREQ="))
    };
    match kind {
        // A picklist accepts values outside its list, as in Zoho.
        FieldKind::Text | FieldKind::Textarea | FieldKind::Website | FieldKind::Picklist => {
            value.is_string()
        }
        FieldKind::Phone => value.as_str().is_some_and(is_phone),
        FieldKind::Email => value.as_str().is_some_and(is_email),
        FieldKind::Integer => value.as_i64().is_some_and(|n| n.abs() < 1_000_000_000),
        FieldKind::BigInt => value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
        FieldKind::Double | FieldKind::Currency | FieldKind::Percent => value.is_number(),
        FieldKind::Discount => value.is_number() || value.as_str().and_then(percentage).is_some(),
        FieldKind::Boolean => value.is_boolean(),
        FieldKind::Date => value.as_str().is_some_and(is_date),
        FieldKind::DateTime => value.as_str().and_then(parse_stamp).is_some(),
        FieldKind::MultiPicklist => rows(&Value::is_string),
        FieldKind::Tags | FieldKind::Taxes | FieldKind::File | FieldKind::Image => {
            rows(&|row| row.is_object() || row.is_string())
        }
        FieldKind::Participants | FieldKind::Subform | FieldKind::MultiLookup => {
            rows(&Value::is_object)
        }
        FieldKind::MultiUserLookup | FieldKind::Territories => {
            rows(&|row| mentioned_id(row).is_some())
        }
        FieldKind::Owner | FieldKind::Layout => mentioned_id(value).is_some(),
        FieldKind::Lookup => mentioned_id(value).is_some() || value.is_object(),
        FieldKind::Reminder => {
            rule("ALARM") || value.as_str().is_some_and(|text| parse_stamp(text).is_some())
        }
        FieldKind::Recurrence => rule("RRULE"),
        FieldKind::AutoNumber | FieldKind::Formula | FieldKind::Other => true,
    }
}
