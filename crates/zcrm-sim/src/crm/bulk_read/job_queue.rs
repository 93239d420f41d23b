//! The execution of the jobs that are due.

use std::io;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::archive;
use super::columns;
use super::computed;
use super::matches::Matcher;
use super::shown;
use super::source::{Filter, Page, Source};
use crate::bulk_read::BulkReadSettings;
use crate::clock::span;
use crate::crm::call::Workspace;
use crate::crm::render::View;
use crate::crm::settings::custom_views;
use crate::faults::{JobMatcher, Queue};
use crate::notifications::{ChannelKey, Notification};
use crate::state::{
    Blob, BulkPageToken, BulkReadJob, BulkStart, JobEnd, JobFault, ResultFile, expiry,
};
use crate::version::Version;

/// The word for the end of a job in the filter of deliveries.
const OPERATION: &str = "bulk_read";

/// Gives the new jobs the injected failures that match them.
pub(crate) fn assign_faults(workspace: &mut Workspace<'_>, faults: &Queue<JobMatcher, JobFault>) {
    let jobs = &mut workspace.store_mut().bulk_reads;
    for id in std::mem::take(&mut jobs.added) {
        if let Some(job) = jobs.jobs.get_mut(&id) {
            job.fault = faults.take(job.query.module.as_str(), 0).map(|(_, fault)| fault);
        }
    }
}

/// Ends the jobs that are due, in their order, and queues their callbacks.
pub(crate) fn run_due(workspace: &mut Workspace<'_>) {
    let now = workspace.now;
    while let Some(id) = workspace.store_mut().bulk_reads.take_ended(now) {
        let Some(job) = workspace.store_mut().bulk_reads.jobs.get(&id).cloned() else { continue };
        let Some(end) = end(workspace, &job) else { continue };
        if let Some(job) = workspace.store_mut().bulk_reads.jobs.get_mut(&id) {
            job.end = Some(end);
        }
        let callback = callback(workspace, id);
        workspace.notices.extend(callback);
    }
}

/// Runs a job. Returns `None` if it never ends.
fn end(workspace: &mut Workspace<'_>, job: &BulkReadJob) -> Option<JobEnd> {
    match &job.fault {
        Some(JobFault::Stick | JobFault::Lose) => return None,
        Some(JobFault::Fail { code, message }) => {
            return Some(JobEnd::Failed { code: code.clone(), message: message.clone() });
        }
        _ => {}
    }
    Some(complete(workspace, job).unwrap_or_else(|| JobEnd::Failed {
        code: String::from("INTERNAL_SERVER_ERROR"),
        message: String::from("Internal server error occurred."),
    }))
}

/// The rows of a finished job.
struct Rows {
    file: ResultFile,
    count: u64,
    /// The start of the next job's rows, if there are more.
    next: Option<BulkStart>,
}

fn complete(workspace: &mut Workspace<'_>, job: &BulkReadJob) -> Option<JobEnd> {
    let rows = read(workspace, job)?;
    // A job ends on time, even if the clock was moved far beyond that.
    let (ended, config) = (job.ends, workspace.config);
    let file = match job.fault {
        Some(JobFault::Bomb(size)) => ResultFile::Bomb(size),
        _ => rows.file,
    };
    let life = span(config.bulk_read.result_life);
    let expired = matches!(job.fault, Some(JobFault::ExpireResult));
    let expires = if expired { ended } else { add(ended, life) };
    let token = rows.next.map(|start| {
        let token = workspace.state.rng.hex();
        let expired = matches!(job.fault, Some(JobFault::ExpireToken));
        let page_token = BulkPageToken {
            user: job.user.clone(),
            query: job.query.clone(),
            page: job.page.saturating_add(1),
            start,
            expires: if expired { ended } else { expiry(ended) },
        };
        workspace.store_mut().bulk_reads.page_tokens.insert(token.clone(), page_token);
        token
    });
    Some(JobEnd::Completed { count: rows.count, next_page_token: token, file: Some(file), expires })
}

fn add(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Reads the rows of a job. Returns `None` if its module has been removed since.
fn read(workspace: &Workspace<'_>, job: &BulkReadJob) -> Option<Rows> {
    let (state, config) = (&*workspace.state, workspace.config);
    let settings = &config.bulk_read;
    let most = settings.rows_per_job;
    let source = Source::find(state, config, &job.query.module).ok()?;
    if let Some(total) = source.computed() {
        let first = match job.start {
            BulkStart::Offset(rows) => rows,
            BulkStart::After(id) => computed::number(id) + 1,
        };
        let count = total.saturating_sub(first).min(most);
        let more = first.saturating_add(count) < total;
        let next = more.then(|| BulkStart::After(computed::id(first + count - 1)));
        return Some(Rows { file: ResultFile::Computed { first, count }, count, next });
    }
    let version = Version::parse(&job.version).unwrap_or(Version::V8);
    let view = View { state, environment: workspace.environment, version };
    let query = &job.query;
    let criteria = query.criteria.as_ref();
    let criteria = criteria.map(|one| Matcher::new(view, settings, &source.module, one));
    let custom = query.cvid.and_then(|id| view.store().views.get(&id));
    let of_view = custom.and_then(|custom| custom_views::criteria_for(custom, &job.user));
    let filter = Filter {
        criteria: criteria.as_ref(),
        view: of_view.as_ref(),
        not_converted: custom.is_some(),
    };
    let page = source.page(view, settings, &filter, job.start, most);
    let columns =
        columns::of_query(state, settings, &source.module, query.fields.as_deref()).ok()?;
    let file = write(view, settings, job, &columns, &page).ok()?;
    let count = page.records.len() as u64;
    let last = page.records.last().filter(|_| page.more);
    let next = last.map(|record| BulkStart::After(record.id));
    Some(Rows { file: ResultFile::Stored(Blob(file.into())), count, next })
}

fn write(
    view: View<'_>,
    settings: &BulkReadSettings,
    job: &BulkReadJob,
    columns: &[columns::Column],
    page: &Page<'_>,
) -> io::Result<Vec<u8>> {
    let wide = matches!(job.fault, Some(JobFault::ExtraColumn));
    archive::stored(job.id, &settings.format, job.fault.as_ref(), |csv| {
        for column in columns {
            csv.cell(&column.header)?;
        }
        csv.end_row()?;
        let mut text = String::new();
        let last = page.records.len();
        for (place, record) in (1..).zip(&page.records) {
            for column in columns {
                text.clear();
                column.cell(view, settings, record).write(&settings.format, &mut text);
                csv.cell(&text)?;
            }
            if wide && place == last {
                csv.cell("one more")?;
            }
            csv.end_row()?;
        }
        Ok(())
    })
}

/// Returns the callback of an ended job: the answer of the operation that shows the job.
fn callback(workspace: &Workspace<'_>, id: u64) -> Option<Notification> {
    let environment = workspace.environment;
    let job = workspace.state.store(environment).bulk_reads.jobs.get(&id)?;
    let url = job.callback.clone()?;
    let version = Version::parse(&job.version).unwrap_or(Version::V8);
    let view = View { state: workspace.state, environment, version };
    let shown = shown::job(view, workspace.config, &job.version, job, workspace.now);
    Some(Notification {
        channel: ChannelKey { environment, user: job.user.clone(), channel: id.to_string() },
        url,
        module: job.query.module.clone(),
        operation: OPERATION,
        body: json!({ "data": [shown] }),
    })
}
