//! Checks of a query: its names, values and limits.

use std::collections::BTreeSet;

use serde_json::Value;

use super::authorize::authorize;
use super::checked::{CheckedItem, CheckedQuery, Function, ItemValue, SortKey, SortValue};
use super::column::{Column, Source, column, source};
use super::conditions::{Subqueries, check_condition};
use super::execute::values;
use super::filter::Filter;
use super::limits::{
    AGGREGATES, DEFAULT_ROWS, GROUP_BY, Limits, ORDER_BY, SUBQUERIES, SUBQUERY_ROWS, TESTS,
};
use super::refusals::{
    alias_of_column, duplicate_aggregate, duplicate_alias, duplicate_column, empty_alias, invalid,
    invalid_limit, limit_exceeded, limit_of_zero, misplaced_column, not_supported,
    subquery_columns, subquery_operator, unknown_aggregate, unknown_module, unknown_view,
};
use super::scalar::Class;
use super::syntax::{Expression, Item, Limit, Operator, Order, Query};
use crate::crm::call::{Context, Refusal};
use crate::crm::criteria::Criteria;
use crate::crm::settings::custom_views;
use crate::json::record_key;
use crate::schema::FieldKind;
use crate::version::Version;

/// Checks a query. Its subqueries are executed, and their values take their places.
pub(super) fn check(cx: &mut Context<'_>, query: &Query) -> Result<CheckedQuery, Refusal> {
    check_counted(cx, query, &mut 0)
}

/// Checks a query; `executed` is the number of subqueries before it.
fn check_counted(
    cx: &mut Context<'_>,
    query: &Query,
    executed: &mut usize,
) -> Result<CheckedQuery, Refusal> {
    let limits = Limits::of(cx.version);
    let source = source(cx, &query.module).ok_or_else(|| unknown_module(&query.module))?;
    authorize(cx, &source)?;
    let view = match &query.view {
        Some(id) => view(cx, &query.module, id)?,
        None => None,
    };
    let items = items(cx, &source, &query.items, &limits)?;
    if query.condition.tests() > TESTS {
        return Err(limit_exceeded("the maximum number of criteria is exceeded"));
    }
    let mut subquery = |cx: &mut Context<'_>, operator: Operator, inner: &Query| {
        run_subquery(cx, operator, inner, executed)
    };
    let subqueries: &mut Subqueries<'_> = &mut subquery;
    let filter = check_condition(cx, &source, &query.condition, limits.values, subqueries)?;
    let group_by = group_by(cx, &source, &query.group_by)?;
    check_groups(cx, &items, &group_by)?;
    let order_by = order_by(cx, &source, &query.order_by, &items, &group_by)?;
    check_joins(&items, &filter, &group_by, &order_by, &limits)?;
    let (offset, rows) = page(query.limit.as_ref(), &limits)?;
    Ok(CheckedQuery { source, view, items, filter, group_by, order_by, offset, rows })
}

/// Returns the criteria of a custom view; `None` if it shows every record.
fn view(cx: &Context<'_>, module: &str, id: &str) -> Result<Option<Criteria>, Refusal> {
    if cx.version < Version::V7 {
        return Err(not_supported());
    }
    let view = record_key(id).and_then(|id| cx.store().views.get(&id));
    let view = view.filter(|view| view.module == module).ok_or_else(|| unknown_view(id))?;
    Ok(custom_views::criteria(cx, view))
}

/// Executes a subquery, and returns its values.
fn run_subquery(
    cx: &mut Context<'_>,
    operator: Operator,
    query: &Query,
    executed: &mut usize,
) -> Result<Vec<Value>, Refusal> {
    if cx.version < Version::V7 {
        return Err(not_supported());
    }
    let sequence = *executed;
    *executed += 1;
    if *executed > SUBQUERIES {
        return Err(limit_exceeded("the maximum number of subqueries is exceeded"));
    }
    if !matches!(operator, Operator::In | Operator::NotIn) {
        return Err(subquery_operator(sequence, operator));
    }
    if query.items.len() != 1 {
        let name = |item: &Item| match &item.expression {
            Expression::Column(column) | Expression::Aggregate { column, .. } => column.clone(),
        };
        let names: Vec<String> = query.items.iter().map(name).collect();
        return Err(subquery_columns(sequence, &names));
    }
    let mut checked = check_counted(cx, query, executed)?;
    checked.rows = checked.rows.min(SUBQUERY_ROWS);
    Ok(values(cx, &checked))
}

