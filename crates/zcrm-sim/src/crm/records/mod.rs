//! Records: reading, lists, searches, writes, conversion and relations.

mod bin_filter;
pub(crate) mod blueprint;
mod computed;
pub(crate) mod convert;
pub(crate) mod count;
pub(crate) mod delete;
pub(crate) mod deleted;
mod direct_state;
mod direct_write;
mod generated;
mod jobs;
pub(crate) mod list;
pub(crate) mod locks;
pub(crate) mod mass;
pub(crate) mod merge;
mod merge_rows;
mod order;
mod page_request;
pub(crate) mod read;
pub(crate) mod recycle_bin;
pub(crate) mod related;
pub(crate) mod related_count;
mod restore;
mod schedule;
pub(crate) mod search;
pub(crate) mod shares;
pub(crate) mod timeline;
pub(crate) mod write;

pub(crate) use direct_state::{StateChange, change_state};
pub(crate) use direct_write::{DirectWrite, write_directly};
pub(crate) use generated::add_generated;
pub(crate) use jobs::run_next as run_next_job;
