//! An answer of Zoho's, judged by its body.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header::RETRY_AFTER, uri::Authority};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{
    ApiError, CallMeta, Code, Error, ErrorKind, Outcome, Outcomes, Page,
    json::{self, Members},
    page,
};

/// A whole answer: status, headers and the body's bytes.
///
/// Zoho sends errors with status 200 and mixes both in one 207, so every method here looks into
/// the body before it believes the status.
///
/// ```
/// use http::StatusCode;
/// use zcrm_core::{ApiVersion, CallMeta, Endpoint, Record, Reply};
///
/// const ROLES: Endpoint = Endpoint::get("/settings/roles").id("roles.list");
/// let request = ROLES.request(ApiVersion::V8).build()?;
/// let call = request.extensions().get::<CallMeta>().unwrap().clone();
///
/// let reply = Reply::new(StatusCode::OK, r#"{"roles":[{"id":"1","name":"CEO"}]}"#, call);
/// let page = reply.page::<Record>("roles")?;
/// assert_eq!(page.items.len(), 1);
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    call: CallMeta,
    host: Option<Authority>,
    attempts: u32,
    after_doubt: bool,
    refused_again: Option<Arc<RefusedAgain>>,
}

/// What is known of an answer that refuses a token for the second time.
struct RefusedAgain(Option<Arc<dyn StdError + Send + Sync>>);

impl Reply {
    /// An answer to `call`.
    #[must_use]
    #[inline]
    pub fn new(status: StatusCode, body: impl Into<Bytes>, call: CallMeta) -> Self {
        let mut body: Bytes = body.into();
        if body.starts_with(b"\xef\xbb\xbf") {
            body = body.slice(3..);
        }
        Self {
            status,
            headers: HeaderMap::new(),
            body,
            call,
            host: None,
            attempts: 0,
            after_doubt: false,
            refused_again: None,
        }
    }

    /// Adds the answer's headers.
    #[must_use]
    #[inline]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Adds who answered and at which attempt, for errors to tell.
    #[must_use]
    #[inline]
    pub fn with_context(mut self, host: Option<Authority>, attempts: u32) -> Self {
        self.host = host;
        self.attempts = attempts;
        self
    }

    /// Says that an earlier attempt of the same call may have been executed. What this answer
    /// refuses because it is done already (412, deleted, converted) then has an unknown outcome:
    /// it may be our own doing.
    #[must_use]
    #[inline]
    pub fn after_doubt(mut self, doubt: bool) -> Self {
        self.after_doubt = doubt;
        self
    }

