//! The parts shared by all handlers: the call, its parameters and rows, and Zoho's errors.

mod context;
mod external;
mod params;
mod refusal;
mod rows;

pub(crate) use context::{Context, Handler, Workspace};
pub(crate) use external::External;
pub(crate) use params::{
    PAGED_RECORDS_LIMIT, PageParams, ambiguous, condition, either, fields, ids, page, page_info,
};
pub(crate) use refusal::{Refusal, RowError, RowErrors};
pub(crate) use rows::{
    Row, RowResult, answer, body, each, each_id, each_of, found, row_id, rows, success,
};
