//! A time for one attempt.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{self, ready},
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, Clock, Error, ErrorKind, Outcome, Within, within};

use super::deadline::Sent;
use crate::{ReqBody, ResBody};

/// Adds [`AttemptTimeout`] to a service.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use tower::Layer;
/// use zcrm_http::{Connector, TokioClock, layer::AttemptTimeoutLayer};
///
/// let layer = AttemptTimeoutLayer::new(Duration::from_secs(60), Arc::new(TokioClock::new()));
/// let service = layer.layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttemptTimeoutLayer {
    after: Duration,
    clock: Arc<dyn Clock>,
}

impl AttemptTimeoutLayer {
    /// Gives up after this time.
    #[must_use]
    pub fn new(after: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { after, clock }
    }
}

/// In so many parts the time passes for a streamed body: after each it is looked whether it moved.
const PARTS: u32 = 8;

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout { inner, settings: Arc::new(self.clone()) }
    }
}

/// Bounds one attempt: from its beginning, a connection included, to all that the inner service
/// takes in (the answer's head, unless it collects bodies). For a streamed body the time counts from
/// the last piece that was taken, within an eighth of it: a large file may take as long as it moves,
/// slow as it is, and only the call's deadline bounds the whole.
#[derive(Clone, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    settings: Arc<AttemptTimeoutLayer>,
}

impl<S> Service<Request<ReqBody>> for AttemptTimeout<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = Attempting<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let AttemptTimeoutLayer { after, clock } = &*self.settings;
        Sent::tell(&request);
        let taken = request.body_mut().pieces_taken();
        let parts = if taken.is_some() { PARTS } else { 1 };
        let calling = within(*after / parts, Arc::clone(clock), self.inner.call(request));
        Attempting { calling, parts, still: 0, taken, seen: 0 }
    }
}

pin_project! {
    /// The future of an [`AttemptTimeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempting<F> {
        // a part of the time after another
        #[pin]
        calling: Within<F, Arc<dyn Clock>>,
        parts: u32,
        // how many parts passed in which nothing was taken of a streamed body
        still: u32,
        taken: Option<Arc<AtomicU64>>,
        seen: u64,
    }
}

impl<F> Future for Attempting<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let mut this = self.project();
        loop {
            if let Some(done) = ready!(this.calling.as_mut().poll(cx)) {
                return task::Poll::Ready(done);
            }
            let taken = this.taken.as_ref().map_or(0, |taken| taken.load(Ordering::Relaxed));
            *this.still = if taken == *this.seen { *this.still + 1 } else { 0 };
            *this.seen = taken;
            if this.still >= this.parts {
                let seconds = (this.calling.limit() * *this.parts).as_secs_f64();
                let message = format!("the time for an answer of {seconds} s passed");
                let error = Error::new(ErrorKind::Timeout, Outcome::Unknown, message);
                return task::Poll::Ready(Err(error.into()));
            }
            this.calling.as_mut().restart();
        }
    }
}

impl<F> fmt::Debug for Attempting<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempting").field("parts", &self.parts).finish_non_exhaustive()
    }
}
