//! The whole stack on one screen.

use std::{fmt, sync::Arc, time::Duration};

use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{
    Layer, Service, ServiceBuilder,
    retry::{Policy, RetryLayer},
    util::BoxCloneSyncService,
};
use tower_http::decompression::DecompressionLayer;
use zcrm_core::{BoxError, Clock};

use crate::{
    Observer, ReqBody, ResBody, TokioClock, Transport,
    layer::{
        AttemptTimeoutLayer, AuthLayer, CollectLayer, CreditMeter, DeadlineLayer, GateLayer,
        MeterLayer, RetryPolicy, TraceLayer,
    },
};

/// How long things may take. Making a TCP connection has a time of its own, in the
/// [`ConnectorBuilder`](crate::ConnectorBuilder).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// A whole call with all its tries and waits; 120 s unless told.
    pub total: Duration,
    /// One attempt, until the answer begins; 60 s unless told.
    pub head: Duration,
    /// Between two pieces of an answer's body; 30 s unless told.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(120),
            head: Duration::from_secs(60),
            idle: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// Sets the time of a whole call.
    #[must_use]
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Sets the time until an answer begins.
    #[must_use]
    pub fn with_head(mut self, head: Duration) -> Self {
        self.head = head;
        self
    }

    /// Sets the longest pause in an answer's body.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }
}

/// How much may go on at a time.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Concurrent calls; 10 unless told. Zoho allows 5 (Free) to 25 (Ultimate) for an organisation
    /// and application.
    pub concurrent: usize,
    /// Concurrent heavy calls; 10 unless told, as Zoho says.
    pub concurrent_heavy: usize,
    /// The largest answer that is taken in, in decoded bytes; 64 MiB unless told.
    pub answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrent: 10, concurrent_heavy: 10, answer_bytes: 64 * 1024 * 1024 }
    }
}

impl Limits {
    /// Sets the number of concurrent calls.
    #[must_use]
    pub fn with_concurrent(mut self, calls: usize) -> Self {
        self.concurrent = calls;
        self
    }

    /// Sets the number of concurrent heavy calls.
    #[must_use]
    pub fn with_concurrent_heavy(mut self, calls: usize) -> Self {
        self.concurrent_heavy = calls;
        self
    }

    /// Sets the size of the largest answer, in decoded bytes.
    #[must_use]
    pub fn with_answer_bytes(mut self, bytes: usize) -> Self {
        self.answer_bytes = bytes;
        self
    }
}

/// Puts the layers around a connector, or around any service of the caller's.
///
/// ```no_run
/// use zcrm_http::{Connector, Limits, Stack};
///
/// # fn main() -> Result<(), zcrm_core::Error> {
/// let limits = Limits::default().with_concurrent(5);
/// let transport = Stack::new(Connector::builder().build()?).limits(limits).build();
/// # let _ = transport;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a stack does nothing until it is built"]
pub struct Stack<S> {
    base: S,
    clock: Arc<dyn Clock>,
    timeouts: Timeouts,
    limits: Limits,
    retry: Option<Retry>,
    meter: Option<CreditMeter>,
    observer: Option<Arc<dyn Observer>>,
}

/// Puts a retry around a transport.
type Retry = Arc<dyn Fn(Transport) -> Transport + Send + Sync>;

impl<S> Stack<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    /// A stack with the default settings around `base`.
    pub fn new(base: S) -> Self {
        Self {
            base,
            clock: Arc::new(TokioClock::new()),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
            retry: None,
            meter: None,
            observer: None,
        }
    }

    /// Takes the time from this clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long things may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How much may go on at a time.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// When to try again: a [`RetryPolicy`](crate::layer::RetryPolicy) with other settings, or a
    /// policy of the caller's own.
    pub fn retry<P>(mut self, policy: P) -> Self
    where
        P: Policy<Request<ReqBody>, Response<ResBody>, BoxError> + Clone + Send + Sync + 'static,
        P::Future: Send,
    {
        self.retry = Some(Arc::new(move |attempt| {
            BoxCloneSyncService::new(RetryLayer::new(policy.clone()).layer(attempt))
        }));
        self
    }

    /// Counts API credits in `meter`, and stops at its floor.
    pub fn meter(mut self, meter: CreditMeter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Tells `observer` what happens, for metrics.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The stack for calls of the API.
    #[must_use]
    pub fn build(&self) -> Transport {
        let Self { clock, timeouts, limits, .. } = self;
        let mut gate =
            GateLayer::new(limits.concurrent, limits.concurrent_heavy).clock(Arc::clone(clock));
        if let Some(observer) = &self.observer {
            gate = gate.observer(Arc::clone(observer));
        }
        let meter = self.meter.clone().unwrap_or_else(|| CreditMeter::new(Arc::clone(clock)));
        let attempt = BoxCloneSyncService::new(
            ServiceBuilder::new()
                .layer(self.trace().attempts())
                .layer(AuthLayer::new())
                .layer(MeterLayer::new(meter))
                .layer(gate)
                .layer(self.collect(limits.answer_bytes))
                .layer(AttemptTimeoutLayer::new(timeouts.head, Arc::clone(clock)))
                .map_response(boxed)
                .layer(DecompressionLayer::new())
                .service(self.base.clone()),
        );
        let attempts = match &self.retry {
            Some(retry) => retry(attempt),
            None => BoxCloneSyncService::new(
                RetryLayer::new(RetryPolicy::new(Arc::clone(clock))).layer(attempt),
            ),
        };
        BoxCloneSyncService::new(
            ServiceBuilder::new()
                .layer(self.trace())
                .layer(DeadlineLayer::new(timeouts.total, Arc::clone(clock)).told_of_attempts())
                .service(attempts),
        )
    }

    /// The stack for calls of the accounts server: no retry, no authorisation, no gate, and
    /// `deadline` for the whole of it. A token call that is sent twice may spend a grant.
    #[must_use]
    pub fn build_for_accounts(&self, deadline: Duration) -> Transport {
        BoxCloneSyncService::new(
            ServiceBuilder::new()
                .layer(self.trace())
                .layer(DeadlineLayer::new(deadline, Arc::clone(&self.clock)))
                .layer(self.collect(1024 * 1024))
                .map_response(boxed)
                .layer(DecompressionLayer::new())
                .service(self.base.clone()),
        )
    }

    fn trace(&self) -> TraceLayer {
        let trace = TraceLayer::new(Arc::clone(&self.clock));
        match &self.observer {
            Some(observer) => trace.observer(Arc::clone(observer)),
            None => trace,
        }
    }

    fn collect(&self, limit: usize) -> CollectLayer {
        CollectLayer::new(limit).idle(self.timeouts.idle, Arc::clone(&self.clock))
    }
}

impl<S: fmt::Debug> fmt::Debug for Stack<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("base", &self.base)
            .field("timeouts", &self.timeouts)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn boxed<B>(response: Response<B>) -> Response<ResBody>
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}
