//! The error type of zcrm.

mod display;
mod kind;
mod text;

use std::{any::Any, borrow::Cow, error::Error as StdError, sync::Arc, time::Duration};

use http::StatusCode;

pub use self::kind::{ErrorKind, Outcome};
use crate::{ApiError, CallMeta, Code, RecordError, RetryClass, escaped};

/// A boxed error, as tower's services return it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// The error type of all crates of zcrm.
///
/// It is opaque and cheap to clone. Programs decide by its [`kind`](Self::kind), its
/// [`outcome`](Self::outcome) and its predicates; the text is for people. `Display` writes one
/// line, which never repeats the [source](StdError::source) and never holds a secret or values of a
/// record. `{:?}` writes a report: that line, then one line for each cause.
///
/// ```
/// use zcrm_core::{Operation, ApiVersion, ErrorKind, Outcome};
///
/// const LEAD: Operation = Operation::get("/Leads/{id}").id("lead.get");
/// let error = LEAD.request(ApiVersion::V8).path("id", "..").build().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Input);
/// assert_eq!(error.outcome(), Outcome::NotSent);
/// assert!(error.to_string().contains("`id`"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    message: Cow<'static, str>,
    context: Option<Box<str>>,
    api: Option<ApiError>,
    record: Option<RecordError>,
    call: Option<CallMeta>,
    host: Option<String>,
    status: Option<StatusCode>,
    attempts: u32,
    retry_after: Option<Duration>,
    excerpt: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    extension: Option<Arc<dyn Any + Send + Sync>>,
}