    /// Says that the answer refuses an access token that was fetched just before, because an
    /// earlier one had been refused too. The error is then of kind
    /// [`Credential`](ErrorKind::Credential) and says so; `fault` is its cause.
    #[must_use]
    pub fn refused_again(mut self, fault: Option<Arc<dyn StdError + Send + Sync>>) -> Self {
        self.refused_again = Some(Arc::new(RefusedAgain(fault)));
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The call that it answers.
    #[must_use]
    pub fn call(&self) -> &CallMeta {
        &self.call
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The list under `key`, or under a path of keys such as `org_taxes.taxes`. No content is an empty
    /// page.
    ///
    /// # Errors
    /// Of kind [`Api`](ErrorKind::Api) and its like where Zoho refused, of kind
    /// [`Decode`](ErrorKind::Decode) where the body is something else.
    pub fn page<T: DeserializeOwned + 'static>(&self, key: &str) -> Result<Page<T>, Error> {
        if self.has_no_content() {
            return Ok(Page::empty());
        }
        let text = self.json_text()?;
        if self.status.as_u16() < 400
            && let Some((text, key)) = within(text, key)
            && let Ok(Some(page)) = page::decode(&self.body, text, key)
        {
            return Ok(page);
        }
        Err(self.other_than(text, &format!("a list under `{key}`")))
    }

    /// One outcome for each of the `sent` records, from the list under `key`.
    ///
    /// # Errors
    /// Where Zoho refused the request as a whole, or the body is something else.
    pub fn outcomes(&self, key: &str, sent: usize) -> Result<Outcomes, Error> {
        let text = self.json_text()?;
        let list = Members::parse(text).ok().and_then(|members| {
            serde_json::from_str::<Vec<&RawValue>>(members.get(key)?.get()).ok()
        });
        let Some(elements) = list else {
            return Err(self.other_than(text, &format!("outcomes under `{key}`")));
        };
        let unknown = |why: &str| {
            self.context(Error::new(ErrorKind::Decode, Outcome::Unknown, why.to_owned()))
        };
        let mut outcomes = Outcomes::decode(self.status, &elements, sent, unknown);
        let doubtful = |api: &ApiError| api.status().is_server_error() || self.is_echo(api);
        outcomes.doubt(doubtful, |api| self.context(Error::from_api(api)));
        Ok(outcomes)
    }

    /// The one outcome under `key` that Zoho gives for a request as a whole, for each of the `sent`
    /// records. Where Zoho answers with a list after all, it is read as [`outcomes`](Self::outcomes)
    /// reads it. Of several records none has an id: the outcome cannot say which it is of.
    ///
    /// # Errors
    /// As [`outcomes`](Self::outcomes).
    pub fn outcome(&self, key: &str, sent: usize) -> Result<Outcomes, Error> {
        let text = self.json_text()?;
        let members = Members::parse(text).ok();
        let whole = members.and_then(|members| members.get(key)).map(RawValue::get);
        let Some(outcome) = whole.filter(|whole| whole.starts_with('{')) else {
            return self.outcomes(key, sent);
        };
        let outcome = match sent {
            1 => outcome.to_owned(),
            _ => without_id(outcome).unwrap_or_else(|| outcome.to_owned()),
        };
        let list = vec![outcome.as_str(); sent].join(",");
        let body = format!("{{{}:[{list}]}}", serde_json::Value::from(key));
        Self { body: body.into(), ..self.clone() }.outcomes(key, sent)
    }

    /// The object under `key`, or under a path of keys, or the first of the list there.
    ///
    /// # Errors
    /// Of kind [`NotFound`](ErrorKind::NotFound) where there is none, [`Api`](ErrorKind::Api)
    /// where Zoho refused, [`Record`](ErrorKind::Record) where it does not fit `T`,
    /// [`Decode`](ErrorKind::Decode) where the body is something else.
    pub fn object<T: DeserializeOwned + 'static>(&self, key: &str) -> Result<T, Error> {
        let nothing = || {
            self.context(Error::new(ErrorKind::NotFound, Outcome::Refused, "Zoho has no such item"))
        };
        if self.has_no_content() {
            return Err(nothing());
        }
        let text = self.json_text()?;
        let other = || self.other_than(text, &format!("a list under `{key}`"));
        if self.status.as_u16() >= 400 {
            return Err(other());
        }
        let (text, key) = within(text, key).ok_or_else(other)?;
        // a list first: so answers whatever reads one record
        let item = match page::decode(&self.body, text, key) {
            Ok(Some(mut page)) if !page.items.is_empty() => page.items.swap_remove(0),
            Ok(Some(_)) => return Err(nothing()),
            _ => {
                let members = Members::parse(text).ok();
                let value = members.and_then(|members| members.get(key));
                let object = value.filter(|value| value.get().starts_with('{'));
                page::item(&self.body, object.ok_or_else(other)?, 0)
            }
        };
        item.map_err(|error| match error.api() {
            Some(api) => self.context(Error::from_api(api.clone())),
            None => self.context(Error::from_record(error)),
        })
    }

