//! The public behaviour of zcrm-http: each layer for itself, and the whole over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod auth;
mod collect;
mod gate;
mod limits;
mod logs;
mod proxy;
mod retry;
mod support;
mod timeout;
mod trace;
mod wire;
mod wire_answers;
