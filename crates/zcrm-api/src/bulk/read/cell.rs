//! A cell of the CSV as a value of the caller's type.

use std::str::FromStr;

use serde::{
    Deserializer,
    de::{
        self, DeserializeSeed, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
        Visitor, value::BorrowedStrDeserializer,
    },
};

use super::{
    cell_json::{is_object, write_cell, write_piece},
    columns::{Column, ColumnKind, Pieces},
    misfit::{JSON_TEXT, Misfit},
};

/// Deserializes a cell, or a piece of a list.
#[derive(Clone, Copy)]
pub(super) struct CellDeserializer<'de> {
    column: &'de Column,
    text: &'de str,
    is_piece: bool,
}

impl<'de> CellDeserializer<'de> {
    pub(super) fn new(column: &'de Column, text: &'de str) -> Self {
        Self { column, text, is_piece: false }
    }

    fn misfit(&self, expected: &dyn Expected) -> Misfit {
        match self.text {
            "" => de::Error::invalid_type(Unexpected::Unit, expected),
            text => de::Error::invalid_type(Unexpected::Str(text), expected),
        }
    }

    fn parse<N: FromStr>(&self, expected: &dyn Expected) -> Result<N, Misfit> {
        self.text.parse().map_err(|_| self.misfit(expected))
    }

    /// Lets serde_json read the JSON of the cell.
    fn json<V: Visitor<'de>>(&self, name: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        let mut json = String::with_capacity(self.text.len() + 16);
        match self.is_piece {
            true => write_piece(&mut json, &self.column.kind, self.text),
            // a type that asks for an object means a lookup, even if the column's type is not known
            false => write_cell(&mut json, self.column, self.text),
        }
        serde_json::Deserializer::from_reader(json.as_bytes())
            .deserialize_newtype_struct(name, visitor)
            .map_err(de::Error::custom)
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident;)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
                let value = self.parse(&visitor)?;
                visitor.$visit(value)
            }
        )*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
                visitor.visit_borrowed_str(self.text)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for CellDeserializer<'de> {
    type Error = Misfit;

    numbers! {
        deserialize_i8 visit_i8;
        deserialize_i16 visit_i16;
        deserialize_i32 visit_i32;
        deserialize_i64 visit_i64;
        deserialize_i128 visit_i128;
        deserialize_u8 visit_u8;
        deserialize_u16 visit_u16;
        deserialize_u32 visit_u32;
        deserialize_u64 visit_u64;
        deserialize_u128 visit_u128;
        deserialize_f32 visit_f32;
        deserialize_f64 visit_f64;
        deserialize_bool visit_bool;
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let text = self.text;
        match self.column.kind {
            _ if self.is_piece => visitor.visit_borrowed_str(text),
            _ if text.is_empty() => visitor.visit_unit(),
            ColumnKind::Boolean => match text.parse() {
                Ok(boolean) => visitor.visit_bool(boolean),
                Err(_) => visitor.visit_borrowed_str(text),
            },
            ColumnKind::Number => match (text.parse(), text.parse(), text.parse()) {
                (Ok(number), _, _) => visitor.visit_u64(number),
                (_, Ok(number), _) => visitor.visit_i64(number),
                (_, _, Ok(number)) => visitor.visit_f64(number),
                _ => visitor.visit_borrowed_str(text),
            },
            ColumnKind::List(_) | ColumnKind::Tags => self.deserialize_seq(visitor),
            // an `Id` and similar types read the id of a lookup
            ColumnKind::Lookup | ColumnKind::Text => visitor.visit_borrowed_str(text),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_borrowed_bytes(self.text.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.text.is_empty() {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.text.is_empty() {
            true => visitor.visit_unit(),
            false => Err(self.misfit(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match name.starts_with(JSON_TEXT) {
            true => self.json(name, visitor),
            false => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_seq(List { column: self.column, pieces: self.column.split(self.text) })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_seq(visitor)
    }

    /// Reads the id of a lookup or the name of a tag as an object with this one member.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.text.is_empty() {
            return Err(self.misfit(&visitor));
        }
        if is_object(self.text) {
            return serde_json::Deserializer::from_str(self.text)
                .deserialize_map(visitor)
                .map_err(de::Error::custom);
        }
        let name = if self.is_piece { "name" } else { "id" };
        visitor.visit_map(OneMember { name: Some(name), cell: self })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_enum(self.text.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }
}

/// The pieces of a list.
struct List<'de> {
    column: &'de Column,
    pieces: Pieces<'de>,
}

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = Misfit;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Misfit> {
        let column = self.column;
        let piece = self.pieces.next();
        piece
            .map(|text| seed.deserialize(CellDeserializer { column, text, is_piece: true }))
            .transpose()
    }
}

/// An object with one member, whose value is the cell.
struct OneMember<'de> {
    name: Option<&'static str>,
    cell: CellDeserializer<'de>,
}

impl<'de> MapAccess<'de> for OneMember<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        self.name
            .take()
            .map(|name| seed.deserialize(BorrowedStrDeserializer::new(name)))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        seed.deserialize(CellDeserializer { is_piece: true, ..self.cell })
    }
}
