//! The number of records in related lists of a record.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::related::RelatedPath;
use crate::crm::call::{Context, Refusal, Row, RowError, answer, body, each_of};
use crate::crm::criteria::{Condition, Criteria, Operator, check, holds};
use crate::http::Answer;
use crate::schema::{ModuleSpec, RelatedKind, RelatedListSpec, related_lists};
use crate::state::{Attachment, AttachmentContent, Record};
use crate::version::Version;

const KEY: &str = "get_related_records_count";
/// The maximum number of related lists in a call.
const LISTS: usize = 20;

/// The filters of a count.
#[derive(Default)]
struct CountFilter {
    converted: Option<bool>,
    approved: Option<bool>,
    /// Whether only files (`true`) or only links are counted, of attachments.
    files: Option<bool>,
    criteria: Option<Criteria>,
}

/// Counts the records of each related list that the body names.
pub(crate) fn count(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    if cx.version < Version::V8 {
        return Err(Refusal::unsupported_version("v8"));
    }
    let module = cx.path_module()?;
    let wrong =
        |message: &str| Refusal::bad("INVALID_DATA", message, json!({ "resource_path_index": 1 }));
    let record = cx.store().table(module.api_name()).get(cx.path_value(1));
    let record = record.ok_or_else(|| wrong("the related id given seems to be invalid"))?;
    if record.converted {
        return Err(wrong("id already converted"));
    }
    let record = record.id;
    let body = body(cx)?;
    let rows = match body.get(KEY) {
        None | Some(Value::Null) => return Err(Refusal::missing_member(KEY)),
        Some(Value::Array(rows)) if rows.len() > LISTS => {
            return Err(Refusal::invalid_member(KEY, "maximum_length", LISTS));
        }
        Some(Value::Array(rows)) if !rows.is_empty() => rows,
        Some(_) => return Err(Refusal::invalid_member(KEY, "expected_data_type", "jsonarray")),
    };
    let outcomes = each_of(cx, KEY, rows, |cx, row| {
        let list = list(cx, &module, row)?;
        let count = count_one(cx, &module, record, &list, row)?;
        let shown = json!({ "api_name": list.api_name, "id": list.id.to_string() });
        Ok(json!({ "count": count, "related_list": shown }))
    });
    Ok(answer(cx, KEY, &outcomes, StatusCode::OK).wrote(0))
}

/// Returns the related list that a row names by its API name, its id or both.
fn list(cx: &Context<'_>, module: &ModuleSpec, row: Row<'_>) -> Result<RelatedListSpec, RowError> {
    let named = match row.get("related_list") {
        None | Some(Value::Null) => return Err(row.missing("related_list")),
        Some(Value::Object(named)) => named,
        Some(_) => return Err(row.expected("related_list", "jsonobject")),
    };
    let text = |name: &str| match named.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(row.expected(&format!("related_list.{name}"), "string")),
    };
    let places = |names: [&str; 2]| names.map(|name| row.details(&format!("related_list.{name}")));
    let (name, id) = (text("api_name")?, text("id")?);
    let lists = related_lists(&cx.state.modules, module);
    let by_name = |list: &&RelatedListSpec| name.is_none_or(|name| list.api_name == name);
    let by_id = |list: &&RelatedListSpec| id.is_none_or(|id| list.id.to_string() == id);
    let wrong = |member: &str| {
        let place = row.details(&format!("related_list.{member}"));
        RowError::new("INVALID_DATA", "Given related_list is invalid", place)
    };
    if name.is_none() && id.is_none() {
        return Err(RowError::new(
            "EXPECTED_FIELD_MISSING",
            "Specify atleast one field",
            json!({ "expected_fields": places(["api_name", "id"]) }),
        ));
    }
    if !lists.iter().any(|list| by_id(&list)) {
        return Err(wrong("id"));
    }
    if !lists.iter().any(|list| by_name(&list)) {
        return Err(wrong("api_name"));
    }
    let found = lists.iter().find(|list| by_name(list) && by_id(list));
    found.cloned().ok_or_else(|| {
        RowError::new(
            "AMBIGUITY_DURING_PROCESSING",
            "Ambiguity while processing the request",
            json!({ "ambiguity_due_to": places(["id", "api_name"]) }),
        )
    })
}