fn items(
    cx: &Context<'_>,
    source: &Source,
    items: &[Item],
    limits: &Limits,
) -> Result<Vec<CheckedItem>, Refusal> {
    if items.len() > limits.columns {
        return Err(limit_exceeded("the maximum number of select columns is exceeded"));
    }
    check_names(items)?;
    let mut aggregates = 0;
    let mut checked = Vec::with_capacity(items.len());
    for item in items {
        let (text, value) = match &item.expression {
            Expression::Column(name) => {
                (name.clone(), ItemValue::Column(column(cx, source, name)?))
            }
            Expression::Aggregate { function, column: name } => {
                aggregates += 1;
                let unknown = || unknown_aggregate(function, name);
                let known = Function::named(function).ok_or_else(unknown)?;
                let column = column(cx, source, name)?;
                if !takes(known, &column) {
                    return Err(unknown());
                }
                (format!("{function}({name})"), ItemValue::Aggregate(known, column))
            }
        };
        checked.push(CheckedItem { key: item.alias.clone().unwrap_or(text), value });
    }
    if aggregates > AGGREGATES {
        return Err(limit_exceeded("the maximum number of aggregate fields is exceeded"));
    }
    Ok(checked)
}

/// Refuses columns and aliases that occur twice.
fn check_names(items: &[Item]) -> Result<(), Refusal> {
    let column = |item: &Item| match &item.expression {
        Expression::Column(name) | Expression::Aggregate { column: name, .. } => name.clone(),
    };
    let mut before: Vec<&Item> = Vec::new();
    for item in items {
        if let Some(twin) = before.iter().find(|twin| twin.expression == item.expression) {
            return Err(match &twin.expression {
                Expression::Column(name) => duplicate_column(name, "duplicate select column"),
                Expression::Aggregate { function, column } => duplicate_aggregate(column, function),
            });
        }
        if let Some(alias) = &item.alias {
            if alias.is_empty() {
                return Err(empty_alias(&column(item)));
            }
            if let Some(twin) = before.iter().find(|twin| twin.alias.as_ref() == Some(alias)) {
                return Err(duplicate_alias([&column(twin), &column(item)], alias));
            }
        }
        before.push(item);
    }
    for item in items {
        let Some(alias) = &item.alias else { continue };
        let plain = items.iter().any(|other| {
            other.alias.is_none() && other.expression == Expression::Column(alias.clone())
        });
        if plain {
            return Err(alias_of_column(&column(item), alias));
        }
    }
    Ok(())
}

/// Returns whether the function takes the values of the column.
fn takes(function: Function, column: &Column) -> bool {
    let number = matches!(column.class, Class::Number);
    match function {
        Function::Sum | Function::Avg => number,
        Function::Max | Function::Min => {
            number || matches!(column.class, Class::Date | Class::DateTime)
        }
        Function::Count => {
            number
                || matches!(column.class, Class::Integer | Class::Reference)
                || column.field.kind == FieldKind::Picklist
        }
    }
}

fn group_by(cx: &Context<'_>, source: &Source, names: &[String]) -> Result<Vec<Column>, Refusal> {
    if names.len() > GROUP_BY {
        return Err(limit_exceeded("the maximum number of fields in group by is exceeded"));
    }
    check_duplicates(names.iter(), "duplicate group by column")?;
    names.iter().map(|name| ordered(cx, source, name, "group by")).collect()
}

fn check_duplicates<'n>(
    names: impl Iterator<Item = &'n String>,
    message: &str,
) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(duplicate_column(name, message));
        }
    }
    Ok(())
}

/// Returns a column whose values can be ordered.
fn ordered(cx: &Context<'_>, source: &Source, name: &str, clause: &str) -> Result<Column, Refusal> {
    let column = column(cx, source, name)?;
    if matches!(column.class, Class::Territories | Class::Untestable) {
        return Err(misplaced_column(name, clause));
    }
    Ok(column)
}

