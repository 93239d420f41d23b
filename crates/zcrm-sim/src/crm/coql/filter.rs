//! Checked conditions, and whether rows meet them.

use std::cmp::Ordering;

use super::column::Column;
use super::rows::Row;
use super::scalar::Scalar;
use super::syntax::Operator;
use crate::crm::render::View;

/// A condition whose columns and values fit together.
#[derive(Debug)]
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Test(Box<ColumnTest>),
}

#[derive(Debug)]
pub(super) struct ColumnTest {
    pub(super) column: Column,
    pub(super) operator: Operator,
    /// The values; for `LIKE` the text without the wildcards.
    pub(super) values: Vec<Scalar<'static>>,
    /// The wildcards of `LIKE`: before and after the text.
    pub(super) wildcards: (bool, bool),
}

impl Filter {
    /// Returns whether a row meets the condition. `empty_is_other` decides whether an empty value
    /// meets negations such as `!=`.
    pub(super) fn holds<'a>(&self, view: View<'a>, row: Row<'a>, empty_is_other: bool) -> bool {
        match self {
            Self::And(left, right) => {
                left.holds(view, row, empty_is_other) && right.holds(view, row, empty_is_other)
            }
            Self::Or(left, right) => {
                left.holds(view, row, empty_is_other) || right.holds(view, row, empty_is_other)
            }
            Self::Test(test) => test.holds(&row.cell(view, &test.column), empty_is_other),
        }
    }

    /// Calls `visit` with every test.
    pub(super) fn visit<'f>(&'f self, visit: &mut impl FnMut(&'f ColumnTest)) {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.visit(visit);
                right.visit(visit);
            }
            Self::Test(test) => visit(test),
        }
    }
}

impl ColumnTest {
    fn holds(&self, cell: &Scalar<'_>, empty_is_other: bool) -> bool {
        match self.operator {
            Operator::IsNull => return cell.is_null(),
            Operator::IsNotNull => return !cell.is_null(),
            _ if cell.is_null() => return empty_is_other && self.operator.is_negative(),
            _ => {}
        }
        let equals = |value: &Scalar<'_>| cell.order(value) == Ordering::Equal;
        let order = || self.values.first().map(|value| cell.order(value));
        let within = || match self.values.as_slice() {
            [low, high] => cell.order(low).is_ge() && cell.order(high).is_le(),
            _ => false,
        };
        match self.operator {
            Operator::Equal | Operator::In => self.values.iter().any(equals),
            Operator::NotEqual | Operator::NotIn => !self.values.iter().any(equals),
            Operator::Greater => order().is_some_and(Ordering::is_gt),
            Operator::GreaterEqual => order().is_some_and(Ordering::is_ge),
            Operator::Less => order().is_some_and(Ordering::is_lt),
            Operator::LessEqual => order().is_some_and(Ordering::is_le),
            Operator::Between => within(),
            Operator::NotBetween => !within(),
            Operator::Like => self.is_like(cell),
            Operator::NotLike => !self.is_like(cell),
            Operator::IsNull | Operator::IsNotNull => false,
        }
    }

    fn is_like(&self, cell: &Scalar<'_>) -> bool {
        let (Scalar::Text(text), Some(Scalar::Text(wanted))) = (cell, self.values.first()) else {
            return false;
        };
        match self.wildcards {
            (true, true) => text.contains(wanted.as_ref()),
            (true, false) => text.ends_with(wanted.as_ref()),
            (false, true) => text.starts_with(wanted.as_ref()),
            (false, false) => text == wanted,
        }
    }
}
