//! Collects answers, inside retry and limits.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{self, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response, StatusCode, header::RANGE};
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

/// Response extension: Zoho's error code in an answer of status 400 and above, if it has one.
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
    /// Creates a layer that collects answers of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, idle: None }
    }

    /// Fails the call if no byte of a body arrives for this time.
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

/// Collects the body of each answer.
///
/// This has three effects: retries also cover a body that is interrupted; the permit of an
/// [`InFlightLimit`](super::InFlightLimit) and a deadline last until the body's end; and Zoho's
/// code ([`ErrorCode`]) is known when an answer of status 400 and above is judged.
///
/// A file that is requested as a stream ([`open`](crate::open)) is not collected.
///
/// If the inner service decompresses, decoded bytes are counted. A larger body than the limit is an
/// error.
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

/// A request whose answer is streamed if it is a file.
#[derive(Clone, Copy)]
struct StreamRequest {
    part: bool,
}

pin_project! {
    #[project = CollectStateProjection]
    enum CollectState<F> {
        Calling { #[pin] calling: F, settings: Arc<CollectLayer>, streamed: Option<StreamRequest> },
        CollectBody { response: Box<Response<ResBody>>, body: Box<CollectBody> },
    }
}

impl<F> Future for CollectFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let mut stage = self.project().stage;
        let (calling, settings, streamed) = match stage.as_mut().project() {
            CollectStateProjection::Calling { calling, settings, streamed } => {
                (calling, settings, streamed)
            }
            CollectStateProjection::CollectBody { response, body } => {
                return body.poll(response, cx).map_ok(|()| mem::take(&mut **response));
            }
        };
        let mut answer = calling.poll(cx);
        if let task::Poll::Ready(Ok(response)) = &mut answer {
            if streamed.is_some_and(|it| is_file(response.status(), response.headers(), it.part)) {
                settings.hand_on(response);
                return answer;
            }
            // the body of a small answer is usually complete already
            let mut body = CollectBody::new(response, settings);
            match body.poll(response, cx) {
                task::Poll::Ready(Ok(())) => {}
                task::Poll::Ready(Err(error)) => answer = task::Poll::Ready(Err(error)),
                task::Poll::Pending => {
                    let response = Box::new(mem::take(response));
                    stage.set(CollectState::CollectBody { response, body: Box::new(body) });
                    answer = task::Poll::Pending;
                }
            }
        }
        answer
    }
}

impl<F> fmt::Debug for CollectFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectFuture").finish_non_exhaustive()
    }
}

impl CollectLayer {
    /// Passes a file on as a stream.
    fn hand_on(&self, response: &mut Response<ResBody>) {
        let body = IdleTimeoutBody::new(mem::take(response.body_mut()), self.idle.clone());
        *response.body_mut() = ResBody::stream(body);
        response.extensions_mut().insert(StreamAnswer);
    }
}

/// Collects the body of an answer.
struct CollectBody {
    body: IdleTimeoutBody,
    whole: BodyBuffer,
    limit: usize,
}

impl CollectBody {
    /// Takes the body out of an answer.
    fn new(response: &mut Response<ResBody>, settings: &CollectLayer) -> Self {
        let body = IdleTimeoutBody::new(mem::take(response.body_mut()), settings.idle.clone());
        Self { body, whole: BodyBuffer::default(), limit: settings.limit }
    }

    /// Puts the body back into the answer once it is complete.
    fn poll(
        &mut self,
        response: &mut Response<ResBody>,
        cx: &mut task::Context<'_>,
    ) -> task::Poll<Result<(), BoxError>> {
        let status = response.status();
        while let Some(piece) = ready!(Pin::new(&mut self.body).poll_next(cx)) {
            let piece = piece.map_err(|error| about(status, Error::from_boxed(error)))?;
            if self.whole.len().saturating_add(piece.len()) > self.limit {
                let message =
                    format!("the answer is larger than the limit of {} bytes", self.limit);
                let error = Error::new(ErrorKind::Decode, Outcome::Unknown, message);
                return task::Poll::Ready(Err(about(status, error)));
            }
            self.whole.push(piece);
        }
        let body = Bytes::from(mem::take(&mut self.whole));
        if status.as_u16() >= 400
            && let Some(code) = peek(&body)
        {
            response.extensions_mut().insert(ErrorCode(code));
        }
        *response.body_mut() = body.into();
        task::Poll::Ready(Ok(()))
    }
}

/// Adds the answer's status, and the outcome that it proves, to an error of its body.
fn about(status: StatusCode, error: Error) -> BoxError {
    let error = error.with_status(status);
    match Outcome::of_unread(status) {
        Outcome::Refused => error.with_outcome(Outcome::Refused).into(),
        _ => error.into(),
    }
}

fn peek(body: &[u8]) -> Option<Code> {
    #[derive(Deserialize)]
    struct HasCode {
        code: Code,
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // serde would accept a list as an object, member by member
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
