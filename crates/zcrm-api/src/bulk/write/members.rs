//! The members of a record, without the way through its JSON for texts and numbers.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::{self, Impossible, SerializeMap, SerializeStruct},
};
use serde_json::value::RawValue;
use zcrm_core::ZohoJson;

/// A member's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberValue<'a> {
    Text(&'a str),
    Json(&'a str),
}

/// The members of a record, in their order.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, MemberValue<'a>)>);

impl<'a> Members<'a> {
    /// Returns the member of this name. It is usually at this place.
    pub(super) fn find(&self, name: &str, place: usize) -> Option<MemberValue<'a>> {
        match self.0.get(place) {
            Some((here, value)) if here == name => Some(*value),
            _ => self.0.iter().find(|(here, _)| here == name).map(|(_, value)| *value),
        }
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
                    members.push((name, MemberValue::Json(value.get())));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The memory of one record, which is used for the next one again.
#[derive(Debug, Default)]
pub(super) struct MemberBuffer {
    text: Vec<u8>,
    members: Vec<Span>,
    /// The record is JSON, and its members are not known yet.
    is_json: bool,
}

#[derive(Debug)]
struct Span {
    name: SpanName,
    is_text: bool,
    value: Range<usize>,
}

#[derive(Debug)]
enum SpanName {
    Static(&'static str),
    Text(Range<usize>),
}

/// The reason why a record has no members.
#[derive(Debug)]
pub(super) enum MemberFault {
    /// Another value than an object.
    NoObject,
    /// The record's own error.
    Unwritable(serde_json::Error),
}

impl MemberBuffer {
    /// Reads the members of a record.
    pub(super) fn read(&mut self, record: &impl Serialize) -> Result<Members<'_>, MemberFault> {
        self.text.clear();
        self.members.clear();
        self.is_json = false;
        ZohoJson(record).serialize(RecordSerializer(self))?;
        let text = std::str::from_utf8(&self.text).map_err(|_| MemberFault::NoObject)?;
        if self.is_json {
            return serde_json::from_str(text).map_err(|_| MemberFault::NoObject);
        }
        let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        let member = |span: &Span| {
            let name = match &span.name {
                SpanName::Static(name) => *name,
                SpanName::Text(range) => part(range),
            };
            let value = part(&span.value);
            let value = match span.is_text {
                true => MemberValue::Text(value),
                false => MemberValue::Json(value),
            };
            (Cow::Borrowed(name), value)
        };
        Ok(Members(self.members.iter().map(member).collect()))
    }

    /// Appends a value, and returns its place and whether it is a text.
    fn write<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<(Range<usize>, bool), MemberFault> {
        let start = self.text.len();
        let is_text = match value.serialize(ScalarSerializer(&mut self.text)) {
            Ok(is_text) => is_text,
            Err(MemberFault::NoObject) => {
                self.text.truncate(start);
                serde_json::to_writer(&mut self.text, value).map_err(MemberFault::Unwritable)?;
                false
            }
            Err(fault) => return Err(fault),
        };
        Ok((start..self.text.len(), is_text))
    }
}

impl fmt::Display for MemberFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObject => f.write_str("it is not a JSON object"),
            Self::Unwritable(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for MemberFault {}

impl ser::Error for MemberFault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Unwritable(ser::Error::custom(message))
    }
}

/// Refuses values, or passes them to `serde_json`.
macro_rules! scalars {
    (refuse $($method:ident($kind:ty))*) => {
        $(fn $method(self, _: $kind) -> Result<Self::Ok, MemberFault> {
            Err(MemberFault::NoObject)
        })*
    };
    (write $($method:ident($kind:ty))*) => {
        $(fn $method(self, value: $kind) -> Result<bool, MemberFault> {
            serde_json::to_writer(self.0, &value).map_err(MemberFault::Unwritable)?;
            Ok(false)
        })*
    };
}

/// Refuses values of several parts, unless another method takes them.
macro_rules! refuse_parts {
    ($($method:ident($($kind:ty),*) -> $part:ident)*) => {
        $(fn $method(self, $(_: $kind),*) -> Result<Self::$part, MemberFault> {
            Err(MemberFault::NoObject)
        })*
    };
}

/// Takes the members of a struct or a map.
struct RecordSerializer<'b>(&'b mut MemberBuffer);

