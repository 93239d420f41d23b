//! Previews of requests, and an API whose server always sends the same response.

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use zcrm_api::Api;
use zcrm_core::{ApiVersion, Error, ErrorKind};
use zcrm_test_kit::SentRequests;

pub(crate) const BOTH: [ApiVersion; 2] = [ApiVersion::V2, ApiVersion::V8];

/// Creates an API whose server answers every call with this response, and the list of sent
/// requests.
pub(crate) fn canned(
    version: ApiVersion,
    status: u16,
    headers: &[(&'static str, &str)],
    body: impl Into<Vec<u8>>,
) -> (Api, SentRequests) {
    let (transport, sent) = zcrm_test_kit::canned(status, headers, body);
    (Api::new(transport, version), sent)
}

/// Creates an API whose server answers every call with this response.
pub(crate) fn replying(
    version: ApiVersion,
    status: u16,
    headers: &[(&'static str, &str)],
    body: &str,
) -> Api {
    canned(version, status, headers, body).0
}

/// Creates an API whose server answers every call with this JSON.
pub(crate) fn answering(version: ApiVersion, body: &Value) -> Api {
    let json = [("content-type", "application/json")];
    canned(version, 200, &json, body.to_string()).0
}

/// Creates an API for previews.
pub(crate) fn at(version: ApiVersion) -> Api {
    canned(version, 204, &[], "").0
}

/// Returns the method, the path after the version with its decoded query, and the body as JSON.
pub(crate) fn shown(request: &Request<Bytes>) -> (String, Value) {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let query = percent_encoding::percent_decode_str(&query).decode_utf8().unwrap().into_owned();
    let path = request.uri().path().splitn(4, '/').last().unwrap();
    let body = match request.body().is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(request.body()).unwrap(),
    };
    (format!("{} {path}{query}", request.method()), body)
}

/// Checks the line and the body of a request.
#[track_caller]
pub(crate) fn asks(request: Result<Request<Bytes>, Error>, line: &str, body: Value) {
    assert_eq!(shown(&request.unwrap()), (line.to_owned(), body));
}

/// Checks that the result is an error of kind `Input` that contains all of these words.
#[track_caller]
pub(crate) fn refused<T>(result: Result<T, Error>, words: &[&str]) {
    let error = match result {
        Ok(_) => panic!("no error with {words:?}"),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

/// Returns a success result for each id, under a key.
pub(crate) fn done(key: &str, ids: &[&str]) -> Value {
    let row = |id: &&str| {
        serde_json::json!({
            "code": "SUCCESS", "details": { "id": id }, "message": "done", "status": "success",
        })
    };
    serde_json::json!({ key: ids.iter().map(row).collect::<Vec<_>>() })
}

/// Returns the path with the fields that a list names from v3 on.
pub(crate) fn with_fields(version: ApiVersion, path: &str, fields: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    match version.requires_fields() {
        true => format!("GET {path}{joint}fields={fields}"),
        false => format!("GET {path}"),
    }
}
