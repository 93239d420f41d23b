//! The operation: a query in the body, rows in the answer.
//!
//! Source: <https://www.zoho.com/crm/developer/docs/api/v8/Get-Records-through-COQL-Query.html>.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::authorize::authorize_fields;
use super::check::check;
use super::checked::{CheckedQuery, ItemValue};
use super::column::{Column, Source};
use super::execute::execute;
use super::parse::parse;
use crate::crm::call::{Context, Refusal, body};
use crate::crm::settings::field_json;
use crate::http::Answer;
use crate::version::Version;

/// Executes the query of a call.
pub(crate) fn query(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let body = body(cx)?;
    let text = match body.get("select_query") {
        Some(Value::String(text)) => text,
        None | Some(Value::Null) => {
            let details = json!({ "api_name": "select_query" });
            return Err(Refusal::bad("MANDATORY_NOT_FOUND", "mandatory key not found", details));
        }
        Some(_) => {
            return Err(Refusal::invalid_member("select_query", "expected_data_type", "text"));
        }
    };
    let with_fields = includes_fields(cx, &body)?;
    let query = check(cx, &parse(text)?)?;
    let page = execute(cx, &query);
    if page.rows.is_empty() {
        let examined = page.examined;
        return Ok(Answer { examined, ..Answer::empty(StatusCode::NO_CONTENT) });
    }
    let info = json!({ "count": page.rows.len(), "more_records": page.more });
    let mut answer = json!({ "data": page.rows, "info": info });
    if let (Some(map), true) = (answer.as_object_mut(), with_fields) {
        map.insert("fields".into(), fields(cx, &query).into());
    }
    Ok(Answer { examined: page.examined, ..Answer::json(StatusCode::OK, &answer) })
}

/// Returns whether the answer has the metadata of the fields, which only v8 has.
fn includes_fields(cx: &Context<'_>, body: &Map<String, Value>) -> Result<bool, Refusal> {
    let Some(wanted) = body.get("include_meta").filter(|_| cx.version >= Version::V8) else {
        return Ok(false);
    };
    let Value::Array(wanted) = wanted else {
        return Err(Refusal::invalid_member("include_meta", "expected_data_type", "jsonarray"));
    };
    for (index, one) in wanted.iter().enumerate() {
        match one.as_str() {
            Some("fields") => {}
            Some(_) => {
                return Err(wrong_meta(index, json!({ "supported_values": ["fields"] })));
            }
            None => {
                let details =
                    json!({ "expected_data_type": "text", "supported_values": ["fields"] });
                return Err(wrong_meta(index, details));
            }
        }
    }
    if wanted.is_empty() {
        return Ok(false);
    }
    authorize_fields(cx)?;
    Ok(true)
}

/// Refuses a word of `include_meta`.
fn wrong_meta(index: usize, mut details: Value) -> Refusal {
    if let Some(map) = details.as_object_mut() {
        map.insert("api_name".into(), "include_meta".into());
        map.insert("json_path".into(), format!("$.include_meta[{index}]").into());
    }
    Refusal::bad("INVALID_DATA", "invalid data", details)
}

/// Returns the metadata of the fields in the answer, by their keys.
fn fields(cx: &Context<'_>, query: &CheckedQuery) -> Map<String, Value> {
    let described = |column: &Column| {
        let rows = column.relations.last().map_or(&query.source, |relation| &relation.target);
        let Source::Records(module) = rows else { return None };
        Some(field_json(cx.state, module, &column.field, cx.version))
    };
    let items = query.items.iter().filter_map(|item| match &item.value {
        ItemValue::Column(column) => Some((column.name.clone(), described(column)?)),
        ItemValue::Aggregate(..) => None,
    });
    items.collect()
}
