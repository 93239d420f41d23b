//! Compares the table of operations with its lock file, the builders, the simulator and Zoho's
//! files.

pub mod compare;
mod extensions;
pub mod files;
#[cfg(test)]
mod generation_tests;
pub mod locked;
#[cfg(test)]
mod not_simulated_tests;
mod overlay;
mod record_actions;
mod recorder;
pub mod schemas;
mod smoke;
pub mod table;
#[cfg(test)]
mod tests;
mod traverse;

pub(crate) use smoke::access_token;

pub use recorder::{Exchange, Recorder};
pub use smoke::{SmokeRun, smoke};
