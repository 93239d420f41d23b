//! Retries of requests that are repeatable or were certainly not executed.

use std::{fmt, future::ready, sync::Arc, time::Duration};

use http::{Request, Response, StatusCode};
use tower::retry::Policy;
use zcrm_core::{
    BoxError, CallMeta, Clock, Code, Error, ErrorKind, Outcome, RetryClass, Sleep, retry_after,
    server_time,
};

use super::replay::ReplayState;
use crate::{
    Attempts, MaybeExecuted, ReqBody, ResBody, Tenant,
    layer::{ErrorCode, RetryBudget},
    snapshot::RequestSnapshot,
};

/// A policy for tower's retry layer.
///
/// - If a connection could not be made, a token could not be fetched (a broken connection, a 429 or
///   a 5xx of the accounts server), or Zoho answered 429, nothing was executed. Any call is retried.
/// - After a broken connection, a timeout of the attempt, a 408, 502, 503 or 504, or Zoho's
///   `INTERNAL_ERROR` or `REQUEST_TIMEOUT` with 500 or 429, the call may have been executed. It is
///   retried only if its [`RetryClass`] allows it.
/// - If the body of an answer breaks off, its code is not known. The call counts as not executed only
///   if the status proves it ([`Outcome::of_unread`]); a 400 does not.
/// - If [`Auth`](super::Auth) marks the answer with [`Replay`](super::Replay) because the token was
///   stale, the call is sent again immediately, once. This does not count as a retry.
/// - Everything else is final.
///
/// Before attempt *n* + 1 the policy waits a random time of up to `base × 2ⁿ⁻¹` ("full jitter"),
/// and at least as long as `Retry-After` or `X-RATELIMIT-RESET` asks for. If that is longer than
/// the longest wait, the policy returns the answer without a retry. A request whose body can be
/// sent only once is never retried.
///
/// All clones take their retries from one [`RetryBudget`], which limits the retries of each
/// organisation ([`Tenant`]). This prevents retries from multiplying the load during an outage.
/// [`CallSettings`](crate::CallSettings) in a request set another number of attempts.
///
/// If an attempt of a write may have been executed, the outcome of a later error is unknown, and a
/// later answer is marked with [`MaybeExecuted`]: an error in it may be caused by our own write.
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
    /// The monotonic time at which the first attempt began.
    began: Option<Duration>,
    /// Whether an earlier attempt may have been executed.
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
    /// Creates a policy of four attempts that start within 90 s of the first.
    ///
    /// The waits between them are up to 0.5 s, 1 s and 2 s, or as long as the server asks for, up
    /// to 30 s. The budget is 100 retries for each organisation.
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

    /// Sets the maximum number of attempts; 1 disables retries.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.set().attempts = attempts.max(1);
        self
    }

    /// Sets the upper limit of the first wait. It doubles with each retry.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.set().base = base;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn longest(mut self, longest: Duration) -> Self {
        self.set().longest = longest;
        self
    }

    /// Sets the time, counted from the first attempt, after which no attempt begins.
    #[must_use]
    pub fn total(mut self, total: Duration) -> Self {
        self.set().total = total;
        self
    }

    /// Sets the budget that retries are taken from. Clients with the same budget share its limit.
    #[must_use]
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.set().budget = budget;
        self
    }

    /// Sets the source of random numbers from 0 to 1, for tests.
    #[must_use]
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.set().jitter = Arc::new(jitter);
        self
    }

    /// Keeps copies without their extensions, and adds no [`Attempts`] to the answer of a first
    /// attempt. Only for a stack in which no other layer sees the copies.
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

/// The retries that the end of an attempt allows.
enum RetryVerdict {
    Final,
    /// Nothing was executed.
    AnyCall,
    /// The call may have been executed.
    IfRepeatable,
}

fn judge(result: &Result<Response<ResBody>, BoxError>) -> RetryVerdict {
    match result {
        Ok(response) => match response.status() {
            // the code has more weight than the status
            StatusCode::TOO_MANY_REQUESTS if says_begun(response) => RetryVerdict::IfRepeatable,
            StatusCode::TOO_MANY_REQUESTS => RetryVerdict::AnyCall,
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::REQUEST_TIMEOUT => RetryVerdict::IfRepeatable,
            StatusCode::INTERNAL_SERVER_ERROR if says_begun(response) => RetryVerdict::IfRepeatable,
            _ => RetryVerdict::Final,
        },
        Err(error) => match error.downcast_ref::<Error>() {
            Some(error) => match (error.kind(), error.outcome()) {
                (
                    ErrorKind::Connect | ErrorKind::Transport | ErrorKind::Timeout,
                    Outcome::NotSent | Outcome::Refused,
                ) => RetryVerdict::AnyCall,
                // the accounts server issued no token now, but may do so the next time
                (_, Outcome::NotSent) if is_transient(error) => RetryVerdict::AnyCall,
                (ErrorKind::Transport | ErrorKind::Timeout, _) => RetryVerdict::IfRepeatable,
                _ => RetryVerdict::Final,
            },
            None => RetryVerdict::Final,
        },
    }
}

/// Returns `true` if an answer's code says that Zoho began the call.
fn says_begun(response: &Response<ResBody>) -> bool {
    let code = response.extensions().get::<ErrorCode>();
    code.is_some_and(|ErrorCode(code)| [Code::INTERNAL_ERROR, Code::REQUEST_TIMEOUT].contains(code))
}

/// Returns `true` if the answer that prevented the sending of a request is temporary.
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
                    let mut annotated = error.clone().with_attempts(self.made);
                    if self.maybe_executed {
                        annotated = annotated.with_outcome(Outcome::Unknown);
                    }
                    *error = annotated;
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
                // a later attempt that was certainly not executed does not change that
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

/// Returns how long the server asks the client to wait, from `Retry-After` or from the
/// `X-RATELIMIT-RESET` of Zoho's older SDKs.
///
/// The unit of the latter is not documented. A large value is read as a time (seconds or
/// milliseconds since 1970), and a small one as seconds to wait.
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
    // by the server's clock if it sends a date, because ours may differ
    let now = server_time(headers).unwrap_or_else(|| clock.now()).timestamp();
    let now = u64::try_from(now).unwrap_or_default();
    Some(moment.saturating_sub(Duration::from_secs(now)))
}
