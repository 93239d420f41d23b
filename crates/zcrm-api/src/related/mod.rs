//! What belongs to one record: notes, attachments, its photo, tags and related records.

mod handle;
mod list;
mod records;

pub(crate) use handle::Parent;
pub use list::ListRelated;
pub use records::Related;
