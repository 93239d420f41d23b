//! A span for each call.

use std::{mem, sync::Arc, task};

use http::{Request, Response};
use tower::{Layer, Service};
use tracing::{Instrument, field::Empty};
use zcrm_core::{BoxError, CallMeta, Clock, Error};

use crate::{Attempts, BoxFuture, ReqBody, ResBody, layer::PeekedCode};

/// Adds [`Trace`] to a service.
///
/// ```
/// use std::sync::Arc;
/// use tower::Layer;
/// use zcrm_http::{Connector, TokioClock, layer::TraceLayer};
///
/// let layer = TraceLayer::new(Arc::new(TokioClock::new()));
/// let service = layer.layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TraceLayer {
    clock: Arc<dyn Clock>,
}

impl TraceLayer {
    /// Measures durations with `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner, clock: Arc::clone(&self.clock) }
    }
}

/// Puts each call into a span `zoho_call` (level info) with operation, method, path template,
/// status, code, attempts and duration. Paths, query values, bodies and headers never stand in
/// it, for they hold people's data and secrets.
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    clock: Arc<dyn Clock>,
}

impl<S> Service<Request<ReqBody>> for Trace<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let call = request.extensions().get::<CallMeta>();
        let span = tracing::info_span!(
            "zoho_call",
            operation = call.map_or("", CallMeta::operation),
            method = %request.method(),
            path = call.map_or("", CallMeta::template),
            status = Empty,
            code = Empty,
            attempts = Empty,
            duration_ms = Empty,
        );
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let clock = Arc::clone(&self.clock);
        let calling = span.in_scope(|| inner.call(request));
        Box::pin(
            async move {
                let start = clock.monotonic();
                let result = calling.await;
                let span = tracing::Span::current();
                let took = clock.monotonic().saturating_sub(start);
                span.record("duration_ms", took.as_millis());
                match &result {
                    Ok(response) => {
                        span.record("status", response.status().as_u16());
                        if let Some(Attempts(attempts)) = response.extensions().get() {
                            span.record("attempts", attempts);
                        }
                        if let Some(PeekedCode(code)) = response.extensions().get() {
                            span.record("code", code.as_str());
                        }
                        tracing::debug!("answered");
                    }
                    Err(error) => match error.downcast_ref::<Error>() {
                        Some(error) => {
                            span.record("attempts", error.attempts());
                            tracing::debug!(%error, "failed");
                        }
                        // nobody knows what the text of a foreign error holds
                        None => tracing::debug!("failed"),
                    },
                }
                result
            }
            .instrument(span),
        )
    }
}
