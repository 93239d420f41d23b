//! Checks of the conditions of a query.

use serde_json::Value;

use super::column::{Column, Source, column};
use super::filter::{ColumnTest, Filter};
use super::refusals::{
    invalid_operator, invalid_value, limit_exceeded, misplaced_column, untestable_column,
};
use super::scalar::{Class, Scalar};
use super::syntax::{Condition, Operand, Operator, Query, Test};
use crate::crm::call::{Context, Refusal};

/// Executes a subquery, and returns its values.
pub(super) type Subqueries<'s> =
    dyn FnMut(&mut Context<'_>, Operator, &Query) -> Result<Vec<Value>, Refusal> + 's;

/// Checks a condition. `limit` is the maximum number of values of `IN`.
pub(super) fn check_condition(
    cx: &mut Context<'_>,
    source: &Source,
    condition: &Condition,
    limit: usize,
    subqueries: &mut Subqueries<'_>,
) -> Result<Filter, Refusal> {
    let mut both = |left: &Condition, right: &Condition| {
        let left = check_condition(cx, source, left, limit, subqueries)?;
        let right = check_condition(cx, source, right, limit, subqueries)?;
        Ok::<_, Refusal>((Box::new(left), Box::new(right)))
    };
    Ok(match condition {
        Condition::And(left, right) => {
            let (left, right) = both(left, right)?;
            Filter::And(left, right)
        }
        Condition::Or(left, right) => {
            let (left, right) = both(left, right)?;
            Filter::Or(left, right)
        }
        Condition::Test(test) => {
            Filter::Test(Box::new(check_test(cx, source, test, limit, subqueries)?))
        }
    })
}

fn check_test(
    cx: &mut Context<'_>,
    source: &Source,
    test: &Test,
    limit: usize,
    subqueries: &mut Subqueries<'_>,
) -> Result<ColumnTest, Refusal> {
    let column = column(cx, source, &test.column)?;
    let operator = test.operator;
    let texts = match &test.operand {
        Operand::Values(texts) => texts.as_slice(),
        Operand::Query(_) => &[],
    };
    // A subquery refuses all operators but `IN` itself.
    let nested = matches!(test.operand, Operand::Query(_));
    match column.class {
        Class::Territories => return Err(misplaced_column(&test.column, "where")),
        Class::Untestable => {
            let value = texts.first().map(String::as_str);
            return Err(untestable_column(&test.column, operator, value));
        }
        class if !nested && !takes(class, operator) => {
            return Err(invalid_operator(&test.column, operator));
        }
        _ => {}
    }
    if texts.len() > limit {
        return Err(limit_exceeded("the maximum number of values is exceeded"));
    }
    if let Operand::Query(query) = &test.operand {
        let found = subqueries(cx, operator, query)?;
        if !takes(column.class, operator) {
            return Err(invalid_operator(&test.column, operator));
        }
        let values = found.iter().filter(|value| !value.is_null());
        let values = values
            .map(|value| {
                column.class.parse(&text(value)).ok_or_else(|| invalid_value(&test.column))
            })
            .collect::<Result<_, _>>()?;
        return Ok(ColumnTest { column, operator, values, wildcards: (false, false) });
    }
    if matches!(operator, Operator::Like | Operator::NotLike) {
        return like(column, operator, texts.first().map(String::as_str).unwrap_or_default());
    }
    let parse = |text: &String| column.class.parse(text).ok_or_else(|| invalid_value(&column.name));
    let values = texts.iter().map(parse).collect::<Result<Vec<Scalar<'static>>, _>>()?;
    Ok(ColumnTest { column, operator, values, wildcards: (false, false) })
}

/// Returns the text of a subquery's value; of a record or user, its id.
fn text(value: &Value) -> String {
    match value.get("id").unwrap_or(value) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn takes(class: Class, operator: Operator) -> bool {
    match operator {
        Operator::Equal => true,
        Operator::IsNull | Operator::IsNotNull => class != Class::Boolean,
        Operator::NotEqual | Operator::In | Operator::NotIn => {
            matches!(class, Class::Text | Class::Reference) || class.is_ordered()
        }
        Operator::Like | Operator::NotLike => class == Class::Text,
        _ => class.is_ordered(),
    }
}

/// Checks a pattern: `%` is allowed at its ends, and must be at one; for `NOT LIKE`, at both.
fn like(column: Column, operator: Operator, pattern: &str) -> Result<ColumnTest, Refusal> {
    let (before, rest) = pattern.strip_prefix('%').map_or((false, pattern), |rest| (true, rest));
    let (after, inner) = rest.strip_suffix('%').map_or((false, rest), |inner| (true, inner));
    if operator == Operator::NotLike && !(before && after) {
        return Err(invalid_operator(&column.name, operator));
    }
    if !(before || after) || inner.is_empty() || inner.contains('%') {
        return Err(invalid_value(&column.name));
    }
    let values = vec![Scalar::Text(inner.to_lowercase().into())];
    Ok(ColumnTest { column, operator, values, wildcards: (before, after) })
}
