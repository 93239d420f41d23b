//! Concurrency: no more calls at a time than Zoho allows.

use std::{
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{self, ready},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Clock, Error, ErrorKind, Outcome};

use super::{
    lane::{Lane, Round},
    per_tenant::{Keep, PerTenant},
};
use crate::{BoxFuture, Observer, ReqBody, ResBody, Tenant, TokioClock};

/// Adds [`Gate`]s that share their places, some for each organisation, to services.
///
/// ```
/// use tower::Layer;
/// use zcrm_http::{Connector, layer::GateLayer};
///
/// let service = GateLayer::new(10, 5).layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GateLayer {
    settings: Settings,
    tenants: Arc<PerTenant<Arc<Lanes>>>,
}

#[derive(Clone, Debug)]
struct Settings {
    all: usize,
    heavy: usize,
    clock: Arc<dyn Clock>,
    observer: Option<Arc<dyn Observer>>,
}

/// The places of one tenant, and what its calls ran into.
#[derive(Debug)]
struct Lanes {
    all: Lane,
    heavy: Lane,
    clock: Arc<dyn Clock>,
    refusals: Mutex<Option<Refusals>>,
}

impl Keep for Arc<Lanes> {
    fn in_use(&self) -> bool {
        // by a call that is inside or waits
        Self::strong_count(self) > 1
    }
}

/// Answers of 429 without another between, and without a pause of [`QUOTA`].
#[derive(Clone, Copy, Debug)]
struct Refusals {
    first: Duration,
    last: Duration,
}

/// A 429 that lasts so long, with nothing else under way, is no matter of concurrency.
const QUOTA: Duration = Duration::from_secs(60);

impl GateLayer {
    /// At most `all` calls of an organisation at a time, of which `heavy` may be heavy ones; at least 1
    /// of each.
    #[must_use]
    pub fn new(all: usize, heavy: usize) -> Self {
        let clock = Arc::new(TokioClock::new());
        let settings = Settings { all, heavy, clock, observer: None };
        Self { settings, tenants: Arc::default() }
    }

    /// Takes the time from `clock`, to detect a quota that is used up. By default it is that of the
    /// system.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Reports to `observer` how long calls wait.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.settings.observer = Some(observer);
        self
    }

    fn now(&self) -> Duration {
        self.settings.clock.monotonic()
    }

    /// The lanes of the tenant whose request this is.
    #[inline]
    fn lanes(&self, request: &Request<ReqBody>) -> Arc<Lanes> {
        let tenant = Tenant::of(request.extensions());
        self.tenants.with(
            &tenant,
            || self.now(),
            || Arc::new(Lanes::new(&self.settings)),
            |lanes| Arc::clone(lanes),
        )
    }
}

impl Lanes {
    fn new(settings: &Settings) -> Self {
        Self {
            all: Lane::new(settings.all),
            heavy: Lane::new(settings.heavy),
            clock: Arc::clone(&settings.clock),
            refusals: Mutex::default(),
        }
    }

    fn try_enter(self: Arc<Self>, heavy: bool) -> Result<Inside, Arc<Self>> {
        let mut inside = Inside { lanes: self, all: None, heavy: None };
        if heavy {
            inside.heavy = inside.lanes.heavy.try_enter();
        }
        if !heavy || inside.heavy.is_some() {
            inside.all = inside.lanes.all.try_enter();
        }
        if inside.all.is_some() { Ok(inside) } else { Err(Arc::clone(&inside.lanes)) }
    }

    async fn enter(self: Arc<Self>, heavy: bool) -> Inside {
        let mut inside = Inside { lanes: self, all: None, heavy: None };
        if heavy {
            inside.heavy = inside.lanes.heavy.enter().await;
        }
        inside.all = inside.lanes.all.enter().await;
        inside
    }
}

/// The place of a call, and the one of a heavy call, until it is dropped.
#[derive(Debug)]
struct Inside {
    lanes: Arc<Lanes>,
    all: Option<Round>,
    heavy: Option<Round>,
}

impl Inside {
    fn places(&self) -> impl Iterator<Item = (&Lane, Round)> {
        let places = [(&self.lanes.all, self.all), (&self.lanes.heavy, self.heavy)];
        places.into_iter().filter_map(|(lane, round)| Some((lane, round?)))
    }

