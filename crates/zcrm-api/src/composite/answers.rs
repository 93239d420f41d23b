//! The answers of the parts of a composite request.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use zcrm_core::{ApiError, Code, Error, Outcome, Reply, RetryClass};

use super::{
    part::{Part, PartAnswer},
    reference::{Handle, Mark},
};

/// The answers of the parts of a composite request, one for each [`Handle`].
///
/// Zoho may execute some parts and refuse others, so take the answer of each. The
/// [outcome](Error::outcome) of an error says what became of its part:
///
/// - [`Refused`](Outcome::Refused): the part was not executed. Zoho refused it, or did not begin it
///   after a failure ([`Code::PROCESSING_STOPPED`]), or undid it ([`Code::ROLLBACK_PERFORMED`]).
/// - [`Executed`](Outcome::Executed): the part was executed, but its answer cannot be used.
/// - [`Local`](Outcome::Local): the part read something that does not exist or cannot be used.
/// - [`Unknown`](Outcome::Unknown): the part may have been executed.
#[must_use = "some parts may have been refused: take the answer of each part"]
pub struct CompositeAnswers {
    mark: Option<Mark>,
    parts: Vec<TakenAnswer>,
    is_rolled_back: bool,
}

struct TakenAnswer {
    reply: Option<Reply>,
    answer: Option<PartAnswer>,
}

impl CompositeAnswers {
    pub(super) fn none() -> Self {
        Self { mark: None, parts: Vec::new(), is_rolled_back: false }
    }

    /// Takes the answer of a part. It can be taken once.
    ///
    /// # Errors
    /// Returns the error of the part. Returns an error of kind
    /// [`Input`](zcrm_core::ErrorKind::Input) if the handle belongs to another composite request,
    /// or if the answer was taken already. The outcome of that error is
    /// [`Unknown`](Outcome::Unknown), because it does not say what became of the part.
    pub fn take<T: 'static>(&mut self, part: Handle<T>) -> Result<T, Error> {
        let number = part.index + 1;
        let taken = || misused(format!("the answer of part {number} was taken already"));
        let answer = self.slot(part)?.answer.take().ok_or_else(taken)??;
        let wrong =
            |_| misused(format!("the answer of part {number} has another type than its handle"));
        answer.downcast::<T>().map(|answer| *answer).map_err(wrong)
    }

    /// Returns the status, headers and body with which Zoho answered a part, or `None` if Zoho has
    /// no answer for it, for example because it was undone.
    ///
    /// It stays after the answer was taken.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the handle belongs to
    /// another composite request.
    pub fn reply<T>(&self, part: Handle<T>) -> Result<Option<&Reply>, Error> {
        let slot = self.parts.get(part.index).filter(|_| self.mark == Some(part.mark));
        Ok(slot.ok_or_else(foreign)?.reply.as_ref())
    }

    /// Returns the errors of the parts whose answers were not taken yet, each with the index of its
    /// part. The first part has the index 0.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &Error)> {
        self.parts.iter().enumerate().filter_map(|(index, slot)| match &slot.answer {
            Some(Err(error)) => Some((index, error)),
            _ => None,
        })
    }

    /// Returns `true` if Zoho undid parts because another part failed; see
    /// [`rollback_on_fail`](crate::Request::rollback_on_fail).
    #[must_use]
    pub fn is_rolled_back(&self) -> bool {
        self.is_rolled_back
    }

    fn slot<T>(&mut self, part: Handle<T>) -> Result<&mut TakenAnswer, Error> {
        let is_ours = self.mark == Some(part.mark);
        self.parts.get_mut(part.index).filter(|_| is_ours).ok_or_else(foreign)
    }

    /// Reads the answers of these parts.
    ///
    /// An error is the error of the call as a whole, and its outcome is that of every part.
    pub(super) fn read(mark: Mark, parts: Vec<Part>, reply: &Reply) -> Result<Self, Error> {
        let list = elements(reply).ok_or_else(|| whole(reply, reply.unexpected(EXPECTED)))?;
        if list.len() != parts.len() {
            let message = format!(
                "the answer has {} parts but the request had {}, so it is not known which belongs to which",
                list.len(),
                parts.len()
            );
            return Err(whole(reply, reply.unusable(message)));
        }
        let is_rolled_back = list.iter().any(|element| {
            let refused = ApiError::from_json(reply.status(), element.get().as_bytes());
            refused.is_some_and(|refused| *refused.code() == Code::ROLLBACK_PERFORMED)
        });
        let read = |(part, element)| TakenAnswer::read(part, reply, element);
        let parts = parts.into_iter().zip(list).map(read).collect();
        Ok(Self { mark: Some(mark), parts, is_rolled_back })
    }
}

