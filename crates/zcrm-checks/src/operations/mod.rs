//! The table of operations against its lock file, the builders, the simulator and Zoho's files.

mod beyond;
pub mod files;
pub mod locked;
mod recorder;
pub mod schemas;
pub mod table;
#[cfg(test)]
mod tests;
mod tour;
mod walk;

pub use recorder::{Exchange, Recorder};
pub use tour::{Tour, tour};
