//! Compares the table of operations with its lock file, the builders, the simulator and Zoho's
//! files.

mod extensions;
pub mod files;
pub mod locked;
mod recorder;
pub mod schemas;
mod smoke;
pub mod table;
#[cfg(test)]
mod tests;
mod traverse;

pub use recorder::{Exchange, Recorder};
pub use smoke::{SmokeRun, smoke};
