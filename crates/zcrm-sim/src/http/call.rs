//! The requests that the simulated servers receive.

use bytes::Bytes;
use chrono::TimeDelta;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HOST, HeaderMap};
use hyper::{Method, Request};
use percent_encoding::percent_decode_str;

use super::multipart::Part;
use crate::environment::Host;
use crate::http::multipart;

/// The maximum size of a request body, in bytes. It is larger than any permitted file, so that a
/// file that is too large gets Zoho's error.
const BODY_LIMIT: usize = 112 * 1_024 * 1_024;

/// A complete request, decoded once.
#[derive(Debug)]
pub(crate) struct IncomingCall {
    pub(crate) host: Host,
    pub(crate) method: Method,
    /// The host and port in the request's `Host` header.
    pub(crate) authority: String,
    /// The path as it was sent.
    pub(crate) path: String,
    /// The segments of the path, each percent-decoded once.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The parts of a multipart form.
    pub(crate) parts: Vec<Part>,
    /// The age of the search index for this call, if a failure sets one.
    pub(crate) stale: TimeDelta,
}

impl IncomingCall {
    /// Reads the entire request; returns `None` if it is incomplete or too large.
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
        let query = decode_pairs(parts.uri.query().unwrap_or_default());
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

    /// Creates a request for a unit test.
    #[cfg(test)]
    pub(crate) fn for_test(host: Host, method: Method, target: &str, body: String) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let segments = path.trim_start_matches('/').split('/').map(decode).collect();
        Self { query: decode_pairs(query), ..Self::internal(host, method, segments, body) }
    }

    /// Creates a call of the program itself, without a connection.
    pub(crate) fn internal(
        host: Host,
        method: Method,
        segments: Vec<String>,
        body: String,
    ) -> Self {
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

    /// Creates a call that is a part of this one: with the same server and credentials. `query` is
    /// added to the query in `target`.
    pub(crate) fn part(
        &self,
        method: Method,
        target: &str,
        query: Vec<(String, String)>,
        headers: &HeaderMap,
        body: String,
    ) -> Self {
        let (path, own) = target.split_once('?').unwrap_or((target, ""));
        let segments = path.trim_start_matches('/').split('/').map(decode).collect();
        let mut all = headers.clone();
        if let Some(credentials) = self.headers.get(AUTHORIZATION) {
            all.insert(AUTHORIZATION, credentials.clone());
        }
        Self {
            authority: self.authority.clone(),
            path: path.to_owned(),
            query: decode_pairs(own).into_iter().chain(query).collect(),
            headers: all,
            ..Self::internal(self.host, method, segments, body)
        }
    }

    /// Returns the first query parameter with this name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns a header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the token of an `Authorization` header with one of Zoho's two prefixes.
    pub(crate) fn token(&self) -> Option<&str> {
        self.credentials(&["zoho-oauthtoken", "bearer"])
    }

    /// Returns the text after one of these prefixes in the `Authorization` header.
    pub(crate) fn credentials(&self, schemes: &[&str]) -> Option<&str> {
        let (scheme, credentials) = self.header("authorization")?.split_once(' ')?;
        let known = schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        known.then(|| credentials.trim())
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes a query or a form body into pairs.
pub(crate) fn decode_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}
