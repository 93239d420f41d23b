//! The types and macros shared by the models of settings.
//!
//! A model is a struct with public fields for known members. [`Extra`] keeps the others, so that a
//! model that is written back loses nothing (ADR 0037).

mod extra;
mod macros;
pub(crate) mod members;
mod raw_json;
mod reference;
#[cfg(test)]
#[allow(unreachable_pub, reason = "a model is public")]
mod tests;

pub use extra::Extra;
pub(crate) use macros::{fields, model};
pub(crate) use members::{from_object, plain, serialize, serialize_plain_or_object};
pub use raw_json::RawJson;
pub use reference::MetaRef;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

/// A whole number, sent as a number or as text.
pub(crate) struct Count(pub(crate) u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = whole_number(&Value::deserialize(deserializer)?);
        number.map(Self).ok_or_else(|| de::Error::custom("not a whole number"))
    }
}

/// Reads a whole number, sent as a number or as text.
pub(crate) fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::String(digits) => digits.trim().parse().ok(),
        number => number.as_u64(),
    }
}

/// Returns the query value for a boolean: `true` or `false`.
pub(crate) fn yes_or_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
