//! API credits: counts the credits spent and left, and refuses calls below a minimum.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task,
    time::Duration,
};

use http::{HeaderName, Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome};

use super::{
    either::EitherFuture,
    per_tenant::{PerTenant, Retain},
};
use crate::{AuthorizedBy, ReqBody, ResBody, Tenant};

/// According to Zoho's documentation, sent once half of the day's credits are used.
pub(super) static REMAINING: HeaderName = HeaderName::from_static("x-api-credits-remaining");

/// The time for which a reported number is used. After it, one call is sent to get a new number,
/// because the credits of 24 hours return hour by hour.
const VALID_FOR: Duration = Duration::from_secs(600);

/// A counter of API credits, shared by its clones.
///
/// It counts the credits that calls cost by Zoho's table ([`CallMeta::credits`]), and keeps the
/// number that Zoho reports as left for each organisation ([`Tenant`]).
///
/// With a [reserve](Self::with_reserve), calls that would leave an organisation fewer credits are
/// refused before they are sent. This leaves credits for other programs.
///
/// ```
/// use std::sync::Arc;
/// use zcrm_http::{TokioClock, layer::CreditMeter};
///
/// let meter = CreditMeter::new(Arc::new(TokioClock::new())).with_reserve(1_000);
/// assert_eq!((meter.spent(), meter.remaining()), (0, None));
/// ```
#[doc(alias = "rate limit")]
#[doc(alias = "quota")]
#[derive(Clone, Debug)]
pub struct CreditMeter {
    clock: Arc<dyn Clock>,
    reserve: Option<u64>,
    spent: Arc<AtomicU64>,
    reported: Arc<PerTenant<ReportedCredits>>,
}

/// The credits that Zoho last reported to a tenant as left, less those spent since.
#[derive(Clone, Copy, Debug)]
struct ReportedCredits {
    remaining: u64,
    at: Duration,
}

impl Retain for ReportedCredits {}

impl CreditMeter {
    /// Creates a meter that only counts.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, reserve: None, spent: Arc::default(), reported: Arc::default() }
    }

    /// Refuses calls that would leave fewer credits than this.
    #[must_use]
    pub fn with_reserve(mut self, credits: u64) -> Self {
        self.reserve = Some(credits);
        self
    }

    /// Returns the credits that the calls of this process have cost, by Zoho's table, for all
    /// organisations together.
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    /// Returns the credits that an organisation has left today, if Zoho has reported them.
    ///
    /// Zoho reports them once half are used. With several organisations, this is the lowest number.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        let mut least = None;
        self.reported
            .each(|reported| least = Some(least.unwrap_or(u64::MAX).min(reported.remaining)));
        least
    }

    /// Returns the credits that one organisation has left, if Zoho has reported them.
    ///
    /// The number is dropped once the organisation's calls have paused for ten minutes or more.
    #[must_use]
    pub fn remaining_of(&self, tenant: &Tenant) -> Option<u64> {
        self.reported.peek(tenant, |reported| reported.remaining)
    }

    /// Counts the credits of a call, or refuses the call.
    #[inline]
    fn take(&self, credits: u64, by: Option<&AuthorizedBy>) -> Result<(), Error> {
        if !self.reported.is_empty() {
            self.take_from(&Tenant::of_authorized(by), credits)?;
        }
        self.spent.fetch_add(credits, Ordering::Relaxed);
        Ok(())
    }

    fn take_from(&self, tenant: &Tenant, credits: u64) -> Result<(), Error> {
        let mut refused = None;
        self.reported.retain(tenant, |reported| {
            if let Some(reserve) = self.reserve
                && reported.remaining < reserve.saturating_add(credits)
            {
                let now = self.clock.monotonic();
                let wait = reported.at.saturating_add(VALID_FOR).saturating_sub(now);
                if !wait.is_zero() {
                    let left = reported.remaining;
                    let error = Error::new(
                        ErrorKind::Throttled,
                        Outcome::NotSent,
                        format!(
                            "only {left} API credits are left, and the credit reserve is {reserve}, so \
                             the call was not sent"
                        ),
                    );
                    refused = Some(error.with_retry_after(wait));
                    return true;
                }
                // this call gets a new number, and the others wait for it
                reported.at = now;
            }
            reported.remaining = reported.remaining.saturating_sub(credits);
            true
        });
        refused.map_or(Ok(()), Err)
    }

    #[inline]
    fn record(&self, response: &Response<ResBody>, by: Option<&AuthorizedBy>) {
        let header = response.headers().get(&REMAINING).and_then(|value| value.to_str().ok());
        if let Some(remaining) = header.and_then(|text| text.trim().parse().ok()) {
            let reported = ReportedCredits { remaining, at: self.clock.monotonic() };
            let tenant = Tenant::of_authorized(by);
            self.reported.with(&tenant, || reported.at, || reported, |kept| *kept = reported);
        }
    }
}

/// Adds [`Meter`]s that share a [`CreditMeter`] to services.
///
/// ```
/// use std::sync::Arc;
/// use tower::Layer;
/// use zcrm_http::{Connector, TokioClock, layer::{CreditMeter, MeterLayer}};
///
/// let meter = CreditMeter::new(Arc::new(TokioClock::new()));
/// let service = MeterLayer::new(meter.clone()).layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MeterLayer {
    meter: CreditMeter,
}

impl MeterLayer {
    /// Creates a layer that counts in `meter`.
    #[must_use]
    pub fn new(meter: CreditMeter) -> Self {
        Self { meter }
    }
}

impl<S> Layer<S> for MeterLayer {
    type Service = Meter<S>;

    fn layer(&self, inner: S) -> Meter<S> {
        Meter { inner, meter: Arc::new(self.meter.clone()) }
    }
}

/// Counts each request that passes, including retries. Refuses the requests of an organisation
/// whose credits are below the minimum.
#[derive(Clone, Debug)]
pub struct Meter<S> {
    inner: S,
    meter: Arc<CreditMeter>,
}

impl<S> Service<Request<ReqBody>> for Meter<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = MeterFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let credits = request.extensions().get::<CallMeta>().map_or(1, CallMeta::credits);
        let by: Option<AuthorizedBy> = request.extensions().get().cloned();
        let calling = match self.meter.take(u64::from(credits), by.as_ref()) {
            Ok(()) => EitherFuture::inner(self.inner.call(request)),
            Err(refused) => EitherFuture::boxed(async move { Err(refused.into()) }),
        };
        MeterFuture { calling, meter: Arc::clone(&self.meter), by }
    }
}

pin_project! {
    /// The future of a [`Meter`].
    #[must_use = "futures do nothing unless polled"]
    pub struct MeterFuture<F: Future> {
        #[pin]
        calling: EitherFuture<F>,
        meter: Arc<CreditMeter>,
        by: Option<AuthorizedBy>,
    }
}

impl<F> Future for MeterFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let this = self.project();
        let answer = this.calling.poll(cx);
        if let task::Poll::Ready(Ok(response)) = &answer {
            this.meter.record(response, this.by.as_ref());
        }
        answer
    }
}

impl<F: Future> fmt::Debug for MeterFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeterFuture").finish_non_exhaustive()
    }
}
