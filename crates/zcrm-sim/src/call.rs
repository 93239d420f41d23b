//! A request as the simulated servers see it, and the answer that they give.

use bytes::Bytes;
use chrono::TimeDelta;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use crate::journal::{GrantType, Host};
use crate::multipart::{self, Part};

/// The largest request body that is read, in bytes: more than any file may have, so that one that
/// is too large gets Zoho's answer.
const BODY_LIMIT: usize = 112 * 1_024 * 1_024;

/// A whole request, decoded once.
#[derive(Debug)]
pub(crate) struct IncomingCall {
    pub(crate) host: Host,
    pub(crate) method: Method,
    /// The host that the client believes to speak to, with its port.
    pub(crate) authority: String,
    /// The path as it was sent.
    pub(crate) path: String,
    /// The path's segments, each percent-decoded once.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The parts of a form's body.
    pub(crate) parts: Vec<Part>,
    /// How far the index is behind for this call, if somebody ordered it.
    pub(crate) stale: TimeDelta,
}

impl IncomingCall {
    /// Reads a request to its end; `None` if it broke off or is larger than the limit.
    pub(crate) async fn read(host: Host, request: Request<Incoming>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await.ok()?.to_bytes();
        let authority = match parts.uri.authority() {
            Some(authority) => authority.as_str(),
            None => parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default(),
        };
        let authority = authority.to_ascii_lowercase();
        let path = parts.uri.path().to_owned();
        let segments = path.trim_start_matches('/').split('/').map(decode).collect();
        let query = pairs(parts.uri.query().unwrap_or_default());
        let form = multipart::parts(&parts.headers, &body).await;
        Some(Self {
            host,
            method: parts.method,
            authority,
            path,
            segments,
            query,
            headers: parts.headers,
            body,
            parts: form,
            stale: TimeDelta::zero(),
        })
    }

    /// A request as a test writes it down.
    #[cfg(test)]
    pub(crate) fn written(host: Host, method: Method, target: &str, body: String) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            host,
            method,
            authority: String::from("127.0.0.1"),
            path: path.to_owned(),
            segments: path.trim_start_matches('/').split('/').map(decode).collect(),
            query: pairs(query),
            headers: HeaderMap::new(),
            body: body.into(),
            parts: Vec::new(),
            stale: TimeDelta::zero(),
        }
    }

    /// A call that a test makes without a connection.
    pub(crate) fn made(host: Host, method: Method, segments: Vec<String>, body: String) -> Self {
        Self {
            host,
            method,
            authority: String::new(),
            path: format!("/{}", segments.join("/")),
            segments,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: body.into(),
            parts: Vec::new(),
            stale: TimeDelta::zero(),
        }
    }

    /// The first query parameter of that name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token of an `Authorization` header with one of Zoho's two prefixes.
    pub(crate) fn token(&self) -> Option<&str> {
        self.credentials(&["zoho-oauthtoken", "bearer"])
    }

    /// What follows one of those prefixes in the `Authorization` header.
    pub(crate) fn credentials(&self, schemes: &[&str]) -> Option<&str> {
        let (scheme, credentials) = self.header("authorization")?.split_once(' ')?;
        let known = schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        known.then(|| credentials.trim())
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Splits a query or a form body into decoded pairs.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// What a simulated server answers, and what the journal is told about it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Zoho's code, where the answer as a whole is an error.
    pub(crate) code: Option<String>,
    /// How many records were written.
    pub(crate) written: usize,
    pub(crate) authorised: bool,
    /// Whether the operation was carried out, even if it refused every row.
    pub(crate) executed: bool,
    pub(crate) grant: Option<GrantType>,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            code: None,
            written: 0,
            authorised: false,
            executed: false,
            grant: None,
        }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::typed(status, "application/json;charset=UTF-8", body.to_string())
    }

    /// JSON that was written before.
    pub(crate) fn json_text(status: StatusCode, body: Bytes) -> Self {
        Self::typed(status, "application/json;charset=UTF-8", body)
    }

    pub(crate) fn html(status: StatusCode, text: impl Into<String>) -> Self {
        Self::typed(status, "text/html;charset=UTF-8", text.into())
    }

    /// The page that a web server shows for a status.
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

    /// A file to be saved under that name.
    pub(crate) fn file(name: &str, data: Bytes) -> Self {
        let mut answer = Self::typed(StatusCode::OK, "application/x-download;charset=UTF-8", "");
        answer.body = data;
        let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
        answer.with_header("content-disposition", &format!("attachment; filename*=UTF-8''{name}"))
    }

    /// Adds a header, unless name or value cannot stand in one.
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
