//! Scheduling of jobs that change records.

use chrono::{DateTime, Utc};

use crate::clock::span;
use crate::crm::call::Context;
use crate::state::{RecordJob, RecordWork};

/// Schedules a job of the call's user, and returns the time at which it is due.
pub(super) fn schedule(cx: &mut Context<'_>, work: RecordWork) -> DateTime<Utc> {
    let time = span(cx.config.changes.job_time);
    let due = cx.now.checked_add_signed(time).unwrap_or(cx.now);
    let user = cx.user.clone();
    cx.store_mut().record_jobs.add(RecordJob { due, user, work });
    due
}