    /// Learns from the call's answer. An error where the day's quota is used up.
    fn learn(&self, answer: &Response<ResBody>) -> Result<(), Error> {
        let lanes = &*self.lanes;
        let mut refusals = lanes.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.status() != StatusCode::TOO_MANY_REQUESTS {
            *refusals = None;
            self.places().for_each(|(lane, _)| lane.went_well());
            return Ok(());
        }
        self.places().for_each(|(lane, round)| lane.slow_down(round));
        let now = lanes.clock.monotonic();
        let first = match *refusals {
            Some(series) if now.saturating_sub(series.last) <= QUOTA => series.first,
            _ => now,
        };
        *refusals = Some(Refusals { first, last: now });
        if now.saturating_sub(first) < QUOTA || lanes.all.taken() > 1 {
            return Ok(());
        }
        let message = "Zoho has answered 429 for a minute with nothing else under way: the \
                       organisation's API credits of the day are used up";
        let refused = Error::new(ErrorKind::QuotaExhausted, Outcome::Refused, message);
        Err(refused.with_status(answer.status()))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.places().for_each(|(lane, _)| lane.leave());
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, gates: Arc::new(self.clone()) }
    }
}

/// Lets a bounded number of calls of each organisation ([`Tenant`]) through at a time, first come first
/// served, for as long as the inner service works on them. Zoho counts concurrent calls per organisation
/// and application, and heavy ones ([`CallMeta::is_heavy`]) a second time; a fleet of *n* processes gives
/// each the *n*th part.
///
/// After a 429 it halves the organisation's places, and brings them back one by one as its calls go well.
/// Where 429 lasts for a minute with nothing else of that organisation under way, the call fails with an
/// error of kind [`QuotaExhausted`](ErrorKind::QuotaExhausted). Other organisations notice nothing of
/// either. An organisation without a call for ten minutes begins again with all its places.
///
/// It takes its place in `call` where one is free and nobody waits for it, and else when it is polled:
/// nobody who waits for a token holds one. A future that is kept and not polled keeps its place.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    inner: S,
    gates: Arc<GateLayer>,
}

impl<S> Service<Request<ReqBody>> for Gate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = Gating<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let heavy = request.extensions().get::<CallMeta>().is_some_and(CallMeta::is_heavy);
        let lanes = self.gates.lanes(&request);
        let free = match self.gates.settings.observer {
            // it is told of each wait, also of none
            Some(_) => Err(lanes),
            None => lanes.try_enter(heavy),
        };
        let stage = match free {
            Ok(inside) => Stage::Inside { calling: self.inner.call(request), inside: Some(inside) },
            Err(lanes) => {
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                let waiting = Box::pin(Arc::clone(&self.gates).pass(inner, request, lanes, heavy));
                Stage::Waiting { waiting }
            }
        };
        Gating { stage }
    }
}

impl GateLayer {
    async fn pass<S>(
        self: Arc<Self>,
        mut inner: S,
        request: Request<ReqBody>,
        lanes: Arc<Lanes>,
        heavy: bool,
    ) -> Result<Response<ResBody>, BoxError>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
    {
        let observer = self.settings.observer.as_ref();
        let arrived = observer.map(|_| self.now());
        let inside = lanes.enter(heavy).await;
        if let (Some(observer), Some(arrived)) = (observer, arrived) {
            let call = request.extensions().get::<CallMeta>();
            observer.gate_passed(call, self.now().saturating_sub(arrived));
        }
        let answer = inner.call(request).await?;
        inside.learn(&answer)?;
        Ok(answer)
    }
}

pin_project! {
    /// The future of a [`Gate`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Gating<F> {
        #[pin]
        stage: Stage<F>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F> {
        Inside { #[pin] calling: F, inside: Option<Inside> },
        Waiting { waiting: BoxFuture<Result<Response<ResBody>, BoxError>> },
    }
}

impl<F> Future for Gating<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        match self.project().stage.project() {
            StageProjection::Waiting { waiting } => waiting.as_mut().poll(cx),
            StageProjection::Inside { calling, inside } => {
                let answer = ready!(calling.poll(cx));
                // free for the next call before this one goes on
                let inside = inside.take();
                task::Poll::Ready(answer.and_then(|answer| {
                    inside.map_or(Ok(()), |inside| inside.learn(&answer))?;
                    Ok(answer)
                }))
            }
        }
    }
}

impl<F> fmt::Debug for Gating<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gating").finish_non_exhaustive()
    }
}
