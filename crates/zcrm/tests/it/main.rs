//! The facade: configuration, and a client from end to end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod builder;
mod client;
mod settings;
