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
mod connections;
mod cut_refusals;
mod downloads;
mod faults;
mod heads;
mod in_flight_limit;
mod limits;
mod proxy;
mod replay;
mod retry;
mod tenants;
mod timeout;
mod trace;
mod unprocessed;
mod uploads;
mod wire;
mod wire_answers;
