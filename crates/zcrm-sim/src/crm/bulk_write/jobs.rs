//! The operations of bulk write: create a job, show it, download its result.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use super::request;
use super::shown;
use crate::clock::span;
use crate::crm::bulk::{Bomb, not_found, schedule};
use crate::crm::call::{Context, Refusal};
use crate::http::Answer;
use crate::json::record_key;
use crate::limits;
use crate::state::{BulkWriteJob, JobFault, ResultFile};

/// The name of the only queue of an organisation.
const QUEUE: &str = "writes";

/// The media type of a result.
const KIND: &str = "application/octet-stream";

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (now, settings) = (cx.now, &cx.config.bulk_write);
    cx.store_mut().bulk_writes.forget_expired(span(settings.upload_life), now);
    let request::NewJob { operation, character_encoding, callback, resources } = request::read(cx)?;
    let user = cx.user.clone();
    let queue = if settings.queue_by_user { format!("{QUEUE} {user}") } else { QUEUE.to_owned() };
    let job = schedule(cx, &queue, settings.job_time, callback);
    let details = json!({ "id": job.id.to_string(), "created_by": cx.view().actor(&user) });
    let job = BulkWriteJob { job, operation, character_encoding, resources, end: None };
    cx.store_mut().bulk_writes.jobs.insert(job.job.id, job);
    let body = json!({
        "status": "success", "code": "SUCCESS", "message": "success", "details": details,
    });
    Ok(Answer::json(StatusCode::CREATED, &body))
}

pub(crate) fn show(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let job = find(cx, cx.path_value(0))?;
    let shown = shown::job(cx.view(), cx.config, job, cx.now);
    Ok(Answer::json(StatusCode::OK, &shown))
}

fn find<'c>(cx: &'c Context<'_>, id: &str) -> Result<&'c BulkWriteJob, Refusal> {
    let job = record_key(id).and_then(|id| cx.store().bulk_writes.jobs.get(&id));
    let job = job.filter(|job| !matches!(job.job.fault, Some(JobFault::Lose)));
    job.ok_or_else(|| not_found(id))
}

/// Returns the result by a path that names the organisation, the job and the file.
pub(crate) fn result(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (organisation, id, file) = (cx.path_value(1), cx.path_value(2), cx.path_value(3));
    let own = organisation.strip_prefix("org").unwrap_or(organisation) == cx.state.org_id;
    if !own || file != format!("{id}.zip") {
        return Err(not_found(file));
    }
    download(cx, id)
}

/// Returns the result by a path that names the job.
pub(crate) fn result_by_id(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    download(cx, cx.path_value(1))
}

fn download(cx: &mut Context<'_>, id: &str) -> Result<Answer, Refusal> {
    let now = cx.now;
    if let Some(most) = cx.config.bulk_write.downloads_per_minute
        && !cx.store_mut().bulk_writes.downloads.admit(most, now)
    {
        return Ok(limits::too_many_requests());
    }
    let job = find(cx, id)?;
    let end = job.end.as_ref().filter(|end| now < end.expires);
    let format = cx.config.bulk_write.format.clone();
    let answer = match end.and_then(|end| end.file.as_ref()) {
        Some(ResultFile::Stored(blob)) => Answer::typed(StatusCode::OK, KIND, blob.0.clone()),
        Some(ResultFile::Bomb(size)) => {
            Answer::streamed(KIND, Arc::new(Bomb { job: job.job.id, format, size: *size }))
        }
        Some(ResultFile::Computed { .. }) | None => return Err(not_found(id)),
    };
    let name = format!("attachment; filename=\"{id}.zip\"");
    Ok(answer.with_header("content-disposition", &name))
}
