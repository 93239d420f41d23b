//! The parts that bulk read and bulk write share.
//!
//! `job` creates jobs and reads their callbacks, `queue` runs the jobs that are due, `subform` shows
//! a subform as a module, `archive` and `bomb` write results.

mod archive;
mod bomb;
mod job;
mod queue;
mod subform;

pub(crate) use archive::{ArchiveChunks, CsvFile, RowWriter, StreamedArchive, stored};
pub(crate) use bomb::Bomb;
pub(crate) use job::{Ended, callback, expires, not_found, schedule};
pub(crate) use queue::{assign_faults, run_due};
pub(crate) use subform::{PARENT, Subform};
