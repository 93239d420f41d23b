//! Criteria of searches and views.

mod check;
mod matches;
mod parse;

pub(crate) use check::{check, wrong_criteria};
pub(crate) use matches::{Comparable, ComparisonKind, contains, equals, holds};
pub(crate) use parse::{Condition, Criteria, CriteriaError, Operator, parse, parse_within};
