//! A part of a composite call: its checks, its references, and the call that it makes.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::allowed::{Allowance, READ_LIMIT, WRITE_LIMIT, allowance};
use super::reference::{Lookup, Member, WrongReference, collect_ids, resolve, resolve_address};
use super::request::KEY;
use crate::crm::call::{Refusal, RowError};
use crate::http::{Answer, IncomingCall};
use crate::limits::query_limit;
use crate::version::{Version, tenths};

const ID_REGEX: &str = "[a-zA-Z0-9][a-zA-Z0-9_]*";
const URI_REGEX: &str = "/crm(/.*)?/v[0-9]+([.][0-9]+)?/.*";
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// The headers that a part cannot set.
const RESTRICTED_HEADERS: [&str; 2] = ["authorization", "x-crm-org"];

/// A part as it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'r> {
    index: usize,
    values: &'r Map<String, Value>,
    pub(super) id: Option<&'r str>,
    uri: &'r str,
    method: &'r str,
}

/// Returns the path of a member of a part.
fn path(index: usize, name: &str) -> String {
    format!("$.{KEY}[{index}].{name}")
}

fn details(index: usize, name: &str) -> Map<String, Value> {
    Map::from_iter([
        ("api_name".into(), name.into()),
        ("json_path".into(), path(index, name).into()),
    ])
}

fn details_with(index: usize, name: &str, more: &[(&str, Value)]) -> Value {
    let mut details = details(index, name);
    details.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    details.into()
}

impl<'r> Part<'r> {
    /// Checks the form of a part.
    pub(super) fn read(index: usize, part: &'r Value) -> Result<Self, RowError> {
        let values = part.as_object().ok_or_else(|| {
            let place = format!("$.{KEY}[{index}]");
            RowError::invalid(
                json!({ "api_name": KEY, "json_path": place, "expected_data_type": "jsonobject" }),
            )
        })?;
        let part = Self {
            index,
            values,
            id: id(index, values)?,
            uri: mandatory(index, values, "uri")?,
            method: mandatory(index, values, "method")?,
        };
        if version(part.uri).is_none() {
            return Err(part.wrong_text("uri", URI_REGEX));
        }
        if !METHODS.contains(&part.method) {
            let supported = [("supported_values", json!(METHODS))];
            return Err(RowError::invalid(details_with(index, "method", &supported)));
        }
        for name in ["headers", "params", "body"] {
            if values.get(name).is_some_and(|value| !value.is_null() && !value.is_object()) {
                return Err(part.expected(name, "jsonobject"));
            }
        }
        part.check_headers()?;
        Ok(part)
    }

    fn check_headers(self) -> Result<(), RowError> {
        let names = self.object("headers").into_iter().flat_map(Map::keys);
        let restricted: Vec<&String> = names
            .filter(|name| RESTRICTED_HEADERS.iter().any(|other| name.eq_ignore_ascii_case(other)))
            .collect();
        if restricted.is_empty() {
            return Ok(());
        }
        let more = [("restricted_headers", json!(restricted))];
        Err(RowError::invalid(details_with(self.index, "headers", &more)))
    }

    fn object(self, name: &str) -> Option<&'r Map<String, Value>> {
        self.values.get(name)?.as_object()
    }

    fn wrong_text(self, name: &str, regex: &str) -> RowError {
        wrong_text(self.index, name, regex)
    }

    fn expected(self, name: &str, data_type: &str) -> RowError {
        let more = [("expected_data_type", data_type.into())];
        RowError::invalid(details_with(self.index, name, &more))
    }

    /// Returns the error of two or more parts with the same id.
    pub(super) fn duplicate(self, indexes: &[usize]) -> RowError {
        let more = [("sub_request_indexes", json!(indexes))];
        RowError::duplicate(details_with(self.index, "sub_request_id", &more))
    }

    /// Returns the ids of the parts that this part refers to.
    pub(super) fn referred_ids(self) -> Vec<String> {
        let mut ids = Vec::new();
        for name in ["uri", "params", "body"] {
            if let Some(value) = self.values.get(name) {
                collect_ids(value, &mut ids);
            }
        }
        ids
    }

    /// Returns the call of the part, with the credentials and the server of `whole`.
    pub(super) fn call(
        self,
        whole: &IncomingCall,
        lookup: Lookup<'_>,
    ) -> Result<IncomingCall, RowError> {
        let member = |name: &str| Member { name: name.into(), path: path(self.index, name) };
        let uri = resolve_address(self.uri, &member("uri"), lookup).map_err(wrong_reference)?;
        let resolved = |name: &str| match self.values.get(name).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => resolve(value, &member(name), lookup).map(Some).map_err(wrong_reference),
        };
        let mut query = Vec::new();
        for (name, value) in
            resolved("params")?.as_ref().and_then(Value::as_object).into_iter().flatten()
        {
            match value {
                Value::Null => {}
                Value::String(text) => query.push((name.clone(), text.clone())),
                Value::Bool(_) | Value::Number(_) => query.push((name.clone(), value.to_string())),
                Value::Array(_) | Value::Object(_) => {
                    return Err(self.expected(&format!("params.{name}"), "text"));
                }
            }
        }
        let body = resolved("body")?.map(|body| body.to_string()).unwrap_or_default();
        // The method was checked.
        let method = Method::from_bytes(self.method.as_bytes()).unwrap_or_default();
        Ok(whole.part(method, &uri, query, &self.headers(), body))
    }

    fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in self.object("headers").into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pair = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(text).ok());
            if let Some((name, value)) = pair {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// Refuses a part of a later version than the composite call's, and an operation that is not
    /// allowed in a composite call.
    pub(super) fn admit(self, call: &IncomingCall, whole: Version) -> Result<Allowance, RowError> {
        let own = version(self.uri).unwrap_or_default();
        if own > whole.tenths() {
            return Err(RowError::new(
                "NOT_ALLOWED",
                "the version of the sub request must not be later than that of the composite request",
                json!({
                    "sub_request_version": shown(own),
                    "composite_request_version": shown(whole.tenths()),
                }),
            ));
        }
        match allowance(&call.method, &call.segments) {
            Allowance::Refused => Err(RowError::new(
                "NOT_SUPPORTED",
                "the api is not supported in a composite request",
                json!({ "allowed_services": ["crm"] }),
            )),
            allowance => Ok(allowance),
        }
    }
}

