//! Tracing spans of calls and attempts.

use std::{sync::Arc, task};

use http::{Request, Response};
use tower::{Layer, Service};
use tracing::{Instrument, Span, field::Empty};
use zcrm_core::{BoxError, CallMeta, Clock, Error};

use super::{either::EitherFuture, meter::REMAINING};
use crate::{Attempts, Ended, Observer, ReqBody, ResBody};

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
    observer: Option<Arc<dyn Observer>>,
    attempts: bool,
}

impl TraceLayer {
    /// Creates a layer that traces calls, with durations measured by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, observer: None, attempts: false }
    }

    /// Traces attempts instead of calls. The layer must then be inside the retry.
    #[must_use]
    pub fn attempts(mut self) -> Self {
        self.attempts = true;
        self
    }

    /// Reports to `observer`, too.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner, settings: Arc::new(self.clone()) }
    }
}

/// Puts each call into a span `zoho_call` of level info, or each attempt into a span `zoho_attempt`
/// of level debug.
///
/// The span of a call has the operation, method, path template, status, code, number of attempts,
/// API credits left according to Zoho, and duration. The span of an attempt has its number, status,
/// code and duration. Paths, query values, bodies and headers are never recorded, because they hold
/// people's data and secrets.
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    settings: Arc<TraceLayer>,
}

impl TraceLayer {
    fn span(&self, request: &Request<ReqBody>) -> Span {
        if self.attempts {
            return tracing::debug_span!(
                target: "zcrm::http",
                "zoho_attempt",
                attempt = number(request),
                status = Empty,
                code = Empty,
                error = Empty,
                duration_ms = Empty,
            );
        }
        let call = request.extensions().get::<CallMeta>();
        tracing::info_span!(
            target: "zcrm::http",
            "zoho_call",
            operation = call.map_or("", CallMeta::operation),
            method = %request.method(),
            path = call.map_or("", CallMeta::template),
            status = Empty,
            code = Empty,
            error = Empty,
            credits_remaining = Empty,
            attempts = Empty,
            duration_ms = Empty,
        )
    }

    fn ended(&self, ended: &Ended<'_>, result: &Result<Response<ResBody>, BoxError>) {
        let span = Span::current();
        span.record("duration_ms", ended.took.as_millis());
        if let Some(status) = ended.status {
            span.record("status", status.as_u16());
        }
        if let Some(code) = ended.code {
            span.record("code", code.as_str());
        }
        if let Some(kind) = ended.error {
            span.record("error", tracing::field::debug(kind));
        }
        if !self.attempts {
            span.record("attempts", ended.attempts);
            if let Some(left) = result.as_ref().ok().and_then(|it| it.headers().get(&REMAINING)) {
                span.record("credits_remaining", tracing::field::debug(left));
            }
        }
        match result.as_ref().map_err(|error| error.downcast_ref::<Error>()) {
            Ok(_) => tracing::debug!(target: "zcrm::http", "answered"),
            Err(Some(error)) => tracing::debug!(target: "zcrm::http", %error, "failed"),
            // the text of a third-party error is unknown, so it is not logged
            Err(None) => tracing::debug!(target: "zcrm::http", "failed"),
        }
        match (&self.observer, self.attempts) {
            (Some(observer), true) => observer.attempt_ended(ended),
            (Some(observer), false) => observer.call_ended(ended),
            (None, _) => {}
        }
    }
}

/// Returns the number of the attempt that a request is.
fn number(request: &Request<ReqBody>) -> u32 {
    request.extensions().get().map_or(1, |Attempts(number)| *number)
}

impl<S> Service<Request<ReqBody>> for Trace<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = EitherFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let span = self.settings.span(&request);
        if span.is_disabled() && self.settings.observer.is_none() {
            // no subscriber and no observer
            return EitherFuture::inner(self.inner.call(request));
        }
        let call = request.extensions().get::<CallMeta>().cloned();
        let number = number(&request);
        let settings = Arc::clone(&self.settings);
        let calling = span.in_scope(|| self.inner.call(request));
        let tracing = async move {
            let start = settings.clock.monotonic();
            let result = calling.await;
            let took = settings.clock.monotonic().saturating_sub(start);
            settings.ended(&Ended::new(call.as_ref(), &result, number, took), &result);
            result
        };
        EitherFuture::boxed(tracing.instrument(span))
    }
}
