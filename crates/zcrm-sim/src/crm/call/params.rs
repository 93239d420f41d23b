//! The parameters and headers of a query.

use chrono::{DateTime, Utc};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::clock::parse_stamp;
use crate::http::{Answer, IncomingCall};
use crate::json::record_key;
use crate::version::Version;

/// The maximum number of records per page.
const PER_PAGE: usize = 200;
/// The maximum number of fields named by a call.
const FIELD_LIMIT: usize = 50;
/// The maximum number of ids named by a call.
const ID_LIMIT: usize = 100;
/// The number of records that can be reached with page numbers.
pub(crate) const PAGED_RECORDS_LIMIT: usize = 2_000;

/// The number and size of a page.
pub(crate) struct PageParams {
    pub(crate) page: usize,
    pub(crate) per_page: usize,
}

impl PageParams {
    pub(crate) fn of(call: &IncomingCall) -> Result<Self, Refusal> {
        // An empty number counts as absent, because older clients send them.
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

    /// Returns the number of records before the page.
    pub(crate) fn offset(&self) -> usize {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// Returns whether the page ends beyond the records that page numbers can reach.
    pub(crate) fn exceeds_limit(&self) -> bool {
        self.page.saturating_mul(self.per_page) > PAGED_RECORDS_LIMIT
    }
}

/// Returns the fields named by a call.
pub(crate) fn fields(
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

/// Returns the time in a conditional header.
pub(crate) fn condition(
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

/// Parses a parameter that is `true`, `false` or `both`; `both` is `None`.
pub(crate) fn either(
    call: &IncomingCall,
    name: &str,
    default: bool,
) -> Result<Option<bool>, Refusal> {
    match call.param(name) {
        None => Ok(Some(default)),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some("both") => Ok(None),
        Some(_) => Err(Refusal::unsupported_param(name, &["true", "false", "both"])),
    }
}

/// Refuses two parameters that exclude each other.
pub(crate) fn ambiguous(message: &str, names: [&str; 2]) -> Refusal {
    let due_to = names.map(|name| json!({ "param_name": name }));
    Refusal::bad("AMBIGUITY_DURING_PROCESSING", message, json!({ "ambiguity_due_to": due_to }))
}

/// Returns the ids named by a call.
pub(crate) fn ids(call: &IncomingCall) -> Result<Option<Vec<u64>>, Refusal> {
    let Some(text) = call.param("ids") else { return Ok(None) };
    let text = text.trim_end_matches(',');
    let ids: Option<Vec<u64>> = text.split(',').map(|id| record_key(id.trim())).collect();
    let ids = ids.ok_or_else(|| Refusal::invalid_param("ids", "bigint"))?;
    if ids.len() > ID_LIMIT {
        return Err(Refusal::param_limit("ids", ID_LIMIT));
    }
    Ok(Some(ids))
}

/// Returns a page of `found`, by page number; answers with the status `none` if it is empty.
pub(crate) fn page(key: &str, found: &[Value], paging: &PageParams, none: StatusCode) -> Answer {
    let page = found.get(paging.offset()..).unwrap_or_default();
    let more = page.len() > paging.per_page;
    let page = page.get(..paging.per_page).unwrap_or(page);
    if page.is_empty() {
        return Answer::empty(none);
    }
    let info = page_info(paging.per_page, page.len(), paging.page, more);
    Answer::json(StatusCode::OK, &json!({ key: page, "info": info }))
}

/// Returns the `info` of a page.
pub(crate) fn page_info(per_page: usize, count: usize, page: usize, more: bool) -> Value {
    json!({ "per_page": per_page, "count": count, "page": page, "more_records": more })
}