fn count_one(
    cx: &Context<'_>,
    module: &Arc<ModuleSpec>,
    record: u64,
    list: &RelatedListSpec,
    row: Row<'_>,
) -> Result<usize, RowError> {
    if matches!(list.kind, RelatedKind::Attachments) {
        let filter = filter(row, None)?;
        let counted = |one: &&Attachment| {
            let file = matches!(one.content, AttachmentContent::File(_));
            one.module == module.api_name()
                && one.record == record
                && filter.files.is_none_or(|wanted| wanted == file)
        };
        return Ok(cx.store().attachments.values().filter(counted).count());
    }
    let target = cx.state.module(list.target()).ok_or_else(|| {
        let message = "The given related list id is not supported in api";
        RowError::new("NOT_SUPPORTED", message, json!({}))
    })?;
    let filter = filter(row, Some(&target))?;
    let view = cx.view();
    let counted = |one: &&Record| {
        filter.converted.is_none_or(|wanted| one.converted == wanted)
            && filter.approved.is_none_or(|wanted| one.approved == wanted)
            && filter.criteria.as_ref().is_none_or(|criteria| holds(criteria, view, &target, one))
    };
    let path = RelatedPath::of_list(module, record, list);
    Ok(path.records(cx).into_iter().map(|(record, _)| record).filter(counted).count())
}

/// Reads the filters of a row. Without `target`, the list shows attachments.
fn filter(row: Row<'_>, target: Option<&ModuleSpec>) -> Result<CountFilter, RowError> {
    let params = match row.get("params") {
        None | Some(Value::Null) => return Ok(CountFilter::default()),
        Some(Value::Object(params)) => params,
        Some(_) => return Err(row.expected("params", "jsonobject")),
    };
    let flag = |name: &str| match params.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(row.expected(&format!("params.{name}"), "boolean")),
    };
    let one_of = |name: &str, known: &[&str]| match params.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if known.contains(&text.as_str()) => Ok(Some(text.as_str())),
        Some(_) => {
            let place = format!("params.{name}");
            Err(RowError::invalid(row.details_with(&place, "supported_value", json!(known))))
        }
    };
    let (converted, approved) = (flag("converted")?, flag("approved")?);
    let category = one_of("category", &["link", "files"])?;
    let state = one_of("approval_state", &["approved"])?;
    let criteria = match (params.get("filters"), target) {
        (None | Some(Value::Null), _) => None,
        (Some(_), None) => {
            let message = "Filters are not supported for this modules";
            return Err(RowError::new("NOT_SUPPORTED", message, row.details("params.filters")));
        }
        (Some(filters), Some(target)) => Some(criteria(row, filters, target)?),
    };
    Ok(CountFilter {
        converted,
        approved: approved.or(state.map(|_| true)),
        files: category.map(|category| category == "files"),
        criteria,
    })
}

/// Reads `filters`: one field that equals one value.
fn criteria(row: Row<'_>, filters: &Value, target: &ModuleSpec) -> Result<Criteria, RowError> {
    const PLACE: &str = "params.filters";
    let Some(filters) = filters.as_object() else {
        return Err(row.expected(PLACE, "jsonobject"));
    };
    let text = |value: Option<&Value>, name: &str| match value {
        None | Some(Value::Null) => Err(row.missing(&format!("{PLACE}.{name}"))),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(row.expected(&format!("{PLACE}.{name}"), "string")),
    };
    let comparator = text(filters.get("comparator"), "comparator")?;
    if comparator != "equal" {
        let place = format!("{PLACE}.comparator");
        return Err(RowError::invalid(row.details_with(
            &place,
            "supported_value",
            json!(["equal"]),
        )));
    }
    let field = filters.get("field").and_then(|field| field.get("api_name"));
    let field = text(field, "field.api_name")?;
    let value = text(filters.get("value"), "value")?;
    let criteria = Criteria::Condition(Condition::new(field, Operator::Equals, vec![value]));
    let wrong = |_| row.invalid(&format!("{PLACE}.field.api_name"));
    check(&criteria, target).map_err(wrong)?;
    Ok(criteria)
}
