//! The facade: configuration, and a client from end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod builder;
mod client;
mod clock;
#[cfg(feature = "derive")]
mod derive;
#[cfg(feature = "file-store")]
mod dictionary;
mod dropped;
mod first_minute;
mod first_settings;
mod logins;
#[cfg(all(feature = "logging", feature = "file-store"))]
mod logs;
mod migration;
mod recipes;
mod rooms;
mod servers;
mod settings;
mod stores;
mod tenants;
mod traits;
mod wire;
