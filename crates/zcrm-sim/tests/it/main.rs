//! The simulator through real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails the test as the test itself does"
)]

mod accounts;
mod client;
mod consent;
mod control;
mod convert;
mod cruelty;
mod device;
mod faults;
mod limits;
mod lists;
mod metadata;
mod parallel;
mod program;
mod records;
mod scopes;
mod search;
mod snapshot;
mod values;
mod writes;
