//! Detection of structs without an `id`, without serialising them.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible, SerializeStruct},
};

/// Returns `true` if a row is a struct without a field `id`. Returns `false` if that is not
/// certain: the members of maps and JSON text are not known here.
pub(super) fn is_without_id(row: &impl Serialize) -> bool {
    row.serialize(Names).is_ok()
}

/// A serializer that looks at the names of a struct's fields and ignores their values.
struct Names;

/// The error for a row that has an `id` or whose members are not known.
#[derive(Debug)]
struct Uncertain;

impl fmt::Display for Uncertain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value may have an `id`")
    }
}

impl std::error::Error for Uncertain {}

impl ser::Error for Uncertain {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl SerializeStruct for Names {
    type Ok = ();
    type Error = Uncertain;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        _: &T,
    ) -> Result<(), Uncertain> {
        if name == "id" { Err(Uncertain) } else { Ok(()) }
    }

    fn end(self) -> Result<(), Uncertain> {
        Ok(())
    }
}

macro_rules! uncertain {
    ($($method:ident: $kind:ty),* $(,)?) => {
        $(
            fn $method(self, _: $kind) -> Result<(), Uncertain> {
                Err(Uncertain)
            }
        )*
    };
}

impl Serializer for Names {
    type Ok = ();
    type Error = Uncertain;
    type SerializeSeq = Impossible<(), Uncertain>;
    type SerializeTuple = Impossible<(), Uncertain>;
    type SerializeTupleStruct = Impossible<(), Uncertain>;
    type SerializeTupleVariant = Impossible<(), Uncertain>;
    type SerializeMap = Impossible<(), Uncertain>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), Uncertain>;

    uncertain! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self, Uncertain> {
        // serde_json uses structs with such names for raw JSON text
        if name.starts_with('$') { Err(Uncertain) } else { Ok(self) }
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Uncertain> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Uncertain> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Uncertain> {
        Err(Uncertain)
    }

    fn serialize_unit(self) -> Result<(), Uncertain> {
        Err(Uncertain)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<(), Uncertain> {
        Err(Uncertain)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Uncertain> {
        Err(Uncertain)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Uncertain> {
        Err(Uncertain)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Uncertain> {
        Err(Uncertain)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Uncertain> {
        Err(Uncertain)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Uncertain> {
        Err(Uncertain)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Uncertain> {
        Err(Uncertain)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Uncertain> {
        Err(Uncertain)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::{json, value::RawValue};
    use zcrm_core::Record;

    use super::is_without_id;

    #[derive(Serialize)]
    struct Owner {
        id: &'static str,
    }

    #[derive(Serialize)]
    struct New {
        name: &'static str,
        owner: Owner,
    }

    #[derive(Serialize)]
    struct Copied {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'static str>,
        name: &'static str,
    }

    #[derive(Serialize)]
    struct Flat {
        #[serde(flatten)]
        owner: Owner,
    }

    #[derive(Serialize)]
    struct Wrapped<T>(T);

    #[test]
    fn recognises_structs_without_an_id() {
        let new = || New { name: "Boyle", owner: Owner { id: "7" } };
        assert!(is_without_id(&new()) && is_without_id(&&new()) && is_without_id(&Wrapped(new())));
        let copied = |id| Copied { id, name: "Boyle" };
        assert!(is_without_id(&copied(None)) && !is_without_id(&copied(Some("7"))));
        let raw = RawValue::from_string(r#"{"id":"7"}"#.to_owned()).unwrap();
        assert!(!is_without_id(&raw));
        assert!(!is_without_id(&Flat { owner: Owner { id: "7" } }));
        assert!(!is_without_id(&Wrapped(Owner { id: "7" })));
        assert!(!is_without_id(&json!({"id": "7"})) && !is_without_id(&json!({})));
        assert!(!is_without_id(&Record::new().with("id", "7")));
        assert!(!is_without_id(&"text") && !is_without_id(&Some([1])));
    }
}
