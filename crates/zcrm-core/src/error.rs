//! The one error of zcrm.

use std::{any::Any, borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use http::{Method, StatusCode};

use crate::{ApiError, CallMeta, Code, RecordError, RetryClass};

/// Any error, as tower's services carry it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// What kind of thing went wrong, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing, wrong or contradicts another one. Mend the configuration.
    Config,
    /// An argument of the call is wrong; nothing was sent. Mend the call.
    Input,
    /// The login is no longer good (revoked, wrong client, used grant), or the API refuses the
    /// tokens of it. A person must log in.
    Credential,
    /// The token belongs to another data centre or environment than the one configured.
    WrongDataCenter,
    /// A limit was met. Wait as long as [`Error::retry_after`] says, where it says so.
    Throttled,
    /// The organisation's API credits of the day are used up. They come back over 24 hours.
    QuotaExhausted,
    /// The token store failed.
    Store,
    /// No connection could be made (DNS, TCP, TLS); nothing was sent.
    Connect,
    /// The connection broke after the request may have been sent.
    Transport,
    /// A deadline passed.
    Timeout,
    /// Zoho refused the request; [`Error::api`] holds its code.
    Api,
    /// The record asked for does not exist (or is not visible to the user).
    NotFound,
    /// The record was changed after the instant that the write named
    /// (`If-Unmodified-Since`): read it again, and decide anew.
    Conflict,
    /// The answer is not what this operation answers with (HTML, cut JSON, other keys).
    Decode,
    /// One record of a page does not fit the caller's type; the others are not concerned.
    Record,
    /// Zoho ends this way of reading here, with more records left.
    Wall,
    /// An error of a layer or transport that zcrm does not know.
    Other,
}

/// What became of the request, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The request did not reach Zoho's application: sending it again repeats nothing.
    NotSent,
    /// Zoho answered and refused: nothing was executed.
    Refused,
    /// Zoho answered a write with a success (2xx), so it was executed, but its answer could not be
    /// used: it has another shape, or lacks what was asked for. Do not write it again.
    Executed,
    /// Zoho answered a read with a success, and the error is zcrm's verdict on the answer: there is no
    /// such item, an item does not fit the caller's type, or the list cannot be read further.
    Local,
    /// The request may have been executed: look before writing it again.
    Unknown,
}

impl Outcome {
    /// What an answer of this status means where its body says nothing: a client error was refused,
    /// but for 408, which a gateway sends when it gave up waiting.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            true => Self::Refused,
            false => Self::Unknown,
        }
    }
}

