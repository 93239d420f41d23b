//! The deadline of a call with all its attempts.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task,
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome, TimeLimit};

use crate::{CallSettings, ReqBody, ResBody};

/// Adds [`Deadline`] to a service.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use tower::Layer;
/// use zcrm_http::{Connector, TokioClock, layer::DeadlineLayer};
///
/// let layer = DeadlineLayer::new(Duration::from_secs(120), Arc::new(TokioClock::new()));
/// let service = layer.layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DeadlineLayer {
    after: Duration,
    clock: Arc<dyn Clock>,
    attempts_report: bool,
}

impl DeadlineLayer {
    /// Creates a layer that fails a call after this time.
    #[must_use]
    pub fn new(after: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { after, clock, attempts_report: false }
    }

    /// Expects an [`AttemptTimeout`](super::AttemptTimeout) inside, which reports each sending.
    /// A call that times out before that was certainly not sent.
    #[must_use]
    pub(crate) fn attempts_report(mut self) -> Self {
        self.attempts_report = true;
        self
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, settings: Arc::new(self.clone()) }
    }
}

/// Limits the time of a call, including waits, all attempts and the answer's body.
///
/// [`CallSettings`] in a request set another time. The layer also adds the operation to every error
/// that passes it.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    settings: Arc<DeadlineLayer>,
}

/// Request extension: an attempt sets this flag when the request is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentFlag(Arc<AtomicBool>);

impl SentFlag {
    pub(super) fn set(request: &Request<ReqBody>) {
        if let Some(Self(sent)) = request.extensions().get() {
            sent.store(true, Ordering::Relaxed);
        }
    }
}

impl<S> Service<Request<ReqBody>> for Deadline<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let DeadlineLayer { after, clock, attempts_report } = &*self.settings;
        let own = request.extensions().get::<CallSettings>().and_then(|own| own.deadline);
        let after = own.unwrap_or(*after);
        let sent = attempts_report.then(SentFlag::default);
        if let Some(sent) = &sent {
            request.extensions_mut().insert(sent.clone());
        }
        let call = request.extensions().get::<CallMeta>().cloned();
        let limit = TimeLimit::new(after, Arc::clone(clock));
        DeadlineFuture { calling: self.inner.call(request), limit, call, sent }
    }
}

pin_project! {
    /// The future of a [`Deadline`].
    #[must_use = "futures do nothing unless polled"]
    pub struct DeadlineFuture<F> {
        #[pin]
        calling: F,
        limit: TimeLimit<Arc<dyn Clock>>,
        call: Option<CallMeta>,
        // if attempts report that they are sent
        sent: Option<SentFlag>,
    }
}

impl<F> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let this = self.project();
        let mut answer = this.calling.poll(cx);
        if answer.is_pending() && this.limit.poll_elapsed(cx).is_ready() {
            let outcome = match this.sent {
                Some(SentFlag(sent)) if !sent.load(Ordering::Relaxed) => Outcome::NotSent,
                _ => Outcome::Unknown,
            };
            let seconds = this.limit.limit().as_secs_f64();
            let message = format!("the call's deadline of {seconds} s passed");
            let error = Error::new(ErrorKind::Timeout, outcome, message);
            answer = task::Poll::Ready(Err(error.into()));
        }
        // the inner layers leave this to the deadline
        if let (task::Poll::Ready(Err(error)), Some(call)) = (&mut answer, this.call)
            && let Some(error) = error.downcast_mut::<Error>()
        {
            *error = error.clone().with_call(call);
        }
        answer
    }
}

impl<F> fmt::Debug for DeadlineFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineFuture").field("limit", &self.limit).finish_non_exhaustive()
    }
}
