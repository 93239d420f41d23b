//! Tests across the layers: faults, settings, long operations, and short runs of the long checks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod changes;
mod database;
mod fault_matrix;
#[cfg(unix)]
mod full_disk;
mod live;
mod long_run;
mod mysql;
mod programs;
mod races;
mod settings;
mod starvation;
mod storm;
