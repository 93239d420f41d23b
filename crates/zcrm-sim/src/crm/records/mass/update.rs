//! Mass updates.

use hyper::StatusCode;
use serde_json::json;

use super::job::start;
use super::selection::{Selection, invalid, read};
use crate::crm::call::{
    Context, External, Refusal, Row, RowError, RowResult, answer, body, rows, success,
};
use crate::crm::records::write::{change, details};
use crate::http::Answer;
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::MassWork;

pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let body = body(cx)?;
    let data = rows(&body, "data", 1)?;
    let row = data.first().and_then(|row| Row::read(cx.version, "data", 0, row).ok());
    let row = row.ok_or_else(|| invalid("data"))?;
    match read(cx, &module, &body)? {
        Selection::Ids(ids) => {
            let outcomes: Vec<RowResult> = ids.iter().map(|id| one(cx, &module, row, id)).collect();
            Ok(answer(cx, "data", &outcomes, StatusCode::OK))
        }
        Selection::View(records) => {
            let work = MassWork::Update(row.values.clone());
            let message = ("SCHEDULED", "mass update scheduled successfully");
            let (status, row) = start(cx, &module, records, work, message);
            Ok(Answer::json(status, &json!({ "data": [row] })))
        }
    }
}

fn one(cx: &mut Context<'_>, module: &ModuleSpec, row: Row<'_>, text: &str) -> RowResult {
    let id = record_key(text).ok_or_else(|| RowError::unknown_id(text))?;
    if !cx.store().table(module.api_name()).records.contains_key(&id) {
        return Err(RowError::unknown_id(text));
    }
    change(cx, module, row, id, &External::default())?;
    Ok(success("record updated", details(cx, module, id)))
}
