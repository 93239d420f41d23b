//! Bulk write: jobs that insert and update records from CSV files.
//!
//! `upload` stores a file, and `jobs` has the other operations. `request` and `mapping` check a
//! request, and `input` reads a CSV. `run` runs a job, `rows` writes a row with the values of `cells`,
//! and `result` writes the outcomes of rows.

mod body;
mod cells;
mod encoding;
mod input;
pub(crate) mod jobs;
mod mapping;
mod offered;
mod parents;
mod pattern;
mod reading;
mod request;
mod result;
mod rows;
mod run;
mod shown;
pub(crate) mod upload;

pub(crate) use run::run;
