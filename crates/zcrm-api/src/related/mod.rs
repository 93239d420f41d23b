//! The data that belongs to one record: notes, attachments, photo, tags and related records.

mod handle;
mod parent;
mod records;

pub(crate) use parent::Parent;
pub use records::Related;
