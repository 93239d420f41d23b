//! Answers of the simulated servers.

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::Chunks;

/// The credentials in a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GrantType {
    /// A grant token to exchange.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The client's id and secret.
    ClientCredentials,
    /// The code of a device that waits for approval.
    DeviceCode,
}

/// The answer of a simulated server, with the details for the journal.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body in pieces, in place of `body`.
    pub(crate) chunks: Option<Arc<dyn Chunks>>,
    /// Zoho's code, if the entire answer is an error.
    pub(crate) code: Option<String>,
    /// The number of records written.
    pub(crate) written: usize,
    /// The number of rows that a query looked at.
    pub(crate) examined: usize,
    pub(crate) authorised: bool,
    /// Whether the operation was executed, even if every row was refused.
    pub(crate) executed: bool,
    pub(crate) grant: Option<GrantType>,
    /// The credits that the call costs in addition to those that its request shows.
    pub(crate) extra_credits: u64,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            chunks: None,
            code: None,
            written: 0,
            examined: 0,
            authorised: false,
            executed: false,
            grant: None,
            extra_credits: 0,
        }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::typed(status, "application/json;charset=UTF-8", body.to_string())
    }

    /// Creates an answer from serialised JSON.
    pub(crate) fn json_text(status: StatusCode, body: Bytes) -> Self {
        Self::typed(status, "application/json;charset=UTF-8", body)
    }

    pub(crate) fn html(status: StatusCode, text: impl Into<String>) -> Self {
        Self::typed(status, "text/html;charset=UTF-8", text.into())
    }

    /// Creates the page that a web server shows for a status.
    pub(crate) fn error_page(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or("Error");
        let number = status.as_u16();
        Self::html(
            status,
            format!(
                "<!DOCTYPE html><html><head><title>{number} {reason}</title></head>\
                 <body><h1>{reason}</h1></body></html>"
            ),
        )
    }

    pub(crate) fn typed(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::empty(status);
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        answer.body = body.into();
        answer
    }

    /// Creates an answer whose body is made while it is sent.
    pub(crate) fn streamed(kind: &'static str, chunks: Arc<dyn Chunks>) -> Self {
        let mut answer = Self::typed(StatusCode::OK, kind, "");
        answer.chunks = Some(chunks);
        answer
    }

    /// Creates an answer with a file to save under this name.
    pub(crate) fn file(name: &str, data: Bytes) -> Self {
        let mut answer = Self::typed(StatusCode::OK, "application/x-download;charset=UTF-8", "");
        answer.body = data;
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        answer.with_header("content-disposition", &format!("attachment; filename*=UTF-8''{name}"))
    }

    /// Adds a header, unless its name or value is invalid.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    pub(crate) fn wrote(mut self, records: usize) -> Self {
        self.written = records;
        self
    }
}
