//! JSON in Zoho's form: times in whole seconds.
//!
//! Zoho refuses fractions of seconds. Time types serialise themselves by `collect_str` and strings
//! by `serialize_str`, so a string that only looks like a time is not changed.

use std::{borrow::Cow, fmt, time::SystemTime};

use serde::{
    Serialize, Serializer,
    ser::{
        self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use crate::Timestamp;

/// Writes a value as JSON in the form that Zoho reads.
///
/// The result is that of `serde_json`, except for times. A `chrono` time (or another type that
/// serialises by its `Display`) loses its fraction of a second and gets an offset instead of `Z`. A
/// `SystemTime` becomes such a time. Strings are unchanged.
///
/// # Errors
/// Returns an error in the same cases as `serde_json::to_string`, and for numbers that are NaN or
/// infinite.
#[doc(hidden)]
pub fn to_json(value: &(impl Serialize + ?Sized)) -> Result<String, serde_json::Error> {
    serde_json::to_string(&ZohoJson(value))
}

/// A value that is serialised in the form that Zoho reads; see [`to_json`].
#[doc(hidden)]
#[derive(Debug)]
#[allow(clippy::exhaustive_structs, reason = "a wrapper around one value")]
pub struct ZohoJson<'a, T: ?Sized>(pub &'a T);

impl<T: Serialize + ?Sized> Serialize for ZohoJson<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(ForZoho(serializer))
    }
}

/// Returns the text of a time without fractions of seconds, and with an offset instead of `Z`. Any
/// other text is unchanged.
fn whole_seconds(text: &str) -> Cow<'_, str> {
    match in_whole_seconds(text) {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(text),
    }
}

/// Returns `None` for a text that is not a time, or is in whole seconds already.
fn in_whole_seconds(text: &str) -> Option<String> {
    let has_form = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == form,
            })
    };
    let (day, time) = match text.split_once('T') {
        Some((day, time)) if has_form(day, "0000-00-00") => (Some(day), time),
        Some(_) => return None,
        None => (None, text),
    };
    let (clock, rest) = time.split_at_checked(8)?;
    if !has_form(clock, "00:00:00") {
        return None;
    }
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let zone = match zone {
        "" => "",
        "Z" => "+00:00",
        zone if has_form(zone, "+00:00") || has_form(zone, "-00:00") => zone,
        _ => return None,
    };
    let whole = match day {
        Some(day) => format!("{day}T{clock}{zone}"),
        None => format!("{clock}{zone}"),
    };
    (whole != text).then_some(whole)
}

/// Refuses a number that is not finite. `serde_json` would write null instead, and null clears a
/// field.
fn finite<E: ser::Error>(finite: bool) -> Result<(), E> {
    match finite {
        true => Ok(()),
        false => {
            Err(E::custom("invalid number NaN or infinity: expected a finite number, or null"))
        }
    }
}

/// A serializer that writes times in whole seconds and leaves other values unchanged.
struct ForZoho<S>(S);

macro_rules! pass {
    ($($method:ident: $kind:ty),* $(,)?) => {
        $(
            fn $method(self, value: $kind) -> Result<S::Ok, S::Error> {
                self.0.$method(value)
            }
        )*
    };
}

impl<S: Serializer> Serializer for ForZoho<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = PartsSerializer<S::SerializeSeq>;
    type SerializeTuple = PartsSerializer<S::SerializeTuple>;
    type SerializeTupleStruct = PartsSerializer<S::SerializeTupleStruct>;
    type SerializeTupleVariant = PartsSerializer<S::SerializeTupleVariant>;
    type SerializeMap = PartsSerializer<S::SerializeMap>;
    type SerializeStruct = StructSerializer<S>;
    type SerializeStructVariant = PartsSerializer<S::SerializeStructVariant>;

    pass! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        finite(value.is_finite())?;
        self.0.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        finite(value.is_finite())?;
        self.0.serialize_f64(value)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_str(&whole_seconds(&value.to_string()))
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&ZohoJson(value))
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &ZohoJson(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &ZohoJson(value))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.0.serialize_seq(len).map(PartsSerializer)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.0.serialize_tuple(len).map(PartsSerializer)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.0.serialize_tuple_struct(name, len).map(PartsSerializer)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.0.serialize_tuple_variant(name, index, variant, len).map(PartsSerializer)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.0.serialize_map(len).map(PartsSerializer)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        match name {
            "SystemTime" => Ok(StructSerializer::Time { serializer: self.0, seconds: None }),
            _ => self.0.serialize_struct(name, len).map(StructSerializer::Struct),
        }
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.0.serialize_struct_variant(name, index, variant, len).map(PartsSerializer)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// The serializer of a list, an object or a variant.
struct PartsSerializer<P>(P);

macro_rules! parts {
    ($($kind:ident: $method:ident),* $(,)?) => {
        $(
            impl<P: $kind> $kind for PartsSerializer<P> {
                type Ok = P::Ok;
                type Error = P::Error;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), P::Error> {
                    self.0.$method(&ZohoJson(value))
                }

                fn end(self) -> Result<P::Ok, P::Error> {
                    self.0.end()
                }
            }
        )*
    };
}