    /// The whole body as `T`.
    ///
    /// # Errors
    /// Where Zoho refused, or the body does not fit `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let text = self.json_text()?;
        if self.status.as_u16() >= 400 || page::error_element(text).is_some() {
            return Err(self.other_than(text, "a success"));
        }
        serde_json::from_str(text).map_err(|error| {
            self.context(decode(format!(
                "the answer does not fit the type asked for: {}",
                json::without_value(&error)
            )))
        })
    }

    /// The error for this answer where something else was expected, such as "a file": Zoho's refusal
    /// where it holds one, at the top or under any member; of kind [`NotFound`](ErrorKind::NotFound) for
    /// no content (204); else of kind [`Decode`](ErrorKind::Decode). It has the call, host, status and
    /// attempts.
    #[must_use]
    pub fn unexpected(&self, expected: &str) -> Error {
        if self.status == StatusCode::NO_CONTENT {
            let message = "Zoho has no such item";
            return self.context(Error::new(ErrorKind::NotFound, Outcome::Local, message));
        }
        match self.json_text() {
            Ok(text) => self.other_than(text, expected),
            Err(error) => error,
        }
    }

    /// Whether Zoho says that there is nothing. An empty body beside another status says nothing at
    /// all, and must not end a stream.
    fn has_no_content(&self) -> bool {
        matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    }

    fn json_text(&self) -> Result<&str, Error> {
        let text =
            std::str::from_utf8(&self.body).map_err(|_| self.failure("the answer is not text"))?;
        match text.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => Ok(text),
            None => Err(self.failure("the answer is empty")),
            Some(b'<') => Err(self
                .failure("the answer is HTML, not JSON: a proxy, a wrong host or an outage page")),
            Some(_) => Err(self.failure("the answer is not JSON")),
        }
    }

    /// What a body is that is not what was expected: an error of Zoho's, or undecodable.
    fn other_than(&self, text: &str, expected: &str) -> Error {
        if let Some(api) = self.refusal(text) {
            return self.context(Error::from_api(api));
        }
        match Members::parse(text) {
            Err(error) => self
                .failure(format!("the answer is not {expected}: {}", json::without_value(&error))),
            Ok(members) => {
                let keys: Vec<&str> = members.keys().take(8).collect();
                self.failure(format!(
                    "the answer is not {expected}: its members are `{}`",
                    keys.join("`, `")
                ))
            }
        }
    }

    /// Zoho's error, at the top or as the first element of a list.
    fn refusal(&self, text: &str) -> Option<ApiError> {
        if let Some(error) = ApiError::from_json(self.status, text.as_bytes()) {
            return Some(error);
        }
        if text.trim_start().starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            return ApiError::from_json(self.status, list.first()?.get().as_bytes());
        }
        let members = Members::parse(text).ok()?;
        members.0.iter().find_map(|(_, value)| {
            let list: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            ApiError::from_json(self.status, list.first()?.get().as_bytes())
        })
    }

    /// An answer that holds nothing to go by but its status.
    fn failure(&self, message: impl Into<String>) -> Error {
        let message = message.into();
        let kind = match self.status {
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
            StatusCode::PRECONDITION_FAILED => ErrorKind::Conflict,
            _ => ErrorKind::Decode,
        };
        let error = Error::new(kind, Outcome::of_status(self.status), message);
        self.context(error.with_excerpt(&self.body))
    }

    /// Whether a refusal may only say that an earlier attempt of this call did it.
    fn is_echo(&self, api: &ApiError) -> bool {
        let code = api.code();
        self.after_doubt
            && (api.status() == StatusCode::PRECONDITION_FAILED
                || *code == Code::ALREADY_MODIFIED
                || *code == Code::ID_ALREADY_CONVERTED
                || (self.call.method() == Method::DELETE && *code == Code::INVALID_DATA))
    }

    fn context(&self, mut error: Error) -> Error {
        // a refusal of Zoho's own stands for the earlier attempts too, unless it is their echo or
        // says nothing of the call itself
        let stands = error.api().is_some_and(|api| !self.is_echo(api)) && !error.is_throttled();
        if self.after_doubt && !stands {
            error = error.with_outcome(Outcome::Unknown);
        }
        if let Some(again) = &self.refused_again {
            error = error.refused_again(again.0.clone());
        }
        let mut error = error.with_call(&self.call).with_status(self.status);
        if let Some(host) = &self.host {
            error = error.with_host(host.host());
        }
        if self.attempts > 0 {
            error = error.with_attempts(self.attempts);
        }
        match retry_after(&self.headers) {
            Some(wait) if error.kind() == ErrorKind::Throttled => error.with_retry_after(wait),
            _ => error,
        }
    }
}

/// Tells status and size, and nothing of the body: it holds people's data.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("call", &self.call)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

fn decode(message: String) -> Error {
    Error::new(ErrorKind::Decode, Outcome::Unknown, message)
}

/// `Retry-After` in seconds; Zoho documents none, proxies send it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The object that a path of keys leads into, and the last key of the path.
fn within<'a, 'k>(mut text: &'a str, path: &'k str) -> Option<(&'a str, &'k str)> {
    let mut key = path;
    while let Some((first, rest)) = key.split_once('.') {
        text = Members::parse(text).ok()?.get(first)?.get();
        key = rest;
    }
    Some((text, key))
}

/// An outcome without the `id` among its details.
fn without_id(outcome: &str) -> Option<String> {
    let mut outcome: serde_json::Value = serde_json::from_str(outcome).ok()?;
    outcome.get_mut("details")?.as_object_mut()?.remove("id");
    Some(outcome.to_string())
}
