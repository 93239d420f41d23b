//! Lists of records, and the walls at which their pages end.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::Context;
use super::order::Order;
use super::page_token::{Position, expiry};
use super::refusal::Refusal;
use super::version::Version;
use crate::call::{Answer, Call};
use crate::clock::{parse_stamp, stamp, whole_seconds};
use crate::schema::ModuleSpec;
use crate::state::{Record, record_key};

/// The most records of a page.
const PER_PAGE: usize = 200;
/// How far page numbers reach, in records.
pub(super) const PAGE_WALL: usize = 2_000;
/// How far page tokens reach, in records.
const TOKEN_WALL: usize = 100_000;
/// The most fields that a call may name.
const FIELD_LIMIT: usize = 50;
/// The most ids that a call may name.
const ID_LIMIT: usize = 100;

/// The number and the size of a page.
pub(super) struct Paging {
    pub(super) page: usize,
    pub(super) per_page: usize,
}

impl Paging {
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let number = |name: &str| match call.param(name) {
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
pub(super) fn fields(call: &Call, version: Version) -> Result<Option<Vec<String>>, Refusal> {
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
pub(super) fn condition(call: &Call, header: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    match call.header(header) {
        None => Ok(None),
        Some(text) => {
            parse_stamp(text).map(Some).ok_or_else(|| Refusal::invalid_param(header, "datetime"))
        }
    }
}

pub(super) fn list(cx: &mut Context<'_>, module: &ModuleSpec) -> Result<Answer, Refusal> {
    let (call, version) = (cx.call, cx.version);
    for name in ["cvid", "territory_id", "uid", "startDateTime", "endDateTime"] {
        if call.param(name).is_some() {
            return Err(not_simulated(name));
        }
    }
    let fields = fields(call, version)?;
    if fields.is_none() && version >= Version::V3 {
        return Err(Refusal::missing_param("fields"));
    }
    let paging = Paging::of(call)?;
    let order = Order::of(call, module, version)?;
    let ids = ids(call)?;
    let since = condition(call, "if-modified-since")?;
    let tokens = version >= Version::V3;
    let token = call.param("page_token").filter(|_| tokens);
    if token.is_some() && call.param("page").is_some() {
        return Err(Refusal::bad(
            "AMBIGUITY_DURING_PROCESSING",
            "Please use either page or page_token. Combination of both is not allowed",
            json!({ "ambiguity_due_to": [{ "param_name": "page" }, { "param_name": "page_token" }] }),
        ));
    }
    let bound_to = binding(cx, module);
    let position = match token {
        Some(token) => cx.state.page_tokens.redeem(token, &bound_to, cx.now)?,
        None if paging.beyond_wall() => return Err(discrete_wall()),
        None => Position { offset: paging.offset(), after: None },
    };
    if position.offset >= TOKEN_WALL {
        return Err(Refusal::bad(
            "PAGINATION_LIMIT_EXCEEDED",
            "You can only get the first 100000 records",
            json!({ "limit": TOKEN_WALL }),
        ));
    }

    let view = cx.view();
    let table = cx.state.store(cx.environment).table(module.api_name());
    // No record here was ever converted or waits for approval.
    let none = call.param("converted") == Some("true") || call.param("approved") == Some("false");
    let window = if ids.is_none() && since.is_none() && !none && order.is_by_id() {
        order.window_by_id(table, &position, paging.per_page)
    } else {
        let chosen: Vec<&Record> = match &ids {
            Some(ids) => ids.iter().filter_map(|id| table.records.get(id)).collect(),
            None => table.records.values().collect(),
        };
        let chosen: Vec<&Record> = chosen
            .into_iter()
            .filter(|record| !none && since.is_none_or(|since| record.modified >= since))
            .collect();
        order.window(view, module, &chosen, &position, paging.per_page)
    };
    if window.keys.is_empty() {
        let status =
            if since.is_some() { StatusCode::NOT_MODIFIED } else { StatusCode::NO_CONTENT };
        return Ok(Answer::empty(status));
    }
    let data: Vec<Value> = window
        .keys
        .iter()
        .filter_map(|(_, id)| table.records.get(id))
        .map(|record| view.record(module, record, fields.as_deref(), false))
        .collect();

    let count = window.keys.len();
    let number = position.offset / paging.per_page + 1;
    let mut info = json!({
        "per_page": paging.per_page,
        "count": count,
        "page": number,
        "more_records": window.more,
    });
    if tokens {
        let next = window.more.then(|| Position {
            offset: position.offset + count,
            after: window.keys.last().copied(),
        });
        let back = position.offset.saturating_sub(paging.per_page);
        let previous =
            (position.offset > 0).then_some(Position { offset: back, after: window.before });
        let mut issue = |position: Option<Position>| {
            let state = &mut *cx.state;
            position.map(|p| state.page_tokens.issue(&mut state.chance, &bound_to, p, cx.now))
        };
        let (next, previous) = (issue(next), issue(previous));
        let expires = (next.is_some() || previous.is_some()).then(|| stamp(expiry(cx.now)));
        put(&mut info, "sort_by", order.field.into());
        put(&mut info, "sort_order", if order.descending { "desc" } else { "asc" }.into());
        put(&mut info, "next_page_token", next.into());
        put(&mut info, "previous_page_token", previous.into());
        put(&mut info, "page_token_expiry", expires.into());
    }
    Ok(Answer::json(StatusCode::OK, &json!({ "data": data, "info": info })))
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn discrete_wall() -> Refusal {
    Refusal::bad(
        "DISCRETE_PAGINATION_LIMIT_EXCEEDED",
        "You can only get the first 2000 records without using page_token param",
        json!({ "limit": PAGE_WALL }),
    )
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
pub(super) fn ids(call: &Call) -> Result<Option<Vec<u64>>, Refusal> {
    let Some(text) = call.param("ids") else { return Ok(None) };
    let ids: Option<Vec<u64>> = text.split(',').map(|id| record_key(id.trim())).collect();
    let ids = ids.ok_or_else(|| Refusal::invalid_param("ids", "bigint"))?;
    if ids.len() > ID_LIMIT {
        return Err(Refusal::param_limit("ids", ID_LIMIT));
    }
    Ok(Some(ids))
}

/// What a page token is bound to: the user, the environment, and everything that is asked but the
/// place in it.
fn binding(cx: &Context<'_>, module: &ModuleSpec) -> String {
    let mut query: Vec<_> =
        cx.call.query.iter().filter(|(name, _)| name != "page" && name != "page_token").collect();
    query.sort();
    let since = cx.call.header("if-modified-since");
    json!([cx.user, cx.environment, module.api_name(), query, since]).to_string()
}

/// Whether the record was changed since then, as far as seconds tell.
pub(super) fn changed_since(record: &Record, then: DateTime<Utc>) -> bool {
    record.modified > whole_seconds(then)
}
