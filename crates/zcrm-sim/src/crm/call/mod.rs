//! What every handler needs: the call, its parameters and rows, and the errors of Zoho.

mod context;
mod external;
mod params;
mod refusal;
mod rows;

pub(crate) use context::{Context, Handler, Workspace};
pub(crate) use external::External;
pub(crate) use params::{
    PAGE_WALL, PageParams, ambiguous, condition, either, fields, ids, page, page_info,
};
pub(crate) use refusal::{Refusal, RowError};
pub(crate) use rows::{
    Row, RowResult, answer, body, each, each_id, each_of, found, row_id, rows, success,
};
