//! Lists of records, and the limits of their pages.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::order::SortKey;
use super::page_request::PageRequest;
use super::search::{newest, with_past};
use crate::clock::whole_seconds;
use crate::crm::call::{Context, PageParams, Refusal, condition, either, fields, ids};
use crate::crm::criteria::{Criteria, holds};
use crate::crm::render::View;
use crate::crm::settings::custom_views;
use crate::http::Answer;
use crate::json::text_of;
use crate::schema::ModuleSpec;
use crate::state::{CustomView, Record, Table};
use crate::version::Version;

/// The filter of a list.
struct ListFilter {
    ids: Option<Vec<u64>>,
    since: Option<DateTime<Utc>>,
    /// Whether only converted leads (`true`), only others (`false`) or both (`None`) are shown.
    converted: Option<bool>,
    approved: Option<bool>,
    view: Option<Criteria>,
    territories: Option<Vec<String>>,
}

impl ListFilter {
    fn of(cx: &Context<'_>, view: Option<&CustomView>) -> Result<Self, Refusal> {
        Ok(Self {
            ids: ids(cx.call)?,
            since: condition(cx.call, "if-modified-since")?,
            converted: either(cx.call, "converted", false)?,
            approved: either(cx.call, "approved", true)?,
            view: view.and_then(|view| custom_views::criteria(cx, view)),
            territories: territories(cx)?,
        })
    }

    /// Returns whether every record of the table is shown.
    fn shows_all(&self, table: &Table) -> bool {
        self.ids.is_none()
            && self.since.is_none()
            && self.view.is_none()
            && self.territories.is_none()
            && table.hidden == 0
            && self.converted != Some(true)
            && self.approved != Some(false)
    }

    fn shows(&self, view: View<'_>, module: &ModuleSpec, record: &Record) -> bool {
        let in_territory = |wanted: &Vec<String>| {
            let own = record.values.get("Territories").and_then(Value::as_array);
            own.into_iter().flatten().any(|id| wanted.iter().any(|wanted| id == wanted.as_str()))
        };
        self.since.is_none_or(|since| record.modified >= since)
            && self.converted.is_none_or(|wanted| record.converted == wanted)
            && self.approved.is_none_or(|wanted| record.approved == wanted)
            && self.view.as_ref().is_none_or(|criteria| holds(criteria, view, module, record))
            && self.territories.as_ref().is_none_or(in_territory)
    }
}

/// Returns the territory named by the call, with the territories below it if the call asks for
/// them.
fn territories(cx: &Context<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(id) = cx.call.param("territory_id") else { return Ok(None) };
    let shelf = &cx.store().territories;
    if shelf.get(id).is_none() {
        return Err(Refusal::invalid_id(json!({ "param_name": "territory_id" })));
    }
    let mut wanted = vec![id.to_owned()];
    if cx.call.param("include_child") == Some("true") {
        let mut next = 0;
        while let Some(parent) = wanted.get(next).cloned() {
            let below = shelf.values().filter(|one| text_of(one, "reporting_to") == parent);
            wanted.extend(below.map(|one| text_of(one, "id").to_owned()));
            next += 1;
        }
    }
    Ok(Some(wanted))
}

pub(crate) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
    let module = &*cx.path_module()?;
    let (call, version) = (cx.call, cx.version);
    for name in ["uid", "startDateTime", "endDateTime"] {
        if call.param(name).is_some() {
            return Err(not_simulated(name));
        }
    }
    let fields = fields(call, version)?;
    if fields.is_none() && version >= Version::V3 {
        return Err(Refusal::missing_param("fields"));
    }
    let paging = PageParams::of(call)?;
    let custom_view = custom_views::view_of_list(cx, module)?;
    let order = SortKey::of(call, module, version, custom_view.as_ref())?;
    let filter = ListFilter::of(cx, custom_view.as_ref())?;
    let asked = PageRequest::of(cx, &module.api_name().into(), paging)?;
    let (position, per_page) = (&asked.position, asked.per_page());

    let view = cx.view();
    let table = cx.store().table(module.api_name());
    let past = cx.past(module.api_name());
    let known = |id: &u64| past.get(id).copied().unwrap_or_else(|| table.records.get(id));
    let window = if past.is_empty() && filter.shows_all(table) && order.is_by_id() {
        order.window_by_id(table, position, per_page)
    } else {
        let chosen: Vec<&Record> = match &filter.ids {
            Some(ids) => ids.iter().filter_map(known).collect(),
            None => with_past(&past, newest(table, None)).collect(),
        };
        let chosen: Vec<&Record> =
            chosen.into_iter().filter(|record| filter.shows(view, module, record)).collect();
        order.window(view, module, &chosen, position, per_page)
    };
    if window.keys.is_empty() {
        let status =
            if filter.since.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
        return Ok(Answer::empty(status));
    }
    let data: Vec<Value> = window
        .keys
        .iter()
        .filter_map(|(_, id)| known(id))
        .map(|record| view.record(module, record, fields.as_deref(), false))
        .collect();

    let info = asked.info(cx, &window, &order);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": data, "info": info })))
}

/// Refuses a parameter that would change the answer in a way that is not simulated.
fn not_simulated(param: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_SIMULATED",
        "the simulator does not support this parameter",
        json!({ "param_name": param }),
    )
}

/// Returns whether the record was changed after `then`, compared in seconds.
pub(crate) fn changed_since(record: &Record, then: DateTime<Utc>) -> bool {
    record.modified > whole_seconds(then)
}
