//! The cells of a row as JSON, as the other operations of Zoho write the values.

use std::str::FromStr;

use serde_json::value::RawValue;
use zcrm_core::Decimal;

use super::columns::{Column, ColumnKind};

/// Writes the JSON of a cell.
pub(super) fn write_cell(json: &mut String, column: &Column, cell: &str) {
    if cell.is_empty() {
        return json.push_str("null");
    }
    match &column.kind {
        ColumnKind::Boolean if matches!(cell, "true" | "false") => json.push_str(cell),
        ColumnKind::Number if Decimal::from_str(cell).is_ok() => json.push_str(cell),
        ColumnKind::Lookup if is_object(cell) => json.push_str(cell),
        ColumnKind::Lookup => write_member(json, "id", cell),
        ColumnKind::List(_) => {
            write_list(json, column, cell, write_text);
        }
        ColumnKind::Tags => {
            write_list(json, column, cell, |json, piece| write_member(json, "name", piece));
        }
        ColumnKind::Text | ColumnKind::Boolean | ColumnKind::Number => write_text(json, cell),
    }
}

/// Writes the JSON of one piece of a list.
pub(super) fn write_piece(json: &mut String, kind: &ColumnKind, piece: &str) {
    match kind {
        ColumnKind::Tags => write_member(json, "name", piece),
        _ => write_text(json, piece),
    }
}

/// Returns `true` if a cell contains a JSON object.
pub(super) fn is_object(cell: &str) -> bool {
    cell.starts_with('{') && serde_json::from_str::<&RawValue>(cell).is_ok()
}

fn write_list(json: &mut String, column: &Column, cell: &str, write: impl Fn(&mut String, &str)) {
    json.push('[');
    for (index, piece) in column.split(cell).enumerate() {
        if index > 0 {
            json.push(',');
        }
        write(json, piece);
    }
    json.push(']');
}

fn write_member(json: &mut String, name: &str, text: &str) {
    json.push('{');
    write_text(json, name);
    json.push(':');
    write_text(json, text);
    json.push('}');
}

/// Writes a text as a JSON string.
pub(super) fn write_text(json: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        json.push('"');
        json.push_str(text);
        json.push('"');
        return;
    }
    // a text can always be written
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}
