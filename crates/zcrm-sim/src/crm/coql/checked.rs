//! Queries whose names and values are checked.

use super::column::{Column, Source};
use super::filter::Filter;
use crate::crm::criteria::Criteria;

/// A query that can be executed.
#[derive(Debug)]
pub(super) struct CheckedQuery {
    pub(super) source: Source,
    /// The criteria of the custom view in `FROM`.
    pub(super) view: Option<Criteria>,
    pub(super) items: Vec<CheckedItem>,
    pub(super) filter: Filter,
    pub(super) group_by: Vec<Column>,
    pub(super) order_by: Vec<SortKey>,
    pub(super) offset: usize,
    pub(super) rows: usize,
}

impl CheckedQuery {
    /// Returns whether the rows of the answer are groups and not records.
    pub(super) fn is_grouped(&self) -> bool {
        let aggregate = |item: &CheckedItem| matches!(item.value, ItemValue::Aggregate(..));
        !self.group_by.is_empty() || self.items.iter().any(aggregate)
    }
}

/// A column of the answer.
#[derive(Debug)]
pub(super) struct CheckedItem {
    /// The key in the answer: the alias, or else the text in the query.
    pub(super) key: String,
    pub(super) value: ItemValue,
}

#[derive(Debug)]
pub(super) enum ItemValue {
    Column(Column),
    Aggregate(Function, Column),
}

/// A key of the order.
#[derive(Debug)]
pub(super) struct SortKey {
    pub(super) value: SortValue,
    pub(super) descending: bool,
}

#[derive(Debug)]
pub(super) enum SortValue {
    Column(Box<Column>),
    /// The aggregate at this index of the items.
    Aggregate(usize),
}

/// An aggregate function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Sum,
    Max,
    Min,
    Avg,
    Count,
}

impl Function {
    /// Returns the function of a name, which must be in upper case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SUM" => Self::Sum,
            "MAX" => Self::Max,
            "MIN" => Self::Min,
            "AVG" => Self::Avg,
            "COUNT" => Self::Count,
            _ => return None,
        })
    }
}
