//! Custom views: filters and orders of lists.

use hyper::StatusCode;
use serde_json::Value;
use serde_json::json;

use crate::crm::call::{Context, PageParams, Refusal, Row, RowError, each, found, row_id, success};
use crate::crm::criteria::{Condition, Criteria, Operator};
use crate::http::Answer;
use crate::json::record_key;
use crate::schema::ModuleSpec;
use crate::state::CustomView;
use crate::version::Version;

/// Returns the view named by a list's `cvid`.
pub(crate) fn view_of_list(
    cx: &Context<'_>,
    module: &ModuleSpec,
) -> Result<Option<CustomView>, Refusal> {
    let Some(id) = cx.call.param("cvid").filter(|id| !id.is_empty()) else { return Ok(None) };
    let view = record_key(id).and_then(|id| cx.store().views.get(&id));
    match view.filter(|view| view.module == module.api_name()) {
        Some(view) => Ok(Some(view.clone())),
        None => Err(Refusal::invalid_id(json!({ "param_name": "cvid", "id": id }))),
    }
}

/// Returns the view's criteria, for the current user; `None` if the view shows every record.
pub(crate) fn criteria(cx: &Context<'_>, view: &CustomView) -> Option<Criteria> {
    criteria_for(view, &cx.user)
}

/// Returns the view's criteria, for a user; `None` if the view shows every record.
pub(crate) fn criteria_for(view: &CustomView, user: &str) -> Option<Criteria> {
    view.criteria.as_ref().and_then(|criteria| read_criteria(criteria, user))
}

