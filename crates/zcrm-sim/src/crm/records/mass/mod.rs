//! The same change of many records: immediate for named records, as a job for the records of a view.

mod calls;
mod job;
mod selection;
mod status;
mod update;

pub(crate) use calls::{change_owner, convert, delete};
pub(super) use job::run_job;
pub(crate) use status::{of_conversion, of_deletion, of_owners, of_update};
pub(crate) use update::update;
