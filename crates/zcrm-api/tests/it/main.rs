//! The operations over real sockets and TLS, against the simulator, in v2 and v8.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod bad_input;
mod calls;
mod columns;
mod defects;
mod documents;
mod operations;
mod organisation;
mod paper;
mod records;
mod streams;
mod values;
mod world;
mod writes;
