//! Checks of bulk read requests.

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::columns::{self, ColumnError};
use super::criteria::{self, Checked, too_many_relations};
use super::source::{Source, SourceError};
use crate::crm::bulk;
use crate::crm::call::{Context, Refusal};
use crate::crm::scope;
use crate::json::record_key;
use crate::state::{BulkQuery, BulkStart};
use crate::version::Version;

/// The maximum number of fields in a request.
const FIELDS: usize = 1_000;

/// The values of `file_type`.
const FILE_TYPES: [&str; 2] = ["csv", "ics"];

/// The module that an iCalendar file can be read from.
const CALENDAR: &str = "Events";

/// A checked request.
pub(super) struct NewJob {
    pub(super) query: BulkQuery,
    pub(super) page: u64,
    pub(super) start: BulkStart,
    pub(super) callback: Option<String>,
}

/// Reads and checks the call's body.
pub(super) fn read(cx: &Context<'_>) -> Result<NewJob, Refusal> {
    let body = body(cx)?;
    let callback = bulk::callback(&body)?;
    let refused = || Refusal::bad("QUERY_NOT_SUPPORTED", "the query is not supported", json!({}));
    let query = body.get("query").and_then(Value::as_object).ok_or_else(refused)?;
    let file_type = file_type(&body)?;
    if let Some(token) = query.get("page_token").filter(|_| cx.version > Version::V2) {
        return next_page(cx, query, token, callback);
    }
    let name = module_name(cx, query)?;
    let source = Source::find(cx.state, cx.config, name).map_err(|error| match error {
        SourceError::NotAvailable => Refusal::bad(
            "MODULE_NOT_AVAILABLE",
            "the module is not available",
            json!({ "api_name": name }),
        ),
        SourceError::NotSupported => {
            Refusal::bad("MODULE_NOT_SUPPORTED", "the module is not supported", json!({}))
        }
    })?;
    let needed = format!("ZohoCRM.modules.{}.READ", source.scope_module());
    if !scope::covered(&cx.scopes, &needed) {
        return Err(scope::mismatch());
    }
    let fields = fields(cx, &source, query)?;
    if file_type == "ics" {
        return Err(calendar(cx, name, fields.is_some()));
    }
    let of = Checked {
        state: cx.state,
        settings: &cx.config.bulk_read,
        module: &source.module,
        version: cx.version,
    };
    let criteria = match query.get("criteria") {
        None | Some(Value::Null) => None,
        Some(criteria) => Some(criteria::check(of, criteria)?),
    };
    let cvid = view(cx, &source, query)?;
    if source.computed().is_some() && (criteria.is_some() || cvid.is_some()) {
        return Err(not_simulated(cx, "criteria of computed records"));
    }
    let page = page(cx, query)?;
    let start = BulkStart::Offset((page - 1).saturating_mul(cx.config.bulk_read.rows_per_job));
    let query = BulkQuery { module: name.to_owned(), fields, cvid, criteria };
    Ok(NewJob { query, page, start, callback })
}

fn body(cx: &Context<'_>) -> Result<Map<String, Value>, Refusal> {
    let kind = cx.call.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "MEDIA_TYPE_NOT_SUPPORTED",
            "the media type is not supported",
            json!({}),
        ));
    }
    if cx.call.body.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::bad("REQUEST_BODY_IS_EMPTY", "the body is empty", json!({})));
    }
    match serde_json::from_slice(&cx.call.body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(unsupported_body()),
        Err(_) => Err(Refusal::bad("REQUEST_BODY_NOT_READABLE", "the body is not JSON", json!({}))),
    }
}

fn unsupported_body() -> Refusal {
    Refusal::bad("REQUEST_BODY_NOT_SUPPORTED", "the body is not supported", json!({}))
}

fn file_type(body: &Map<String, Value>) -> Result<&str, Refusal> {
    match body.get("file_type") {
        None | Some(Value::Null) => Ok("csv"),
        Some(kind) => {
            let kind = kind.as_str().filter(|kind| FILE_TYPES.contains(kind));
            kind.ok_or_else(|| {
                let details = json!({ "api_name": "file_type", "supported_values": FILE_TYPES });
                Refusal::bad("INVALID_DATA", "invalid data", details)
            })
        }
    }
}

/// Returns the module's name, which is text in v2 and in an object in later versions.
fn module_name<'q>(cx: &Context<'_>, query: &'q Map<String, Value>) -> Result<&'q str, Refusal> {
    let module = query.get("module").unwrap_or(&Value::Null);
    let name = if cx.version == Version::V2 { Some(module) } else { module.get("api_name") };
    let name = name.and_then(Value::as_str).filter(|name| !name.is_empty());
    name.ok_or_else(unsupported_body)
}

