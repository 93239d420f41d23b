//! Groups of rows and their aggregates.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::checked::{CheckedQuery, Function, ItemValue, SortValue};
use super::column::Column;
use super::render::shown;
use super::rows::Row;
use super::scalar::Scalar;
use crate::crm::render::View;

/// Groups the rows, and returns a row of the answer for each group, in order.
pub(super) fn groups<'a>(
    view: View<'a>,
    query: &CheckedQuery,
    rows: impl Iterator<Item = Row<'a>>,
) -> Vec<Map<String, Value>> {
    let keys = |row: Row<'a>| -> Vec<Scalar<'a>> {
        query.group_by.iter().map(|column| row.cell(view, column)).collect()
    };
    let mut keyed: Vec<(Vec<Scalar<'a>>, Row<'a>)> = rows.map(|row| (keys(row), row)).collect();
    // The sort is stable, so that the first row of a group has its smallest id.
    keyed.sort_by(|(a, _), (b, _)| order(a, b));
    let mut groups: Vec<&[(Vec<Scalar<'a>>, Row<'a>)]> =
        keyed.chunk_by(|(a, _), (b, _)| order(a, b) == Ordering::Equal).collect();
    if !query.order_by.is_empty() {
        groups.sort_by(|a, b| compare(view, query, a, b));
    }
    groups.into_iter().map(|group| row_of(view, query, group)).collect()
}

fn order(a: &[Scalar<'_>], b: &[Scalar<'_>]) -> Ordering {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| a.order(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

type Group<'g, 'a> = &'g [(Vec<Scalar<'a>>, Row<'a>)];

fn compare<'a>(
    view: View<'a>,
    query: &CheckedQuery,
    a: Group<'_, 'a>,
    b: Group<'_, 'a>,
) -> Ordering {
    let keys = query.order_by.iter().map(|key| {
        let value = |group: Group<'_, 'a>| match &key.value {
            SortValue::Column(column) => {
                group.first().map_or(Scalar::Null, |(_, row)| row.cell(view, column))
            }
            SortValue::Aggregate(index) => match query.items.get(*index).map(|item| &item.value) {
                Some(ItemValue::Aggregate(function, column)) => {
                    aggregate(view, *function, column, group).1
                }
                _ => Scalar::Null,
            },
        };
        let order = value(a).order(&value(b));
        if key.descending { order.reverse() } else { order }
    });
    keys.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn row_of<'a>(view: View<'a>, query: &CheckedQuery, group: Group<'_, 'a>) -> Map<String, Value> {
    let item = |value: &ItemValue| match value {
        ItemValue::Aggregate(function, column) => aggregate(view, *function, column, group).0,
        ItemValue::Column(column) => {
            group.first().map_or(Value::Null, |(_, row)| shown(view, *row, column))
        }
    };
    query.items.iter().map(|one| (one.key.clone(), item(&one.value))).collect()
}

/// Returns the aggregate of a group, as it is shown and as it is ordered. Empty values are left out.
fn aggregate<'a>(
    view: View<'a>,
    function: Function,
    column: &Column,
    group: Group<'_, 'a>,
) -> (Value, Scalar<'static>) {
    let cells = group.iter().map(|(_, row)| (*row, row.cell(view, column)));
    let cells: Vec<(Row<'a>, Scalar<'a>)> = cells.filter(|(_, cell)| !cell.is_null()).collect();
    let number = |cell: &Scalar<'_>| match cell {
        Scalar::Number(number) => *number,
        Scalar::Integer(integer) => *integer as f64,
        _ => 0.0,
    };
    let sum = || cells.iter().map(|(_, cell)| number(cell)).sum::<f64>();
    let count = cells.len() as f64;
    match function {
        Function::Count => (cells.len().into(), Scalar::Number(count)),
        Function::Sum if !cells.is_empty() => amount(sum()),
        Function::Avg if !cells.is_empty() => amount(sum() / count),
        Function::Sum | Function::Avg => (Value::Null, Scalar::Null),
        Function::Max | Function::Min => {
            let best = cells.iter().reduce(|best, one| {
                let better = one.1.order(&best.1);
                let better =
                    if function == Function::Max { better.is_gt() } else { better.is_lt() };
                if better { one } else { best }
            });
            best.map_or((Value::Null, Scalar::Null), |(row, cell)| {
                (shown(view, *row, column), own(cell))
            })
        }
    }
}

/// Returns a number as it is shown, and as it is ordered.
fn amount(value: f64) -> (Value, Scalar<'static>) {
    let shown = if value.fract() == 0.0 && value.abs() < 1e15 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    };
    (shown, Scalar::Number(value))
}

fn own(cell: &Scalar<'_>) -> Scalar<'static> {
    match cell {
        Scalar::Integer(value) => Scalar::Integer(*value),
        Scalar::Number(value) => Scalar::Number(*value),
        Scalar::Day(value) => Scalar::Day(*value),
        Scalar::Moment(value) => Scalar::Moment(*value),
        _ => Scalar::Null,
    }
}