impl<'b> Serializer for RecordSerializer<'b> {
    type Ok = ();
    type Error = MemberFault;
    type SerializeSeq = Impossible<(), MemberFault>;
    type SerializeTuple = Impossible<(), MemberFault>;
    type SerializeTupleStruct = Impossible<(), MemberFault>;
    type SerializeTupleVariant = Impossible<(), MemberFault>;
    type SerializeMap = MembersSerializer<'b>;
    type SerializeStruct = MembersSerializer<'b>;
    type SerializeStructVariant = Impossible<(), MemberFault>;

    scalars! { refuse
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32)
        serialize_i64(i64) serialize_i128(i128) serialize_u8(u8) serialize_u16(u16)
        serialize_u32(u32) serialize_u64(u64) serialize_u128(u128) serialize_f32(f32)
        serialize_f64(f64) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_unit_struct(&'static str)
    }

    refuse_parts! {
        serialize_none() -> Ok
        serialize_unit() -> Ok
        serialize_unit_variant(&'static str, u32, &'static str) -> Ok
        serialize_seq(Option<usize>) -> SerializeSeq
        serialize_tuple(usize) -> SerializeTuple
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), MemberFault> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), MemberFault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), MemberFault> {
        MembersSerializer { buffer: self.0, key: None }.serialize_field(variant, value)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<MembersSerializer<'b>, MemberFault> {
        Ok(MembersSerializer { buffer: self.0, key: None })
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<MembersSerializer<'b>, MemberFault> {
        Ok(MembersSerializer { buffer: self.0, key: None })
    }
}

/// The member by which `serde_json` passes JSON, such as that of a record.
const JSON: &str = "$serde_json::private::RawValue";

struct MembersSerializer<'b> {
    buffer: &'b mut MemberBuffer,
    key: Option<Range<usize>>,
}

impl SerializeStruct for MembersSerializer<'_> {
    type Ok = ();
    type Error = MemberFault;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), MemberFault> {
        let (value, is_text) = self.buffer.write(value)?;
        if name == JSON {
            self.buffer.is_json = true;
        }
        self.buffer.members.push(Span { name: SpanName::Static(name), is_text, value });
        Ok(())
    }

    fn end(self) -> Result<(), MemberFault> {
        Ok(())
    }
}

impl SerializeMap for MembersSerializer<'_> {
    type Ok = ();
    type Error = MemberFault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), MemberFault> {
        // a number is its own text
        self.key = Some(self.buffer.write(key)?.0);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), MemberFault> {
        let (value, is_text) = self.buffer.write(value)?;
        let name = SpanName::Text(self.key.take().unwrap_or_default());
        self.buffer.members.push(Span { name, is_text, value });
        Ok(())
    }

    fn end(self) -> Result<(), MemberFault> {
        Ok(())
    }
}

/// Appends a text as it is, and another single value as JSON. Returns `true` for a text.
struct ScalarSerializer<'b>(&'b mut Vec<u8>);

