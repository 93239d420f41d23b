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
mod browser;
mod budget;
mod client_secret;
mod clocks;
mod data_centers;
mod device;
mod events;
mod exchange;
mod faults;
mod hangs;
mod login;
mod once;
mod panics;
mod refresh;
mod refused;
mod secrets;
mod shared_refresh;
mod stores;
mod support;
mod throttle;
mod waiting;
