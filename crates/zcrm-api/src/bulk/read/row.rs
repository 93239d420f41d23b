//! A row of the CSV as the caller's type.

use std::cell::OnceCell;

use csv::StringRecord;
use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, MapAccess, Visitor, value::BorrowedStrDeserializer,
    },
    forward_to_deserialize_any,
};
use zcrm_core::{Error, RecordError};

use super::{
    cell::CellDeserializer,
    cell_json::{write_cell, write_text},
    columns::Column,
    misfit::{JSON_TEXT, Misfit},
};
use crate::bulk::position::BulkPosition;

/// A row, and its JSON if a type needs it.
pub(super) struct Row<'a> {
    columns: &'a [Column],
    cells: &'a StringRecord,
    json: OnceCell<String>,
}

impl<'a> Row<'a> {
    pub(super) fn new(columns: &'a [Column], cells: &'a StringRecord) -> Self {
        Self { columns, cells, json: OnceCell::new() }
    }

    /// Reads the row as a `T`.
    pub(super) fn read<T: Deserialize<'a>>(&'a self) -> Result<T, Misfit> {
        T::deserialize(RowDeserializer(self))
    }

    /// Returns the row as the JSON of a record.
    pub(super) fn json(&self) -> &str {
        self.json.get_or_init(|| {
            let mut json = String::with_capacity(self.cells.as_slice().len() * 2 + 64);
            for (column, cell) in self.pairs() {
                json.push(if json.is_empty() { '{' } else { ',' });
                write_text(&mut json, &column.name);
                json.push(':');
                write_cell(&mut json, column, cell);
            }
            if json.is_empty() {
                json.push('{');
            }
            json.push('}');
            json
        })
    }

    /// Returns the cell of a column.
    pub(super) fn cell(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(column, _)| &*column.name == name).map(|(_, cell)| cell)
    }

    fn pairs(&self) -> impl Iterator<Item = (&'a Column, &'a str)> + use<'a> {
        self.columns.iter().zip(self.cells.iter())
    }
}

/// Reads a row as a `T`. A row that does not fit is an error of kind
/// [`Record`](zcrm_core::ErrorKind::Record).
pub(super) fn read_row<T: DeserializeOwned>(
    columns: &[Column],
    cells: &StringRecord,
    position: &BulkPosition,
) -> Result<T, Error> {
    let row = Row::new(columns, cells);
    let read = row.read();
    read.map_err(|misfit| {
        let id = row.cell("id").filter(|id| !id.is_empty()).map(Into::into);
        let path = misfit.column.map_or_else(|| ".".to_owned(), String::from);
        let index = position.row.saturating_sub(1);
        let json = row.json().to_owned();
        let error = RecordError::does_not_fit(index, id, path, misfit.reason, json);
        Error::from_record(error).with_extension(position.clone())
    })
}

struct RowDeserializer<'a>(&'a Row<'a>);

impl<'de> Deserializer<'de> for RowDeserializer<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_map(Members {
            columns: self.0.columns.iter(),
            cells: self.0.cells.iter(),
            cell: None,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match name.starts_with(JSON_TEXT) {
            true => serde_json::Deserializer::from_str(self.0.json())
                .deserialize_newtype_struct(name, visitor)
                .map_err(de::Error::custom),
            false => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier
    }
}

/// The members of a row.
struct Members<'de> {
    columns: std::slice::Iter<'de, Column>,
    cells: csv::StringRecordIter<'de>,
    cell: Option<(&'de Column, &'de str)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        let (Some(column), Some(cell)) = (self.columns.next(), self.cells.next()) else {
            return Ok(None);
        };
        self.cell = Some((column, cell));
        seed.deserialize(BorrowedStrDeserializer::new(&column.name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Misfit> {
        let Some((column, cell)) = self.cell.take() else {
            return Err(de::Error::custom("it is a value without a name"));
        };
        seed.deserialize(CellDeserializer::new(column, cell))
            .map_err(|error| error.in_column(column))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len())
    }
}
