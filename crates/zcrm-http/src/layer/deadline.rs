//! A deadline for the whole call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task,
    time::Duration,
};

use http::{Request, Response};
use tower::{Layer, Service};
use zcrm_clock::within;
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome};

use crate::{BoxFuture, CallSettings, ReqBody, ResBody};

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
/// another time for it.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    settings: Arc<DeadlineLayer>,
}

/// The extension by which an attempt tells the deadline that it was sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<AtomicBool>);

impl Sent {
    pub(super) fn tell(request: &Request<ReqBody>) {
        if let Some(Self(sent)) = request.extensions().get() {
            sent.store(true, Ordering::Relaxed);
        }
    }
}

impl<S> Service<Request<ReqBody>> for Deadline<S>
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

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let settings = Arc::clone(&self.settings);
        let own = request.extensions().get::<CallSettings>().and_then(|own| own.deadline);
        let after = own.unwrap_or(settings.after);
        let call = request.extensions().get::<CallMeta>().cloned();
        let sent = Sent::default();
        request.extensions_mut().insert(sent.clone());
        let calling = self.inner.call(request);
        Box::pin(async move {
            if let Some(done) = within(after, &*settings.clock, calling).await {
                return done;
            }
            let outcome = match settings.told && !sent.0.load(Ordering::Relaxed) {
                true => Outcome::NotSent,
                false => Outcome::Unknown,
            };
            let message = format!("the call's deadline of {} s passed", after.as_secs_f64());
            let error = Error::new(ErrorKind::Timeout, outcome, message);
            Err(call.map_or(error.clone(), |call| error.with_call(&call)).into())
        })
    }
}
