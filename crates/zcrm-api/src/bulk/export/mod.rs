//! Exports: all records of a module, by a chain of bulk reads.

mod builder;
mod chain;
mod checkpoint;
mod files;
mod listed;
mod report;
mod state;
mod stream;

pub use builder::Export;
pub use files::SaveExport;
pub use report::{DroppedField, ExportReport};
pub use stream::ExportStream;
