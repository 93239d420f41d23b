//! Creation, changes and deletions of custom views.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::custom_views::{change_sort, sort};
use crate::crm::call::{
    Context, Refusal, Row, RowError, RowResult, body, each, each_id, row_id, success,
};
use crate::crm::criteria::Operator;
use crate::http::Answer;
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::CustomView;
use crate::version::Version;

const KEY: &str = "custom_views";
/// The maximum number of views in a call.
const LIMIT: usize = 100;
const ACCESS: [&str; 3] = ["public", "shared", "only_to_me"];

pub(crate) fn create(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    not_simulated(cx)?;
    each(cx, KEY, LIMIT, StatusCode::CREATED, |cx, row| {
        row.text("name")?;
        if row.get("fields").is_none() {
            return Err(row.missing("fields"));
        }
        let id = cx.state.rng.next_id();
        let new = CustomView {
            id,
            module: module.api_name().to_owned(),
            name: String::new(),
            system_name: None,
            default: false,
            criteria: None,
            fields: Vec::new(),
            sort_by: None,
            descending: false,
            access_type: None,
            shared_to: Vec::new(),
        };
        let view = changed(cx, &module, row, new)?;
        cx.store_mut().views.insert(id, view);
        Ok(success("custom view created", json!({ "id": id.to_string() })))
    })
}

/// Changes the view in the path, or the views named by the rows. In v2 only their order can be
/// changed.
pub(crate) fn update(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    if cx.version == Version::V2 {
        return change_sort(cx);
    }
    let module = cx.param_module()?;
    not_simulated(cx)?;
    each(cx, KEY, LIMIT, StatusCode::OK, |cx, row| {
        let text = row_id(cx, row)?;
        let known = record_key(text).and_then(|id| cx.store().views.get(&id));
        let known = known.filter(|view| view.module == module.api_name()).cloned();
        let view = changed(cx, &module, row, known.ok_or_else(|| RowError::unknown_id(text))?)?;
        cx.store_mut().views.insert(view.id, view);
        Ok(success("custom view updated", json!({ "id": text })))
    })
}

pub(crate) fn delete(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    each_id(cx, KEY, None, LIMIT, |cx, id| delete_one(cx, &module, id))
}

fn delete_one(cx: &mut Context<'_>, module: &ModuleSpec, text: &str) -> RowResult {
    let details = || json!({ "id": text });
    let invalid = || {
        let message = "The provided CustomView is either invalid or already Deleted";
        RowError::new("INVALID_DATA", message, details())
    };
    let id = record_key(text).ok_or_else(invalid)?;
    let view = cx.store().views.get(&id).filter(|view| view.module == module.api_name());
    if view.ok_or_else(invalid)?.system_name.is_some() {
        let message = "a view of the system cannot be deleted";
        return Err(RowError::new("NOT_ALLOWED", message, details()));
    }
    cx.store_mut().views.remove(&id);
    Ok(success("deleted successfully", details()))
}

/// Refuses conditions on related records, which the simulator does not support.
fn not_simulated(cx: &Context<'_>) -> Result<(), Refusal> {
    let body = body(cx)?;
    let rows = body.get(KEY).and_then(Value::as_array);
    let given = |row: &Value| row.get("cross_filters").is_some_and(|one| !one.is_null());
    match rows.into_iter().flatten().position(given) {
        None => Ok(()),
        Some(index) => Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            "NOT_SIMULATED",
            "the simulator does not support conditions on related records",
            json!({ "json_path": format!("$.{KEY}[{index}].cross_filters") }),
        )),
    }
}

/// Returns a view with the changes of a row.
fn changed(
    cx: &Context<'_>,
    module: &ModuleSpec,
    row: Row<'_>,
    mut view: CustomView,
) -> Result<CustomView, RowError> {
    if row.get("name").is_some() {
        row.text("name")?.clone_into(&mut view.name);
        let mut others = cx.store().views.values().filter(|one| one.id != view.id);
        if others.any(|one| one.module == view.module && one.name == view.name) {
            return Err(RowError::duplicate(row.details("name")));
        }
    }
    if let Some(fields) = row.get("fields") {
        let fields = fields.as_array().ok_or_else(|| row.expected("fields", "jsonarray"))?;
        let name = |(index, value): (usize, &Value)| {
            let name = field(module, value).map(String::from);
            name.ok_or_else(|| row.invalid(&format!("fields[{index}]")))
        };
        view.fields = fields.iter().enumerate().map(name).collect::<Result<_, _>>()?;
    }
    if let Some(criteria) = row.get("criteria") {
        view.criteria = match criteria {
            Value::Null => None,
            criteria => {
                let stored = stored(module, criteria);
                Some(stored.ok_or_else(|| row.invalid("criteria"))?)
            }
        };
    }
    if row.get("sort_by").is_some() {
        (view.sort_by, view.descending) = sort(module, row)?;
    }
    if row.get("access_type").is_some() {
        let access = row.text("access_type")?;
        if !ACCESS.contains(&access) {
            return Err(row.unsupported("access_type", &ACCESS));
        }
        view.access_type = Some(access.to_owned());
    }
    if let Some(shared) = row.get("shared_to") {
        let shared = shared.as_array().ok_or_else(|| row.expected("shared_to", "jsonarray"))?;
        shared.clone_into(&mut view.shared_to);
    }
    Ok(view)
}

/// Returns the field that a value names: as text, by its API name or by its id.
fn field<'m>(module: &'m ModuleSpec, value: &Value) -> Option<&'m str> {
    let name = value.get("api_name").unwrap_or(value).as_str();
    let id = value.get("id").and_then(Value::as_str).and_then(record_key);
    let mut fields = module.fields.iter();
    let found = fields.find(|one| name == Some(one.api_name.as_str()) || id == Some(one.id))?;
    Some(&found.api_name)
}

/// Returns criteria as they are stored, with the API names of fields; `None` if they are invalid.
fn stored(module: &ModuleSpec, criteria: &Value) -> Option<Value> {
    if let Some(group) = criteria.get("group") {
        let operator = criteria.get("group_operator")?.as_str()?.to_ascii_lowercase();
        let group = group.as_array().filter(|group| !group.is_empty())?;
        let group = group.iter().map(|one| stored(module, one)).collect::<Option<Vec<_>>>()?;
        let joined = ["and", "or"].contains(&operator.as_str());
        return joined.then(|| json!({ "group_operator": operator, "group": group }));
    }
    let comparator = criteria.get("comparator")?.as_str()?;
    let known = if comparator == "equal" { "equals" } else { comparator };
    Operator::parse(known)?;
    let mut condition = Map::new();
    condition.insert("field".into(), field(module, criteria.get("field")?)?.into());
    condition.insert("comparator".into(), comparator.into());
    condition.insert("value".into(), criteria.get("value")?.clone());
    Some(condition.into())
}
