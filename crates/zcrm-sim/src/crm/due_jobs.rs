//! The jobs that are due, in the order of their times.

use super::{bulk, notifications, records};
use crate::crm::call::Workspace;

/// Runs the jobs that are due. A bulk job sees the changes of the jobs that were due before it.
pub(crate) fn run(workspace: &mut Workspace<'_>) {
    let now = workspace.now;
    while let Some(due) = workspace.store_mut().record_jobs.next_due().filter(|due| *due <= now) {
        workspace.now = due;
        bulk::run_due(workspace);
        records::run_next_job(workspace);
        notifications::collect(workspace);
    }
    workspace.now = now;
    bulk::run_due(workspace);
}
