//! Bulk read: jobs that write the records of a module to a CSV in a ZIP file.
//!
//! `jobs` has the operations. `request` and `criteria` check a request, `job_queue` runs the jobs
//! that are due, `source` selects their rows, `columns` reads their cells, and `archive` writes the
//! file.

mod archive;
mod columns;
mod comparators;
mod computed;
mod criteria;
mod job_queue;
pub(crate) mod jobs;
mod matches;
mod request;
mod shown;
mod source;

pub(crate) use job_queue::{assign_faults, run_due};
