//! Tests across the layers: faults, settings, long work, and the long checks in short.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod database;
mod fault_matrix;
mod live;
mod long_run;
mod mysql;
mod programs;
mod races;
mod settings;
mod starvation;
mod storm;
