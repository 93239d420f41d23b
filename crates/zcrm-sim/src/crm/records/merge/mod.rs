//! Merges of records into another one of their module.

mod request;
mod run;

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::schedule::schedule;
use crate::crm::call::{Context, Refusal, body, found, success};
use crate::http::Answer;
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::{Merge, MergeJob, RecordWork};

pub(super) use run::run_job;

/// The standard modules whose records can be merged; those of custom modules can be, too.
const MODULES: [&str; 5] = ["Leads", "Contacts", "Accounts", "Deals", "Vendors"];

/// Merges records into the one of the path: immediately, or as a job if one of them has too many
/// related records. Errors of the merge are in a list, as its result is.
pub(crate) fn merge(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, master) = master(cx)?;
    if let Some(reason) = request::refusal_of(cx, &module, master) {
        let details = json!({ "resource_path_index": 1 });
        return Err(Refusal::bad("NOT_ALLOWED", reason, details));
    }
    let body = body(cx)?;
    let given = given(&body)?;
    let merge = match request::read(cx, &module, master, given) {
        Ok(merge) => merge,
        Err(error) => return Ok(Refusal::from(error).within("merge")),
    };
    let most = cx.config.changes.job_records;
    if merge.merged.iter().any(|id| run::related(cx, &module, *id) > most) {
        return Ok(merge_later(cx, merge));
    }
    let count = merge.merged.len() + 1;
    run::run(cx, &merge);
    let row = success("records merged", json!({ "id": master.to_string() }));
    Ok(Answer::json(StatusCode::CREATED, &json!({ "merge": [row] })).wrote(count))
}

/// Returns the module and the id of the path.
fn master(cx: &Context<'_>) -> Result<(Arc<ModuleSpec>, u64), Refusal> {
    let module = cx.path_module()?;
    if !module.custom && !MODULES.contains(&module.api_name()) {
        return Err(Refusal::invalid_module(json!({ "resource_path_index": 0 })));
    }
    let record = cx.store().table(module.api_name()).get(cx.path_value(1)).map(|record| record.id);
    let record = record.ok_or_else(|| {
        Refusal::bad(
            "INVALID_DATA",
            "the id given seems to be invalid",
            json!({ "resource_path_index": 1 }),
        )
    })?;
    Ok((module, record))
}

/// Returns the single merge of the body.
fn given(body: &Map<String, Value>) -> Result<&Map<String, Value>, Refusal> {
    const KEY: &str = "merge";
    let wrong = || Refusal::invalid_member(KEY, "expected_data_type", "jsonarray");
    match body.get(KEY) {
        None | Some(Value::Null) => Err(Refusal::missing_member(KEY)),
        Some(Value::Array(all)) => match all.as_slice() {
            [] => Err(Refusal::invalid_member(KEY, "minimum_length", 1)),
            [Value::Object(one)] => Ok(one),
            [_] => Err(wrong()),
            _ => Err(Refusal::invalid_member(KEY, "maximum_length", 1)),
        },
        Some(_) => Err(wrong()),
    }
}

fn merge_later(cx: &mut Context<'_>, merge: Merge) -> Answer {
    let id = cx.state.rng.next_id();
    let due = schedule(cx, RecordWork::Merge(id));
    let job = MergeJob { id, merge, scheduled: cx.now, due, succeeded: None };
    cx.store_mut().merges.push(job);
    let row = json!({
        "code": "SCHEDULED",
        "details": { "job_id": id.to_string() },
        "message": "the merge has been scheduled",
        "status": "success",
    });
    let created = cx.config.changes.merge_created;
    let status = if created { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    Answer::json(status, &json!({ "merge": [row] }))
}

/// Returns the state of the scheduled merges of the path's record, or of the one that the call names.
pub(crate) fn status(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let (module, master) = master(cx)?;
    let wanted = match cx.call.param("job_id") {
        None => None,
        Some(id) => {
            let refused = || Refusal::invalid_id(json!({ "param_name": "job_id" }));
            Some(record_key(id).ok_or_else(refused)?)
        }
    };
    let jobs = cx.store().merges.iter().filter(|job| {
        (job.merge.module.as_str(), job.merge.master) == (module.api_name(), master)
            && wanted.is_none_or(|id| id == job.id)
    });
    let shown = |job: &MergeJob| json!({ "job_id": job.id.to_string(), "status": word(cx, job) });
    Ok(found("merge", jobs.map(shown).collect()))
}

/// Returns the state of a job. It runs during the second half of its time.
fn word(cx: &Context<'_>, job: &MergeJob) -> &'static str {
    let upper = cx.config.changes.upper_case_merges;
    let half = job.scheduled + (job.due - job.scheduled) / 2;
    match job.succeeded {
        None if cx.now < half => "SCHEDULED",
        None if upper => "RUNNING",
        None => "running",
        Some(true) if upper => "COMPLETED",
        Some(true) => "completed",
        Some(false) if upper => "FAILURE",
        Some(false) => "failed",
    }
}
