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

/// In so many parts the time passes for a streamed body: after each it is looked whether it moved.
const PARTS: u32 = 8;

/// Bounds one attempt: from its beginning, a connection included, to all that the inner service
/// takes in (the answer's head, unless it collects bodies). For a streamed body the time counts from
/// the last piece that was taken, within an eighth of it: a large file may take as long as it moves,
/// slow as it is, and only the call's deadline bounds the whole.
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
            let parts = if moved.is_some() { PARTS } else { 1 };
            let taken = || moved.as_ref().map_or(0, |moved| moved.load(Ordering::Relaxed));
            let (mut before, mut still) = (taken(), 0);
            while still < parts {
                if let Some(done) = within(after / parts, &*clock, calling.as_mut()).await {
                    return done;
                }
                let now = taken();
                still = if now == before { still + 1 } else { 0 };
                before = now;
            }
            let message = format!("the time for an answer of {} s passed", after.as_secs_f64());
            let error = Error::new(ErrorKind::Timeout, Outcome::Unknown, message);
            Err(call.map_or(error.clone(), |call| error.with_call(&call)).into())
        })
    }
}
