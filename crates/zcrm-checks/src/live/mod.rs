//! What zcrm and the simulator take for granted about Zoho, one check for each, run on a simulator or on a
//! sandbox. The checks are in `live-checks.toml`.
//!
//! On a sandbox it writes only records that bear its mark, and deletes them. The half that runs on a
//! sandbox has never been run against Zoho.

mod checks;
mod code;
mod fixture;
mod report;

pub use checks::{held, run};
pub use fixture::{Fixture, simulator};
pub use report::{LiveReport, ReportLine, Verdict};