/// The error of every layer of zcrm: opaque, cheap to clone, with predicates for what a program
/// decides by and a text for people.
///
/// `Display` never repeats the [source](StdError::source) and never holds a secret or a record's
/// values.
///
/// ```
/// use zcrm_core::{Endpoint, ApiVersion, ErrorKind, Outcome};
///
/// const LEAD: Endpoint = Endpoint::get("/Leads/{id}").id("lead.get");
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
    /// An error of `kind`. `message` says what is wrong and what to do, and holds no secret.
    #[must_use]
    pub fn new(kind: ErrorKind, outcome: Outcome, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            outcome,
            message: message.into(),
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

    /// A wrong setting; nothing was sent.
    #[must_use]
    pub fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config, Outcome::NotSent, message)
    }

    /// A wrong argument; nothing was sent.
    #[must_use]
    pub fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Input, Outcome::NotSent, message)
    }

    /// A refusal of Zoho's.
    #[must_use]
    pub fn from_api(api: ApiError) -> Self {
        let status = api.status();
        let kind = match status {
            StatusCode::NOT_FOUND if *api.code() == Code::INVALID_DATA => ErrorKind::NotFound,
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::Throttled,
            StatusCode::PRECONDITION_FAILED => ErrorKind::Conflict,
            StatusCode::UNAUTHORIZED if api.code().is_stale_token() => ErrorKind::Credential,
            _ if *api.code() == Code::ALREADY_MODIFIED => ErrorKind::Conflict,
            _ if *api.code() == Code::TOO_MANY_REQUESTS
                || *api.code() == Code::RATE_LIMIT_EXCEEDED =>
            {
                ErrorKind::Throttled
            }
            _ if *api.code() == Code::DISCRETE_PAGINATION_LIMIT_EXCEEDED
                || *api.code() == Code::PAGINATION_LIMIT_EXCEEDED =>
            {
                ErrorKind::Wall
            }
            _ => ErrorKind::Api,
        };
        // an error object in a 200 is a refusal too
        let outcome = match status.is_success() {
            true => Outcome::Refused,
            false => Outcome::of_status(status),
        };
        let mut error = Self::new(kind, outcome, "Zoho refused the request").with_status(status);
        error.inner().api = Some(api);
        error
    }

    /// A record that does not fit.
    #[must_use]
    pub fn from_record(record: RecordError) -> Self {
        let mut error =
            Self::new(ErrorKind::Record, Outcome::Refused, "a record could not be read");
        error.inner().record = Some(record);
        error
    }

    /// The zcrm error inside `error`, or one of kind [`Other`](ErrorKind::Other) around it: the
    /// one place where an error that crossed a tower stack becomes typed again.
    #[must_use]
    pub fn from_boxed(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => *ours,
            Err(foreign) => {
                Self::new(ErrorKind::Other, Outcome::Unknown, "a layer or transport failed")
                    .with_boxed_source(foreign)
            }
        }
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with_boxed_source(Box::new(source))
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_boxed_source(mut self, source: BoxError) -> Self {
        self.inner().source = Some(Arc::from(source));
        self
    }

    /// Attaches a value for programs, such as a stream's cursor. It is not a cause, and no text shows
    /// it. An error has one: the last that was attached.
    #[must_use]
    pub fn with_extension(mut self, value: impl Any + Send + Sync) -> Self {
        self.inner().extension = Some(Arc::new(value));
        self
    }

    /// The attached value, if it is a `T`.
    #[must_use]
    pub fn extension<T: Any>(&self) -> Option<&T> {
        self.0.extension.as_deref()?.downcast_ref()
    }

    /// The same refusal of an access token, which was fetched just before and had replaced one that
    /// was refused too: no further token helps.
    pub(crate) fn refused_again(mut self, fault: Option<Arc<dyn StdError + Send + Sync>>) -> Self {
        let inner = self.inner();
        inner.kind = ErrorKind::Credential;
        inner.message = Cow::Borrowed(
            "Zoho refused the access token, and another one that was fetched just after: the login \
             belongs to another environment or data centre than this host, or its user may not \
             use the API",
        );
        if fault.is_some() {
            inner.source = fault;
        }
        self
    }

    /// Says which operation failed, unless that is known already.
    #[must_use]
    pub fn with_call(mut self, call: &CallMeta) -> Self {
        if self.0.call.is_none() {
            self.inner().call = Some(call.clone());
        }
        self
    }

    /// Says which host it concerns.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.inner().host = Some(host.into());
        self
    }

    /// Says which HTTP status came.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.inner().status = Some(status);
        self
    }

    /// Says how often the request was sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.inner().attempts = attempts;
        self
    }

    /// Says how long to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.inner().retry_after = Some(wait);
        self
    }

    /// Keeps the beginning of an answer that could not be understood, tokens taken out.
    #[must_use]
    pub(crate) fn with_excerpt(mut self, body: &[u8]) -> Self {
        self.inner().excerpt = Some(excerpt(body));
        self
    }

    /// Forgets the answer's text: for answers that hold secrets.
    #[must_use]
    pub fn without_excerpt(mut self) -> Self {
        if self.0.excerpt.is_some() {
            self.inner().excerpt = None;
        }
        self
    }

    /// Corrects what became of the request, where a layer above knows better.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.inner().outcome = outcome;
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What became of the request.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// Zoho's refusal, where there is one.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }

    /// Zoho's code, where there is one.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        self.api().map(ApiError::code)
    }

    /// The record that could not be read, on kind [`Record`](ErrorKind::Record).
    #[must_use]
    pub fn record(&self) -> Option<&RecordError> {
        self.0.record.as_ref()
    }

    /// The operation, such as `records.list`.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        self.0.call.as_ref().map(CallMeta::operation)
    }

    /// The host that was spoken to.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// How often the request was sent; 0 where that is not known.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long to wait before another try, where the server or a budget says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The beginning (512 characters at most) of an answer that could not be understood, such as a
    /// proxy's page. It may hold people's data, so it stands neither in `Display` nor in `Debug`.
    #[must_use]
    pub fn excerpt(&self) -> Option<&str> {
        self.0.excerpt.as_deref()
    }

    /// Whether the login itself is dead, so that a person must log in again.
    #[must_use]
    pub fn is_credential(&self) -> bool {
        self.kind() == ErrorKind::Credential
    }

    /// Whether a limit was met.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        self.kind() == ErrorKind::Throttled
    }

    /// Whether the record does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the record was changed after the instant that the write named.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// Whether making the call again cannot do anything twice: nothing was executed, or the call
    /// only reads.
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

