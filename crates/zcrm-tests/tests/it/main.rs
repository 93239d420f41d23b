//! Tests across the layers of zcrm.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod fault_matrix;
mod long_run;
mod mysql;
mod settings;
mod storm;
