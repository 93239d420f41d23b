//! The states of the jobs of mass changes.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use crate::crm::call::{Context, Refusal};
use crate::http::Answer;
use crate::json::record_key;
use crate::state::{MassJob, MassWork};

pub(crate) fn of_update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    status(
        cx,
        |work| matches!(work, MassWork::Update(_)),
        "Updated_Count",
        Some("Not_Updated_Count"),
    )
}

pub(crate) fn of_deletion(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    status(cx, |work| matches!(work, MassWork::Delete), "Deleted_Count", None)
}

pub(crate) fn of_owners(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let is_of = |work: &MassWork| matches!(work, MassWork::ChangeOwner(_));
    status(cx, is_of, "Updated_Count", Some("Not_Updated_Count"))
}

pub(crate) fn of_conversion(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let is_of = |work: &MassWork| matches!(work, MassWork::Convert(_));
    status(cx, is_of, "Converted_Count", Some("Not_Converted_Count"))
}

fn status(
    cx: &Context<'_>,
    is_of: impl Fn(&MassWork) -> bool,
    done: &str,
    not_done: Option<&str>,
) -> Result<Answer, Refusal> {
    let module = cx.optional_path_value(0).unwrap_or("Leads");
    cx.module(module)?;
    let details = || json!({ "param_name": "job_id" });
    // the files name another code for deletions
    let (code, message) = match done {
        "Deleted_Count" => ("MANDATORY_NOT_FOUND", "mandatory param missing"),
        _ => ("REQUIRED_PARAM_MISSING", "One of the expected parameter is missing"),
    };
    let missing = || Refusal::bad(code, message, details());
    let id = cx.call.param("job_id").ok_or_else(missing)?;
    let job = record_key(id).and_then(|id| cx.store().mass_jobs.iter().find(|job| job.id == id));
    let job = job.filter(|job| job.module == module && is_of(&job.work));
    let invalid = "The jobid given seems to be invalid";
    let job = job.ok_or_else(|| Refusal::bad("INVALID_DATA", invalid, details()))?;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("Status", word(cx, job).into());
    put("Total_Count", job.records.len().into());
    put(done, job.end.map_or(0, |end| end.done).into());
    if let Some(name) = not_done {
        put(name, 0.into());
    }
    put("Failed_Count", job.end.map_or(0, |end| end.failed).into());
    Ok(Answer::json(StatusCode::OK, &json!({ "data": [shown] })))
}

/// Returns the state of a job. It runs during the second half of its time.
fn word(cx: &Context<'_>, job: &MassJob) -> &'static str {
    let half = job.scheduled + (job.due - job.scheduled) / 2;
    match job.end {
        Some(_) => "COMPLETED",
        None if cx.now < half => "SCHEDULED",
        None => "RUNNING",
    }
}
