//! Retry, by what the operation allows and by what surely did not happen.

use std::{fmt, sync::Arc, time::Duration};

use http::{Request, Response, StatusCode, header::RETRY_AFTER};
use tower::retry::Policy;
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome, RetryClass, Sleep};

use crate::{Attempts, ReqBody, ResBody, body::try_clone};

/// A policy for tower's retry layer.
///
/// * A connection that could not be made, a token that could not be fetched, and a 429 mean that
///   nothing was executed: any call is tried again.
/// * A broken connection, a timeout of the attempt, 502, 503 and 504 leave it open: only calls
///   whose [`RetryClass`] allows it are tried again.
/// * Everything else is final.
///
/// It waits before try *n* a random time up to `base × 2ⁿ⁻¹` ("full jitter"), or as long as
/// `Retry-After` says; where that is more than the longest wait, it gives up and passes the answer
/// on. A request whose body can be sent once only is never retried. Where one attempt of a write
/// may have been executed, the last error's outcome is unknown, whatever the last attempt came to.
///
/// ```
/// use std::sync::Arc;
/// use tower::{Layer, retry::RetryLayer};
/// use zcrm_http::{Connector, TokioClock, layer::RetryPolicy};
///
/// let policy = RetryPolicy::new(Arc::new(TokioClock::new())).attempts(3);
/// let service = RetryLayer::new(policy).layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    attempts: u32,
    base: Duration,
    longest: Duration,
    made: u32,
    /// Whether an attempt before this one may have been executed.
    doubt: bool,
}

impl RetryPolicy {
    /// Four attempts, waiting up to 0.5 s, 1 s, 2 s between them, and never longer than 30 s.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            jitter: Arc::new(fastrand::f64),
            attempts: 4,
            base: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            made: 0,
            doubt: false,
        }
    }

    /// How often a request is sent at most; 1 means no retry.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest first wait; it doubles with each try.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest wait of all.
    #[must_use]
    pub fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// The source of chance: numbers from 0 to 1, for tests.
    #[must_use]
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Arc::new(jitter);
        self
    }

    fn backoff(&self) -> Duration {
        let doubled = self.base.saturating_mul(1u32 << self.made.saturating_sub(1).min(16));
        doubled.min(self.longest).mul_f64((self.jitter)().clamp(0.0, 1.0))
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("attempts", &self.attempts)
            .field("base", &self.base)
            .field("longest", &self.longest)
            .finish_non_exhaustive()
    }
}

/// What an attempt's end allows.
enum Verdict {
    Final,
    /// Nothing was executed.
    AnyCall,
    /// It may have been executed.
    IfRepeatable,
}

fn judge(result: &Result<Response<ResBody>, BoxError>) -> Verdict {
    match result {
        Ok(response) => match response.status() {
            StatusCode::TOO_MANY_REQUESTS => Verdict::AnyCall,
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Verdict::IfRepeatable,
            _ => Verdict::Final,
        },
        Err(error) => match error.downcast_ref::<Error>() {
            Some(error) => match (error.kind(), error.outcome()) {
                (
                    ErrorKind::Connect | ErrorKind::Transport | ErrorKind::Timeout,
                    Outcome::NotSent,
                ) => Verdict::AnyCall,
                (ErrorKind::Transport | ErrorKind::Timeout, _) => Verdict::IfRepeatable,
                _ => Verdict::Final,
            },
            None => Verdict::Final,
        },
    }
}

impl Policy<Request<ReqBody>, Response<ResBody>, BoxError> for RetryPolicy {
    type Future = Sleep;

    fn retry(
        &mut self,
        request: &mut Request<ReqBody>,
        result: &mut Result<Response<ResBody>, BoxError>,
    ) -> Option<Sleep> {
        self.made += 1;
        let verdict = judge(result);
        match result {
            Ok(response) => {
                response.extensions_mut().insert(Attempts(self.made));
            }
            Err(error) => {
                if let Some(error) = error.downcast_mut::<Error>() {
                    *error = error.clone().with_attempts(self.made);
                    if self.doubt {
                        *error = error.clone().with_outcome(Outcome::Unknown);
                    }
                }
            }
        }
        let class = request.extensions().get::<CallMeta>().map(CallMeta::retry_class);
        let allowed = match verdict {
            Verdict::Final => false,
            Verdict::AnyCall => true,
            Verdict::IfRepeatable => {
                // a later attempt that is surely not executed does not undo this one
                self.doubt |= class == Some(RetryClass::Idempotent);
                matches!(class, Some(RetryClass::Read | RetryClass::Idempotent))
            }
        };
        if !allowed || self.made >= self.attempts {
            return None;
        }
        let wait = match hint(result) {
            Some(wait) if wait > self.longest => return None,
            Some(wait) => wait.max(self.backoff()),
            None => self.backoff(),
        };
        tracing::debug!(attempt = self.made, wait_ms = wait.as_millis(), "trying again");
        Some(self.clock.sleep(wait))
    }

    fn clone_request(&mut self, request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        try_clone(request)
    }
}

fn hint(result: &Result<Response<ResBody>, BoxError>) -> Option<Duration> {
    let value = result.as_ref().ok()?.headers().get(RETRY_AFTER)?;
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
