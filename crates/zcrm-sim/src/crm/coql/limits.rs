//! The limits of a query, which depend on the version.
//!
//! Source: <https://www.zoho.com/crm/developer/docs/api/v8/COQL-Limitations.html> and the pages of
//! the earlier versions.

use crate::version::Version;

/// The number of rows without a `LIMIT`.
pub(super) const DEFAULT_ROWS: usize = 200;
pub(super) const TESTS: usize = 25;
pub(super) const GROUP_BY: usize = 4;
pub(super) const ORDER_BY: usize = 10;
pub(super) const AGGREGATES: usize = 5;
pub(super) const SUBQUERIES: usize = 5;
/// The number of rows of a subquery.
pub(super) const SUBQUERY_ROWS: usize = 100;
/// The number of relations that a column follows.
pub(super) const RELATIONS: usize = 2;

/// The limits that changed between versions.
pub(super) struct Limits {
    /// The largest `LIMIT`.
    pub(super) rows: usize,
    /// The last row that `OFFSET` reaches.
    pub(super) reach: usize,
    pub(super) columns: usize,
    /// The values of `IN`.
    pub(super) values: usize,
    /// The relations in the clauses after `FROM`.
    pub(super) base_joins: usize,
    /// The relations in the columns of the answer.
    pub(super) column_joins: usize,
    /// The relations in the entire query.
    pub(super) joins: usize,
}

impl Limits {
    pub(super) const fn of(version: Version) -> Self {
        let newest = Self {
            rows: 2_000,
            reach: 100_000,
            columns: 500,
            values: 100,
            base_joins: 5,
            column_joins: 15,
            joins: 20,
        };
        let middle = Self { reach: 10_000, columns: 50, values: 50, joins: 2, ..newest };
        match version {
            Version::V2 | Version::V2_1 | Version::V3 => Self { rows: 200, ..middle },
            Version::V4 | Version::V5 | Version::V6 => middle,
            _ => newest,
        }
    }
}
