//! Zoho's answers, judged by their body.

mod writes;

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, uri::Authority};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use crate::{
    ApiError, CallMeta, Code, Error, ErrorKind, Outcome, Page, RetryClass, escaped,
    json::{self, Members},
    page, retry_after, write_results,
};

/// The statuses of an answer to a call that Zoho executed, accepted or executed in part.
const SUCCESSES: [StatusCode; 4] =
    [StatusCode::OK, StatusCode::CREATED, StatusCode::ACCEPTED, StatusCode::MULTI_STATUS];

/// The statuses of a successful answer to a read.
const READ_SUCCESSES: [StatusCode; 2] = [StatusCode::OK, StatusCode::MULTI_STATUS];

/// A complete answer: its status, its headers and the bytes of its body.
///
/// Zoho sends errors with status 200, and mixes errors and successes in a 207. So all methods judge
/// by the body too: an answer is a success only if its status is a success for the call and its
/// body reports a success.
///
/// ```
/// use http::StatusCode;
/// use zcrm_core::{ApiVersion, CallMeta, Operation, Record, Reply};
///
/// const ROLES: Operation = Operation::get("/settings/roles").id("roles.list");
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
    maybe_executed: bool,
    refused_again: Option<Arc<RefusedAgain>>,
}

/// The cause of an answer that refuses a token for the second time.
struct RefusedAgain(Option<Arc<dyn StdError + Send + Sync>>);

