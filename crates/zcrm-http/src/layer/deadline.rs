//! A deadline for the whole call.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, ready},
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome, Within, within};

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
    told: bool,
}

impl DeadlineLayer {
    /// Gives up after this time.
    #[must_use]
    pub fn new(after: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { after, clock, told: false }
    }

    /// The inner service has an [`AttemptTimeout`](super::AttemptTimeout), which tells when
    /// something is sent: until then, a call that is given up was not.
    #[must_use]
    pub(crate) fn told_of_attempts(mut self) -> Self {
        self.told = true;
        self
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, settings: Arc::new(self.clone()) }
    }
}

/// Bounds a whole call: waiting, tries and the answer's body. [`CallSettings`] in a request set
/// another time for it. Errors that pass it are told which operation they befell.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    settings: Arc<DeadlineLayer>,
}

/// The extension by which an attempt tells the deadline that it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentFlag(Arc<AtomicBool>);

impl SentFlag {
    pub(super) fn tell(request: &Request<ReqBody>) {
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
        let DeadlineLayer { after, clock, told } = &*self.settings;
        let own = request.extensions().get::<CallSettings>().and_then(|own| own.deadline);
        let after = own.unwrap_or(*after);
        let sent = told.then(SentFlag::default);
        if let Some(sent) = &sent {
            request.extensions_mut().insert(sent.clone());
        }
        let call = request.extensions().get::<CallMeta>().cloned();
        let calling = within(after, Arc::clone(clock), self.inner.call(request));
        DeadlineFuture { calling, call, sent }
    }
}

pin_project! {
    /// The future of a [`Deadline`].
    #[must_use = "futures do nothing unless polled"]
    pub struct DeadlineFuture<F> {
        #[pin]
        calling: Within<F, Arc<dyn Clock>>,
        call: Option<CallMeta>,
        // where it is told of attempts
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
        let mut calling = this.calling;
        let error: BoxError = match ready!(calling.as_mut().poll(cx)) {
            Some(Ok(answer)) => return task::Poll::Ready(Ok(answer)),
            Some(Err(error)) => error,
            None => {
                let outcome = match this.sent {
                    Some(SentFlag(sent)) if !sent.load(Ordering::Relaxed) => Outcome::NotSent,
                    _ => Outcome::Unknown,
                };
                let seconds = calling.limit().as_secs_f64();
                let message = format!("the call's deadline of {seconds} s passed");
                Error::new(ErrorKind::Timeout, outcome, message).into()
            }
        };
        // the layers inside leave that to this one
        task::Poll::Ready(Err(match (error.downcast::<Error>(), this.call) {
            (Ok(error), Some(call)) => error.with_call(call).into(),
            (Ok(error), None) => error,
            (Err(foreign), _) => foreign,
        }))
    }
}

impl<F> fmt::Debug for DeadlineFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineFuture").field("calling", &self.calling).finish_non_exhaustive()
    }
}
