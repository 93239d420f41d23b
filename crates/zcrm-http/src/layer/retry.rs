//! Retry, by what the operation allows and by what surely did not happen.

use std::{fmt, future::ready, sync::Arc, time::Duration};

use chrono::DateTime;
use http::{Request, Response, StatusCode, header::DATE};
use tower::retry::Policy;
use zcrm_core::{
    BoxError, CallMeta, Clock, Code, Error, ErrorKind, Outcome, RetryClass, Sleep, retry_after,
};

use super::replay::ReplayState;
use crate::{
    Attempts, MaybeExecuted, ReqBody, ResBody, Tenant,
    layer::{ErrorCode, RetryBudget},
    snapshot::RequestSnapshot,
};

/// A policy for tower's retry layer.
///
/// * A connection that could not be made, a token that could not be fetched (a broken connection, a
///   429 or a 5xx of the accounts server), and a 429 mean that nothing was executed: any call is
///   tried again.
/// * A broken connection, a timeout of the attempt, 408, 502, 503, 504 and Zoho's 500
///   `INTERNAL_ERROR` leave it open: only calls whose [`RetryClass`] allows it are tried again.
/// * An answer that [`Auth`](super::Auth) marks ([`Replay`](super::Replay)), for its token was stale:
///   the call is sent again, once and at once. That counts as no retry.
/// * Everything else is final.
///
/// It waits before try *n* a random time up to `base × 2ⁿ⁻¹` ("full jitter"), and at least as long
/// as `Retry-After` or `X-RATELIMIT-RESET` says; where that is more than the longest wait, it gives
/// up and passes the answer on. A request whose body can be sent once only is never retried. All
/// clones take their retries from one [`RetryBudget`], which has so many for each organisation
/// ([`Tenant`]): a brown-out is not multiplied, and one organisation's is not another's.
/// [`CallSettings`](crate::CallSettings) in a request set another number of attempts for it.
///
/// Where one attempt of a write may have been executed, a later error's outcome is unknown, and a
/// later answer is marked [`MaybeExecuted`]: what it refuses may be our own doing.
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
#[doc(alias = "backoff")]
#[doc(alias = "retry")]
#[derive(Clone)]
pub struct RetryPolicy {
    settings: Arc<RetrySettings>,
    made: u32,
    /// When the first attempt began, monotonic.
    began: Option<Duration>,
    /// Whether an attempt before this one may have been executed.
    maybe_executed: bool,
    replay: ReplayState,
}

#[derive(Clone)]
struct RetrySettings {
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    attempts: u32,
    base: Duration,
    longest: Duration,
    total: Duration,
    budget: RetryBudget,
}

impl RetryPolicy {
    /// Four attempts, waiting up to 0.5 s, 1 s, 2 s between them, never longer than 30 s, and none
    /// that begins later than 90 s after the first; a budget of 100 retries for each organisation.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let settings = RetrySettings {
            clock,
            jitter: Arc::new(fastrand::f64),
            attempts: 4,
            base: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            total: Duration::from_secs(90),
            budget: RetryBudget::new(100),
        };
        Self {
            settings: Arc::new(settings),
            made: 0,
            began: None,
            maybe_executed: false,
            replay: ReplayState::default(),
        }
    }

    /// How often a request is sent at most; 1 means no retry.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.set().attempts = attempts.max(1);
        self
    }

    /// The longest first wait; it doubles with each try.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.set().base = base;
        self
    }

    /// The longest wait of all.
    #[must_use]
    pub fn longest(mut self, longest: Duration) -> Self {
        self.set().longest = longest;
        self
    }

    /// No attempt begins later than this after the first.
    #[must_use]
    pub fn total(mut self, total: Duration) -> Self {
        self.set().total = total;
        self
    }

    /// The budget that retries are taken from; clients that share one share its limit.
    #[must_use]
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.set().budget = budget;
        self
    }

    /// The source of chance: numbers from 0 to 1, for tests.
    #[must_use]
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.set().jitter = Arc::new(jitter);
        self
    }

    /// For a stack in which nobody else sees its copies, nor needs to be told that an answer is that
    /// to a first attempt.
    pub(crate) fn lean(mut self) -> Self {
        self.replay = self.replay.lean();
        self
    }

    fn set(&mut self) -> &mut RetrySettings {
        Arc::make_mut(&mut self.settings)
    }

    fn backoff(&self) -> Duration {
        let doubled =
            self.settings.base.saturating_mul(1u32 << self.made.saturating_sub(1).min(16));
        doubled.min(self.settings.longest).mul_f64((self.settings.jitter)().clamp(0.0, 1.0))
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("attempts", &self.settings.attempts)
            .field("base", &self.settings.base)
            .field("longest", &self.settings.longest)
            .finish_non_exhaustive()
    }
}

/// What an attempt's end allows.
enum RetryVerdict {
    Final,
    /// Nothing was executed.
    AnyCall,
    /// It may have been executed.
    IfRepeatable,
}

