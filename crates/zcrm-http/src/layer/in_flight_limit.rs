//! Limits the number of calls of an organisation that are in flight.

use std::{
    fmt, mem,
    num::NonZeroU32,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task,
    time::Duration,
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome};

use super::{
    adaptive_semaphore::{AdaptiveSemaphore, HeldPermits},
    per_tenant::{PerTenant, Retain},
};
use crate::{BoxFuture, Observer, ReqBody, ResBody, Tenant, TokioClock};

/// Adds [`InFlightLimit`] to services, which then share the permits of each organisation.
///
/// ```
/// use tower::Layer;
/// use zcrm_http::{Connector, layer::InFlightLimitLayer};
///
/// let service = InFlightLimitLayer::new(10, 5).layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "rate limit")]
#[doc(alias = "concurrency")]
pub struct InFlightLimitLayer {
    settings: LimitSettings,
    tenants: Arc<PerTenant<Arc<TenantLimits>>>,
}

#[derive(Clone, Debug)]
struct LimitSettings {
    all: usize,
    heavy: usize,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
}

/// The semaphores that limit one tenant's concurrent calls, and the 429 responses that adjust them.
#[derive(Debug)]
struct TenantLimits {
    all: AdaptiveSemaphore,
    heavy: AdaptiveSemaphore,
    clock: Arc<dyn Clock>,
    refusals: Mutex<Option<ThrottleSeries>>,
    /// Whether an answer other than a 429 changes anything. Changed with `refusals` locked.
    throttled: AtomicBool,
}

impl Retain for Arc<TenantLimits> {
    fn in_use(&self) -> bool {
        // in use by a call that is in flight or waits
        Self::strong_count(self) > 1
    }
}

/// A series of 429s without another answer in between, and without a pause of [`QUOTA`].
#[derive(Clone, Copy, Debug)]
struct ThrottleSeries {
    first: Duration,
    last: Duration,
}

/// The duration of a series of 429s, with no other call in flight, that means a used-up quota.
const QUOTA: Duration = Duration::from_secs(60);

impl InFlightLimitLayer {
    /// Allows `all` concurrent calls of an organisation, including up to `heavy` heavy ones.
    /// Both are at least 1.
    #[must_use]
    pub fn new(all: usize, heavy: usize) -> Self {
        let clock = Arc::new(TokioClock::new());
        let settings = LimitSettings { all, heavy, clock, observer: None };
        Self { settings, tenants: Arc::default() }
    }

    /// Sets the clock that is used to detect a quota that is used up. By default it is the
    /// system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Reports to `observer` how long each call waited.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.settings.observer = Some(observer);
        self
    }

    fn now(&self) -> Duration {
        self.settings.clock.monotonic()
    }

    /// Returns the limits of the tenant that made this request.
    #[inline]
    fn limits(&self, request: &Request<ReqBody>) -> Arc<TenantLimits> {
        let tenant = Tenant::of(request.extensions());
        self.tenants.with(
            &tenant,
            || self.now(),
            || Arc::new(TenantLimits::new(&self.settings)),
            |limits| Arc::clone(limits),
        )
    }
}

impl TenantLimits {
    fn new(settings: &LimitSettings) -> Self {
        Self {
            all: AdaptiveSemaphore::new(settings.all),
            heavy: AdaptiveSemaphore::new(settings.heavy),
            clock: Arc::clone(&settings.clock),
            refusals: Mutex::default(),
            throttled: AtomicBool::new(false),
        }
    }

    fn try_acquire(self: Arc<Self>, weight: CallWeight) -> Result<Permit, Arc<Self>> {
        let mut permit = Permit { limits: self, all: None, heavy: None };
        if weight.heavy {
            permit.heavy = permit.limits.heavy.try_acquire(NonZeroU32::MIN);
        }
        if !weight.heavy || permit.heavy.is_some() {
            permit.all = permit.limits.all.try_acquire(weight.calls);
        }
        if permit.all.is_some() { Ok(permit) } else { Err(Arc::clone(&permit.limits)) }
    }

    async fn acquire(self: Arc<Self>, weight: CallWeight) -> Permit {
        let mut permit = Permit { limits: self, all: None, heavy: None };
        if weight.heavy {
            permit.heavy = permit.limits.heavy.acquire(NonZeroU32::MIN).await;
        }
        permit.all = permit.limits.all.acquire(weight.calls).await;
        permit
    }
}

/// The share of the limits that a call takes.
#[derive(Clone, Copy)]
struct CallWeight {
    calls: NonZeroU32,
    heavy: bool,
}

impl CallWeight {
    #[inline]
    fn of(request: &Request<ReqBody>) -> Self {
        let meta = request.extensions().get::<CallMeta>();
        let calls = meta.and_then(|call| NonZeroU32::new(call.concurrent_calls()));
        Self {
            calls: calls.unwrap_or(NonZeroU32::MIN),
            heavy: meta.is_some_and(CallMeta::is_heavy),
        }
    }
}

/// The permits of a call, and for a heavy call also one of the heavy ones. All are returned on drop.
#[derive(Debug)]
struct Permit {
    limits: Arc<TenantLimits>,
    all: Option<HeldPermits>,
    heavy: Option<HeldPermits>,
}

impl Permit {
    fn held(&self) -> impl Iterator<Item = (&AdaptiveSemaphore, HeldPermits)> {
        let permits = [(&self.limits.all, self.all), (&self.limits.heavy, self.heavy)];
        permits.into_iter().filter_map(|(semaphore, held)| Some((semaphore, held?)))
    }