fn fields(
    cx: &Context<'_>,
    source: &Source,
    query: &Map<String, Value>,
) -> Result<Option<Vec<String>>, Refusal> {
    let Some(fields) = query.get("fields").filter(|fields| !fields.is_null()) else {
        return Ok(None);
    };
    let wrong = |key: &str, value: Value| {
        let details = json!({ "api_name": "fields", key: value });
        Refusal::bad("INVALID_DATA", "invalid data", details)
    };
    let names = fields.as_array().map(|names| names.iter().map(Value::as_str));
    let names: Option<Vec<&str>> = names.and_then(Iterator::collect);
    let names = names.ok_or_else(|| wrong("expected_data_type", "jsonarray".into()))?;
    if names.len() > FIELDS {
        return Err(wrong("maximum_length", FIELDS.into()));
    }
    if names.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    columns::of_query(cx.state, &cx.config.bulk_read, &source.module, Some(&names)).map_err(
        |(name, error)| {
            let details = json!({ "api_name": name });
            match error {
                ColumnError::NotAvailable => {
                    Refusal::bad("FIELD_NOT_AVAILABLE", "there is no such field", details)
                }
                ColumnError::NotSupported => {
                    Refusal::bad("FIELD_NOT_SUPPORTED", "the field is not supported", details)
                }
                ColumnError::TooManyRelations => too_many_relations(),
            }
        },
    )?;
    Ok(Some(names))
}

/// Refuses an iCalendar file: Zoho makes one only of all fields of the module of events.
fn calendar(cx: &Context<'_>, module: &str, fields: bool) -> Refusal {
    if module == CALENDAR && !fields {
        return not_simulated(cx, "iCalendar files");
    }
    Refusal::bad("NOT_SUPPORTED_FEATURE", "the file type is not supported here", json!({}))
}

fn not_simulated(cx: &Context<'_>, what: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_SIMULATED",
        format!("the simulator does not support {what}"),
        json!({ "method": cx.call.method.as_str(), "path": cx.call.path }),
    )
}

fn view(
    cx: &Context<'_>,
    source: &Source,
    query: &Map<String, Value>,
) -> Result<Option<u64>, Refusal> {
    let Some(cvid) = query.get("cvid").filter(|cvid| !cvid.is_null()) else { return Ok(None) };
    let id = cvid.as_str().and_then(record_key);
    let view = id.and_then(|id| cx.store().views.get(&id)).ok_or_else(|| {
        Refusal::bad("INVALID_DATA", "invalid data", json!({ "api_name": "cvid", "value": cvid }))
    })?;
    if view.module != source.module.api_name() {
        return Err(Refusal::bad("CVID_NOT_SUPPORTED", "the view is not supported", json!({})));
    }
    Ok(id)
}

fn page(cx: &Context<'_>, query: &Map<String, Value>) -> Result<u64, Refusal> {
    let last = cx.config.bulk_read.last_page;
    match query.get("page") {
        None | Some(Value::Null) => Ok(1),
        Some(page) => match page.as_u64() {
            Some(page) if page > last => Err(Refusal::bad(
                "PAGE_RANGE_EXCEEDED",
                "the page is out of range",
                json!({ "max_limit": last }),
            )),
            Some(page) if page > 0 => Ok(page),
            _ => Err(Refusal::bad("PAGE_NOT_SUPPORTED", "the page is not supported", json!({}))),
        },
    }
}

/// Reads the request of a next page, which has only the token.
fn next_page(
    cx: &Context<'_>,
    query: &Map<String, Value>,
    token: &Value,
    callback: Option<String>,
) -> Result<NewJob, Refusal> {
    if query.len() > 1 {
        let message = "page_token cannot be combined with other members";
        return Err(Refusal::bad("INVALID_REQUEST", message, json!({})));
    }
    let known = token.as_str().and_then(|token| cx.store().bulk_reads.page_tokens.get(token));
    let own = known.filter(|known| known.user == cx.user);
    let known = own.ok_or_else(|| {
        let details = json!({ "api_name": "page_token", "value": token });
        Refusal::bad("INVALID_DATA", "invalid data", details)
    })?;
    if known.expires <= cx.now {
        return Err(Refusal::bad("EXPIRED_VALUE", "the page token has expired", json!({})));
    }
    let query = known.query.clone();
    Ok(NewJob { query, page: known.page, start: known.start, callback })
}
