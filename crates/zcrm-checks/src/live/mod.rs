//! Checks of the assumptions about Zoho that zcrm and the simulator make. They run on a simulator
//! or on a sandbox; `live-checks.toml` describes them.
//!
//! On a sandbox, the checks only write records with a special mark, and delete them. The part for
//! sandboxes has never been run against Zoho.

mod checks;
mod code;
mod fixture;
mod report;

pub use checks::{held, run};
pub use fixture::{Fixture, simulator};
pub use report::{LiveReport, ReportLine, Verdict};
