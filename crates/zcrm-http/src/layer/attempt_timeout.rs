//! The timeout of one attempt.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task,
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, Clock, Error, ErrorKind, Outcome, TimeLimit};

use super::deadline::SentFlag;
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
    /// Creates a layer that fails an attempt after this time.
    #[must_use]
    pub fn new(after: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { after, clock }
    }
}

/// The number of samples of a streamed upload per timeout. The attempt fails if no sample of a full
/// timeout saw a byte sent.
const SAMPLES: u32 = 8;

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout { inner, settings: Arc::new(self.clone()) }
    }
}

/// Limits the time of one attempt, from its start, including the connection, to the inner service's
/// answer. Unless the inner service collects bodies, that is the answer's head.
///
/// For a streamed body the time starts again with each chunk that is sent, within an eighth of the
/// timeout. So a large file may take any time as long as bytes are sent; only the call's deadline
/// limits the upload as a whole.
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
    type Future = AttemptTimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let AttemptTimeoutLayer { after, clock } = &*self.settings;
        SentFlag::set(&request);
        let taken = request.body_mut().chunks_sent();
        let samples = if taken.is_some() { SAMPLES } else { 1 };
        let limit = TimeLimit::new(*after / samples, Arc::clone(clock));
        let calling = self.inner.call(request);
        AttemptTimeoutFuture { calling, limit, samples, idle_samples: 0, taken, seen: 0 }
    }
}

pin_project! {
    /// The future of an [`AttemptTimeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AttemptTimeoutFuture<F> {
        #[pin]
        calling: F,
        // one sample's part of the timeout
        limit: TimeLimit<Arc<dyn Clock>>,
        samples: u32,
        // successive samples in which no byte of a streamed body was sent
        idle_samples: u32,
        taken: Option<Arc<AtomicU64>>,
        seen: u64,
    }
}

impl<F> Future for AttemptTimeoutFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let mut this = self.project();
        let mut answer = this.calling.as_mut().poll(cx);
        while answer.is_pending() && this.limit.poll_elapsed(cx).is_ready() {
            let taken = this.taken.as_ref().map_or(0, |taken| taken.load(Ordering::Relaxed));
            *this.idle_samples = if taken == *this.seen { *this.idle_samples + 1 } else { 0 };
            *this.seen = taken;
            if this.idle_samples >= this.samples {
                let seconds = (this.limit.limit() * *this.samples).as_secs_f64();
                let message = format!("no answer arrived within {seconds} s (attempt timeout)");
                let error = Error::new(ErrorKind::Timeout, Outcome::Unknown, message);
                answer = task::Poll::Ready(Err(error.into()));
            } else {
                this.limit.restart();
                answer = this.calling.as_mut().poll(cx);
            }
        }
        answer
    }
}

impl<F> fmt::Debug for AttemptTimeoutFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptTimeoutFuture")
            .field("samples", &self.samples)
            .finish_non_exhaustive()
    }
}
