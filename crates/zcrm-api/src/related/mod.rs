//! The data that belongs to one record: notes, attachments, photo, tags and related records.

mod handle;
mod records;

pub(crate) use handle::Parent;
pub use records::Related;
