//! Values that fields are compared with.

use std::{borrow::Cow, fmt};

use chrono::{DateTime, NaiveDate, TimeZone};
use smol_str::{SmolStr, ToSmolStr as _};
use zcrm_core::{Decimal, Id, Timestamp};

/// A value that a field is compared with: text, a number, a boolean, a date, a time or an id.
///
/// Zoho compares times in whole seconds; a fraction is cut off. `Debug` does not show the value.
#[derive(Clone)]
pub struct Operand {
    pub(super) value: Value,
}

#[derive(Clone)]
pub(super) enum Value {
    Text(SmolStr),
    /// A number's digits.
    Number(SmolStr),
    /// NaN or infinity.
    NotFinite,
    Boolean(bool),
    Date(NaiveDate),
    Time(Timestamp),
    Id(Id),
}

impl Operand {
    /// The value as text, in Zoho's format.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => text.as_str().into(),
            Value::NotFinite => "".into(),
            Value::Boolean(truth) => truth.to_string().into(),
            Value::Date(date) => date.to_string().into(),
            Value::Time(time) => time.to_string().into(),
            Value::Id(id) => id.to_string().into(),
        }
    }

    /// The reason why no field can be compared with this value, if there is one.
    pub(crate) fn mistake(&self) -> Option<&'static str> {
        match &self.value {
            Value::Text(text) if text.trim_start().is_empty() => Some(
                "an empty value, which Zoho refuses: give it a value, or find empty fields with \
                 `is_null` in COQL or a bulk read",
            ),
            Value::NotFinite => Some("NaN or infinity: give it a finite number"),
            _ => None,
        }
    }
}

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operand").finish_non_exhaustive()
    }
}

macro_rules! operands {
    ($($kind:ty, $value:ident => $operand:expr;)*) => {
        $(
            impl From<$kind> for Operand {
                fn from($value: $kind) -> Self {
                    Self { value: $operand }
                }
            }
        )*
    };
}

operands! {
    &str, text => Value::Text(text.into());
    String, text => Value::Text(text.into());
    &String, text => Value::Text(text.into());
    i32, number => Value::Number(number.to_smolstr());
    i64, number => Value::Number(number.to_smolstr());
    u32, number => Value::Number(number.to_smolstr());
    u64, number => Value::Number(number.to_smolstr());
    Decimal, number => Value::Number(number.to_smolstr());
    &Decimal, number => Value::Number(number.to_smolstr());
    bool, truth => Value::Boolean(truth);
    NaiveDate, date => Value::Date(date);
    Timestamp, time => Value::Time(time);
    Id, id => Value::Id(id);
    &Id, id => Value::Id(id.clone());
}

impl From<f64> for Operand {
    fn from(number: f64) -> Self {
        let value = match number.is_finite() {
            true => Value::Number(number.to_smolstr()),
            false => Value::NotFinite,
        };
        Self { value }
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Operand {
    fn from(time: DateTime<Z>) -> Self {
        Timestamp::from(time).into()
    }
}
