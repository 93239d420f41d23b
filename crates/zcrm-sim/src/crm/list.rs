//! Lists of records, and the walls at which their pages end.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::criteria::Criteria;
use super::matches::holds;
use super::order::SortKey;
pub(super) use super::page_token::PAGE_WALL;
use super::page_token::PageRequest;
use super::refusal::Refusal;
use super::version::Version;
use super::{Context, View, views};
use crate::call::{Answer, IncomingCall};
use crate::clock::{parse_stamp, whole_seconds};
use crate::schema::ModuleSpec;
use crate::store::{CustomView, Record, Table, record_key, text_of};

/// The most records of a page.
const PER_PAGE: usize = 200;
/// The most fields that a call may name.
const FIELD_LIMIT: usize = 50;
/// The most ids that a call may name.
const ID_LIMIT: usize = 100;

/// The number and the size of a page.
pub(super) struct PageParams {
    pub(super) page: usize,
    pub(super) per_page: usize,
}

impl PageParams {
    pub(super) fn of(call: &IncomingCall) -> Result<Self, Refusal> {
        // An empty number is none: older clients send them.
        let number = |name: &str| match call.param(name).filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if number > 0 => Ok(Some(number)),
                _ => Err(Refusal::invalid_param(name, "integer")),
            },
        };
        let per_page = number("per_page")?.unwrap_or(PER_PAGE);
        if per_page > PER_PAGE {
            return Err(Refusal::param_limit("per_page", PER_PAGE));
        }
        Ok(Self { page: number("page")?.unwrap_or(1), per_page })
    }

    /// How many records come before the page.
    pub(super) fn offset(&self) -> usize {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// Whether the page ends beyond what page numbers reach.
    pub(super) fn beyond_wall(&self) -> bool {
        self.page.saturating_mul(self.per_page) > PAGE_WALL
    }
}

/// The fields that a call names.
pub(super) fn fields(
    call: &IncomingCall,
    version: Version,
) -> Result<Option<Vec<String>>, Refusal> {
    let Some(text) = call.param("fields").filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.len() > FIELD_LIMIT && version >= Version::V3 {
        return Err(Refusal::param_limit("fields", FIELD_LIMIT));
    }
    Ok(Some(names))
}

/// The instant that a conditional header names.
pub(super) fn condition(
    call: &IncomingCall,
    header: &str,
) -> Result<Option<DateTime<Utc>>, Refusal> {
    match call.header(header) {
        None => Ok(None),
        Some(text) => {
            parse_stamp(text).map(Some).ok_or_else(|| Refusal::invalid_param(header, "datetime"))
        }
    }
}

/// What a list leaves out.
struct ListFilter {
    ids: Option<Vec<u64>>,
    since: Option<DateTime<Utc>>,
    /// Whether converted leads, or others, or both are shown.
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
            view: view.and_then(|view| views::criteria(cx, view)),
            territories: territories(cx)?,
        })
    }

    /// Whether every record of the table is shown.
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

/// A parameter that is `true`, `false` or `both`, which is `None`.
pub(super) fn either(
    call: &IncomingCall,
    name: &str,
    default: bool,
) -> Result<Option<bool>, Refusal> {
    match call.param(name) {
        None => Ok(Some(default)),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some("both") => Ok(None),
        Some(_) => Err(Refusal::bad(
            "INVALID_DATA",
            "invalid data",
            json!({ "param_name": name, "supported_values": ["true", "false", "both"] }),
        )),
    }
}

/// The territory that the call names, with those below it if the call asks for them.
fn territories(cx: &Context<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(id) = cx.call.param("territory_id") else { return Ok(None) };
    let shelf = &cx.store().territories;
    if shelf.get(id).is_none() {
        return Err(Refusal::bad(
            "INVALID_DATA",
            "the id given seems to be invalid",
            json!({ "param_name": "territory_id" }),
        ));
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

pub(super) fn list(cx: &mut Context<'_>) -> Result<Answer, Refusal> {
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
    let custom_view = views::of_list(cx, module)?;
    let order = SortKey::of(call, module, version, custom_view.as_ref())?;
    let filter = ListFilter::of(cx, custom_view.as_ref())?;
    let asked = PageRequest::of(cx, &module.api_name().into(), paging)?;
    let (position, per_page) = (&asked.position, asked.per_page());

    let view = cx.view();
    let table = cx.state.store(cx.environment).table(module.api_name());
    let window = if filter.shows_all(table) && order.is_by_id() {
        order.window_by_id(table, position, per_page)
    } else {
        let chosen: Vec<&Record> = match &filter.ids {
            Some(ids) => ids.iter().filter_map(|id| table.records.get(id)).collect(),
            None => table.records.values().collect(),
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
        .filter_map(|(_, id)| table.records.get(id))
        .map(|record| view.record(module, record, fields.as_deref(), false))
        .collect();

    let info = asked.info(cx, &window, &order);
    Ok(Answer::json(StatusCode::OK, &json!({ "data": data, "info": info })))
}

/// Two parameters that exclude each other.
pub(super) fn ambiguous(message: &str, names: [&str; 2]) -> Refusal {
    let due_to = names.map(|name| json!({ "param_name": name }));
    Refusal::bad("AMBIGUITY_DURING_PROCESSING", message, json!({ "ambiguity_due_to": due_to }))
}

/// A parameter that would change the answer in a way that is not simulated.
fn not_simulated(param: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_SIMULATED",
        "the simulator does not know this parameter",
        json!({ "param_name": param }),
    )
}

/// The ids that a call names.
pub(super) fn ids(call: &IncomingCall) -> Result<Option<Vec<u64>>, Refusal> {
    let Some(text) = call.param("ids") else { return Ok(None) };
    let text = text.trim_end_matches(',');
    let ids: Option<Vec<u64>> = text.split(',').map(|id| record_key(id.trim())).collect();
    let ids = ids.ok_or_else(|| Refusal::invalid_param("ids", "bigint"))?;
    if ids.len() > ID_LIMIT {
        return Err(Refusal::param_limit("ids", ID_LIMIT));
    }
    Ok(Some(ids))
}

/// Whether the record was changed since then, as far as seconds tell.
pub(super) fn changed_since(record: &Record, then: DateTime<Utc>) -> bool {
    record.modified > whole_seconds(then)
}
