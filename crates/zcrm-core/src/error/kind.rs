//! Kinds of errors, and outcomes of calls.

use http::StatusCode;

use crate::{CallMeta, RetryClass};

/// The kind of an error, by which a program decides how to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing, invalid or contradicts another one. Correct the configuration.
    Config,
    /// An argument of the call is invalid. Nothing was sent. Correct the call.
    Input,
    /// The login is not valid any more (revoked, wrong client, used grant), or the API refuses its
    /// tokens. The user must log in again.
    Credential,
    /// The token belongs to a data centre or environment other than the configured one.
    WrongDataCenter,
    /// A rate or concurrency limit was exceeded. Wait for
    /// [`Error::retry_after`](crate::Error::retry_after), if it is known.
    Throttled,
    /// The organisation's daily API credits are used up. They become available again within 24
    /// hours.
    QuotaExhausted,
    /// The token store failed.
    Store,
    /// No connection could be established (DNS, TCP, TLS). Nothing was sent.
    Connect,
    /// The connection broke after the request may have been sent.
    Transport,
    /// A deadline or timeout passed.
    Timeout,
    /// Zoho refused the request. [`Error::api`](crate::Error::api) returns Zoho's error object.
    Api,
    /// The requested record does not exist or is not visible to the user.
    NotFound,
    /// Zoho answered 304: the requested data was not modified after the time in
    /// `If-Modified-Since`.
    ///
    /// The answer has no content, but the data exists, unlike with [`NotFound`](Self::NotFound).
    /// For a write such an answer has no meaning, and the outcome is unknown.
    NotModified,
    /// The record was modified after the time in `If-Unmodified-Since`. Read the record again
    /// before you repeat the write.
    Conflict,
    /// The answer does not have the form of this operation's answers (HTML, truncated JSON, other
    /// keys).
    Decode,
    /// One record of a page does not fit the caller's type. The other records are not affected.
    Record,
    /// Zoho's limit for this kind of list was reached, and the list has more records.
    Wall,
    /// The error of a layer or transport that is not part of zcrm.
    Other,
}

/// The effect of a failed call, if it is known: whether Zoho executed the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The request was not executed, because it did not reach Zoho's application. It is safe to
    /// send it again.
    NotSent,
    /// Zoho answered with an error and executed nothing.
    Refused,
    /// Zoho answered a write with a success (2xx), so it was executed, but the answer could not be
    /// used. It has an unexpected form or lacks the requested value. Do not repeat the write.
    Executed,
    /// Zoho answered a read with a success, but zcrm reports an error about its content. There is
    /// no such item, an item does not fit the caller's type, or the list cannot be read further.
    Local,
    /// The request may have been executed. Check the data before you repeat a write.
    Unknown,
}

/// The statuses with which a server refuses a request before it applies it, by their definitions in
/// RFC 9110 (431 and 429: RFC 6585). Zoho lists 429 for its limits only.
const REFUSED_UNAPPLIED: [StatusCode; 8] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::URI_TOO_LONG,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::MISDIRECTED_REQUEST,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

impl Outcome {
    /// Returns the outcome of a call that was answered with this status and a body that could not
    /// be read to its end.
    ///
    /// The outcome is [`Refused`](Self::Refused) for 401, 405, 413, 414, 415, 421, 429 and 431, with
    /// which a server refuses a request before it applies it. Any other status proves nothing,
    /// because Zoho's page on composite requests does not say with which status
    /// [`REQUEST_TIMEOUT`](crate::Code::REQUEST_TIMEOUT) comes, and parts may have run then.
    ///
    /// ```
    /// use http::StatusCode;
    /// use zcrm_core::Outcome;
    ///
    /// assert_eq!(Outcome::of_unread(StatusCode::TOO_MANY_REQUESTS), Outcome::Refused);
    /// assert_eq!(Outcome::of_unread(StatusCode::BAD_REQUEST), Outcome::Unknown);
    /// assert_eq!(Outcome::of_unread(StatusCode::CREATED), Outcome::Unknown);
    /// ```
    #[must_use]
    pub fn of_unread(status: StatusCode) -> Self {
        match REFUSED_UNAPPLIED.contains(&status) {
            true => Self::Refused,
            false => Self::Unknown,
        }
    }

    /// Returns the outcome for the status of a complete answer whose body gives no reason, such as
    /// the page of a gateway.
    ///
    /// A client error was refused, except 408, which a gateway sends when it stopped waiting.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            true => Self::Refused,
            false => Self::Unknown,
        }
    }

    /// Returns the outcome of a call whose answer has this status and could not be used.
    pub(crate) fn of_unusable(status: StatusCode, call: &CallMeta) -> Self {
        Self::of_success(status, call).unwrap_or_else(|| Self::of_status(status))
    }

    /// Returns the outcome of a call whose answer has this status and breaks off.
    pub(crate) fn of_broken(status: StatusCode, call: &CallMeta) -> Self {
        Self::of_success(status, call).unwrap_or_else(|| Self::of_unread(status))
    }

    /// Returns the outcome of a call whose answer has this status, if it is a success.
    fn of_success(status: StatusCode, call: &CallMeta) -> Option<Self> {
        let answered = status.is_success() || status == StatusCode::NOT_MODIFIED;
        match call.retry_class() {
            RetryClass::Read if answered => Some(Self::Local),
            _ => status.is_success().then_some(Self::Executed),
        }
    }
}
