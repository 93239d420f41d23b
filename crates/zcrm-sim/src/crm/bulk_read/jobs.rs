//! The operations of bulk read: create a job, show it, download its result.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use super::columns;
use super::computed::ComputedRows;
use super::request;
use super::shown;
use super::source::Source;
use crate::crm::bulk::{Bomb, not_found, schedule};
use crate::crm::call::{Context, Refusal};
use crate::http::Answer;
use crate::json::record_key;
use crate::limits;
use crate::state::{BulkReadJob, JobEnd, JobFault, ResultFile};

/// The name of the only queue of an organisation.
const QUEUE: &str = "reads";

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let request::NewJob { query, page, start, callback } = request::read(cx)?;
    let settings = &cx.config.bulk_read;
    let user = cx.user.clone();
    let queue = if settings.queue_by_user { user.as_str() } else { QUEUE };
    let now = cx.now;
    cx.store_mut().bulk_reads.forget_expired(now);
    let job = schedule(cx, queue, settings.job_time, callback);
    let job = BulkReadJob { job, query, page, start, end: None };
    let details = shown::added(cx.view(), &job);
    cx.store_mut().bulk_reads.jobs.insert(job.job.id, job);
    let row = json!({
        "status": "success",
        "code": "ADDED_SUCCESSFULLY",
        "message": "Added successfully.",
        "details": details,
    });
    Ok(Answer::json(StatusCode::CREATED, &json!({ "data": [row], "info": {} })))
}

pub(crate) fn show(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let job = find(cx)?;
    let version = cx.call.segments.get(2).map(String::as_str).unwrap_or_default();
    let shown = shown::job(cx.view(), cx.config, version, job, cx.now);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": [shown] })))
}

/// Returns the job in the path.
fn find<'c>(cx: &'c Context<'_>) -> Result<&'c BulkReadJob, Refusal> {
    let id = cx.path_value(0);
    let job = record_key(id).and_then(|id| cx.store().bulk_reads.jobs.get(&id));
    let job = job.filter(|job| !matches!(job.job.fault, Some(JobFault::Lose)));
    job.ok_or_else(|| not_found(id))
}

pub(crate) fn result(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (now, environment) = (cx.now, cx.environment);
    let most = cx.config.bulk_read.downloads_per_minute;
    if !cx.state.store_mut(environment).bulk_reads.downloads.admit(most, now) {
        return Ok(limits::too_many_requests());
    }
    let job = find(cx)?;
    let file = match &job.end {
        Some(JobEnd::Completed { file: Some(file), expires, .. }) if now < *expires => file,
        _ => return Err(not_found(cx.path_value(0))),
    };
    let settings = &cx.config.bulk_read;
    let format = settings.format.clone();
    let answer = match file {
        ResultFile::Stored(blob) => Answer::typed(StatusCode::OK, KIND, blob.0.clone()),
        ResultFile::Bomb(size) => {
            Answer::streamed(KIND, Arc::new(Bomb { job: job.job.id, format, size: *size }))
        }
        ResultFile::Computed { first, count } => {
            let source = Source::find(cx.state, cx.config, &job.query.module).ok();
            let source = source.ok_or_else(|| not_found(cx.path_value(0)))?;
            let fields = job.query.fields.as_deref();
            let columns = columns::of_query(cx.state, settings, &source.module, fields);
            let columns = columns.map_err(|_| not_found(cx.path_value(0)))?;
            Answer::streamed(
                KIND,
                Arc::new(ComputedRows {
                    job: job.job.id,
                    columns: columns.into(),
                    format,
                    separators: settings.separators.clone(),
                    seed: cx.config.seed,
                    owner: job.job.user.clone(),
                    first: *first,
                    count: *count,
                }),
            )
        }
    };
    let name = format!("attachment; filename=\"{}.zip\"", job.job.id);
    Ok(answer.with_header("content-disposition", &name))
}

/// The media type of a result.
const KIND: &str = "application/x-download";
