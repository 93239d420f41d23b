//! Bulk read: jobs that write the records of a module to a CSV in a ZIP file.
//!
//! `jobs` has the operations. `request` and `criteria` check a request, `run` runs a job, `source`
//! selects its rows, and `columns` reads their cells.

mod columns;
mod comparators;
mod computed;
mod criteria;
pub(crate) mod jobs;
mod matches;
mod request;
mod run;
mod shown;
mod source;

pub(crate) use run::run;
