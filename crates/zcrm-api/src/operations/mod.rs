//! The operations of Zoho CRM, as constants for [`Api::call`](crate::Api::call).
//!
//! The table is generated from Zoho's OpenAPI files, with corrections. An operation's name has a
//! group and a verb: the constant of `records.list` is [`RECORDS_LIST`]. The suffix `_one` marks an
//! operation on a single item, if the group has the same operation on many.
//!
//! ```no_run
//! # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
//! use zcrm_api::operations::{ORG_GET, ROLES_GET, TAGS_CREATE};
//! use zcrm_core::Record;
//!
//! let org = api.call(&ORG_GET).object::<Record>().await?;
//! let role = api.call(&ROLES_GET).path_id("role_id", "1").object::<Record>().await?;
//! let tags = [Record::new().with("name", "Hot"), Record::new().with("name", "Cold")];
//! let made = api.call(&TAGS_CREATE).param("module", "Leads").items(&tags).outcomes(2).await?;
//! # let _ = (org, role, made);
//! # Ok(())
//! # }
//! ```
//!
//! Each operation lists its path values, query parameters and body members. A name that it does not
//! list is an error before anything is sent; [`param_unchecked`](crate::Call::param_unchecked) and
//! [`body_unchecked`](crate::Call::body_unchecked) skip this check.

mod generated;

pub use zcrm_core::{Base, BodyShape, Host, Operation, Paging, ResponseShape};

pub use generated::*;

pub(crate) use generated::{
    FIELDS_LIST as FIELDS, LEADS_CONVERT as CONVERT, RECORDS_CREATE as CREATE,
    RECORDS_DELETE as DELETE, RECORDS_DELETE_ONE as DELETE_ONE, RECORDS_GET as GET,
    RECORDS_LIST as LIST, RECORDS_LIST_DELETED as LIST_DELETED, RECORDS_SEARCH as SEARCH,
    RECORDS_UPDATE as UPDATE, RECORDS_UPDATE_ONE as UPDATE_ONE, RECORDS_UPSERT as UPSERT,
};

/// Returns the operation of this name, such as `records.list`.
///
/// A program that calls this function links all operations. A program that uses only constants
/// links only those.
///
/// ```
/// use zcrm_api::operations;
///
/// let roles = operations::find("roles.list").unwrap();
/// assert_eq!(roles.template(), "/settings/roles");
/// assert!(operations::find("roles.lost").is_none());
/// ```
#[must_use]
pub fn find(name: &str) -> Option<&'static Operation> {
    let at = ALL.binary_search_by(|operation| operation.name().cmp(name)).ok()?;
    ALL.get(at).copied()
}
