//! Queries in COQL, Zoho's query language: built, or in the caller's own text.
//!
//! [`Records::query`](crate::Records::query) builds a query; [`Api::coql`](crate::Api::coql) takes its
//! text, with values bound to placeholders. Both return a [`List`](crate::List): one page, all pages, a
//! stream or all rows.
//!
//! Sources of the language and its limits:
//! <https://www.zoho.com/crm/developer/docs/api/v8/COQL-Overview.html> and
//! <https://www.zoho.com/crm/developer/docs/api/v8/COQL-Limitations.html>.

mod binding;
mod clauses;
mod exists;
mod limits;
mod query;
mod raw;
mod scan;
mod text;
mod total;
mod write;

pub use exists::Exists;
pub use query::Query;
pub use raw::Coql;
pub(crate) use text::QueryText;
pub use total::Total;
