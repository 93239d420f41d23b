//! The conversion of cells to the values of a write.

use serde_json::{Number, Value, json};

use super::mapping::{Column, ID, Reading};
use crate::clock::stamp;
use crate::crm::call::Context;
use crate::crm::records::write::twin;
use crate::schema::{FieldKind, ModuleSpec};
use crate::state::Record;

/// The separator of several values in a cell.
const SEPARATOR: char = ';';

/// Returns the value of a cell that is not empty. A text that does not fit the field is kept, so that
/// the checks of the write refuse it.
pub(super) fn value(
    cx: &Context<'_>,
    module: &ModuleSpec,
    column: &Column,
    text: &str,
) -> Result<Value, &'static str> {
    let field = &column.field;
    let unfit = || Value::from(text);
    Ok(match (field.kind, &column.reading) {
        (FieldKind::Date, Reading::Date(pattern)) => {
            let date = pattern.date(text.trim());
            date.map_or_else(unfit, |date| date.format("%Y-%m-%d").to_string().into())
        }
        (_, Reading::Date(pattern)) => {
            pattern.instant(text.trim()).map_or_else(unfit, |at| stamp(at).into())
        }
        (FieldKind::BigInt, Reading::Number(pattern)) => {
            pattern.plain(text.trim()).map_or_else(unfit, Value::from)
        }
        (_, Reading::Number(pattern)) => {
            pattern.plain(text.trim()).and_then(|text| number(&text)).unwrap_or_else(unfit)
        }
        (FieldKind::Boolean, _) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => true.into(),
            "false" => false.into(),
            _ => unfit(),
        },
        (FieldKind::MultiPicklist | FieldKind::Tags | FieldKind::Taxes, _) => {
            let values = text.split(SEPARATOR).map(str::trim).filter(|one| !one.is_empty());
            values.map(Value::from).collect()
        }
        (FieldKind::Lookup, _) => lookup(cx, column, text.trim())?,
        (FieldKind::Owner, _) => {
            let text = text.trim();
            let user = cx.state.users.iter().find(|user| match column.find_by.as_deref() {
                None | Some(ID) => user.id == text,
                Some(_) => user.email.eq_ignore_ascii_case(text),
            });
            json!({ "id": user.ok_or("INVALID_DATA")?.id })
        }
        (FieldKind::Layout, _) => {
            let named = |(id, name): &&(u64, String)| name == text || id.to_string() == text;
            let layout = module.layouts.iter().find(named).ok_or("INVALID_DATA")?;
            json!({ "id": layout.0.to_string() })
        }
        _ => unfit(),
    })
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let digits = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    let float = text.parse::<f64>().ok().filter(|_| text.chars().all(digits))?;
    Number::from_f64(float).map(Value::Number)
}

fn lookup(cx: &Context<'_>, column: &Column, text: &str) -> Result<Value, &'static str> {
    let target = column.target().unwrap_or_default();
    let by = column.find_by.as_deref().unwrap_or(ID);
    let found = find(cx, target, by, text).ok_or("INVALID_DATA")?;
    let id = found.id.to_string();
    Ok(match &column.module {
        Some(module) => json!({ "id": id, "module": module }),
        None => json!({ "id": id }),
    })
}

/// Returns the record of a module with this text in this field.
pub(super) fn find<'c>(
    cx: &'c Context<'_>,
    module: &str,
    by: &str,
    text: &str,
) -> Option<&'c Record> {
    let table = cx.store().table(module);
    if by == ID { table.get(text) } else { twin(table, by, &text.into(), None) }
}
