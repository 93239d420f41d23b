//! The reason why a row does not fit the caller's type.

use std::fmt;

use serde::de;

use super::columns::Column;

/// The beginning of the name by which the types of serde_json ask for JSON text.
pub(super) const JSON_TEXT: &str = "$serde_json::";

/// The reason why a row does not fit a type. It contains no values, which are people's data.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) column: Option<Box<str>>,
    pub(super) reason: String,
}

impl Misfit {
    /// Sets the column, unless a nested one is known.
    pub(super) fn in_column(mut self, column: &Column) -> Self {
        self.column.get_or_insert_with(|| column.name.clone());
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { column: None, reason: without_value(&message.to_string()) }
    }

    fn invalid_type(met: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self { column: None, reason: format!("{} and not {expected}", kind_of(met)) }
    }

    fn invalid_value(met: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(met, expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self { column: None, reason: format!("expected one of {}", expected.join(", ")) }
    }
}

fn kind_of(met: de::Unexpected<'_>) -> &'static str {
    match met {
        de::Unexpected::Str(_) => "it is text",
        de::Unexpected::Bool(_) => "it is a boolean",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) | de::Unexpected::Float(_) => {
            "it is a number"
        }
        de::Unexpected::Unit => "it is empty",
        de::Unexpected::Seq => "it is a list",
        de::Unexpected::Map => "it is an object",
        _ => "it is another value",
    }
}

/// Removes the values that a message of serde_json or of a custom type may quote.
fn without_value(message: &str) -> String {
    let known = ["missing field", "duplicate field", "it is "];
    match known.iter().any(|start| message.starts_with(start)) {
        true => message.to_owned(),
        false => "the type does not accept this value".to_owned(),
    }
}