    /// Records the call's answer. Returns an error if the day's quota is used up.
    fn record(&self, answer: &Response<ResBody>) -> Result<(), Error> {
        let limits = &*self.limits;
        let is_refusal = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        if !is_refusal && !limits.throttled.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut refusals = limits.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_refusal {
            *refusals = None;
            self.held().for_each(|(semaphore, _)| semaphore.on_success());
            let reduced = limits.all.is_reduced() || limits.heavy.is_reduced();
            limits.throttled.store(reduced, Ordering::Release);
            return Ok(());
        }
        limits.throttled.store(true, Ordering::Release);
        self.held().for_each(|(semaphore, held)| semaphore.on_throttled(held));
        let now = limits.clock.monotonic();
        let first = match *refusals {
            Some(series) if now.saturating_sub(series.last) <= QUOTA => series.first,
            _ => now,
        };
        *refusals = Some(ThrottleSeries { first, last: now });
        let own = self.all.map_or(0, HeldPermits::count);
        if now.saturating_sub(first) < QUOTA || limits.all.in_flight() > own {
            return Ok(());
        }
        let message = "Zoho has answered 429 for a minute while no other call was in flight: the \
                       organisation's API credits for the day are used up";
        let refused = Error::new(ErrorKind::QuotaExhausted, Outcome::Refused, message);
        Err(refused.with_status(answer.status()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.held().for_each(|(semaphore, held)| semaphore.release(held));
    }
}

impl<S> Layer<S> for InFlightLimitLayer {
    type Service = InFlightLimit<S>;

    fn layer(&self, inner: S) -> InFlightLimit<S> {
        InFlightLimit { inner, shared: Arc::new(self.clone()) }
    }
}

/// Limits the calls of each organisation ([`Tenant`]) that are in flight. Waiting calls are served
/// in order.
///
/// It works like tower's `ConcurrencyLimit`, but for each organisation, and it adapts to 429s. Zoho
/// counts concurrent calls for each organisation and application, and counts heavy ones
/// ([`CallMeta::is_heavy`]) a second time. It counts a composite request as five calls
/// ([`CallMeta::concurrent_calls`]), so the request takes five permits, or all if there are fewer. If *n* processes share an organisation, give each of
/// them an *n*th of the limit.
///
/// A 429 halves the organisation's permits. They return one by one as its calls succeed. If 429s
/// continue for a minute while no other call of that organisation is in flight, the call fails with
/// an error of kind [`QuotaExhausted`](ErrorKind::QuotaExhausted). Other organisations are not
/// affected. An organisation without a call for ten minutes has all its permits again.
///
/// The layer acquires the permit in `call` if one is free, or else when the future is polled. If it
/// is inside the [`Auth`](super::Auth) layer, a call that waits for a token holds no permit. A
/// future that is kept without being polled keeps its permit.
#[derive(Clone, Debug)]
pub struct InFlightLimit<S> {
    inner: S,
    shared: Arc<InFlightLimitLayer>,
}

impl<S> Service<Request<ReqBody>> for InFlightLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = InFlightLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let weight = CallWeight::of(&request);
        let limits = self.shared.limits(&request);
        let free = match self.shared.settings.observer {
            // the observer gets every wait, even one of no time
            Some(_) => Err(limits),
            None => limits.try_acquire(weight),
        };
        let stage = match free {
            Ok(permit) => {
                InFlightState::Permitted { calling: self.inner.call(request), permit: Some(permit) }
            }
            Err(limits) => {
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                let waiting =
                    Box::pin(Arc::clone(&self.shared).pass(inner, request, limits, weight));
                InFlightState::Waiting { waiting }
            }
        };
        InFlightLimitFuture { stage }
    }
}

impl InFlightLimitLayer {
    async fn pass<S>(
        self: Arc<Self>,
        mut inner: S,
        request: Request<ReqBody>,
        limits: Arc<TenantLimits>,
        weight: CallWeight,
    ) -> Result<Response<ResBody>, BoxError>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
    {
        let observer = self.settings.observer.as_ref();
        let arrived = observer.map(|_| self.now());
        let permit = limits.acquire(weight).await;
        if let (Some(observer), Some(arrived)) = (observer, arrived) {
            let call = request.extensions().get::<CallMeta>();
            observer.permit_acquired(call, self.now().saturating_sub(arrived));
        }
        let answer = inner.call(request).await?;
        permit.record(&answer)?;
        Ok(answer)
    }
}

pin_project! {
    /// The future of an [`InFlightLimit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct InFlightLimitFuture<F> {
        #[pin]
        stage: InFlightState<F>,
    }
}

pin_project! {
    #[project = InFlightStateProjection]
    enum InFlightState<F> {
        Permitted { #[pin] calling: F, permit: Option<Permit> },
        Waiting { waiting: BoxFuture<Result<Response<ResBody>, BoxError>> },
    }
}

impl<F> Future for InFlightLimitFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let (calling, permit) = match self.project().stage.project() {
            InFlightStateProjection::Waiting { waiting } => return waiting.as_mut().poll(cx),
            InFlightStateProjection::Permitted { calling, permit } => (calling, permit),
        };
        let mut answer = calling.poll(cx);
        // the permit is free for the next call before this call returns
        if let task::Poll::Ready(result) = &mut answer
            && let Some(permit) = permit.take()
            && let Ok(response) = result
            && let Err(error) = permit.record(response)
        {
            *result = Err(error.into());
        }
        answer
    }
}

impl<F> fmt::Debug for InFlightLimitFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlightLimitFuture").finish_non_exhaustive()
    }
}