impl Reply {
    /// Creates the answer to a call.
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
            maybe_executed: false,
            refused_again: None,
        }
    }

    /// Sets the answer's headers.
    #[must_use]
    #[inline]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the host that answered and the number of attempts, for errors.
    #[must_use]
    #[inline]
    pub fn with_context(mut self, host: Option<Authority>, attempts: u32) -> Self {
        self.host = host;
        self.attempts = attempts;
        self
    }

    /// Sets whether an earlier attempt of the same call may have been executed.
    ///
    /// This answer may then refuse the call because that attempt was executed (412, deleted,
    /// converted). The outcome of such an error is unknown.
    #[must_use]
    #[inline]
    pub fn maybe_executed(mut self, maybe: bool) -> Self {
        self.maybe_executed = maybe;
        self
    }

    /// Creates the answer to a part of this composite call.
    ///
    /// It has the host and the number of attempts of this answer. If an earlier attempt of the call
    /// may have been executed, so may its part.
    ///
    /// ```
    /// use http::StatusCode;
    /// use zcrm_core::{ApiVersion, BodyShape, CallMeta, Operation, Record, Reply};
    ///
    /// const BATCH: Operation = Operation::post("/batch").body(BodyShape::None);
    /// const LEAD: Operation = Operation::get("/Leads/1").id("lead.get");
    /// let meta = |operation: &Operation| -> Result<CallMeta, zcrm_core::Error> {
    ///     let request = operation.request(ApiVersion::V8).build()?;
    ///     Ok(request.extensions().get::<CallMeta>().unwrap().clone())
    /// };
    ///
    /// let whole = Reply::new(StatusCode::MULTI_STATUS, "{}", meta(&BATCH)?).with_context(None, 2);
    /// let part = whole.part(StatusCode::OK, r#"{"data":[{"id":"1"}]}"#, meta(&LEAD)?);
    /// assert_eq!(part.object::<Record>("data")?.id().unwrap().as_str(), "1");
    /// assert_eq!(part.unusable("odd").attempts(), 2);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    #[must_use]
    pub fn part(&self, status: StatusCode, body: impl Into<Bytes>, call: CallMeta) -> Self {
        Self::new(status, body, call)
            .with_context(self.host.clone(), self.attempts)
            .maybe_executed(self.maybe_executed)
    }

    /// Marks the answer as the refusal of a token that was fetched just before, because another one
    /// was refused.
    ///
    /// The error is then of kind [`Credential`](ErrorKind::Credential), with `fault` as its cause.
    #[must_use]
    pub fn refused_again(mut self, fault: Option<Arc<dyn StdError + Send + Sync>>) -> Self {
        self.refused_again = Some(Arc::new(RefusedAgain(fault)));
        self
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the call that this is the answer to.
    #[must_use]
    pub fn call(&self) -> &CallMeta {
        &self.call
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Reads the list under `key`, or under a path of keys such as `org_taxes.taxes`.
    ///
    /// An answer without content (204) to a read is an empty page.
    ///
    /// # Errors
    /// Returns an error of kind [`Api`](ErrorKind::Api) or a more specific kind if Zoho refused the
    /// call, [`NotModified`](ErrorKind::NotModified) for a 304, and [`Decode`](ErrorKind::Decode)
    /// if the answer is anything else.
    pub fn page<T: DeserializeOwned + 'static>(&self, key: &str) -> Result<Page<T>, Error> {
        let expected = format_args!("a list under `{key}`");
        let Some(text) = self.content(self.successes(), expected)? else {
            return Ok(Page::empty());
        };
        let page = within(text, key).map(|(text, key)| page::decode(&self.body, text, key));
        match page {
            Some(Ok(Some(page))) => Ok(page),
            _ => Err(self.other_than(text, expected)),
        }
    }

    /// Reads the object under `key` or a path of keys, or the first object of a list there.
    ///
    /// The answer to a write must have exactly one object.
    ///
    /// # Errors
    /// Returns an error of kind [`NotFound`](ErrorKind::NotFound) if a read has no result (204 or
    /// an empty list), [`NotModified`](ErrorKind::NotModified) for a 304, [`Api`](ErrorKind::Api)
    /// if Zoho refused the call, [`Record`](ErrorKind::Record) if the object does not fit `T`, and
    /// [`Decode`](ErrorKind::Decode) if the answer is anything else.
    pub fn object<T: DeserializeOwned + 'static>(&self, key: &str) -> Result<T, Error> {
        let expected = format_args!("one object under `{key}`");
        let Some(text) = self.content(self.successes(), expected)? else {
            return Err(self.not_found());
        };
        let other = || self.other_than(text, expected);
        let (text, key) = within(text, key).ok_or_else(other)?;
        // a list first, because operations that read one record return a list of one
        let item = match page::first(&self.body, text, key) {
            Ok(Some(page::FirstItem { count, item: Some(item) }))
                if count == 1 || self.is_read() =>
            {
                item
            }
            Ok(Some(page::FirstItem { count, .. })) if count == 0 && self.is_read() => {
                return Err(self.not_found());
            }
            Ok(Some(page::FirstItem { count, .. })) => {
                return Err(self.unusable(format!(
                    "the answer has {count} items under `{}`, but one was expected",
                    escaped(key)
                )));
            }
            _ => {
                let members = Members::parse(text).ok();
                let value = members.and_then(|members| members.get(key));
                let object = value.filter(|value| value.get().starts_with('{'));
                page::item(&self.body, object.ok_or_else(other)?, 0)
            }
        };
        item.map_err(|error| match error.api() {
            Some(api) => self.context(Error::from_api(api.clone())),
            None => {
                let outcome = Outcome::of_unusable(self.status, &self.call);
                self.context(Error::from_record(error).with_outcome(outcome))
            }
        })
    }

    /// Reads the entire body as a `T`. An answer without content (204) to a read is JSON's `null`.
    ///
    /// # Errors
    /// Returns an error if Zoho refused the call or the body does not fit `T`. It is of kind
    /// [`NotModified`](ErrorKind::NotModified) for a 304, and of kind
    /// [`NotFound`](ErrorKind::NotFound) if a read was answered with 204 and `null` does not fit
    /// `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let Some(text) = self.content(&SUCCESSES, format_args!("a success"))? else {
            return serde_json::from_str("null").map_err(|_| self.not_found());
        };
        if page::error_element(text).is_some() {
            return Err(self.other_than(text, format_args!("a success")));
        }
        serde_json::from_str(text).map_err(|error| match self.refusal(text) {
            Some(api) => self.context(Error::from_api(api)),
            None => self.unusable(format!(
                "the answer does not fit the type `{}`: {}",
                json::short_name::<T>(),
                json::without_value(&error)
            )),
        })
    }

    /// Returns the error for this answer if something else was expected, such as "a file".
    ///
    /// If the answer holds an error object at the top or under any member, the error is Zoho's. For
    /// an answer without content (204) it is of kind [`NotFound`](ErrorKind::NotFound), and
    /// otherwise of kind [`Decode`](ErrorKind::Decode). It names the call, host, status and
    /// attempts.
    #[must_use]
    pub fn unexpected(&self, expected: &str) -> Error {
        let expected = format_args!("{expected}");
        match self.content(&SUCCESSES, expected) {
            Err(error) => error,
            Ok(None) => self.not_found(),
            Ok(Some(text)) => self.other_than(text, expected),
        }
    }

    /// Checks that the answer to a write is one success: an object whose `code` is a success, at
    /// the top or as the only element of a list.
    ///
    /// # Errors
    /// Returns an error if Zoho refused the call, or one of kind [`Decode`](ErrorKind::Decode) if the
    /// answer is anything else.
    pub fn success(&self) -> Result<(), Error> {
        let Some(text) = self.content(self.successes(), format_args!("a success"))? else {
            return Err(self.unusable("the answer is empty (204), but a result was expected"));
        };
        match write_results::sole_success(text) {
            true => Ok(()),
            false => Err(self.other_than(text, format_args!("a success"))),
        }
    }

    /// Returns the error for an answer that cannot be used, of kind [`Decode`](ErrorKind::Decode).
    ///
    /// It names the call, host, status and attempts. Its outcome is [`Executed`](Outcome::Executed)
    /// for a write that was answered with 2xx, and [`Local`](Outcome::Local) for such a read.
    #[must_use]
    pub fn unusable(&self, message: impl Into<Cow<'static, str>>) -> Error {
        let outcome = Outcome::of_unusable(self.status, &self.call);
        self.context(Error::new(ErrorKind::Decode, outcome, message))
    }

    fn is_read(&self) -> bool {
        self.call.retry_class() == RetryClass::Read
    }

    /// Returns the statuses that are successes for this call, if its body reports a success too.
    fn successes(&self) -> &'static [StatusCode] {
        if self.is_read() { &READ_SUCCESSES } else { &SUCCESSES }
    }

    /// Returns the JSON of an answer whose status is one of `successes`, or `None` for a read that
    /// was answered without content.
    fn content(
        &self,
        successes: &[StatusCode],
        expected: fmt::Arguments<'_>,
    ) -> Result<Option<&str>, Error> {
        match self.status {
            StatusCode::NO_CONTENT if self.is_read() => Ok(None),
            StatusCode::NO_CONTENT => {
                Err(self.unusable("the answer is empty (204), but a result was expected"))
            }
            StatusCode::NOT_MODIFIED => Err(self.not_modified()),
            status if successes.contains(&status) => self.json_text().map(Some),
            status if status.is_client_error() || status.is_server_error() => {
                Err(self.other_than(self.json_text()?, expected))
            }
            status => Err(match self.json_text().ok().and_then(|text| self.refusal(text)) {
                Some(api) => self.context(Error::from_api(api)),
                None if status.is_redirection() => self.failure(
                    "the answer is a redirect, which zcrm does not follow: check the host, or a proxy \
                     in between",
                ),
                None => self.failure(format!(
                    "the answer has status {}, which is not a success for this operation",
                    status.as_u16()
                )),
            }),
        }
    }

    fn not_found(&self) -> Error {
        self.context(Error::new(ErrorKind::NotFound, Outcome::Local, "Zoho has no such item"))
    }

    fn not_modified(&self) -> Error {
        let message = match self.is_read() {
            true => "the data exists and was not modified since the given time",
            false => {
                "the answer to a write is 304 (not modified), which does not say whether it was executed"
            }
        };
        let outcome = Outcome::of_unusable(self.status, &self.call);
        self.context(Error::new(ErrorKind::NotModified, outcome, message))
    }

    fn json_text(&self) -> Result<&str, Error> {
        let text =
            std::str::from_utf8(&self.body).map_err(|_| self.failure("the answer is not UTF-8"))?;
        match text.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => Ok(text),
            None => Err(self.failure("the answer is empty")),
            Some(b'<') => Err(self
                .failure("the answer is HTML, not JSON: it comes from a proxy, from a wrong host, or during an outage")),
            Some(_) => Err(self.failure("the answer is not JSON")),
        }
    }

    /// Returns the error for a body of an unexpected form: Zoho's error, or a decoding error.
    fn other_than(&self, text: &str, expected: fmt::Arguments<'_>) -> Error {
        if let Some(api) = self.refusal(text) {
            return self.context(Error::from_api(api));
        }
        if !self.status.is_success() && write_results::sole_success(text) {
            let error = "the answer has an error status, but its body reports a success";
            return self.failure(error).with_outcome(Outcome::Unknown);
        }
        let expected = expected.to_string();
        let expected = escaped(&expected);
        match Members::parse(text) {
            Err(error) => self
                .failure(format!("the answer is not {expected}: {}", json::without_value(&error))),
            Ok(members) if members.0.is_empty() => {
                self.failure(format!("the answer is not {expected}: it is an empty object"))
            }
            Ok(members) => {
                let member = |(key, value): &(json::Text<'_>, &RawValue)| {
                    format!("`{}` ({})", escaped(&key.0), json::kind_of(value.get()))
                };
                let members: Vec<String> = members.0.iter().take(8).map(member).collect();
                self.failure(format!(
                    "the answer is not {expected}: its members are {}",
                    members.join(", ")
                ))
            }
        }
    }

    /// Returns Zoho's error: at the top, in the first element of a list, or under a member.
    fn refusal(&self, text: &str) -> Option<ApiError> {
        let error = |json: &RawValue| {
            // a record may have fields of these names, but it has an id too
            let refused = self.status.as_u16() >= 400 || page::error_element(json.get()).is_some();
            refused.then(|| ApiError::from_json(self.status, json.get().as_bytes())).flatten()
        };
        let first = |list: &RawValue| {
            let list: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
            error(list.first()?)
        };
        let whole: &RawValue = serde_json::from_str(text).ok()?;
        if let Some(found) = error(whole).or_else(|| first(whole)) {
            return Some(found);
        }
        let members = Members::parse(text).ok()?;
        members.0.iter().find_map(|(_, value)| error(value).or_else(|| first(value)))
    }

    /// Returns the error for an answer that can be judged only by its status.
    fn failure(&self, message: impl Into<Cow<'static, str>>) -> Error {
        let kind = match self.status {
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
            StatusCode::PRECONDITION_FAILED => ErrorKind::Conflict,
            _ => ErrorKind::Decode,
        };
        let outcome = match self.is_broken_off() {
            true => Outcome::of_broken(self.status, &self.call),
            false => Outcome::of_unusable(self.status, &self.call),
        };
        self.context(Error::new(kind, outcome, message).with_excerpt(&self.body))
    }

    /// Returns `true` if the body may be the beginning of another one: it is empty, or ends within
    /// its JSON. A body without a length can break off without an error of the connection.
    fn is_broken_off(&self) -> bool {
        let Ok(text) = std::str::from_utf8(&self.body) else { return true };
        match text.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => serde_json::from_str::<IgnoredAny>(text).is_err(),
            first => first.is_none(),
        }
    }

    /// Returns `true` if this refusal may be the effect of an earlier attempt of the same call.
    fn is_echo(&self, api: &ApiError) -> bool {
        let code = api.code();
        self.maybe_executed
            && (api.status() == StatusCode::PRECONDITION_FAILED
                || *code == Code::ALREADY_MODIFIED
                || *code == Code::ID_ALREADY_CONVERTED
                // they say what happened in this attempt only
                || *code == Code::PROCESSING_STOPPED
                || *code == Code::ROLLBACK_PERFORMED
                || (self.call.method() == Method::DELETE && *code == Code::INVALID_DATA))
    }

    fn context(&self, mut error: Error) -> Error {
        // a refusal decides for the earlier attempts too, unless it may be their effect or is only
        // a rate limit
        let decided = error.api().is_some_and(|api| !self.is_echo(api)) && !error.is_throttled();
        if self.maybe_executed && !decided && error.outcome() != Outcome::Executed {
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

/// Shows the status and size but not the body, which holds people's data.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("call", &self.call)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Returns the object that a path of keys leads to, and the last key of the path.
fn within<'a, 'k>(mut text: &'a str, path: &'k str) -> Option<(&'a str, &'k str)> {
    let mut key = path;
    while let Some((first, rest)) = key.split_once('.') {
        text = Members::parse(text).ok()?.get(first)?.get();
        key = rest;
    }
    Some((text, key))
}
