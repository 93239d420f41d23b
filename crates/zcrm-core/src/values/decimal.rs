//! Decimal numbers that keep all digits.

use std::{cmp::Ordering, fmt, hash, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;
use smol_str::SmolStr;

use crate::Error;

/// A decimal number with exactly the digits that Zoho sent: quantities, prices, amounts, rates.
///
/// It is read from a JSON number or from a string that holds one, and written as a JSON number with
/// the same digits: `1.50` stays `1.50`, and long numbers lose no digits. Equality and order are
/// numeric, so `1.50` equals `1.5`. To calculate, use [`to_f64`](Self::to_f64), or parse its text
/// as a decimal type of another crate.
///
/// ```
/// use zcrm_core::Decimal;
///
/// let price: Decimal = "1999.90".parse()?;
/// assert_eq!(price.to_string(), "1999.90");
/// assert!(price > Decimal::from(1999) && price.to_f64() == 1999.9);
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Decimal(SmolStr);

impl Decimal {
    /// Returns the text of the number, unchanged.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the nearest `f64`. Digits after about the sixteenth are lost.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        // the text is a JSON number, which Rust parses too
        self.0.parse().unwrap_or(f64::NAN)
    }

    fn parts(&self) -> Digits<'_> {
        Digits::of(&self.0)
    }
}

/// A number as its sign, its significant digits and the position of its point: `0.{digits} *
/// 10^point`.
struct Digits<'a> {
    negative: bool,
    point: i64,
    /// The digits before and after the point, without zeros at the beginning and the end.
    digits: (&'a str, &'a str),
}

impl<'a> Digits<'a> {
    fn of(text: &'a str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let whole = whole.trim_start_matches('0');
        let point = i64::try_from(whole.len()).unwrap_or(i64::MAX);
        // an exponent that does not parse is too large: its form has been checked
        let out_of_range = if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
        let point = point.saturating_add(exponent.parse().unwrap_or(out_of_range));
        let fraction = fraction.trim_end_matches('0');
        if whole.is_empty() {
            let digits = fraction.trim_start_matches('0');
            let zeros = i64::try_from(fraction.len() - digits.len()).unwrap_or(i64::MAX);
            if digits.is_empty() {
                return Self { negative: false, point: i64::MIN, digits: ("", "") };
            }
            return Self { negative, point: point.saturating_sub(zeros), digits: ("", digits) };
        }
        let whole = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
        Self { negative, point, digits: (whole, fraction) }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.digits.0.bytes().chain(self.digits.1.bytes())
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two) = (self.parts(), other.parts());
        let size = || one.point.cmp(&two.point).then_with(|| one.digits().cmp(two.digits()));
        match (one.negative, two.negative) {
            (false, false) => size(),
            (true, true) => size().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl hash::Hash for Decimal {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        let parts = self.parts();
        (parts.negative, parts.point).hash(state);
        parts.digits().for_each(|digit| digit.hash(state));
    }
}

impl FromStr for Decimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if is_number(text.as_bytes()) {
            return Ok(Self(SmolStr::new(text)));
        }
        Err(Error::input(format!(
            "invalid number `{}`: expected a JSON number, for example `1999.90` or `-0.5`",
            text.escape_debug()
        )))
    }
}

/// Checks a text against RFC 8259's grammar of numbers.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text.starts_with(b"0")) {
        return false;
    }
    let mut rest = text.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-"));
        let exponent = exponent.unwrap_or(rest.get(1..).unwrap_or_default());
        let count = digits(exponent);
        return count > 0 && count == exponent.len();
    }
    rest.is_empty()
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(
            impl From<$integer> for Decimal {
                fn from(number: $integer) -> Self {
                    Self(SmolStr::from(number.to_string()))
                }
            }
        )*
    };
}

from_integers!(i32 i64 u32 u64 usize);

/// Converts an `f64` to the shortest text that means the same number.
impl TryFrom<f64> for Decimal {
    type Error = Error;

    fn try_from(number: f64) -> Result<Self, Error> {
        match number.is_finite() {
            true => number.to_string().parse(),
            false => {
                Err(Error::input(format!("invalid number {number}: expected a finite number")))
            }
        }
    }
}

impl From<&Self> for Decimal {
    fn from(number: &Self) -> Self {
        number.clone()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0)
            .map_err(ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        // the error shows no value, because values are people's data
        text.parse().map_err(|_| de::Error::custom("it is not a number"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn compares_by_value_and_keeps_the_digits() {
        for (one, two) in [("1.50", "1.5"), ("0", "-0.000"), ("100", "1e2"), ("0.05", "5E-2")] {
            assert_eq!(decimal(one), decimal(two));
            assert_eq!(decimal(one).to_string(), one);
        }
        let ordered = ["-12", "-1.2", "-0.1", "0", "0.09", "0.1", "0.11", "9", "10", "99.9", "1e3"];
        assert!(ordered.map(decimal).is_sorted_by(|one, two| one < two));
        let long = "12345678901234567890.12345678901234567890";
        assert_eq!(serde_json::to_string(&decimal(long)).unwrap(), long);
        assert!(decimal(long) < decimal("12345678901234567890.12345678901234567891"));
    }

    #[test]
    fn reads_numbers_and_numeric_strings_and_writes_numbers() {
        let both: Vec<Decimal> = serde_json::from_str(r#"[1.10, "1.10"]"#).unwrap();
        assert_eq!(serde_json::to_string(&both).unwrap(), "[1.10,1.10]");
        let value: Decimal = serde_json::from_value(serde_json::json!(7)).unwrap();
        assert_eq!(value, Decimal::from(7));
        let error = serde_json::from_str::<Decimal>("\"patricia\"").unwrap_err().to_string();
        assert!(!error.contains("patricia"), "{error}");
    }

    #[test]
    fn refuses_text_that_is_not_a_number() {
        for bad in ["", "-", "1.", ".5", "01", "+1", "1e", "1e+", "0x1", "NaN", "1 ", "1,5", "1e1x"]
        {
            let error = bad.parse::<Decimal>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
        assert!(Decimal::try_from(f64::NAN).is_err());
        assert_eq!(Decimal::try_from(0.1).unwrap().as_str(), "0.1");
        let far = "1e99999999999999999999";
        assert!(decimal(far) > decimal("9e9") && decimal("1e-99999999999999999999") < decimal(far));
    }

    proptest! {
        #[test]
        fn orders_numbers_as_f64_does(one in -1e9..1e9f64, two in -1e9..1e9f64) {
            let (a, b) = (Decimal::try_from(one).unwrap(), Decimal::try_from(two).unwrap());
            prop_assert_eq!(a.cmp(&b), one.partial_cmp(&two).unwrap());
            prop_assert_eq!(a.to_f64(), one);
        }

        #[test]
        fn keeps_any_number_through_reading_and_writing(
            text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?",
        ) {
            let number: Decimal = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&number).unwrap(), text.clone());
            let padded = match text.contains(['.', 'e', 'E']) {
                true => text.clone(),
                false => format!("{text}.00"),
            };
            prop_assert_eq!(&decimal(&padded), &number);
        }
    }
}
