//! The operations over real sockets and TLS, against the simulator, in v2 and v8.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bad_input;
mod calls;
mod records;
mod streams;
mod world;
mod writes;
