//! What belongs to one record: notes, attachments, its photo, tags and related records.

mod handle;
mod records;

pub(crate) use handle::Parent;
pub use records::Related;
