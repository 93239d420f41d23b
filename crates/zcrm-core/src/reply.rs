//! An answer of Zoho, judged by its body.

mod writes;

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, uri::Authority};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{
    ApiError, CallMeta, Code, Error, ErrorKind, Outcome, Page, RetryClass, escaped,
    json::{self, Members},
    page, retry_after, write_results,
};

/// The statuses with which Zoho answers a call that it carried out, accepted or carried out in part.
const SUCCESSES: [StatusCode; 4] =
    [StatusCode::OK, StatusCode::CREATED, StatusCode::ACCEPTED, StatusCode::MULTI_STATUS];

/// Those that can be the answer to a read.
const READ_SUCCESSES: [StatusCode; 2] = [StatusCode::OK, StatusCode::MULTI_STATUS];

/// A whole answer: status, headers and the body's bytes.
///
/// Zoho sends errors with status 200 and mixes both in one 207, so every method here looks into
/// the body before it believes the status. A success is only what has one of the statuses that are
/// successes for the call, with a body that says so too.
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
            maybe_executed: false,
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
    pub fn maybe_executed(mut self, doubt: bool) -> Self {
        self.maybe_executed = doubt;
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

    /// The list under `key`, or under a path of keys such as `org_taxes.taxes`. No content (204) in
    /// answer to a read is an empty page.
    ///
    /// # Errors
    /// Of kind [`Api`](ErrorKind::Api) and its like where Zoho refused, of kind
    /// [`NotModified`](ErrorKind::NotModified) where it answered 304, of kind
    /// [`Decode`](ErrorKind::Decode) where the answer is something else.
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

    /// The object under `key`, or under a path of keys, or the first of the list there. A write must
    /// answer with exactly one.
    ///
    /// # Errors
    /// Of kind [`NotFound`](ErrorKind::NotFound) where a read was answered with nothing (204, an empty
    /// list), [`NotModified`](ErrorKind::NotModified) on 304, [`Api`](ErrorKind::Api) where Zoho
    /// refused, [`Record`](ErrorKind::Record) where it does not fit `T`,
    /// [`Decode`](ErrorKind::Decode) where the answer is something else.
    pub fn object<T: DeserializeOwned + 'static>(&self, key: &str) -> Result<T, Error> {
        let expected = format_args!("one object under `{key}`");
        let Some(text) = self.content(self.successes(), expected)? else {
            return Err(self.nothing());
        };
        let other = || self.other_than(text, expected);
        let (text, key) = within(text, key).ok_or_else(other)?;
        // a list first: operations that read one record answer so
        let item = match page::first(&self.body, text, key) {
            Ok(Some(page::FirstItem { count, item: Some(item) })) if count == 1 || self.reads() => {
                item
            }
            Ok(Some(page::FirstItem { count, .. })) if count == 0 && self.reads() => {
                return Err(self.nothing());
            }
            Ok(Some(page::FirstItem { count, .. })) => {
                return Err(self.unusable(format!(
                    "the answer has {count} items under `{}`, and one was expected",
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

    /// The whole body as `T`. No content (204) in answer to a read is JSON's `null`.
    ///
    /// # Errors
    /// Where Zoho refused or the body does not fit `T`, of kind
    /// [`NotModified`](ErrorKind::NotModified) on 304, and of kind [`NotFound`](ErrorKind::NotFound)
    /// where a read was answered with 204 and `null` does not fit `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let Some(text) = self.content(&SUCCESSES, format_args!("a success"))? else {
            return serde_json::from_str("null").map_err(|_| self.nothing());
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

    /// The error for this answer where something else was expected, such as "a file": Zoho's refusal
    /// where it holds one, at the top or under any member; of kind [`NotFound`](ErrorKind::NotFound) for
    /// no content (204); else of kind [`Decode`](ErrorKind::Decode). It has the call, host, status and
    /// attempts.
    #[must_use]
    pub fn unexpected(&self, expected: &str) -> Error {
        let expected = format_args!("{expected}");
        match self.content(&SUCCESSES, expected) {
            Err(error) => error,
            Ok(None) => self.nothing(),
            Ok(Some(text)) => self.other_than(text, expected),
        }
    }

    /// Checks that the answer to a write is one success: an object with a `code` that says so, at the
    /// top or as the only element of a list.
    ///
    /// # Errors
    /// Where Zoho refused, and of kind [`Decode`](ErrorKind::Decode) where the answer is something
    /// else.
    pub fn success(&self) -> Result<(), Error> {
        let Some(text) = self.content(self.successes(), format_args!("a success"))? else {
            return Err(self.unusable("the answer is empty (204) and does not say what was done"));
        };
        match write_results::sole_success(text) {
            true => Ok(()),
            false => Err(self.other_than(text, format_args!("a success"))),
        }
    }

    /// The error for this answer where it cannot be used: of kind [`Decode`](ErrorKind::Decode), with
    /// the call, host, status and attempts. Its outcome is [`Executed`](Outcome::Executed) for a write
    /// that was answered with 2xx, and [`Local`](Outcome::Local) for such a read.
    #[must_use]
    pub fn unusable(&self, message: impl Into<Cow<'static, str>>) -> Error {
        let outcome = Outcome::of_unusable(self.status, &self.call);
        self.context(Error::new(ErrorKind::Decode, outcome, message))
    }

    fn reads(&self) -> bool {
        self.call.retry_class() == RetryClass::Read
    }

    /// The statuses that are successes for this call, if their body says so too.
    fn successes(&self) -> &'static [StatusCode] {
        if self.reads() { &READ_SUCCESSES } else { &SUCCESSES }
    }

    /// The JSON of an answer whose status is one of the `successes`; `None` for a read that was
    /// answered with no content.
    fn content(
        &self,
        successes: &[StatusCode],
        expected: fmt::Arguments<'_>,
    ) -> Result<Option<&str>, Error> {
        match self.status {
            StatusCode::NO_CONTENT if self.reads() => Ok(None),
            StatusCode::NO_CONTENT => {
                Err(self.unusable("the answer is empty (204) and does not say what was done"))
            }
            StatusCode::NOT_MODIFIED => Err(self.not_modified()),
            status if successes.contains(&status) => self.json_text().map(Some),
            status if status.is_client_error() || status.is_server_error() => {
                Err(self.other_than(self.json_text()?, expected))
            }
            status => Err(match self.json_text().ok().and_then(|text| self.refusal(text)) {
                Some(api) => self.context(Error::from_api(api)),
                None if status.is_redirection() => self.failure(
                    "the answer is a redirect, and redirects are not followed: check the host, or a \
                     proxy in between",
                ),
                None => self.failure(format!(
                    "the answer has status {}, which is not a success of this operation",
                    status.as_u16()
                )),
            }),
        }
    }

    fn nothing(&self) -> Error {
        self.context(Error::new(ErrorKind::NotFound, Outcome::Local, "Zoho has no such item"))
    }

    fn not_modified(&self) -> Error {
        let message = match self.reads() {
            true => "not modified: it exists, and did not change since the instant that was named",
            false => "the answer is 304 (not modified), which does not say what became of a write",
        };
        let outcome = Outcome::of_unusable(self.status, &self.call);
        self.context(Error::new(ErrorKind::NotModified, outcome, message))
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
    fn other_than(&self, text: &str, expected: fmt::Arguments<'_>) -> Error {
        if let Some(api) = self.refusal(text) {
            return self.context(Error::from_api(api));
        }
        if !self.status.is_success() && write_results::sole_success(text) {
            let error = "the answer says that it is a success, and has the status of a failure";
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

    /// Zoho's error: at the top, as the first element of a list, or under a member.
    fn refusal(&self, text: &str) -> Option<ApiError> {
        let error = |json: &RawValue| {
            // a record may have fields of these names, and then it has an id too
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

    /// An answer that holds nothing to go by but its status.
    fn failure(&self, message: impl Into<Cow<'static, str>>) -> Error {
        let kind = match self.status {
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
            StatusCode::PRECONDITION_FAILED => ErrorKind::Conflict,
            _ => ErrorKind::Decode,
        };
        let outcome = Outcome::of_unusable(self.status, &self.call);
        self.context(Error::new(kind, outcome, message).with_excerpt(&self.body))
    }

    /// Whether a refusal may only say that an earlier attempt of this call did it.
    fn is_echo(&self, api: &ApiError) -> bool {
        let code = api.code();
        self.maybe_executed
            && (api.status() == StatusCode::PRECONDITION_FAILED
                || *code == Code::ALREADY_MODIFIED
                || *code == Code::ID_ALREADY_CONVERTED
                || (self.call.method() == Method::DELETE && *code == Code::INVALID_DATA))
    }

    fn context(&self, mut error: Error) -> Error {
        // a refusal of Zoho's own stands for the earlier attempts too, unless it is their echo or
        // says nothing of the call itself
        let stands = error.api().is_some_and(|api| !self.is_echo(api)) && !error.is_throttled();
        if self.maybe_executed && !stands && error.outcome() != Outcome::Executed {
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

/// The object that a path of keys leads into, and the last key of the path.
fn within<'a, 'k>(mut text: &'a str, path: &'k str) -> Option<(&'a str, &'k str)> {
    let mut key = path;
    while let Some((first, rest)) = key.split_once('.') {
        text = Members::parse(text).ok()?.get(first)?.get();
        key = rest;
    }
    Some((text, key))
}