fn foreign() -> Error {
    misused("the handle belongs to another composite request")
}

/// Returns the error for a handle that gives no answer. Its part may have been executed.
fn misused(message: impl Into<Cow<'static, str>>) -> Error {
    Error::input(message).with_outcome(Outcome::Unknown)
}

impl fmt::Debug for CompositeAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompositeAnswers")
            .field("parts", &self.parts.len())
            .field("is_rolled_back", &self.is_rolled_back)
            .finish_non_exhaustive()
    }
}

const EXPECTED: &str = "the answers of a composite request";

/// The statuses with which Zoho answers each part: all were begun, some, or none (or all undone).
const ANSWERED: [StatusCode; 3] =
    [StatusCode::OK, StatusCode::MULTI_STATUS, StatusCode::BAD_REQUEST];

/// Returns the answer to each part, if there is one.
fn elements(reply: &Reply) -> Option<Vec<&RawValue>> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(rename = "__composite_requests", borrow)]
        parts: Vec<&'a RawValue>,
    }
    if !ANSWERED.contains(&reply.status()) {
        return None;
    }
    Some(serde_json::from_slice::<Envelope<'_>>(reply.body()).ok()?.parts)
}

/// Returns the error of a call whose answer does not say what became of its parts.
fn whole(reply: &Reply, error: Error) -> Error {
    let is_read = reply.call().retry_class() == RetryClass::Read;
    // a success of the call is not one of each part, and a status by itself does not decide
    match error.api().is_some() || is_read {
        true => error,
        false => error.with_outcome(Outcome::Unknown),
    }
}

/// An answered part.
#[derive(Deserialize)]
struct Element<'a> {
    #[serde(borrow)]
    details: Details<'a>,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    response: Response<'a>,
}

#[derive(Deserialize)]
struct Response<'a> {
    status_code: u16,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default, borrow)]
    body: Option<&'a RawValue>,
}

impl TakenAnswer {
    fn read(part: Part, reply: &Reply, element: &RawValue) -> Self {
        let Part { meta, read, .. } = part;
        let text = element.get();
        let raw = reply.part(reply.status(), reply.body().slice_ref(text.as_bytes()), meta.clone());
        if ApiError::from_json(reply.status(), text.as_bytes()).is_some() {
            let error = raw.unexpected("the answer of a part");
            return Self { reply: None, answer: Some(Err(error)) };
        }
        match response(reply, text) {
            Some((status, headers, body)) => {
                let reply = reply.part(status, body, meta).with_headers(headers);
                let answer = Some(read(&reply));
                Self { reply: Some(reply), answer }
            }
            None => {
                let error =
                    raw.unusable("the answer of a part has neither a response nor an error");
                Self { reply: None, answer: Some(Err(error.with_outcome(Outcome::Unknown))) }
            }
        }
    }
}

/// Returns the status, the headers and the body of an answered part.
fn response(reply: &Reply, element: &str) -> Option<(StatusCode, HeaderMap, Bytes)> {
    let Details { response } = serde_json::from_str::<Element<'_>>(element).ok()?.details;
    let status = StatusCode::from_u16(response.status_code).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in response.headers.unwrap_or_default() {
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.append(name, value);
        }
    }
    let body = response.body.map(RawValue::get).filter(|body| *body != "null");
    let body = body.map_or_else(Bytes::new, |body| reply.body().slice_ref(body.as_bytes()));
    Some((status, headers, body))
}
