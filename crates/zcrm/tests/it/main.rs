//! Tests of the facade: configuration, and a client used from end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod builder;
mod catch_up;
mod client;
mod clock;
mod custom_http;
#[cfg(feature = "derive")]
mod derive;
#[cfg(feature = "file-store")]
mod dictionary;
mod dropped;
mod exports;
mod first_minute;
mod first_settings;
mod keeper;
mod logins;
#[cfg(all(feature = "logging", feature = "file-store"))]
mod logs;
mod migration;
mod month;
mod recipes;
mod servers;
mod settings;
mod stores;
mod tenants;
mod traits;
