//! Helpers that the tests of several crates share: requests and scripted answers, a server for
//! transfers, a scripted authorizer, captured logs, and a [`World`] of a simulator with a logged-in
//! client.
//!
//! Crates use it as a dev-dependency for the tests in their folder `tests`. It depends on
//! `zcrm-core`, `zcrm-http` and the simulator; the feature `client` adds the facade.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a failure here fails the test that uses it"
)]

mod authorizer;
mod calls;
mod canned;
mod logs;
mod raw;
mod script;
pub mod server;
mod simulator;
mod tasks;
#[cfg(feature = "client")]
mod world;

pub use authorizer::{ScriptedAuthorizer, token};
pub use calls::{
    Answer, Call, attempts, by, call, composite, heavy, insert, once, read, text, update, zcrm,
};
pub use canned::{SentRequests, canned};
pub use logs::Logs;
pub use raw::{Framing, raw_server};
pub use script::{Script, Seen, answer, body, ok, status, zoho};
pub use simulator::{access_token, access_token_of, connector, user};
pub use tasks::{ManualFuture, until};
#[cfg(feature = "client")]
pub use world::{World, builder, logged_in};

use std::sync::Arc;

use zcrm_core::ManualClock;
use zcrm_http::layer::RetryPolicy;

/// Returns the text of an error and of all its sources, both as `Display` and as `Debug`.
#[must_use]
pub fn whole_text(error: &(dyn std::error::Error + 'static)) -> String {
    let texts = std::iter::successors(Some(error), |error| error.source());
    texts.map(|error| format!("{error}\n{error:?}\n")).collect()
}

/// Returns a retry policy that does not wait.
#[must_use]
pub fn impatient_retry() -> RetryPolicy {
    RetryPolicy::new(Arc::new(ManualClock::jumping()))
}
