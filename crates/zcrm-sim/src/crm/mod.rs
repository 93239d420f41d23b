//! The CRM API.
//!
//! `composite` answers each call of the API. `router` finds the operation of a call with `route` and the table in `operations`, and runs its
//! handler, `fn(&mut Context) -> Result<Answer, Refusal>`. Each area of the API has a folder.
//! `call`, `render`, `criteria` and `validation` are shared by all.

mod bulk;
mod bulk_read;
mod bulk_write;
mod call;
mod composite;
mod coql;
mod criteria;
mod due_jobs;
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

pub(crate) use bulk::assign_faults as assign_job_faults;
pub(crate) use call::Workspace;
pub(crate) use composite::answer;
pub(crate) use due_jobs::run as run_due_jobs;
pub(crate) use notifications::collect;
pub(crate) use operations::operations;
pub(crate) use records::{DirectWrite, StateChange, add_generated, change_state, write_directly};
pub(crate) use render::View;
