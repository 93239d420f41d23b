//! The execution of checked queries.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

use serde_json::{Map, Value};

use super::aggregate::groups;
use super::checked::{CheckedQuery, ItemValue, SortKey, SortValue};
use super::plan::candidates;
use super::render::shown;
use super::rows::{Candidates, Row, all};
use super::scalar::Scalar;
use crate::crm::call::Context;
use crate::crm::criteria::holds;
use crate::crm::render::View;
use crate::state::PastRecords;

/// The rows of an answer.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Map<String, Value>>,
    pub(super) more: bool,
    /// The number of rows that were looked at.
    pub(super) examined: usize,
}

/// Executes a query.
pub(super) fn execute(cx: &mut Context<'_>, query: &CheckedQuery) -> Page {
    let candidates = candidates(cx, query);
    let view = cx.view();
    let examined = Cell::new(0);
    let past = query.source.module().map(|module| cx.past(module)).unwrap_or_default();
    let scan = Scan { candidates: &candidates, past: &past, examined: &examined };
    if query.is_grouped() {
        let matching = matching(cx, query, scan, false);
        let mut rows: Vec<_> =
            groups(view, query, matching).into_iter().skip(query.offset).collect();
        let more = rows.len() > query.rows;
        rows.truncate(query.rows);
        return Page { rows, more, examined: examined.get() };
    }
    let mut rows = page(cx, query, scan);
    let more = rows.len() > query.rows;
    rows.truncate(query.rows);
    let rows = rows.into_iter().map(|row| row_of(view, query, row)).collect();
    Page { rows, more, examined: examined.get() }
}

/// Executes a subquery: returns the values of its first column.
pub(super) fn values(cx: &mut Context<'_>, query: &CheckedQuery) -> Vec<Value> {
    let page = execute(cx, query);
    let Some(key) = query.items.first().map(|item| &item.key) else { return Vec::new() };
    let value = |row: Map<String, Value>| row.get(key).cloned().unwrap_or_default();
    page.rows.into_iter().map(value).collect()
}

/// The rows that a query examines.
#[derive(Clone, Copy)]
struct Scan<'a> {
    candidates: &'a Candidates,
    /// The records whose last changes are not visible yet.
    past: &'a PastRecords<'a>,
    /// The number of rows examined so far.
    examined: &'a Cell<usize>,
}

/// Returns the matching rows, by id.
fn matching<'a>(
    cx: &'a Context<'_>,
    query: &'a CheckedQuery,
    scan: Scan<'a>,
    descending: bool,
) -> impl Iterator<Item = Row<'a>> {
    let view = cx.view();
    let empty_is_other = cx.config.coql.empty_is_other;
    let in_view = move |row: &Row<'a>| match (row, &query.view) {
        (Row::Record(module, record), Some(criteria)) => holds(criteria, view, module, record),
        _ => true,
    };
    let options = &cx.config.coql;
    let present = move |row: &Row<'a>| match row {
        Row::Record(_, record) => {
            (options.converted_leads || !record.converted)
                && (options.unapproved_records || record.approved)
        }
        _ => true,
    };
    all(view, &query.source, scan.candidates, scan.past, descending)
        .inspect(move |_| scan.examined.set(scan.examined.get() + 1))
        .filter(present)
        .filter(in_view)
        .filter(move |row| query.filter.holds(view, *row, empty_is_other))
}

/// Returns the rows of the page and one more, if there is one.
fn page<'a>(cx: &'a Context<'_>, query: &'a CheckedQuery, scan: Scan<'a>) -> Vec<Row<'a>> {
    let wanted = query.rows + 1;
    let first = query.order_by.first();
    let by_id = first.is_none_or(|key| match &key.value {
        SortValue::Column(column) => column.is_id(),
        SortValue::Aggregate(_) => false,
    });
    if by_id {
        let descending = first.is_some_and(|key| key.descending);
        let rows = matching(cx, query, scan, descending);
        return rows.skip(query.offset).take(wanted).collect();
    }
    // Only the rows up to the end of the page are kept.
    let kept = query.offset + wanted;
    let mut heap: BinaryHeap<Sorted<'a>> = BinaryHeap::with_capacity(kept.min(4_096));
    for row in matching(cx, query, scan, false) {
        heap.push(Sorted::new(cx.view(), &query.order_by, row));
        if heap.len() > kept {
            let _ = heap.pop();
        }
    }
    heap.into_sorted_vec().into_iter().skip(query.offset).map(|sorted| sorted.row).collect()
}

/// A row with the values of the order.
struct Sorted<'a> {
    order: &'a [SortKey],
    cells: Vec<Scalar<'a>>,
    row: Row<'a>,
}

impl<'a> Sorted<'a> {
    fn new(view: View<'a>, order: &'a [SortKey], row: Row<'a>) -> Self {
        let cell = |key: &SortKey| match &key.value {
            SortValue::Column(column) => row.cell(view, column),
            SortValue::Aggregate(_) => Scalar::Null,
        };
        Self { order, cells: order.iter().map(cell).collect(), row }
    }
}

impl Ord for Sorted<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let pairs = self.order.iter().zip(self.cells.iter().zip(&other.cells));
        let orders = pairs.map(|(key, (a, b))| {
            let order = a.order(b);
            if key.descending { order.reverse() } else { order }
        });
        let first = orders.into_iter().find(|order| order.is_ne());
        first.unwrap_or_else(|| self.row.id().cmp(&other.row.id()))
    }
}

impl PartialOrd for Sorted<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sorted<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sorted<'_> {}

fn row_of<'a>(view: View<'a>, query: &CheckedQuery, row: Row<'a>) -> Map<String, Value> {
    let mut shown_row: Map<String, Value> = query
        .items
        .iter()
        .filter_map(|item| match &item.value {
            ItemValue::Column(column) => Some((item.key.clone(), shown(view, row, column))),
            ItemValue::Aggregate(..) => None,
        })
        .collect();
    shown_row.insert("id".into(), row.id().to_string().into());
    shown_row
}
