//! Mass updates: immediate for named records, as a job for the records of a view.

use hyper::StatusCode;
use serde_json::json;

use super::write::{change, details};
use crate::crm::call::{
    Context, External, Refusal, Row, RowError, RowResult, answer, body, rows, success,
};
use crate::crm::criteria::holds;
use crate::crm::settings::custom_views;
use crate::http::Answer;
use crate::json::record_key;
use crate::schema::ModuleSpec;

/// The maximum number of records named by a call.
const LIMIT: usize = 500;

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let body = body(cx)?;
    let data = rows(&body, "data", 1)?;
    let row = data.first().and_then(|row| Row::read(cx.version, "data", 0, row).ok());
    let row = row.ok_or_else(|| invalid("data"))?;
    match (body.get("ids"), body.get("cvid")) {
        (Some(_), Some(_)) => Err(Refusal::bad(
            "AMBIGUITY_DURING_PROCESSING",
            "Please use either ids or cvid",
            json!({ "ambiguity_due_to": [{ "api_name": "ids" }, { "api_name": "cvid" }] }),
        )),
        (Some(ids), None) => {
            let ids = ids.as_array().filter(|ids| !ids.is_empty()).ok_or_else(|| invalid("ids"))?;
            if ids.len() > LIMIT {
                return Err(Refusal::bad(
                    "LIMIT_EXCEEDED",
                    "the limit of ids is exceeded",
                    json!({ "api_name": "ids", "json_path": "$.ids", "limit": LIMIT }),
                ));
            }
            let outcomes: Vec<RowResult> = ids
                .iter()
                .map(|id| {
                    let text = id.as_str().unwrap_or_default();
                    let id = record_key(text).ok_or_else(|| RowError::unknown_id(text))?;
                    one(cx, &module, row, id)
                })
                .collect();
            Ok(answer(cx, "data", &outcomes, StatusCode::OK))
        }
        (None, Some(view)) => {
            let view = view.get("id").unwrap_or(view).as_str().and_then(record_key);
            let view = view.and_then(|id| cx.store().views.get(&id)).cloned();
            let view = view.filter(|view| view.module == module.api_name());
            let view = view.ok_or_else(|| invalid("cvid"))?;
            let criteria = custom_views::criteria(cx, &view);
            let shown = cx.view();
            let records = cx.store().table(module.api_name()).records.values();
            let ids: Vec<u64> = records
                .filter(|record| {
                    criteria.as_ref().is_none_or(|one| holds(one, shown, &module, record))
                })
                .map(|record| record.id)
                .collect();
            Ok(update_as_job(cx, &module, row, &ids))
        }
        (None, None) => Err(Refusal::bad(
            "EXPECTED_FIELD_MISSING",
            "one of the expected fields is missing",
            json!({ "expected_fields": [
                { "api_name": "ids", "json_path": "$.ids" },
                { "api_name": "cvid", "json_path": "$.cvid" },
            ] }),
        )),
    }
}

fn invalid(name: &str) -> Refusal {
    let details = json!({ "api_name": name, "json_path": format!("$.{name}") });
    Refusal::bad("INVALID_DATA", "invalid data", details)
}

fn one(cx: &mut Context<'_>, module: &ModuleSpec, row: Row<'_>, id: u64) -> RowResult {
    if !cx.store().table(module.api_name()).records.contains_key(&id) {
        return Err(RowError::unknown_id(&id.to_string()));
    }
    change(cx, module, row, id, &External::default())?;
    Ok(success("record updated", details(cx, module, id)))
}

/// Updates the records immediately, and stores the result for later status calls of the job.
fn update_as_job(cx: &mut Context<'_>, module: &ModuleSpec, row: Row<'_>, ids: &[u64]) -> Answer {
    let updated = ids.iter().filter(|id| one(cx, module, row, **id).is_ok()).count();
    let job = cx.state.rng.next_id().to_string();
    let result = json!({
        "Status": "COMPLETED",
        "Total_Count": ids.len(),
        "Updated_Count": updated,
        "Not_Updated_Count": 0,
        "Failed_Count": ids.len() - updated,
    });
    cx.store_mut().jobs.insert(job.clone(), result);
    let scheduled = json!({
        "code": "SCHEDULED",
        "details": { "job_id": job, "id": job },
        "message": "mass update scheduled successfully",
        "status": "success",
    });
    Answer::json(StatusCode::ACCEPTED, &json!({ "data": [scheduled] })).wrote(updated)
}

pub(crate) fn status(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    cx.path_module()?;
    let id = cx.call.param("job_id").ok_or_else(|| Refusal::missing_param("job_id"))?;
    match cx.store().jobs.get(id) {
        Some(job) => Ok(Answer::json(StatusCode::OK, &json!({ "data": [job] }))),
        None => Err(Refusal::invalid_id(json!({ "param_name": "job_id" }))),
    }
}
