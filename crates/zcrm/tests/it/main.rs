//! The facade: configuration, and a client from end to end.
#![allow(clippy::unwrap_used, reason = "tests")]

mod client;
mod settings;
