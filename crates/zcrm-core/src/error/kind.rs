//! What kind of error it is, and what became of the call.

use http::StatusCode;

use crate::{CallMeta, RetryClass};

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
    /// A limit was met. Wait as long as [`Error::retry_after`](crate::Error::retry_after) says, where it says so.
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
    /// Zoho refused the request; [`Error::api`](crate::Error::api) holds its code.
    Api,
    /// The record asked for does not exist (or is not visible to the user).
    NotFound,
    /// Zoho answered 304: what was asked for did not change after the instant that the call named
    /// (`If-Modified-Since`), so there is no content. It exists: it is not [`NotFound`](Self::NotFound).
    /// For a write the answer says nothing, and the outcome is unknown.
    NotModified,
    /// The record was changed after the instant that the write named
    /// (`If-Unmodified-Since`): read it again, and decide again.
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
    /// What an answer of this status means where its body does not say: a client error was refused,
    /// except 408, which a gateway sends when it gave up waiting.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            true => Self::Refused,
            false => Self::Unknown,
        }
    }

    /// What became of a call whose answer has this status and could not be used.
    pub(crate) fn of_unusable(status: StatusCode, call: &CallMeta) -> Self {
        let answered = status.is_success() || status == StatusCode::NOT_MODIFIED;
        match call.retry_class() {
            RetryClass::Read if answered => Self::Local,
            _ if status.is_success() => Self::Executed,
            _ => Self::of_status(status),
        }
    }
}
