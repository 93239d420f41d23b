//! The records that a query has to examine: a range of ids, or the matches of an index.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::checked::CheckedQuery;
use super::column::Source;
use super::filter::{ColumnTest, Filter};
use super::rows::Candidates;
use super::scalar::{Class, Scalar};
use super::syntax::Operator;
use crate::crm::call::Context;
use crate::state::IndexMatch;

/// The maximum number of records taken from an index. With more matches, a scan is as fast.
const INDEX_MATCHES_LIMIT: usize = 2_000;

/// Finds the records that can match.
pub(super) fn candidates(cx: &mut Context<'_>, query: &CheckedQuery) -> Candidates {
    let range = range(&query.filter);
    let Source::Records(module) = &query.source else { return Candidates::Range(range) };
    if let Some(ids) = ids(&query.filter) {
        return Candidates::Ids(ids);
    }
    if !cx.past(module.api_name()).is_empty() {
        // An index has the values that are not visible yet.
        return Candidates::Range(range);
    }
    let table = cx.store_mut().table_mut(module.api_name());
    let found = lookups(&query.filter).into_iter().find_map(|test| {
        let texts: Vec<&str> = test.values.iter().filter_map(text).collect();
        let name = test.column.field.api_name.as_str();
        let looks: Vec<_> = texts.iter().map(|text| (name, IndexMatch::Equals(text))).collect();
        table.find(&looks, INDEX_MATCHES_LIMIT)
    });
    found.map_or(Candidates::Range(range), Candidates::Ids)
}

fn text<'a>(value: &'a Scalar<'_>) -> Option<&'a str> {
    match value {
        Scalar::Text(text) | Scalar::Reference(text) => Some(text),
        _ => None,
    }
}

/// Returns a range that contains the ids of all matching rows.
fn range(filter: &Filter) -> RangeInclusive<u64> {
    const ALL: RangeInclusive<u64> = 0..=u64::MAX;
    match filter {
        Filter::And(left, right) => {
            let (left, right) = (range(left), range(right));
            *left.start().max(right.start())..=*left.end().min(right.end())
        }
        Filter::Or(left, right) => {
            let (left, right) = (range(left), range(right));
            *left.start().min(right.start())..=*left.end().max(right.end())
        }
        Filter::Test(test) if test.column.is_id() => {
            let number = |index: usize| match test.values.get(index) {
                Some(Scalar::Integer(number)) => Some(*number),
                _ => None,
            };
            let Some(first) = number(0) else { return ALL };
            match test.operator {
                Operator::Equal => clamp(first, first),
                Operator::Greater => clamp(first.saturating_add(1), i128::MAX),
                Operator::GreaterEqual => clamp(first, i128::MAX),
                Operator::Less => clamp(0, first.saturating_sub(1)),
                Operator::LessEqual => clamp(0, first),
                Operator::Between => clamp(first, number(1).unwrap_or(i128::MAX)),
                _ => ALL,
            }
        }
        Filter::Test(_) => ALL,
    }
}

/// A range without any id.
const EMPTY: RangeInclusive<u64> = RangeInclusive::new(u64::MAX, u64::MIN);

/// Returns the part of a range that ids can have; it is empty if no id is in the range.
fn clamp(low: i128, high: i128) -> RangeInclusive<u64> {
    let end = u64::try_from(high.min(u64::MAX.into()));
    match (u64::try_from(low.max(0)), end) {
        (Ok(low), Ok(high)) => low..=high,
        _ => EMPTY,
    }
}

/// Returns the ids that all matching rows are among, if the condition names them.
fn ids(filter: &Filter) -> Option<BTreeSet<u64>> {
    match filter {
        Filter::And(left, right) => match (ids(left), ids(right)) {
            (Some(left), Some(right)) => Some(&left & &right),
            (left, right) => left.or(right),
        },
        Filter::Or(left, right) => Some(&ids(left)? | &ids(right)?),
        Filter::Test(test) => {
            let named = matches!(test.operator, Operator::Equal | Operator::In);
            (named && test.column.is_id()).then(|| {
                let number = |value: &Scalar<'_>| match value {
                    Scalar::Integer(number) => u64::try_from(*number).ok(),
                    _ => None,
                };
                test.values.iter().filter_map(number).collect()
            })
        }
    }
}

/// Returns tests that an index answers; all matching rows meet each of them.
fn lookups(filter: &Filter) -> Vec<&ColumnTest> {
    match filter {
        Filter::And(left, right) => {
            let mut all = lookups(left);
            all.extend(lookups(right));
            all
        }
        Filter::Or(..) => Vec::new(),
        Filter::Test(test) => {
            let field = &test.column.field;
            let stored = match test.column.class {
                Class::Text => field.is_shown_as_stored(),
                Class::Reference => field.lookup.is_some(),
                _ => false,
            };
            let named = matches!(test.operator, Operator::Equal | Operator::In);
            let fits = stored && named && test.column.relations.is_empty() && !field.system;
            if fits { vec![test] } else { Vec::new() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_within_the_ids() {
        assert_eq!(clamp(-5, 7), 0..=7);
        assert_eq!(clamp(5, i128::MAX), 5..=u64::MAX);
        assert!(clamp(0, -1).is_empty());
        assert!(clamp(i128::MAX, i128::MAX).is_empty());
    }
}