impl Error {
    /// Creates an error of this kind.
    ///
    /// `message` names the fault and the remedy, and must not hold a secret. Control characters
    /// in it are escaped.
    #[must_use]
    pub fn new(kind: ErrorKind, outcome: Outcome, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            outcome,
            message: match message.into() {
                // a message that is built at run time may hold text from outside
                Cow::Owned(text) => Cow::Owned(escaped(&text).in_full().to_string()),
                fixed => fixed,
            },
            context: None,
            api: None,
            record: None,
            call: None,
            host: None,
            status: None,
            attempts: 0,
            retry_after: None,
            excerpt: None,
            source: None,
            extension: None,
        }))
    }

    /// Creates an error of kind [`Config`](ErrorKind::Config): a setting is invalid, and nothing
    /// was sent.
    #[must_use]
    pub fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config, Outcome::NotSent, message)
    }

    /// Creates an error of kind [`Input`](ErrorKind::Input): an argument is invalid, and nothing
    /// was sent.
    #[must_use]
    pub fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Input, Outcome::NotSent, message)
    }

    /// Creates the error for an error object from Zoho.
    ///
    /// The outcome is [`Outcome::Refused`] if the status is a client error or a success (Zoho sends
    /// errors with 200 too). It is [`Outcome::Unknown`] for any other status, for the codes
    /// `INTERNAL_ERROR`, which means a fault inside Zoho, and `REQUEST_TIMEOUT`, with which Zoho
    /// stops a call that it has begun, and for the code `SUCCESS`, which contradicts an error.
    #[must_use]
    pub fn from_api(api: ApiError) -> Self {
        let (status, code) = (api.status(), api.code());
        let kind = match status {
            StatusCode::NOT_FOUND if *code == Code::INVALID_DATA => ErrorKind::NotFound,
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
            StatusCode::PRECONDITION_FAILED => ErrorKind::Conflict,
            StatusCode::UNAUTHORIZED if code.is_stale_token() => ErrorKind::Credential,
            _ if *code == Code::ALREADY_MODIFIED => ErrorKind::Conflict,
            _ if *code == Code::TOO_MANY_REQUESTS || *code == Code::RATE_LIMIT_EXCEEDED => {
                ErrorKind::Throttled
            }
            _ if *code == Code::DISCRETE_PAGINATION_LIMIT_EXCEEDED
                || *code == Code::PAGINATION_LIMIT_EXCEEDED =>
            {
                ErrorKind::Wall
            }
            _ => ErrorKind::Api,
        };
        let outcome = match status.is_success() {
            // a fault inside Zoho, a call that was stopped, or a code that contradicts the status
            _ if [Code::INTERNAL_ERROR, Code::REQUEST_TIMEOUT, Code::SUCCESS].contains(code) => {
                Outcome::Unknown
            }
            true => Outcome::Refused,
            false => Outcome::of_status(status),
        };
        let mut error = Self::new(kind, outcome, text::REFUSED).with_status(status);
        error.inner().api = Some(api);
        error
    }

    /// Creates the error for a record of a list that was read and could not be used:
    /// [`Outcome::Local`].
    #[must_use]
    pub fn from_record(record: RecordError) -> Self {
        let mut error = Self::new(ErrorKind::Record, Outcome::Local, "a record could not be read");
        error.inner().record = Some(record);
        error
    }

    /// Converts a boxed error back into a zcrm error, after it crossed a tower stack.
    ///
    /// An error of another type becomes the source of an error of kind [`Other`](ErrorKind::Other).
    #[must_use]
    pub fn from_boxed(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => *ours,
            Err(other) => {
                Self::new(ErrorKind::Other, Outcome::Unknown, "a layer or transport failed")
                    .with_boxed_source(other)
            }
        }
    }

    /// Adds what the failed call was for, such as `the upload of part 3`, in front of the text.
    ///
    /// Kind, outcome and code stay the same. Control characters are escaped.
    #[must_use]
    pub fn in_context(mut self, context: &str) -> Self {
        let context = escaped(context).in_full().to_string();
        let inner = self.inner();
        inner.context = Some(match &inner.context {
            Some(inside) => format!("{context}: {inside}").into(),
            None => context.into(),
        });
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with_boxed_source(Box::new(source))
    }

    /// Sets the cause, given as a boxed error.
    #[must_use]
    pub fn with_boxed_source(mut self, source: BoxError) -> Self {
        self.inner().source = Some(Arc::from(source));
        self
    }

    /// Attaches a value for programs, such as the cursor of a stream.
    ///
    /// The value is not a cause, and no text shows it. An error holds one value, and a later one
    /// replaces it.
    #[must_use]
    pub fn with_extension(mut self, value: impl Any + Send + Sync) -> Self {
        self.inner().extension = Some(Arc::new(value));
        self
    }

    /// Returns the attached value if it is a `T`.
    #[must_use]
    pub fn extension<T: Any>(&self) -> Option<&T> {
        self.0.extension.as_deref()?.downcast_ref()
    }

    /// Turns a refusal of an access token into an error of kind `Credential`.
    ///
    /// The token was fetched just before, because another one was refused, so fetching a token
    /// again does not help.
    pub(crate) fn refused_again(mut self, fault: Option<Arc<dyn StdError + Send + Sync>>) -> Self {
        let inner = self.inner();
        inner.kind = ErrorKind::Credential;
        inner.message = Cow::Borrowed(
            "Zoho refused the access token, and then a new one that was fetched just after: the \
             login belongs to another environment or data centre than this host, or its user may not \
             use the API",
        );
        if fault.is_some() {
            inner.source = fault;
        }
        self
    }

    /// Sets the operation that failed, if none is set.
    #[must_use]
    pub fn with_call(mut self, call: &CallMeta) -> Self {
        if self.0.call.is_none() {
            self.inner().call = Some(call.clone());
        }
        self
    }

    /// Sets the host that the request was for.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.inner().host = Some(host.into());
        self
    }

    /// Sets the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.inner().status = Some(status);
        self
    }

    /// Sets the number of times that the request was sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.inner().attempts = attempts;
        self
    }

    /// Sets the time to wait before the next attempt.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.inner().retry_after = Some(wait);
        self
    }

    /// Keeps the beginning of an answer that could not be understood, without tokens.
    #[must_use]
    pub(crate) fn with_excerpt(mut self, body: &[u8]) -> Self {
        self.inner().excerpt = Some(text::excerpt(body));
        self
    }

    /// Removes the answer's text, for answers that hold secrets.
    #[must_use]
    pub fn without_excerpt(mut self) -> Self {
        if self.0.excerpt.is_some() {
            self.inner().excerpt = None;
        }
        self
    }

    /// Replaces the outcome, if a layer above knows it better.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.inner().outcome = outcome;
        self
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the outcome: whether Zoho executed the request.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Returns Zoho's error object, if there is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }

    /// Returns Zoho's error code, if there is one.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        self.api().map(ApiError::code)
    }

    /// Returns the record that could not be read, if the kind is [`Record`](ErrorKind::Record).
    #[must_use]
    pub fn record(&self) -> Option<&RecordError> {
        self.0.record.as_ref()
    }

    /// Returns the operation's id, such as `records.list`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.call.as_ref().map(CallMeta::operation)
    }

    /// Returns the host that the request was for.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// Returns the HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the number of times that the request was sent, or 0 if that is not known.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the time to wait before the next attempt, if the server or a local limit names one.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the beginning of an answer that could not be understood, such as a proxy's page.
    ///
    /// It has 512 characters at most. It may hold people's data, so neither `Display` nor `Debug`
    /// shows it.
    #[must_use]
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// Returns the operation's scopes if Zoho answered `OAUTH_SCOPE_MISMATCH`: the token lacks
    /// them.
    ///
    /// Usually one of them is enough. It takes a new login that asks for it.
    ///
    /// ```
    /// use http::StatusCode;
    /// use zcrm_core::{ApiError, ApiVersion, CallMeta, Code, Operation, Error};
    ///
    /// const ORG: Operation = Operation::get("/org").scopes(&["ZohoCRM.org.ALL", "ZohoCRM.org.READ"]);
    /// let request = ORG.request(ApiVersion::V8).build()?;
    /// let call = request.extensions().get::<CallMeta>().unwrap();
    ///
    /// let refusal = ApiError::new(StatusCode::UNAUTHORIZED, Code::OAUTH_SCOPE_MISMATCH, "no");
    /// let error = Error::from_api(refusal).with_call(call);
    /// assert_eq!(error.missing_scope(), Some(&["ZohoCRM.org.ALL", "ZohoCRM.org.READ"][..]));
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    #[must_use]
    pub fn missing_scope(&self) -> Option<&'static [&'static str]> {
        let mismatch = self.code() == Some(&Code::OAUTH_SCOPE_MISMATCH);
        let scopes = self.0.call.as_ref().map(CallMeta::scopes)?;
        (mismatch && !scopes.is_empty()).then_some(scopes)
    }

    /// Returns `true` if the login is not valid any more, so that the user must log in again.
    #[must_use]
    pub fn is_credential(&self) -> bool {
        self.kind() == ErrorKind::Credential
    }

    /// Returns `true` if a rate or concurrency limit was exceeded.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.kind() == ErrorKind::Throttled
    }

    /// Returns `true` if the record does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Returns `true` if Zoho answered 304: the data was not modified after the time that the call
    /// named.
    #[must_use]
    pub fn is_not_modified(&self) -> bool {
        self.kind() == ErrorKind::NotModified
    }

    /// Returns `true` if the record was modified after the time that the write named.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Returns `true` if a deadline passed, either of an attempt or of the entire call.
    ///
    /// A connection that was not established in time is [`is_connect`](Self::is_connect) instead.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Returns `true` if no connection could be established, so that nothing was sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.kind() == ErrorKind::Connect
    }

    /// Returns `true` if the user or the token's scopes do not permit the call.
    ///
    /// Zoho answered 403, or with `NO_PERMISSION`, `PERMISSION_DENIED`, `AUTHORIZATION_FAILED` or
    /// `OAUTH_SCOPE_MISMATCH`.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        let codes = [
            Code::NO_PERMISSION,
            Code::PERMISSION_DENIED,
            Code::AUTHORIZATION_FAILED,
            Code::OAUTH_SCOPE_MISMATCH,
        ];
        self.status() == Some(StatusCode::FORBIDDEN)
            || self.code().is_some_and(|code| codes.contains(code))
    }

    /// Returns `true` if the record is locked (`RECORD_LOCKED`), so that Zoho refuses to change it.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.code() == Some(&Code::RECORD_LOCKED) || self.status() == Some(StatusCode::LOCKED)
    }

    /// Returns `true` if repeating the call cannot have a second effect: nothing was executed, or
    /// the call only reads.
    #[must_use]
    pub fn is_safe_to_repeat(&self) -> bool {
        match self.outcome() {
            Outcome::NotSent | Outcome::Refused | Outcome::Local => true,
            Outcome::Executed | Outcome::Unknown => {
                self.0.call.as_ref().is_some_and(|call| call.retry_class() == RetryClass::Read)
            }
        }
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }
}

