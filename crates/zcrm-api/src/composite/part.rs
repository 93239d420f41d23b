//! A part of a composite request: its JSON, and the reader of its answer.

use std::{any::Any, collections::BTreeMap};

use bytes::Bytes;
use http::Request as HttpRequest;
use serde::Serialize;
use serde_json::value::RawValue;
use zcrm_core::{CallMeta, Error, Reply, ResponseShape, RetryClass, escaped};

use super::{
    allowed::{check_amount, check_operation, limit_read},
    kinds::CompositePart,
    reference::{Handle, Mark, RecordReference},
    references::KnownReferences,
};
use crate::{Api, Call, Request};

/// The longest path of a part, by Zoho's OpenAPI file `composite-requests` of 2026.
const LONGEST_PATH: usize = 2_048;

/// The header of another organisation, which Zoho refuses in a part.
const OTHER_ORGANISATION: &str = "x-crm-org";

/// The answer of a part, whose type its handle has.
pub(super) type PartAnswer = Result<Box<dyn Any + Send>, Error>;

pub(super) struct Part {
    pub(super) meta: CallMeta,
    pub(super) request: SubRequest,
    pub(super) read: Box<dyn FnOnce(&Reply) -> PartAnswer + Send>,
    /// The key of the results in the answer.
    key: &'static str,
}

/// A part as Zoho reads it.
#[derive(Serialize)]
pub(super) struct SubRequest {
    sub_request_id: String,
    method: String,
    uri: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

impl Part {
    /// Prepares a request as the next part after `earlier` ones, all sent by `api`.
    pub(super) fn new<K: CompositePart>(
        request: Request<K>,
        api: &Api,
        mark: Mark,
        earlier: &[Self],
    ) -> Result<Self, Error> {
        let Request { call, mut kind } = request;
        call.must_be_right()?;
        check_operation(call.request().operation())?;
        check_sender(&call, api)?;
        let call = limit_read(kind.prepare(call)?)?;
        // a kind may complete the call of another operation
        check_operation(call.request().operation())?;
        let built = call.preview_part()?;
        let meta = match built.extensions().get::<CallMeta>() {
            Some(meta) => meta.clone(),
            None => return Err(Error::input("the part has no description of its call")),
        };
        check_read_only(&call, &meta)?;
        let known = KnownReferences(
            earlier
                .iter()
                .enumerate()
                .map(|(index, part)| RecordReference::new(mark, index, part.key).text())
                .collect(),
        );
        let request = SubRequest::new(&call, &built, mark.id_of(earlier.len()), &known)?;
        let key = match call.response() {
            ResponseShape::WriteResults(key) | ResponseShape::WriteResult(key) => key,
            _ => "data",
        };
        let read = Box::new(move |reply: &Reply| -> PartAnswer {
            Ok(Box::new(kind.read_part(&call, reply)?) as _)
        });
        Ok(Self { meta, request, read, key })
    }

    pub(super) fn handle<T>(&self, mark: Mark, index: usize) -> Handle<T> {
        Handle::new(mark, index, self.key)
    }
}

impl SubRequest {
    fn new(
        call: &Call,
        built: &HttpRequest<Bytes>,
        sub_request_id: String,
        known: &KnownReferences,
    ) -> Result<Self, Error> {
        let uri = built.uri().path().to_owned();
        KnownReferences::check_plain("the path", &uri)?;
        if uri.len() > LONGEST_PATH {
            return Err(Error::input(format!(
                "the path has {} characters, but a part of a composite request has at most \
                 {LONGEST_PATH}",
                uri.len()
            )));
        }
        let mut params = BTreeMap::new();
        for (name, value) in call.request().query_pairs() {
            KnownReferences::check_plain("the name of a parameter", name)?;
            KnownReferences::check_plain(&format!("the parameter `{}`", escaped(name)), value)?;
            params.insert(name.to_owned(), value.to_owned());
        }
        let mut headers = BTreeMap::new();
        for (name, value) in call.request().header_pairs() {
            let name = name.as_str();
            let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
                Error::input(format!("the header `{name}` of the part is not UTF-8"))
            })?;
            KnownReferences::check_plain(&format!("the header `{name}`"), text)?;
            if name == OTHER_ORGANISATION {
                return Err(Error::input(format!(
                    "the header `{name}` is not possible in a part of a composite request: set it for the \
                     whole request"
                )));
            }
            if headers.insert(name.to_owned(), text.to_owned()).is_some() {
                return Err(Error::input(format!("the part has the header `{name}` twice")));
            }
        }
        let body = body_of(built.body(), known)?;
        let parsed = body.as_ref().and_then(|body| serde_json::from_str(body.get()).ok());
        check_amount(call, parsed.as_ref())?;
        let method = built.method().as_str().to_owned();
        Ok(Self { sub_request_id, method, uri, params, headers, body })
    }
}

/// Checks that a body is a JSON object without foreign references, and keeps its text.
fn body_of(bytes: &Bytes, known: &KnownReferences) -> Result<Option<Box<RawValue>>, Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    known.check_body(bytes)?;
    let raw = serde_json::from_slice::<Box<RawValue>>(bytes);
    match raw {
        Ok(raw) if raw.get().starts_with('{') => Ok(Some(raw)),
        _ => Err(Error::input("the body of a part of a composite request must be a JSON object")),
    }
}

/// Checks that a part can be sent by the same client, with the same limits.
fn check_sender(call: &Call, api: &Api) -> Result<(), Error> {
    if !call.api().is_same_sender(api) {
        return Err(Error::input(
            "the part belongs to a client with another user, transport, version or headers: build all \
             parts with the client of the composite request",
        ));
    }
    match call.api().settings() == api.settings() {
        true => Ok(()),
        false => Err(Error::input(
            "the part has its own `timeout` or `attempts`, but all parts are sent in one call: set them \
             for the composite request",
        )),
    }
}

fn check_read_only(call: &Call, meta: &CallMeta) -> Result<(), Error> {
    match call.api().is_read_only() && meta.retry_class() != RetryClass::Read {
        true => {
            let refused = Error::input("this API is read-only, but the call may write");
            Err(refused.with_call(meta))
        }
        false => Ok(()),
    }
}

/// Returns the class of a call with these parts.
///
/// Writes that may each be repeated are not safe to repeat together: a repeated upsert can miss a
/// record that a later part has changed.
pub(super) fn retry_class(parts: &[Part]) -> RetryClass {
    let mut writes =
        parts.iter().map(|part| part.meta.retry_class()).filter(|class| *class != RetryClass::Read);
    match (writes.next(), writes.next()) {
        (None, _) => RetryClass::Read,
        (Some(RetryClass::Idempotent), None) => RetryClass::Idempotent,
        _ => RetryClass::NotIdempotent,
    }
}

/// The body of a composite request.
#[derive(Serialize)]
pub(super) struct Envelope<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rollback_on_fail: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parallel_execution: Option<bool>,
    /// The name of `parallel_execution` in v3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) concurrent_execution: Option<bool>,
    #[serde(rename = "__composite_requests")]
    pub(super) parts: Vec<&'a SubRequest>,
}
