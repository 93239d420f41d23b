//! The execution of the jobs that are due.

use crate::crm::bulk::Ended;
use crate::crm::call::Workspace;
use crate::crm::{bulk_read, bulk_write, notifications};
use crate::faults::{JobInfo, JobMatcher, Queue};
use crate::notifications::{ChannelKey, Notification};
use crate::state::{Job, JobFault, JobKind, Store};

/// Gives the new jobs the injected failures that match them.
pub(crate) fn assign_faults(workspace: &mut Workspace<'_>, faults: &Queue<JobMatcher, JobFault>) {
    let store = workspace.store_mut();
    for id in std::mem::take(&mut store.bulk_queue.added) {
        let info = match (store.bulk_reads.jobs.get(&id), store.bulk_writes.jobs.get(&id)) {
            (Some(read), _) => {
                JobInfo { kind: JobKind::Read, modules: vec![read.query.module.as_str()] }
            }
            (None, Some(write)) => JobInfo {
                kind: JobKind::Write,
                modules: write.resources.iter().map(|one| one.module.as_str()).collect(),
            },
            (None, None) => continue,
        };
        let fault = faults.take(&info, 0).map(|(_, fault)| fault);
        if let Some((_, job)) = find(store, id) {
            job.fault = fault;
        }
    }
}

fn find(store: &mut Store, id: u64) -> Option<(JobKind, &mut Job)> {
    if let Some(read) = store.bulk_reads.jobs.get_mut(&id) {
        return Some((JobKind::Read, &mut read.job));
    }
    store.bulk_writes.jobs.get_mut(&id).map(|write| (JobKind::Write, &mut write.job))
}

/// Ends a bulk write. Channels are notified of its rows only if the settings say so.
fn write(workspace: &mut Workspace<'_>, id: u64) -> Option<Ended> {
    notifications::collect(workspace);
    let ended = bulk_write::run(workspace, id);
    if workspace.config.bulk_write.notify {
        notifications::collect(workspace);
    } else {
        workspace.noticed = workspace.store_mut().history.mark();
    }
    ended
}

/// Ends the jobs that are due, in the order of their ends, and queues their callbacks.
pub(crate) fn run_due(workspace: &mut Workspace<'_>) {
    let now = workspace.now;
    while let Some(id) = workspace.store_mut().bulk_queue.take_ended(now) {
        let Some((kind, job)) = find(workspace.store_mut(), id) else { continue };
        if matches!(job.fault, Some(JobFault::Stick | JobFault::Lose)) {
            continue;
        }
        let (user, callback) = (job.user.clone(), job.callback.clone());
        let (operation, ended) = match kind {
            JobKind::Read => ("bulk_read", bulk_read::run(workspace, id)),
            JobKind::Write => ("bulk_write", write(workspace, id)),
        };
        if let (Some(url), Some(Ended { module, body })) = (callback, ended) {
            let environment = workspace.environment;
            let channel = ChannelKey { environment, user, channel: id.to_string() };
            workspace.notices.push(Notification { channel, url, module, operation, body });
        }
    }
}
