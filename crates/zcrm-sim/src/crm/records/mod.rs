//! Records: reading, lists, searches, writes, conversion and relations.

mod computed;
pub(crate) mod convert;
pub(crate) mod count;
pub(crate) mod deleted;
mod direct_write;
mod generated;
pub(crate) mod list;
pub(crate) mod mass_update;
mod merge_rows;
mod order;
mod page_request;
pub(crate) mod read;
pub(crate) mod related;
pub(crate) mod related_count;
pub(crate) mod search;
pub(crate) mod write;

pub(crate) use direct_write::{DirectWrite, write_directly};
pub(crate) use generated::add_generated;
