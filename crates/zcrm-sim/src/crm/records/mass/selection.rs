//! The records that a mass change names: by ids, or by a view.

use serde_json::{Map, Value, json};

use crate::crm::call::{Context, Refusal};
use crate::crm::criteria::holds;
use crate::crm::settings::custom_views;
use crate::json::record_key;
use crate::schema::ModuleSpec;

/// The maximum number of records named by ids, and of records in a view.
const IDS: usize = 500;
const OF_A_VIEW: usize = 50_000;

/// The records of a mass change.
pub(super) enum Selection {
    /// The ids as they were given.
    Ids(Vec<String>),
    /// The records of a view.
    View(Vec<u64>),
}

pub(super) fn invalid(name: &str) -> Refusal {
    let details = json!({ "api_name": name, "json_path": format!("$.{name}") });
    Refusal::bad("INVALID_DATA", "invalid data", details)
}

/// Reads the selection of a body: ids or a view, not both.
pub(super) fn read(
    cx: &Context<'_>,
    module: &ModuleSpec,
    body: &Map<String, Value>,
) -> Result<Selection, Refusal> {
    match (body.get("ids"), body.get("cvid")) {
        (Some(_), Some(_)) => Err(Refusal::bad(
            "AMBIGUITY_DURING_PROCESSING",
            "Please use either ids or cvid",
            json!({ "ambiguity_due_to": [{ "api_name": "ids" }, { "api_name": "cvid" }] }),
        )),
        (Some(ids), None) => Ok(Selection::Ids(named(ids, IDS)?)),
        (None, Some(view)) => Ok(Selection::View(of_view(cx, module, view)?)),
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

/// Returns the texts of a list of ids.
pub(super) fn named(ids: &Value, limit: usize) -> Result<Vec<String>, Refusal> {
    let ids = ids.as_array().filter(|ids| !ids.is_empty()).ok_or_else(|| invalid("ids"))?;
    if ids.len() > limit {
        return Err(Refusal::bad(
            "LIMIT_EXCEEDED",
            "the limit of ids is exceeded",
            json!({ "api_name": "ids", "json_path": "$.ids", "limit": limit }),
        ));
    }
    Ok(ids.iter().map(|id| id.as_str().unwrap_or_default().to_owned()).collect())
}

/// Returns the ids of the records that a view shows.
pub(super) fn of_view(
    cx: &Context<'_>,
    module: &ModuleSpec,
    view: &Value,
) -> Result<Vec<u64>, Refusal> {
    let view = view.get("id").unwrap_or(view).as_str().and_then(record_key);
    let view = view.and_then(|id| cx.store().views.get(&id)).cloned();
    let view = view.filter(|view| view.module == module.api_name());
    let view = view.ok_or_else(|| invalid("cvid"))?;
    let criteria = custom_views::criteria(cx, &view);
    let shown = cx.view();
    let records = cx.store().table(module.api_name()).records.values();
    let found = records
        .filter(|record| criteria.as_ref().is_none_or(|one| holds(one, shown, module, record)));
    let ids: Vec<u64> = found.map(|record| record.id).collect();
    if ids.len() > OF_A_VIEW {
        let details = json!({ "limit": OF_A_VIEW.to_string() });
        return Err(Refusal::bad("RECORD_LIMIT_EXCEEDED", "too many records", details));
    }
    Ok(ids)
}
