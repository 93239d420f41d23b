//! The whole stack on one screen.

use std::{sync::Arc, time::Duration};

use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{Service, ServiceBuilder, retry::RetryLayer, util::BoxCloneSyncService};
use tower_http::decompression::DecompressionLayer;
use zcrm_core::{BoxError, Clock};

use crate::{
    ReqBody, ResBody, TokioClock, Transport,
    layer::{
        AttemptTimeoutLayer, AuthLayer, CollectLayer, DeadlineLayer, GateLayer, RetryPolicy,
        TraceLayer,
    },
};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// A whole call with all its tries and waits; 120 s unless told.
    pub total: Duration,
    /// One attempt, to the end of its answer; 60 s unless told.
    pub attempt: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { total: Duration::from_secs(120), attempt: Duration::from_secs(60) }
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

/// Puts the layers around a connector, or around any service of the caller's.
///
/// ```no_run
/// use zcrm_http::{Connector, Limits, Stack};
///
/// # fn main() -> Result<(), zcrm_core::Error> {
/// let mut limits = Limits::default();
/// limits.concurrent = 5;
/// let transport = Stack::new(Connector::builder().build()?).limits(limits).build();
/// # let _ = transport;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a stack does nothing until it is built"]
pub struct Stack<S> {
    base: S,
    clock: Arc<dyn Clock>,
    timeouts: Timeouts,
    limits: Limits,
    retry: Option<RetryPolicy>,
}

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

    /// When to try again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// The stack for calls of the API.
    #[must_use]
    pub fn build(&self) -> Transport {
        let policy =
            self.retry.clone().unwrap_or_else(|| RetryPolicy::new(Arc::clone(&self.clock)));
        BoxCloneSyncService::new(
            ServiceBuilder::new()
                .layer(TraceLayer::new(Arc::clone(&self.clock)))
                .layer(DeadlineLayer::new(self.timeouts.total, Arc::clone(&self.clock)))
                .layer(RetryLayer::new(policy))
                .layer(AuthLayer::new())
                .layer(GateLayer::new(self.limits.concurrent, self.limits.concurrent_heavy))
                .layer(AttemptTimeoutLayer::new(self.timeouts.attempt, Arc::clone(&self.clock)))
                .layer(CollectLayer::new(self.limits.answer_bytes))
                .map_response(boxed)
                .layer(DecompressionLayer::new())
                .service(self.base.clone()),
        )
    }

    /// The stack for calls of the accounts server: no retry, no authorisation, no gate, and
    /// `deadline` for the whole of it. A token call that is sent twice may spend a grant.
    #[must_use]
    pub fn build_for_accounts(&self, deadline: Duration) -> Transport {
        BoxCloneSyncService::new(
            ServiceBuilder::new()
                .layer(TraceLayer::new(Arc::clone(&self.clock)))
                .layer(DeadlineLayer::new(deadline, Arc::clone(&self.clock)))
                .layer(CollectLayer::new(1024 * 1024))
                .map_response(boxed)
                .layer(DecompressionLayer::new())
                .service(self.base.clone()),
        )
    }
}

fn boxed<B>(response: Response<B>) -> Response<ResBody>
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}
