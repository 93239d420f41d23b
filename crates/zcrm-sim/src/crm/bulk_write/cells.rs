//! The conversion of cells to the values of a write.

use serde_json::{Number, Value, json};

use super::mapping::{Column, ID};
use super::parents::Parents;
use super::reading::Reading;
use crate::clock::stamp;
use crate::crm::call::Context;
use crate::crm::records::write::twin;
use crate::schema::{FieldKind, ModuleSpec};

/// The separator of several values in a cell.
const SEPARATOR: char = ';';

/// The code of a cell whose text does not fit its field.
const UNFIT: &str = "INVALID_DATA";

/// Returns the value of a cell that is not empty. The error is a code for its column.
pub(super) fn value(
    cx: &Context<'_>,
    parents: &Parents,
    module: &ModuleSpec,
    column: &Column,
    text: &str,
) -> Result<Value, &'static str> {
    let trimmed = text.trim();
    Ok(match (column.field.kind, &column.reading) {
        (FieldKind::Date, Reading::Date(pattern)) => {
            let date = pattern.date(trimmed).ok_or(UNFIT)?;
            date.format("%Y-%m-%d").to_string().into()
        }
        (_, Reading::Date(pattern)) => stamp(pattern.instant(trimmed).ok_or(UNFIT)?).into(),
        (FieldKind::BigInt, Reading::Number(pattern)) => {
            let digits = pattern.plain(trimmed).filter(|text| text.parse::<i64>().is_ok());
            digits.ok_or(UNFIT)?.into()
        }
        // A discount may be a percentage.
        (FieldKind::Discount, Reading::Number(_)) if trimmed.ends_with('%') => trimmed.into(),
        (_, Reading::Number(pattern)) => {
            pattern.plain(trimmed).and_then(|text| number(&text)).ok_or(UNFIT)?
        }
        (FieldKind::Boolean, _) => match trimmed.to_ascii_lowercase().as_str() {
            "true" => true.into(),
            "false" => false.into(),
            _ => return Err(UNFIT),
        },
        (FieldKind::MultiPicklist | FieldKind::Tags | FieldKind::Taxes, _) => {
            parts(text).map(Value::from).collect()
        }
        (FieldKind::Lookup, _) => lookup(cx, parents, column, trimmed)?,
        (FieldKind::Owner, _) => {
            let user = cx.state.users.iter().find(|user| match column.find_by.as_deref() {
                None | Some(ID) => user.id == trimmed,
                Some(_) => user.email.eq_ignore_ascii_case(trimmed),
            });
            json!({ "id": user.ok_or(UNFIT)?.id })
        }
        (FieldKind::Layout, _) => {
            let named = |(id, name): &&(u64, String)| name == trimmed || id.to_string() == trimmed;
            let layout = module.layouts.iter().find(named).ok_or(UNFIT)?;
            json!({ "id": layout.0.to_string() })
        }
        _ => text.into(),
    })
}

/// Returns the values in a cell that has several.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(SEPARATOR).map(str::trim).filter(|one| !one.is_empty())
}

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let digits = |c: char| c.is_ascii_digit() || c == '.' || c == '-';
    let float = text.parse::<f64>().ok().filter(|_| text.chars().all(digits))?;
    Number::from_f64(float).map(Value::Number)
}

fn lookup(
    cx: &Context<'_>,
    parents: &Parents,
    column: &Column,
    text: &str,
) -> Result<Value, &'static str> {
    let target = column.target().unwrap_or_default();
    let by = column.find_by.as_deref().unwrap_or(ID);
    let table = cx.store().table(target);
    let id = match column.parent_column {
        Some(place) => parents.find(target, place, text)?,
        None if by == ID => table.get(text).ok_or(UNFIT)?.id,
        None => twin(table, by, &text.into(), None).ok_or(UNFIT)?.id,
    };
    Ok(match &column.module {
        Some(module) => json!({ "id": id.to_string(), "module": module }),
        None => json!({ "id": id.to_string() }),
    })
}
