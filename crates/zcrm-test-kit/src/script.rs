//! A service with scripted answers.

use std::{
    fmt,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use tower::Service;
use zcrm_core::BoxError;
use zcrm_http::ResBody;

use crate::{Answer, Call};

/// Returns a body with this text.
pub fn body(text: impl Into<Bytes>) -> ResBody {
    text.into().into()
}

/// Returns an answer with this status and body.
pub fn answer(status: u16, text: impl Into<Bytes>) -> Response<ResBody> {
    let mut response = Response::new(body(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// Returns an answer with an empty list.
///
/// # Errors
/// Never returns an error.
pub fn ok() -> Answer {
    Ok(answer(200, r#"{"data":[]}"#))
}

/// Returns an answer of a gateway with this status.
///
/// # Errors
/// Never returns an error.
pub fn status(status: u16) -> Answer {
    Ok(answer(status, "<p>no</p>"))
}

/// Returns an error of Zoho with this status and code.
///
/// # Errors
/// Never returns an error.
pub fn zoho(status: u16, code: &str) -> Answer {
    Ok(answer(status, format!(r#"{{"code":"{code}","message":"no","status":"error"}}"#)))
}

/// A request that a service received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seen {
    /// The method.
    pub method: Method,
    /// The URI.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

impl Seen {
    /// Returns the header `authorization`.
    #[must_use]
    pub fn authorization(&self) -> &str {
        self.headers.get("authorization").map_or("", |value| value.to_str().unwrap())
    }
}

type Play = dyn Fn(usize) -> Answer + Send + Sync;

/// A service that chooses its answer by the number of the request, from 0, and records the
/// requests.
#[derive(Clone)]
pub struct Script {
    play: Arc<Play>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

impl Script {
    /// Returns a service that answers with this function.
    pub fn new(play: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { play: Arc::new(play), seen: Arc::default() }
    }

    /// Returns the requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the number of requests.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Service<Call> for Script {
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = Ready<Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Call) -> Ready<Answer> {
        let mut seen = self.seen.lock().unwrap();
        seen.push(Seen {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        });
        ready((self.play)(seen.len() - 1))
    }
}
