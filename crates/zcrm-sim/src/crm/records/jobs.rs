//! The execution of jobs that change records.

use hyper::Method;

use super::restore::{purge, restore};
use super::{mass, merge};
use crate::crm::call::{Context, RowResult, Workspace};
use crate::environment::Host;
use crate::http::IncomingCall;
use crate::state::RecordWork;

/// Runs the next job that is due, if there is one.
pub(crate) fn run_next(workspace: &mut Workspace<'_>) {
    let now = workspace.now;
    let Some(job) = workspace.store_mut().record_jobs.take_due(now) else { return };
    if let RecordWork::Mass(id) = job.work {
        return mass::run_job(workspace, &job.user, id);
    }
    let call = IncomingCall::internal(Host::Api, Method::POST, Vec::new(), String::new());
    let mut cx = workspace.context(&call, Vec::new(), job.user);
    let (ids, change): (_, fn(&mut Context<'_>, &str) -> RowResult) = match job.work {
        RecordWork::Restore(ids) => (ids, restore),
        RecordWork::Purge(ids) => (ids, purge),
        RecordWork::Merge(id) => return merge::run_job(&mut cx, id),
        RecordWork::Mass(_) => return,
    };
    for id in ids {
        // A record that has left the recycle bin since then is left out.
        let _ = change(&mut cx, &id.to_string());
    }
}
