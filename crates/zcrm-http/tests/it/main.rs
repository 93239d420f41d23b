//! The public behaviour of zcrm-http: each layer for itself, and the whole over real sockets.

#![allow(clippy::unwrap_used, reason = "tests")]

mod auth;
mod collect;
mod gate;
mod logs;
mod retry;
mod support;
mod timeout;
mod trace;
mod wire;
mod wire_answers;
