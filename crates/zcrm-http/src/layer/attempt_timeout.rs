//! A time for one attempt.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task,
    time::Duration,
};

use http::{Request, Response};
use tower::{Layer, Service};
use zcrm_clock::within;
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome};

use super::deadline::Sent;
use crate::{BoxFuture, ReqBody, ResBody};

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

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout { inner, settings: self.clone() }
    }
}

/// Bounds one attempt: from its beginning, a connection included, to all that the inner service
/// takes in (the answer's head, unless it collects bodies). While a streamed body is being sent, the
/// time runs out only if no piece was taken in the whole of it: a large file may take as long as
/// it moves.
#[derive(Clone, Debug)]
pub struct AttemptTimeout<S> {
    inner: S,
    settings: AttemptTimeoutLayer,
}

impl<S> Service<Request<ReqBody>> for AttemptTimeout<S>
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
        let AttemptTimeoutLayer { after, clock } = self.settings.clone();
        let call = request.extensions().get::<CallMeta>().cloned();
        Sent::tell(&request);
        let moved = request.body_mut().pieces_taken();
        let calling = self.inner.call(request);
        Box::pin(async move {
            let mut calling = pin!(calling);
            let taken = || moved.as_ref().map_or(0, |moved| moved.load(Ordering::Relaxed));
            loop {
                let before = taken();
                if let Some(done) = within(after, &*clock, calling.as_mut()).await {
                    return done;
                }
                if taken() == before {
                    break;
                }
            }
            let message = format!("the time for an answer of {} s passed", after.as_secs_f64());
            let error = Error::new(ErrorKind::Timeout, Outcome::Unknown, message);
            Err(call.map_or(error.clone(), |call| error.with_call(&call)).into())
        })
    }
}