/// The beginning of a body as text, without anything that looks like one of Zoho's tokens.
fn excerpt(body: &[u8]) -> String {
    const LONGEST: usize = 512;
    let text = String::from_utf8_lossy(body);
    let of_a_token = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let mut excerpt = String::new();
    for part in text.split_inclusive(|c| !of_a_token(c)) {
        let word = part.trim_end_matches(|c| !of_a_token(c));
        if word.starts_with("1000.") && word.len() >= 20 {
            excerpt.push_str("[redacted]");
            excerpt.push_str(part.get(word.len()..).unwrap_or_default());
        } else {
            excerpt.push_str(part);
        }
        if excerpt.len() >= LONGEST {
            break;
        }
    }
    excerpt.chars().take(LONGEST).collect()
}

/// The same as [`Error::from_record`].
impl From<RecordError> for Error {
    fn from(record: RecordError) -> Self {
        Self::from_record(record)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(&inner.message)?;
        if let Some(api) = &inner.api {
            write!(f, ": {api}")?;
        }
        if let Some(record) = &inner.record {
            write!(f, ": {record}")?;
        }
        let mut parts: Vec<String> = Vec::new();
        if let Some(call) = &inner.call {
            parts.push(call.to_string());
        }
        if let Some(host) = &inner.host {
            parts.push(format!("host {host}"));
        }
        if let Some(status) = inner.status {
            parts.push(format!("status {}", status.as_u16()));
        }
        if inner.attempts > 1 {
            parts.push(format!("{} attempts", inner.attempts));
        }
        if let Some(wait) = inner.retry_after {
            parts.push(format!("try again in {} s", wait.as_secs_f64().ceil()));
        }
        if inner.outcome == Outcome::Unknown
            && inner.call.as_ref().is_some_and(|call| call.method() != Method::GET)
        {
            parts.push("outcome unknown: it may have been executed".to_owned());
        }
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("outcome", &self.0.outcome)
            .field("text", &self.to_string())
            .field("source", &self.0.source)
            .finish()
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
    fn it_crosses_a_tower_stack_and_stays_itself() {
        let error = Error::config("no client id").with_retry_after(Duration::from_secs(3));
        let boxed: BoxError = error.into();
        let back = Error::from_boxed(boxed);
        assert_eq!(back.kind(), ErrorKind::Config);
        assert_eq!(back.retry_after(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_foreign_error_is_kept_as_source_and_not_repeated_in_the_text() {
        let error = Error::from_boxed("the tunnel collapsed".into());
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(!error.to_string().contains("tunnel"));
        assert_eq!(error.source().unwrap().to_string(), "the tunnel collapsed");
    }

    #[test]
    fn refusals_are_told_apart() {
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