impl Serializer for ScalarSerializer<'_> {
    type Ok = bool;
    type Error = MemberFault;
    type SerializeSeq = Impossible<bool, MemberFault>;
    type SerializeTuple = Impossible<bool, MemberFault>;
    type SerializeTupleStruct = Impossible<bool, MemberFault>;
    type SerializeTupleVariant = Impossible<bool, MemberFault>;
    type SerializeMap = Impossible<bool, MemberFault>;
    type SerializeStruct = Impossible<bool, MemberFault>;
    type SerializeStructVariant = Impossible<bool, MemberFault>;

    scalars! { write
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32)
        serialize_i64(i64) serialize_i128(i128) serialize_u8(u8) serialize_u16(u16)
        serialize_u32(u32) serialize_u64(u64) serialize_u128(u128) serialize_f32(f32)
        serialize_f64(f64) serialize_char(char)
    }

    fn serialize_str(self, text: &str) -> Result<bool, MemberFault> {
        self.0.extend_from_slice(text.as_bytes());
        Ok(true)
    }

    fn serialize_none(self) -> Result<bool, MemberFault> {
        self.serialize_unit()
    }

    fn serialize_unit(self) -> Result<bool, MemberFault> {
        self.0.extend_from_slice(b"null");
        Ok(false)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<bool, MemberFault> {
        self.serialize_str(variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<bool, MemberFault> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<bool, MemberFault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<bool, MemberFault> {
        Err(MemberFault::NoObject)
    }

    refuse_parts! {
        serialize_bytes(&[u8]) -> Ok
        serialize_unit_struct(&'static str) -> Ok
        serialize_seq(Option<usize>) -> SerializeSeq
        serialize_tuple(usize) -> SerializeTuple
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant
        serialize_map(Option<usize>) -> SerializeMap
        serialize_struct(&'static str, usize) -> SerializeStruct
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, Utc};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use zcrm_core::{Record, to_json};

    use super::*;

    /// Returns the members as JSON.
    fn members(record: &impl Serialize) -> Result<Value, MemberFault> {
        let mut buffer = MemberBuffer::default();
        let members = buffer.read(record)?;
        let value = |value: MemberValue<'_>| match value {
            MemberValue::Text(text) => Value::from(text),
            MemberValue::Json(json) => serde_json::from_str(json).unwrap(),
        };
        let pair = |(name, it): (Cow<'_, str>, MemberValue<'_>)| (name.into_owned(), value(it));
        Ok(Value::Object(members.0.into_iter().map(pair).collect()))
    }

    #[derive(Serialize)]
    enum Choice {
        Warm,
        Kept(i32),
    }

    #[derive(Serialize)]
    struct Wrapped(Option<Inner>);

    #[derive(Serialize)]
    struct Inner {
        text: &'static str,
        letter: char,
        number: f64,
        nothing: Option<u8>,
        choice: Choice,
        kept: Choice,
        time: DateTime<Utc>,
        list: Vec<u8>,
        nested: BTreeMap<u8, bool>,
        record: Record,
    }

    #[derive(Serialize)]
    struct Flat {
        #[serde(flatten)]
        rest: BTreeMap<String, i32>,
        own: &'static str,
    }

    #[test]
    fn reads_what_the_json_of_a_record_has() {
        let inner = || Inner {
            text: "a \"b\"\n",
            letter: 'é',
            number: 1.5,
            nothing: None,
            choice: Choice::Warm,
            kept: Choice::Kept(5),
            time: DateTime::UNIX_EPOCH,
            list: vec![1, 2],
            nested: BTreeMap::from([(7, true)]),
            record: Record::new().with("id", "5"),
        };
        fn same(record: &impl Serialize) {
            let json: Value = serde_json::from_str(&to_json(record).unwrap()).unwrap();
            assert_eq!(members(record).unwrap(), json);
        }
        same(&inner());
        same(&Wrapped(Some(inner())));
        same(&Flat { rest: BTreeMap::from([("n\"".to_owned(), 3)]), own: "x" });
        same(&Record::new().with("Last_Name", "Boyle \u{1F600}").with("n", 5));
        same(&BTreeMap::from([(5, "five")]));
        same(&Choice::Kept(5));
        same(&json!({"a": [1, {"b": null}], "c": "d"}));
    }

    #[test]
    fn refuses_other_values_than_objects() {
        for value in [json!(5), json!("a"), json!([{}]), json!(null), json!(true)] {
            assert!(matches!(members(&value), Err(MemberFault::NoObject)), "{value}");
        }
        assert!(matches!(members(&Choice::Warm), Err(MemberFault::NoObject)));
        assert!(matches!(members(&Wrapped(None)), Err(MemberFault::NoObject)));
        let infinite = BTreeMap::from([("a", f64::INFINITY)]);
        assert!(matches!(members(&infinite), Err(MemberFault::Unwritable(_))));
        let infinite = BTreeMap::from([("a", vec![f64::NAN])]);
        assert!(matches!(members(&infinite), Err(MemberFault::Unwritable(_))));
    }

    #[test]
    fn keeps_the_order_of_members() {
        let Members(members) = serde_json::from_str(r#"{"b":1,"a\n":[2]}"#).unwrap();
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["b", "a\n"]);
        assert!(serde_json::from_str::<Members<'_>>("[1]").is_err());
    }

    proptest! {
        #[test]
        fn reads_any_texts(texts in proptest::collection::btree_map(".*", ".*", 0..6)) {
            prop_assert_eq!(members(&texts).unwrap(), json!(texts));
        }
    }
}
