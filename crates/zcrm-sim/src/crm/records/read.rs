//! Reads of single records.

use hyper::StatusCode;
use serde_json::json;

use crate::crm::call::{Context, External, Refusal, condition, fields};
use crate::http::Answer;
use crate::json::record_key;

/// Returns a record by id. If no record has the id, the answer is 204 without a body, as for any
/// read without a result. A text that is not an id is refused.
pub(crate) fn by_id(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.path_module()?;
    let id = cx.path_value(1);
    let external = External::of(cx)?;
    if record_key(id).is_none() && external.of_module(&module).is_none() {
        return Err(Refusal::invalid_path_id(id, 1));
    }
    let fields = fields(cx.call, cx.version)?;
    let since = condition(cx.call, "if-modified-since")?;
    let Some(record) = external.record(cx, &module, id) else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    if since.is_some_and(|since| record.modified < since) {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED));
    }
    let shown = cx.view().record(&module, record, fields.as_deref(), true);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": [shown] })))
}
