//! The cost of zcrm compared with a baseline: the same work on hyper-util's client, hyper-rustls
//! and serde_json.
//!
//! The program `zcrm-bench` counts instructions under valgrind's callgrind; the bench `clock`
//! measures wall-clock time, CPU time and memory. `cargo xtask bench` runs both;
//! `docs/performance.md` explains the method.

pub mod baseline;
pub mod child;
mod count;
pub mod data;
mod memory;
pub mod report;
pub mod sdk;
mod server;
pub mod simulator;

pub use count::{count, run_case};
pub use memory::{cpu, memory};
pub use server::serve;

/// Any error; a measurement stops at the first one.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Returns a runtime with one thread, so that the counts do not depend on a scheduler.
///
/// # Errors
/// Returns an error if the system provides no timer or poller.
pub fn runtime() -> Result<tokio::runtime::Runtime, BoxError> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
