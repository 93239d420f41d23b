//! Records that are kept as JSON while there are few, for calls of 100 records.

use std::fmt::Write as _;

use serde_json::Number;

use super::{resource::PlannedColumn, value::CellKind};

/// The JSON of the first records.
#[derive(Debug)]
pub(super) struct Kept {
    rows: Vec<String>,
    open: String,
    most: usize,
    /// Whether an empty value clears its field.
    clears: bool,
}

impl Kept {
    pub(super) fn new(most: u64, clears: bool) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self { rows: Vec::new(), open: String::new(), most, clears }
    }

    /// Adds the value of a column. Returns `false` if a call cannot write it.
    pub(super) fn add(&mut self, planned: &PlannedColumn, text: &str) -> bool {
        let column = &planned.column;
        if column.format.is_some() != planned.kind.format().is_some()
            || column.default.is_some()
            || column.module.is_some()
            || column.field == "Tag"
        {
            return false;
        }
        if text.is_empty() && !self.clears {
            return true;
        }
        let Some(value) = json_of(&planned.kind, &column.field, text) else { return false };
        let before = if self.open.is_empty() { '{' } else { ',' };
        let name = quoted(&column.field);
        // writing to a string cannot fail
        let _ = write!(self.open, "{before}{name}:{value}");
        true
    }

    /// Ends a record. Returns `false` if there are too many.
    pub(super) fn end(&mut self) -> bool {
        let mut row = std::mem::take(&mut self.open);
        row.push_str(if row.is_empty() { "{}" } else { "}" });
        self.rows.push(row);
        self.rows.len() <= self.most
    }

    pub(super) fn into_rows(self) -> Vec<String> {
        self.rows
    }
}

/// Returns the JSON of a cell's text, or `None` if the type is not known.
fn json_of(kind: &CellKind, field: &str, text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::from("null"));
    }
    Some(match kind {
        CellKind::Text(_) | CellKind::Date | CellKind::DateTime => quoted(text),
        CellKind::Lookup if field == "id" => quoted(text),
        CellKind::Lookup => format!("{{\"id\":{}}}", quoted(text)),
        CellKind::Integer | CellKind::Decimal => match serde_json::from_str::<Number>(text) {
            Ok(_) => text.to_owned(),
            Err(_) => quoted(text),
        },
        CellKind::Boolean => text.to_owned(),
        CellKind::List => {
            let values: Vec<String> = text.split(';').map(quoted).collect();
            format!("[{}]", values.join(","))
        }
        CellKind::LookupText | CellKind::Any => return None,
    })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
