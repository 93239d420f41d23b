//! Zoho's limits for a query, by API version.
//!
//! Source: <https://www.zoho.com/crm/developer/docs/api/v8/COQL-Limitations.html>.

use std::fmt;

use zcrm_core::{ApiVersion, Error};

/// The largest number of comparisons in a query.
pub(super) const MOST_TESTS: usize = 25;

/// The largest numbers of columns in `group by` and `order by`, and of functions in `select`.
pub(super) const MOST_GROUPS: usize = 4;
pub(super) const MOST_ORDERS: usize = 10;
pub(super) const MOST_AGGREGATES: usize = 5;

/// The largest numbers of relations that `where` and `select` follow, and their largest depth.
pub(super) const MOST_JOINS_IN_WHERE: usize = 5;
pub(super) const MOST_JOINS_IN_SELECT: usize = 15;
pub(super) const MOST_DEPTH: usize = 2;

/// The number of rows of a page if the caller asks for none: Zoho's default.
pub(super) const ROWS: u64 = 200;

/// Returns the largest number of rows in one call.
pub(super) fn most_rows(version: ApiVersion) -> u64 {
    if version < ApiVersion::V4 { 200 } else { 2_000 }
}

/// Returns the last row that an offset reaches.
pub(super) fn most_by_offset(version: ApiVersion) -> u64 {
    if version < ApiVersion::V7 { 10_000 } else { 100_000 }
}

/// Returns the largest number of columns in `select`.
pub(super) fn most_columns(version: ApiVersion) -> usize {
    if version < ApiVersion::V7 { 50 } else { 500 }
}

/// Returns the largest number of relations that an entire query follows.
pub(super) fn most_joins(version: ApiVersion) -> usize {
    if version < ApiVersion::V7 { 2 } else { MOST_JOINS_IN_WHERE + MOST_JOINS_IN_SELECT }
}

/// Fails with more parts of a query than Zoho takes.
pub(super) fn at_most(what: impl fmt::Display, count: usize, most: usize) -> Result<(), Error> {
    match count <= most {
        true => Ok(()),
        false => Err(Error::input(format!(
            "too many {what}: {count} given, and Zoho takes at most {most} in one query"
        ))),
    }
}

/// Returns `true` if a query can read a custom view.
pub(super) fn has_views(version: ApiVersion) -> bool {
    version >= ApiVersion::V7
}
