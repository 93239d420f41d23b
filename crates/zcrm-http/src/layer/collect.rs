//! Collects the whole answer, inside retry and limits.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{self, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response, StatusCode, header::RANGE, response::Parts};
use pin_project_lite::pin_project;
use serde::Deserialize;
use tower::{Layer, Service};
use zcrm_core::{BoxError, Clock, Code, Error, ErrorKind, Outcome};

use super::idle_timeout::IdleTimeoutBody;
use crate::{
    ReqBody, ResBody,
    body::BodyBuffer,
    download::{StreamAnswer, is_file},
};

/// Response extension: the error code of Zoho in an answer of status 400 and above, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a plain wrapper")]
pub struct ErrorCode(pub Code);

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
        Collect { inner, settings: Arc::new(self.clone()) }
    }
}

/// Collects the whole body of an answer, so that a retry covers a body that breaks off, the permit of an
/// [`InFlightLimit`](super::InFlightLimit) is held and a deadline runs to its end, and Zoho's code
/// is known ([`ErrorCode`]) where an answer
/// of status 400 and above is judged.
///
/// Only a file that is asked for as a stream ([`open`](crate::open)) passes.
///
/// Around a decompressing service it counts decoded bytes; more than the limit is an error.
#[derive(Clone, Debug)]
pub struct Collect<S> {
    inner: S,
    settings: Arc<CollectLayer>,
}

impl<S> Service<Request<ReqBody>> for Collect<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = CollectFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let streamed = request.extensions().get::<StreamAnswer>();
        let streamed =
            streamed.map(|_| StreamRequest { part: request.headers().contains_key(RANGE) });
        let (calling, settings) = (self.inner.call(request), Arc::clone(&self.settings));
        CollectFuture { stage: CollectState::Calling { calling, settings, streamed } }
    }
}

pin_project! {
    /// The future of a [`Collect`].
    #[must_use = "futures do nothing unless polled"]
    pub struct CollectFuture<F> {
        #[pin]
        stage: CollectState<F>,
    }
}

/// A request whose answer is to be handed on as a stream, if it is a file.
#[derive(Clone, Copy)]
struct StreamRequest {
    part: bool,
}

pin_project! {
    #[project = CollectStateProjection]
    enum CollectState<F> {
        Calling { #[pin] calling: F, settings: Arc<CollectLayer>, streamed: Option<StreamRequest> },
        CollectBody { taking: Box<CollectBody> },
    }
}

impl<F> Future for CollectFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let mut stage = self.project().stage;
        let mut taking = match stage.as_mut().project() {
            CollectStateProjection::CollectBody { taking } => return taking.poll(cx),
            CollectStateProjection::Calling { calling, settings, streamed } => {
                let response = ready!(calling.poll(cx))?;
                if let Some(asked) = streamed
                    && is_file(response.status(), response.headers(), asked.part)
                {
                    return task::Poll::Ready(Ok(settings.hand_on(response)));
                }
                CollectBody::new(response, settings)
            }
        };
        // a small answer is there in one piece
        let taken = taking.poll(cx);
        if taken.is_pending() {
            stage.set(CollectState::CollectBody { taking: Box::new(taking) });
        }
        taken
    }
}

impl<F> fmt::Debug for CollectFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectFuture").finish_non_exhaustive()
    }
}

impl CollectLayer {
    /// A file, which its receiver reads.
    fn hand_on(&self, response: Response<ResBody>) -> Response<ResBody> {
        let idle = self.idle.clone();
        let mut response = response.map(|body| ResBody::stream(IdleTimeoutBody::new(body, idle)));
        response.extensions_mut().insert(StreamAnswer);
        response
    }
}

/// Collects the body of an answer.
struct CollectBody {
    head: Parts,
    body: IdleTimeoutBody,
    whole: BodyBuffer,
    limit: usize,
}

impl CollectBody {
    fn new(response: Response<ResBody>, settings: &CollectLayer) -> Self {
        let (head, body) = response.into_parts();
        let body = IdleTimeoutBody::new(body, settings.idle.clone());
        Self { head, body, whole: BodyBuffer::default(), limit: settings.limit }
    }

    fn poll(
        &mut self,
        cx: &mut task::Context<'_>,
    ) -> task::Poll<Result<Response<ResBody>, BoxError>> {
        while let Some(piece) = ready!(Pin::new(&mut self.body).poll_next(cx)) {
            let piece = piece.map_err(|error| self.about(Error::from_boxed(error)))?;
            if self.whole.len().saturating_add(piece.len()) > self.limit {
                let message =
                    format!("the answer is larger than the limit of {} bytes", self.limit);
                let error = Error::new(ErrorKind::Decode, Outcome::Unknown, message);
                return task::Poll::Ready(Err(self.about(error)));
            }
            self.whole.push(piece);
        }
        let body = Bytes::from(mem::take(&mut self.whole));
        if self.head.status.as_u16() >= 400
            && let Some(code) = peek(&body)
        {
            self.head.extensions.insert(ErrorCode(code));
        }
        let mut response = Response::new(ResBody::from(body));
        *response.status_mut() = self.head.status;
        *response.version_mut() = self.head.version;
        *response.headers_mut() = mem::take(&mut self.head.headers);
        *response.extensions_mut() = mem::take(&mut self.head.extensions);
        task::Poll::Ready(Ok(response))
    }

    /// Adds what the answer's status says to an error of its body.
    fn about(&self, error: Error) -> BoxError {
        let status = self.head.status;
        let mut error = error.with_status(status);
        // the status alone says that nothing was executed
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            error = error.with_outcome(Outcome::Refused);
        }
        error.into()
    }
}

fn peek(body: &[u8]) -> Option<Code> {
    #[derive(Deserialize)]
    struct HasCode {
        code: Code,
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // serde would take a list for an object, member by member
    body.trim_ascii_start().starts_with(b"{").then_some(())?;
    serde_json::from_slice::<HasCode>(body).ok().map(|found| found.code)
}

#[cfg(test)]
mod tests {
    use super::peek;

    #[test]
    fn finds_the_code_behind_a_byte_order_mark() {
        for body in [r#"{"code":"INVALID_TOKEN"}"#, "\u{feff}{\"code\":\"INVALID_TOKEN\"}"] {
            assert_eq!(peek(body.as_bytes()).unwrap(), "INVALID_TOKEN", "{body}");
        }
        for body in ["", "\u{feff}", "[\"INVALID_TOKEN\"]", "<html>", r#"{"code":null}"#] {
            assert!(peek(body.as_bytes()).is_none(), "{body}");
        }
    }
}
