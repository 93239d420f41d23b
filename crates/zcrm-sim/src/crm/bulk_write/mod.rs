//! Bulk write: jobs that insert and update records from CSV files.
//!
//! `upload` stores a file, and `jobs` has the other operations. `request` and `mapping` check a
//! request, `input` reads a CSV, `run` writes its rows with the values of `cells`, and `result`
//! writes their outcomes.

mod cells;
mod encoding;
mod input;
pub(crate) mod jobs;
mod mapping;
mod pattern;
mod request;
mod result;
mod run;
mod shown;
pub(crate) mod upload;

pub(crate) use run::run;
