//! Results that are written during the download: computed rows.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::columns::{Cell, Column};
use crate::bulk_read::Separators;
use crate::clock::stamp;
use crate::crm::bulk::{ArchiveChunks, RowWriter, StreamedArchive};
use crate::csv_format::CsvFormat;
use crate::http::Chunks;
use crate::schema::{FieldKind, FieldSpec};

/// The id of the first computed row, less one.
const FIRST_ID: u64 = 1_000_000_000_000_000_000;

/// From this number of rows on, a file may exceed 4 GiB.
const LARGE: u64 = 1_000_000;

/// Returns the id of a computed row.
pub(super) fn id(row: u64) -> u64 {
    FIRST_ID + row + 1
}

/// The number of the computed row with this id.
pub(super) fn number(id: u64) -> u64 {
    id.saturating_sub(FIRST_ID + 1)
}

/// A result of computed rows.
#[derive(Debug)]
pub(super) struct ComputedRows {
    pub(super) job: u64,
    pub(super) columns: Arc<[Column]>,
    pub(super) format: CsvFormat,
    pub(super) separators: Separators,
    pub(super) seed: u64,
    pub(super) owner: String,
    pub(super) first: u64,
    pub(super) count: u64,
}

impl Chunks for ComputedRows {
    fn chunks(&self) -> Box<dyn Iterator<Item = Bytes> + Send> {
        let (columns, format) = (Arc::clone(&self.columns), self.format.clone());
        let separators = self.separators.clone();
        let (seed, owner) = (self.seed, self.owner.clone());
        let end = self.first.saturating_add(self.count);
        let mut next = self.first;
        let mut header = true;
        let mut text = String::new();
        let row = move |archive: &mut StreamedArchive| {
            if header {
                header = false;
                for column in columns.iter() {
                    archive.cell(&column.header)?;
                }
                archive.end_row()?;
                return Ok(true);
            }
            if next >= end {
                return Ok(false);
            }
            for (place, column) in (1_u64..).zip(columns.iter()) {
                text.clear();
                if column.is_id() {
                    push(&mut text, id(next));
                } else if let Some(field) = column.field() {
                    cell(&mut text, &separators, field, next, mix(seed, next, place), &owner);
                }
                archive.cell(&text)?;
            }
            archive.end_row()?;
            next += 1;
            Ok(true)
        };
        Box::new(ArchiveChunks::new(self.job, &format, self.count >= LARGE, row))
    }
}

/// Returns a number that the seed, the row and the column determine.
fn mix(seed: u64, row: u64, column: u64) -> u64 {
    let mut bits = seed ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ column.rotate_left(48);
    for _ in 0..2 {
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits ^= bits >> 27;
    }
    bits
}

fn push(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

/// Appends the cell of a computed row; references stay empty.
fn cell(
    out: &mut String,
    separators: &Separators,
    field: &FieldSpec,
    row: u64,
    bits: u64,
    owner: &str,
) {
    let time = || {
        let minutes = i64::try_from(bits % 5_000_000).unwrap_or_default();
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(15_000) + TimeDelta::minutes(minutes)
    };
    let choice = |values: &[String]| {
        let index = usize::try_from(bits % (values.len().max(1) as u64)).unwrap_or_default();
        values.get(index).cloned()
    };
    match field.kind {
        FieldKind::Text => {
            push(out, format_args!("{} {row} {:x}", field.label, bits & 0xffff));
        }
        FieldKind::Textarea => push(out, format_args!("{}, {bits:x}\nrow \"{row}\"", field.label)),
        FieldKind::Email => push(out, format_args!("row.{row}@example.com")),
        FieldKind::Phone => push(out, format_args!("+91 {:010}", bits % 10_000_000_000)),
        FieldKind::Website => push(out, format_args!("https://{row}.example.com")),
        FieldKind::Picklist => out.push_str(&choice(&field.values).unwrap_or_default()),
        FieldKind::MultiPicklist => {
            let values: Vec<Value> =
                field.values.iter().take(2).cloned().map(Value::from).collect();
            Cell::List(&values).write(separators, out);
        }
        FieldKind::Date => push(out, time().format("%Y-%m-%d")),
        FieldKind::DateTime => out.push_str(&stamp(time())),
        FieldKind::Integer => push(out, bits % 1_000_000_000),
        FieldKind::Percent => push(out, bits % 101),
        FieldKind::BigInt => push(out, bits % 1_000_000_000_000_000_000),
        FieldKind::Double | FieldKind::Currency | FieldKind::Formula => {
            push(out, format_args!("{}.{:02}", bits % 1_000_000, bits % 89 + 10));
        }
        FieldKind::Boolean => push(out, bits.is_multiple_of(2)),
        FieldKind::Owner => out.push_str(owner),
        FieldKind::AutoNumber => push(out, row + 1),
        _ => {}
    }
}