parts! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

impl<P: SerializeMap> SerializeMap for PartsSerializer<P> {
    type Ok = P::Ok;
    type Error = P::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), P::Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), P::Error> {
        self.0.serialize_value(&ZohoJson(value))
    }

    fn end(self) -> Result<P::Ok, P::Error> {
        self.0.end()
    }
}

impl<P: SerializeStructVariant> SerializeStructVariant for PartsSerializer<P> {
    type Ok = P::Ok;
    type Error = P::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), P::Error> {
        self.0.serialize_field(name, &ZohoJson(value))
    }

    fn end(self) -> Result<P::Ok, P::Error> {
        self.0.end()
    }
}

/// The serializer of a struct's fields. The fields of a `SystemTime` become one time.
enum StructSerializer<S: Serializer> {
    Struct(S::SerializeStruct),
    Time { serializer: S, seconds: Option<u64> },
}

impl<S: Serializer> SerializeStruct for StructSerializer<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        match self {
            Self::Struct(fields) => fields.serialize_field(name, &ZohoJson(value)),
            Self::Time { seconds, .. } => {
                if name == "secs_since_epoch" {
                    let value = serde_json::to_value(value).map_err(ser::Error::custom)?;
                    *seconds = value.as_u64();
                }
                Ok(())
            }
        }
    }

    fn skip_field(&mut self, name: &'static str) -> Result<(), S::Error> {
        match self {
            Self::Struct(fields) => fields.skip_field(name),
            Self::Time { .. } => Ok(()),
        }
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        match self {
            Self::Struct(fields) => fields.end(),
            Self::Time { serializer, seconds } => {
                let since = std::time::Duration::from_secs(seconds.unwrap_or_default());
                let time = SystemTime::UNIX_EPOCH.checked_add(since);
                let time = time.ok_or_else(|| ser::Error::custom("the time is out of range"))?;
                Timestamp::from(time).serialize(serializer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        time::{Duration, SystemTime},
    };

    use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};
    use serde_json::{json, value::RawValue};

    use super::*;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_779_622_512, 345_678_901).unwrap()
    }

    #[test]
    fn writes_times_in_whole_seconds_at_any_depth() {
        #[derive(Serialize)]
        struct Call {
            start: DateTime<Utc>,
            ends: Option<DateTime<FixedOffset>>,
            seen: Vec<DateTime<Utc>>,
            by_name: BTreeMap<String, DateTime<Utc>>,
            day: NaiveDate,
            clock: NaiveTime,
            system: SystemTime,
        }
        let call = Call {
            start: at(),
            ends: Some(at().with_timezone(&FixedOffset::east_opt(19_800).unwrap())),
            seen: vec![at()],
            by_name: BTreeMap::from([("x".to_owned(), at())]),
            day: at().date_naive(),
            clock: at().time(),
            system: SystemTime::UNIX_EPOCH + Duration::from_millis(1_779_622_512_345),
        };
        let time = "2026-05-24T11:35:12+00:00";
        let expected = json!({
            "start": time,
            "ends": "2026-05-24T17:05:12+05:30",
            "seen": [time],
            "by_name": { "x": time },
            "day": "2026-05-24",
            "clock": "11:35:12",
            "system": time,
        });
        let written: serde_json::Value = serde_json::from_str(&to_json(&call).unwrap()).unwrap();
        assert_eq!(written, expected);
    }

    #[test]
    fn leaves_strings_unchanged() {
        for text in ["2026-05-24T11:35:12.345Z", "11:35:12.5", "", "a\nb"] {
            assert_eq!(to_json(text).unwrap(), serde_json::to_string(text).unwrap());
        }
        // values that serialise by their Display and are not times
        for text in ["::ffff:1.2.3.4", "2026-05-24", "12:30:00.5 pm", "T", "2026-05-24Tx"] {
            assert_eq!(whole_seconds(text), text);
        }
    }

    #[test]
    fn writes_other_values_as_serde_json_does() {
        #[derive(Serialize)]
        enum Kind {
            Unit,
            One(u8),
            Two(u8, char),
            Named { a: f64 },
        }
        #[derive(Serialize)]
        struct Pair(i128, u64);
        #[derive(Serialize)]
        struct Marker;
        let raw = RawValue::from_string("[1.50, 12345678901234567890.10]".to_owned()).unwrap();
        let value = (
            (Kind::Unit, Kind::One(1), Kind::Two(2, 'x'), Kind::Named { a: 0.5 }),
            (Pair(-1, u64::MAX), Marker, (), None::<u8>, Some(true), raw),
            (json!({"a": [null, 1, "x"]}), BTreeMap::from([(1, "a"), (2, "b")]), 1.5_f32),
        );
        assert_eq!(to_json(&value).unwrap(), serde_json::to_string(&value).unwrap());
    }
}
