//! The CRM API.
//!
//! `router` finds the operation of a call with `route` and the table in `operations`, and runs its
//! handler, `fn(&mut Context) -> Result<Answer, Refusal>`. Each area of the API has a folder.
//! `call`, `render`, `criteria` and `validation` are shared by all.

mod call;
mod criteria;
mod files;
mod notifications;
mod operation;
mod operations;
mod org;
mod permission;
mod records;
mod render;
mod route;
mod router;
mod scope;
mod settings;
mod validation;

pub(crate) use call::Workspace;
pub(crate) use notifications::notices;
pub(crate) use operations::operations;
pub(crate) use records::{DirectWrite, add_generated, write_directly};
pub(crate) use render::View;
pub(crate) use router::answer;