/// Applies the limit of records to the call of a part: a read without a page size gets the
/// maximum. Returns the answer of a part that exceeds the limit.
pub(super) fn limit(call: &mut IncomingCall, allowance: Allowance) -> Option<Answer> {
    let body = || serde_json::from_slice::<Value>(&call.body).unwrap_or_default();
    match allowance {
        Allowance::Free | Allowance::Refused => None,
        Allowance::Read => match call.param("per_page").filter(|text| !text.is_empty()) {
            Some(text) => {
                let exceeds = text.parse::<usize>().is_ok_and(|number| number > READ_LIMIT);
                exceeds.then(|| exceeded("per_page", READ_LIMIT))
            }
            None => {
                call.query.retain(|(name, _)| name != "per_page");
                call.query.push((String::from("per_page"), READ_LIMIT.to_string()));
                None
            }
        },
        Allowance::Query => {
            let within = usize::try_from(query_limit(&body())).is_ok_and(|rows| rows <= READ_LIMIT);
            (!within).then(|| exceeded("limit", READ_LIMIT))
        }
        Allowance::Write(key) => {
            let rows = body().get(key).and_then(Value::as_array).map_or(0, Vec::len);
            (rows > WRITE_LIMIT).then(|| exceeded(key, WRITE_LIMIT))
        }
    }
}

fn exceeded(by: &str, limit: usize) -> Answer {
    let details = json!({ "by": by, "limit": limit });
    Refusal::new(StatusCode::BAD_REQUEST, "LIMIT_EXCEEDED", "limit exceeded", details).into()
}

fn wrong_reference(wrong: WrongReference) -> RowError {
    RowError::new(
        "INVALID_REFERENCE",
        "the reference is invalid",
        json!({
            "api_name": wrong.api_name,
            "json_path": wrong.json_path,
            "reference": wrong.reference,
        }),
    )
}

fn wrong_text(index: usize, name: &str, regex: &str) -> RowError {
    let more = [("expected_data_type", "text".into()), ("regex", regex.into())];
    RowError::invalid(details_with(index, name, &more))
}

fn id(index: usize, values: &Map<String, Value>) -> Result<Option<&str>, RowError> {
    let fits = |text: &&str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match values.get("sub_request_id") {
        None | Some(Value::Null) => Ok(None),
        Some(id) => {
            let id = id.as_str().filter(fits);
            id.map(Some).ok_or_else(|| wrong_text(index, "sub_request_id", ID_REGEX))
        }
    }
}

fn mandatory<'r>(
    index: usize,
    values: &'r Map<String, Value>,
    name: &str,
) -> Result<&'r str, RowError> {
    match values.get(name) {
        None | Some(Value::Null) => Err(RowError::mandatory(details(index, name).into())),
        Some(Value::String(text)) => Ok(text),
        Some(_) => {
            let more = [("expected_data_type", "text".into())];
            Err(RowError::invalid(details_with(index, name, &more)))
        }
    }
}

/// Returns the version in an address in tenths, such as 21 for v2.1; `None` if the address does
/// not have the form that [`URI_REGEX`] describes.
fn version(uri: &str) -> Option<u32> {
    let mut segments = uri.strip_prefix("/crm/")?.split('/').peekable();
    while let Some(segment) = segments.next() {
        segments.peek()?;
        if let Some(tenths) = tenths(segment) {
            return Some(tenths);
        }
    }
    None
}

/// Returns a version as a number, such as 8 or 2.1.
fn shown(tenths: u32) -> Value {
    if tenths.is_multiple_of(10) { (tenths / 10).into() } else { (f64::from(tenths) / 10.0).into() }
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn an_address_has_a_version_and_something_behind_it() {
        for (uri, wanted) in [
            ("/crm/v8/Leads", Some(80)),
            ("/crm/v2.1/Leads/1", Some(21)),
            ("/crm/bulk/v8/read", Some(80)),
            ("/crm/v8/", Some(80)),
            ("/crm/v99999999999/Leads", Some(u32::MAX)),
            ("crm/v8/Leads", None),
            ("/crm/v8", None),
            ("/crm/vx/Leads", None),
            ("/crm/v8.x/Leads", None),
            ("/other/v8/Leads", None),
            ("", None),
        ] {
            assert_eq!(version(uri), wanted, "{uri}");
        }
    }
}