fn read_criteria(criteria: &Value, user: &str) -> Option<Criteria> {
    if let Some(group) = criteria.get("group").and_then(Value::as_array) {
        let any = criteria.get("group_operator").and_then(Value::as_str) == Some("or");
        let join = |a, b| {
            let (a, b) = (Box::new(a), Box::new(b));
            if any { Criteria::Or(a, b) } else { Criteria::And(a, b) }
        };
        return group.iter().filter_map(|one| read_criteria(one, user)).reduce(join);
    }
    let text = |name: &str| criteria.get(name)?.as_str();
    let comparator = match text("comparator")? {
        "equal" => "equals",
        other => other,
    };
    let values = match criteria.get("value")? {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    };
    let value = |value: Value| match value.as_str() {
        Some("${CURRENTUSER}") => user.to_owned(),
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    Some(Criteria::Condition(Condition::new(
        text("field")?.to_owned(),
        Operator::parse(comparator)?,
        values.into_iter().map(value).collect(),
    )))
}

fn show(cx: &Context<'_>, module: &ModuleSpec, view: &CustomView) -> Value {
    let v2 = cx.version == Version::V2;
    let field = |name: &str| {
        let id = module.find(name).map(|field| field.id.to_string());
        json!({ "api_name": name, "id": id })
    };
    let sort_by = view.sort_by.as_deref().map(|name| if v2 { json!(name) } else { field(name) });
    let fields: Vec<Value> = view
        .fields
        .iter()
        .map(|name| {
            let mut shown = field(name);
            if let (Some(map), false) = (shown.as_object_mut(), v2) {
                map.insert("_pin".into(), false.into());
            }
            shown
        })
        .collect();
    let mut shown = json!({
        "id": view.id.to_string(),
        "name": view.name,
        "system_name": view.system_name,
        "display_value": view.name,
        "category": if view.system_name.is_some() { "public_views" } else { "created_by_me" },
        "default": view.default,
        "system_defined": view.system_name.is_some(),
        "favorite": Value::Null,
        "offline": false,
        "shared_to": view.shared_to,
        "sort_by": sort_by,
        "sort_order": view.sort_by.as_ref().map(|_| if view.descending { "desc" } else { "asc" }),
        "fields": fields,
        "criteria": view.criteria.as_ref().map(|one| if v2 { one.clone() } else { described(one, &field) }),
    });
    let Some(map) = shown.as_object_mut() else { return shown };
    if v2 {
        map.insert("shared_type".into(), "public".into());
    } else {
        map.insert("access_type".into(), view.access_type.as_deref().unwrap_or("public").into());
        map.insert("locked".into(), false.into());
        let module = json!({ "api_name": module.api_name(), "name": module.api_name(), "id": module.id.to_string() });
        map.insert("module".into(), module);
        for name in
            ["created_time", "modified_time", "last_accessed_time", "created_by", "modified_by"]
        {
            map.insert(name.into(), Value::Null);
        }
    }
    shown
}

/// Returns criteria as later versions show them, with the ids of their fields.
fn described(criteria: &Value, field: &dyn Fn(&str) -> Value) -> Value {
    let mut shown = criteria.clone();
    let Some(map) = shown.as_object_mut() else { return shown };
    if let Some(group) = criteria.get("group").and_then(Value::as_array) {
        let group: Vec<Value> = group.iter().map(|one| described(one, field)).collect();
        map.insert("group".into(), group.into());
    }
    if let Some(name) = criteria.get("field").and_then(Value::as_str) {
        map.insert("field".into(), field(name));
    }
    shown
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    let paging = PageParams::of(cx.call)?;
    let all: Vec<&CustomView> =
        cx.store().views.values().filter(|view| view.module == module.api_name()).collect();
    let default = all.iter().find(|view| view.default).map(|view| view.id.to_string());
    let page = all.get(paging.offset()..).unwrap_or_default();
    let shown: Vec<Value> =
        page.iter().take(paging.per_page).map(|view| show(cx, &module, view)).collect();
    if shown.is_empty() {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let info = json!({
        "per_page": paging.per_page,
        "count": shown.len(),
        "page": paging.page,
        "more_records": page.len() > shown.len(),
        "default": default,
        "translation": {
            "public_views": "Public Views",
            "other_users_views": "Other Users Views",
            "shared_with_me": "Shared With Me",
            "created_by_me": "Created By Me",
        },
    });
    Ok(Answer::json(StatusCode::OK, &json!({ "custom_views": shown, "info": info })))
}

pub(crate) fn get(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    let view = record_key(cx.path_id(0)?).and_then(|id| cx.store().views.get(&id));
    let view = view.filter(|view| view.module == module.api_name());
    Ok(found("custom_views", view.map(|view| show(cx, &module, view)).into_iter().collect()))
}

/// Changes the sort order of the view in the path, or of the views named by the rows.
pub(crate) fn change_sort(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = cx.param_module()?;
    each(cx, "custom_views", 100, StatusCode::OK, |cx, row| {
        let text = row_id(cx, row)?;
        let known = |id: &u64| {
            cx.store().views.get(id).is_some_and(|view| view.module == module.api_name())
        };
        let id = record_key(text).filter(known).ok_or_else(|| RowError::unknown_id(text))?;
        let (field, descending) = sort(&module, row)?;
        if let Some(view) = cx.store_mut().views.get_mut(&id) {
            view.sort_by = field;
            view.descending = descending;
        }
        Ok(success("custom view updated successfully", json!({ "id": text })))
    })
}

/// Parses the sort order in a row: a field by API name or id, and a direction.
pub(super) fn sort(module: &ModuleSpec, row: Row<'_>) -> Result<(Option<String>, bool), RowError> {
    let descending = match row.get("sort_order").and_then(Value::as_str) {
        Some("desc") => true,
        Some("asc") | None => false,
        Some(_) => {
            return Err(row.unsupported("sort_order", &["asc", "desc"]));
        }
    };
    let Some(asked) = row.get("sort_by") else {
        return Err(row.missing("sort_by"));
    };
    if asked.is_null() {
        return Ok((None, descending));
    }
    let named = asked.get("api_name").unwrap_or(asked).as_str();
    let by_id = asked.get("id").and_then(Value::as_str).and_then(record_key);
    let field = module
        .fields
        .iter()
        .find(|field| named == Some(field.api_name.as_str()) || by_id == Some(field.id));
    match field {
        Some(field) => Ok((Some(field.api_name.clone()), descending)),
        None => Err(row.invalid("sort_by")),
    }
}
