//! Saving downloads, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod not_files;
mod part_files;
mod resume;
mod tokens;
