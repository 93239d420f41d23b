//! The execution of a job.

use std::io;

use serde_json::json;

use super::columns;
use super::computed;
use super::matches::Matcher;
use super::shown;
use super::source::{Filter, Page, Source};
use crate::bulk_read::BulkReadSettings;
use crate::crm::bulk::{CsvFile, Ended, RowWriter, expires, stored};
use crate::crm::call::Workspace;
use crate::crm::render::View;
use crate::crm::settings::custom_views;
use crate::state::{
    Blob, BulkPageToken, BulkReadJob, BulkStart, JobEnd, JobFault, ResultFile, expiry,
};
use crate::version::Version;

/// Ends a job, and returns how it is shown to the receiver of its callback.
pub(crate) fn run(workspace: &mut Workspace<'_>, id: u64) -> Option<Ended> {
    let job = workspace.store_mut().bulk_reads.jobs.get(&id)?.clone();
    let end = match &job.job.fault {
        Some(JobFault::Fail { code, message }) => {
            JobEnd::Failed { code: code.clone(), message: message.clone() }
        }
        _ => complete(workspace, &job).unwrap_or_else(|| JobEnd::Failed {
            code: String::from("INTERNAL_SERVER_ERROR"),
            message: String::from("Internal server error occurred."),
        }),
    };
    workspace.store_mut().bulk_reads.jobs.get_mut(&id)?.end = Some(end);
    let environment = workspace.environment;
    let ended = workspace.state.store(environment).bulk_reads.jobs.get(&id)?;
    let version = Version::parse(&job.job.version).unwrap_or(Version::V8);
    let view = View { state: workspace.state, environment, version };
    let shown = shown::job(view, workspace.config, &job.job.version, ended, workspace.now);
    Some(Ended { module: job.query.module, body: json!({ "data": [shown] }) })
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
    let (ended, config) = (job.job.ends, workspace.config);
    let file = match job.job.fault {
        Some(JobFault::Bomb(size)) => ResultFile::Bomb(size),
        _ => rows.file,
    };
    let expires = expires(&job.job, config.bulk_read.result_life);
    let token = rows.next.map(|start| {
        let token = workspace.state.rng.hex();
        let expired = matches!(job.job.fault, Some(JobFault::ExpireToken));
        let page_token = BulkPageToken {
            user: job.job.user.clone(),
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
    let version = Version::parse(&job.job.version).unwrap_or(Version::V8);
    let view = View { state, environment: workspace.environment, version };
    let query = &job.query;
    let criteria = query.criteria.as_ref();
    let criteria = criteria.map(|one| Matcher::new(view, settings, &source.module, one));
    let custom = query.cvid.and_then(|id| view.store().views.get(&id));
    let of_view = custom.and_then(|custom| custom_views::criteria_for(custom, &job.job.user));
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
    let wide = matches!(job.job.fault, Some(JobFault::ExtraColumn));
    let rows = |csv: &mut dyn RowWriter| {
        for column in columns {
            csv.cell(&column.header)?;
        }
        csv.end_row()?;
        let mut text = String::new();
        let last = page.records.len();
        let mut records: Vec<_> = page.records.iter().collect();
        if matches!(job.job.fault, Some(JobFault::ReverseRows)) {
            records.reverse();
        }
        for (place, record) in (1..).zip(records) {
            for column in columns {
                text.clear();
                column.cell(view, settings, record).write(&settings.separators, &mut text);
                csv.cell(&text)?;
            }
            if wide && place == last {
                csv.cell("one more")?;
            }
            csv.end_row()?;
        }
        Ok(())
    };
    let file = CsvFile { name: job.job.id.to_string(), rows: Box::new(rows) };
    stored(&[file], &settings.format, job.job.fault.as_ref())
}