/// Creates the error as [`Error::from_record`] does.
impl From<RecordError> for Error {
    fn from(record: RecordError) -> Self {
        Self::from_record(record)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, time::Duration};

    use http::StatusCode;

    use super::{BoxError, Error, ErrorKind, Outcome};
    use crate::{ApiError, Code};

    #[test]
    fn keeps_its_fields_through_a_tower_stack() {
        let error = Error::config("no client id").with_retry_after(Duration::from_secs(3));
        let boxed: BoxError = error.into();
        let back = Error::from_boxed(boxed);
        assert_eq!(back.kind(), ErrorKind::Config);
        assert_eq!(back.retry_after(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn puts_its_context_in_front_and_keeps_the_code() {
        let api = ApiError::new(StatusCode::BAD_REQUEST, Code::INVALID_DATA, "too large");
        let error = Error::from_api(api).in_context("the upload").in_context("part 3\n");
        let text = error.to_string();
        assert!(text.starts_with("part 3\\n: the upload: Zoho refused the request"), "{text}");
        assert_eq!(error.code(), Some(&Code::INVALID_DATA));
    }

    #[test]
    fn keeps_another_error_as_source_but_not_in_the_text() {
        let error = Error::from_boxed("the tunnel collapsed".into());
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(!error.to_string().contains("tunnel"));
        assert_eq!(error.source().unwrap().to_string(), "the tunnel collapsed");
    }

    #[test]
    fn debug_writes_a_report() {
        let deepest = std::io::Error::other("line 1\nline 2");
        let middle = Error::config("the middle").with_source(deepest);
        let error = Error::input("the top\u{1b}[31m").with_source(middle);
        assert_eq!(
            format!("{error:?}"),
            "the top\\u{1b}[31m\n  caused by: the middle\n  caused by: line 1\\nline 2"
        );
        assert!(format!("{error:#?}").contains("kind: Input"));
    }

    #[test]
    fn distinguishes_errors_by_predicates() {
        let api = |status, code: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            Error::from_api(ApiError::new(status, Code::from(code), "no"))
        };
        assert!(api(403, "ANY").is_forbidden() && api(400, "NO_PERMISSION").is_forbidden());
        assert!(api(401, "OAUTH_SCOPE_MISMATCH").is_forbidden());
        assert!(!api(400, "INVALID_DATA").is_forbidden());
        assert!(api(400, "RECORD_LOCKED").is_locked() && !api(400, "INVALID_DATA").is_locked());
        let of = |kind| Error::new(kind, Outcome::Unknown, "x");
        assert!(of(ErrorKind::Timeout).is_timeout() && !of(ErrorKind::Connect).is_timeout());
        assert!(of(ErrorKind::Connect).is_connect() && !of(ErrorKind::Transport).is_connect());
        assert!(of(ErrorKind::NotModified).is_not_modified());
    }

    #[test]
    fn reports_unknown_for_internal_errors_of_any_status() {
        for status in [200, 207, 400, 500] {
            let status = StatusCode::from_u16(status).unwrap();
            let error = Error::from_api(ApiError::new(status, Code::INTERNAL_ERROR, "no"));
            assert_eq!(error.outcome(), Outcome::Unknown, "{status}");
            assert!(!error.to_string().contains("refused"), "{error}");
        }
    }

    #[test]
    fn distinguishes_refusals_by_kind() {
        let api = |status, code| {
            Error::from_api(ApiError::new(StatusCode::from_u16(status).unwrap(), code, "no"))
        };
        assert_eq!(api(429, Code::TOO_MANY_REQUESTS).kind(), ErrorKind::Throttled);
        assert_eq!(api(400, Code::RATE_LIMIT_EXCEEDED).kind(), ErrorKind::Throttled);
        assert_eq!(api(400, Code::DISCRETE_PAGINATION_LIMIT_EXCEEDED).kind(), ErrorKind::Wall);
        assert_eq!(api(400, Code::PAGINATION_LIMIT_EXCEEDED).kind(), ErrorKind::Wall);
        assert_eq!(api(412, Code::from("RECORD_MODIFIED")).kind(), ErrorKind::Conflict);
        assert_eq!(api(207, Code::ALREADY_MODIFIED).kind(), ErrorKind::Conflict);
        assert_eq!(api(404, Code::INVALID_DATA).kind(), ErrorKind::NotFound);
        assert_eq!(api(404, Code::INVALID_URL_PATTERN).kind(), ErrorKind::Api);
        assert_eq!(api(400, Code::INVALID_DATA).kind(), ErrorKind::Api);
        assert_eq!(api(400, Code::INVALID_DATA).outcome(), Outcome::Refused);
        assert_eq!(api(500, Code::INTERNAL_ERROR).outcome(), Outcome::Unknown);
    }
}