fn judge(result: &Result<Response<ResBody>, BoxError>) -> RetryVerdict {
    match result {
        Ok(response) => match response.status() {
            StatusCode::TOO_MANY_REQUESTS => RetryVerdict::AnyCall,
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::REQUEST_TIMEOUT => RetryVerdict::IfRepeatable,
            StatusCode::INTERNAL_SERVER_ERROR => match response.extensions().get::<ErrorCode>() {
                Some(ErrorCode(code)) if *code == Code::INTERNAL_ERROR => {
                    RetryVerdict::IfRepeatable
                }
                _ => RetryVerdict::Final,
            },
            _ => RetryVerdict::Final,
        },
        Err(error) => match error.downcast_ref::<Error>() {
            Some(error) => match (error.kind(), error.outcome()) {
                (
                    ErrorKind::Connect | ErrorKind::Transport | ErrorKind::Timeout,
                    Outcome::NotSent | Outcome::Refused,
                ) => RetryVerdict::AnyCall,
                // the accounts server gave no token, and may give one the next time
                (_, Outcome::NotSent) if is_transient(error) => RetryVerdict::AnyCall,
                (ErrorKind::Transport | ErrorKind::Timeout, _) => RetryVerdict::IfRepeatable,
                _ => RetryVerdict::Final,
            },
            None => RetryVerdict::Final,
        },
    }
}

/// Whether an answer that kept a request from being sent says of itself that it may pass.
fn is_transient(error: &Error) -> bool {
    error.status().is_some_and(|status| {
        error.is_throttled()
            || status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
    })
}

impl Policy<Request<ReqBody>, Response<ResBody>, BoxError> for RetryPolicy {
    type Future = Sleep;

    fn retry(
        &mut self,
        request: &mut Request<ReqBody>,
        result: &mut Result<Response<ResBody>, BoxError>,
    ) -> Option<Sleep> {
        if self.replay.replays(request, result) {
            return Some(Box::pin(ready(())));
        }
        self.made += 1;
        let verdict = judge(result);
        match result {
            Ok(response) => {
                if self.made > 1 || !self.replay.is_lean() {
                    response.extensions_mut().insert(Attempts(self.made));
                }
                if self.maybe_executed {
                    response.extensions_mut().insert(MaybeExecuted);
                }
            }
            Err(error) => {
                if let Some(error) = error.downcast_mut::<Error>() {
                    let mut told = error.clone().with_attempts(self.made);
                    if self.maybe_executed {
                        told = told.with_outcome(Outcome::Unknown);
                    }
                    *error = told;
                }
            }
        }
        let class =
            self.replay.extension(request, RequestSnapshot::call).map(CallMeta::retry_class);
        let allowed = match verdict {
            RetryVerdict::Final => {
                if self.made == 1 {
                    let by = || self.replay.extension(request, RequestSnapshot::by);
                    self.settings.budget.earn(|| Tenant::of_authorized(by()));
                }
                false
            }
            RetryVerdict::AnyCall => true,
            RetryVerdict::IfRepeatable => {
                // a later attempt that is surely not executed does not undo this one
                self.maybe_executed |= class == Some(RetryClass::Idempotent);
                matches!(class, Some(RetryClass::Read | RetryClass::Idempotent))
            }
        };
        let own =
            self.replay.extension(request, RequestSnapshot::settings).and_then(|own| own.attempts);
        if !allowed || self.made >= own.unwrap_or(self.settings.attempts) {
            return None;
        }
        let wait = match hint(result, &*self.settings.clock) {
            Some(wait) if wait > self.settings.longest => return None,
            Some(wait) => wait.max(self.backoff()),
            None => self.backoff(),
        };
        let now = self.settings.clock.monotonic();
        let next = now.saturating_add(wait).saturating_sub(self.began.unwrap_or(now));
        if next > self.settings.total {
            return None;
        }
        let tenant = Tenant::of_authorized(self.replay.extension(request, RequestSnapshot::by));
        if !self.settings.budget.take(&tenant, || now) {
            return None;
        }
        self.replay.complete(request);
        request.extensions_mut().insert(Attempts(self.made + 1));
        tracing::debug!(target: "zcrm::http", attempt = self.made, wait_ms = wait.as_millis(), "trying again");
        Some(self.settings.clock.sleep(wait))
    }

    fn clone_request(&mut self, request: &Request<ReqBody>) -> Option<Request<ReqBody>> {
        if self.made == 0 {
            self.began = Some(self.settings.clock.monotonic());
        }
        self.replay.copy(request)
    }
}

/// How long the server asks to be left alone: `Retry-After`, or the `X-RATELIMIT-RESET`
/// of Zoho's older SDKs, whose unit is not documented: a moment (seconds or milliseconds since
/// 1970) where it is large, seconds otherwise.
fn hint(result: &Result<Response<ResBody>, BoxError>, clock: &dyn Clock) -> Option<Duration> {
    const YEAR_2001: u64 = 1_000_000_000;
    let headers = match result {
        Ok(response) => response.headers(),
        Err(error) => return error.downcast_ref::<Error>()?.retry_after(),
    };
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(wait) = retry_after(headers) {
        return Some(wait);
    }
    let moment = match number("x-ratelimit-reset")? {
        seconds if seconds < YEAR_2001 => return Some(Duration::from_secs(seconds)),
        seconds if seconds < YEAR_2001 * 1_000 => Duration::from_secs(seconds),
        milliseconds => Duration::from_millis(milliseconds),
    };
    // by the server's clock where it says so: ours may differ
    let said = headers.get(DATE).and_then(|date| date.to_str().ok());
    let server = said.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let now = server.map_or_else(|| clock.now().timestamp(), |date| date.timestamp());
    let now = u64::try_from(now).unwrap_or_default();
    Some(moment.saturating_sub(Duration::from_secs(now)))
}
