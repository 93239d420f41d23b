//! What every handler needs: the call, its parameters and rows, and the errors of Zoho.

mod context;
mod external;
mod params;
mod refusal;
mod rows;

pub(crate) use context::{Context, Handler, Workspace};
pub(crate) use external::External;
pub(crate) use params::{PAGE_WALL, PageParams, ambiguous, condition, either, fields, ids, page};
pub(crate) use refusal::{Refusal, RowError};
pub(crate) use rows::{
    RowPosition, RowResult, answer, body, each, each_id, found, object, rows, success,
};