/// Refuses columns of groups that are not keys of the groups, and a count without groups.
fn check_groups(
    cx: &Context<'_>,
    items: &[CheckedItem],
    group_by: &[Column],
) -> Result<(), Refusal> {
    let aggregates = items.iter().any(|item| matches!(item.value, ItemValue::Aggregate(..)));
    if group_by.is_empty() && !aggregates {
        return Ok(());
    }
    for item in items {
        match &item.value {
            ItemValue::Column(column) if !contains(group_by, column) => {
                return Err(misplaced_column(&column.name, "group by"));
            }
            ItemValue::Aggregate(Function::Count, _)
                if group_by.is_empty() && !cx.config.coql.plain_count =>
            {
                return Err(invalid());
            }
            _ => {}
        }
    }
    Ok(())
}

fn contains(group_by: &[Column], column: &Column) -> bool {
    group_by.iter().any(|key| key.name == column.name)
}

fn order_by(
    cx: &Context<'_>,
    source: &Source,
    order: &[Order],
    items: &[CheckedItem],
    group_by: &[Column],
) -> Result<Vec<SortKey>, Refusal> {
    if order.len() > ORDER_BY {
        return Err(limit_exceeded("the maximum number of fields in order by is exceeded"));
    }
    check_duplicates(order.iter().map(|key| &key.column), "duplicate order by column")?;
    let grouped = !group_by.is_empty()
        || items.iter().any(|item| matches!(item.value, ItemValue::Aggregate(..)));
    let mut keys = Vec::with_capacity(order.len());
    for Order { column: name, descending } in order {
        let item = items.iter().enumerate().find(|(_, item)| item.key == *name);
        let value = match item {
            Some((index, CheckedItem { value: ItemValue::Aggregate(..), .. })) => {
                SortValue::Aggregate(index)
            }
            Some((_, CheckedItem { value: ItemValue::Column(column), .. })) => {
                SortValue::Column(Box::new(ordered(cx, source, &column.name, "order by")?))
            }
            None => SortValue::Column(Box::new(ordered(cx, source, name, "order by")?)),
        };
        if let SortValue::Column(column) = &value
            && grouped
            && !contains(group_by, column)
        {
            return Err(misplaced_column(name, "order by"));
        }
        keys.push(SortKey { value, descending: *descending });
    }
    Ok(keys)
}

/// Refuses too many relations.
fn check_joins(
    items: &[CheckedItem],
    filter: &Filter,
    group_by: &[Column],
    order_by: &[SortKey],
    limits: &Limits,
) -> Result<(), Refusal> {
    let mut base: BTreeSet<String> = group_by.iter().flat_map(Column::joins).collect();
    filter.visit(&mut |test| base.extend(test.column.joins()));
    for key in order_by {
        if let SortValue::Column(column) = &key.value {
            base.extend(column.joins());
        }
    }
    let columns: BTreeSet<String> = items
        .iter()
        .flat_map(|item| match &item.value {
            ItemValue::Column(column) | ItemValue::Aggregate(_, column) => column.joins(),
        })
        .collect();
    let all = base.union(&columns).count();
    if base.len() > limits.base_joins || columns.len() > limits.column_joins || all > limits.joins {
        return Err(limit_exceeded("the maximum number of joins is exceeded"));
    }
    Ok(())
}

/// Returns the offset and the number of rows.
fn page(limit: Option<&Limit>, limits: &Limits) -> Result<(usize, usize), Refusal> {
    let Some(limit) = limit else { return Ok((0, DEFAULT_ROWS)) };
    let number = |text: &str| text.parse::<i64>().map_err(|_| invalid_limit(text));
    let rows = number(&limit.count)?;
    let offset = limit.offset.as_deref().map_or(Ok(0), number)?;
    if rows <= 0 {
        return Err(limit_of_zero());
    }
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    if rows > limits.rows {
        return Err(limit_exceeded("the maximum limit is exceeded"));
    }
    let text = || limit.offset.as_deref().unwrap_or_default();
    let offset = usize::try_from(offset).map_err(|_| invalid_limit(text()))?;
    if offset.saturating_add(rows) > limits.reach {
        return Err(limit_exceeded("the maximum number of records is exceeded"));
    }
    Ok((offset, rows))
}
