//! The public behaviour of zcrm-oauth, against a simulator's accounts server over real sockets.

#![cfg(feature = "client")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod answers;
mod exchange;
mod flight;
mod once;
mod refresh;
mod refused;
mod secrets;
mod stores;
mod support;
mod throttle;
mod waiting;
