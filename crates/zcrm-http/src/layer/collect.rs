//! The whole answer, inside the reach of retry and limits.

use std::{sync::Arc, task, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use tower::{Layer, Service};
use zcrm_core::{BoxError, Clock, Code, Error, ErrorKind, Outcome};

use super::paced::Paced;
use crate::{
    BoxFuture, Peer, ReqBody, ResBody,
    body::Gathered,
    download::{Streamed, is_file},
};

/// The extension of an answer of status 400 and above that holds Zoho's code, where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain wrapper")]
pub struct PeekedCode(pub Code);

/// Adds [`Collect`] to a service.
///
/// ```
/// use tower::Layer;
/// use zcrm_http::{Connector, layer::CollectLayer};
///
/// let service = CollectLayer::new(64 * 1024 * 1024).layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CollectLayer {
    limit: usize,
    idle: Option<(Duration, Arc<dyn Clock>)>,
}

impl CollectLayer {
    /// Takes in answers of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, idle: None }
    }

    /// Gives up where `idle` passes between two pieces of a body.
    #[must_use]
    pub fn idle(mut self, idle: Duration, clock: Arc<dyn Clock>) -> Self {
        self.idle = Some((idle, clock));
        self
    }
}

impl<S> Layer<S> for CollectLayer {
    type Service = Collect<S>;

    fn layer(&self, inner: S) -> Collect<S> {
        Collect { inner, settings: self.clone() }
    }
}

/// Takes in the whole body of an answer, so that a retry covers a body that breaks off, a gate is
/// held and a deadline runs to its end, and Zoho's code is known ([`PeekedCode`]) where an answer
/// of status 400 and above is judged.
///
/// Only a file that is asked for as a stream ([`open`](crate::open)) passes.
///
/// Around a decompressing service it counts decoded bytes; more than the limit is an error.
#[derive(Clone, Debug)]
pub struct Collect<S> {
    inner: S,
    settings: CollectLayer,
}

impl<S> Service<Request<ReqBody>> for Collect<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let settings = self.settings.clone();
        let streamed = request.extensions().get::<Streamed>().is_some();
        let calling = self.inner.call(request);
        Box::pin(async move {
            let response = calling.await?;
            if streamed && is_file(response.status(), response.headers()) {
                let mut response =
                    response.map(|body| ResBody::stream(Paced::new(body, settings.idle)));
                response.extensions_mut().insert(Streamed);
                return Ok(response);
            }
            let (mut head, body) = response.into_parts();
            let about = |error: Error| {
                let mut error = error.with_status(head.status);
                // the status alone says that nothing was executed
                if head.status.is_client_error() && head.status != StatusCode::REQUEST_TIMEOUT {
                    error = error.with_outcome(Outcome::Refused);
                }
                match head.extensions.get::<Peer>() {
                    Some(peer) => error.with_host(peer.host()),
                    None => error,
                }
            };
            let body = settings.collect(body).await.map_err(about)?;
            if head.status.as_u16() >= 400
                && let Some(code) = peek(&body)
            {
                head.extensions.insert(PeekedCode(code));
            }
            Ok(Response::from_parts(head, body.into()))
        })
    }
}

impl CollectLayer {
    async fn collect(&self, body: ResBody) -> Result<Bytes, Error> {
        let mut body = Paced::new(body, self.idle.clone());
        let mut whole = Gathered::default();
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(Error::from_boxed)?;
            if whole.len().saturating_add(piece.len()) > self.limit {
                return Err(Error::new(
                    ErrorKind::Decode,
                    Outcome::Unknown,
                    format!("the answer is larger than the limit of {} bytes", self.limit),
                ));
            }
            whole.push(piece);
        }
        Ok(whole.into())
    }
}

fn peek(body: &[u8]) -> Option<Code> {
    #[derive(Deserialize)]
    struct HasCode {
        code: Code,
    }
    // serde would take a list for an object, member by member
    body.trim_ascii_start().starts_with(b"{").then_some(())?;
    serde_json::from_slice::<HasCode>(body).ok().map(|found| found.code)
}
