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
#[allow(dead_code, reason = "shared with the tests of zcrm-http")]
#[path = "../../../zcrm-http/tests/it/server.rs"]
mod server;
#[allow(dead_code, reason = "shared with the tests of zcrm-http")]
#[path = "../../../zcrm-http/tests/it/support.rs"]
mod support;
mod tokens;
