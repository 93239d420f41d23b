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

use super::lane::{Lane, Place};
use crate::{BoxFuture, Observer, ReqBody, ResBody};

/// Adds [`Gate`]s that share their places to services.
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
    all: Lane,
    heavy: Lane,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Arc<dyn Observer>>,
    refusals: Arc<Mutex<Option<Refusals>>>,
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
    /// At most `all` calls at a time, of which `heavy` may be heavy ones; at least 1 of each.
    #[must_use]
    pub fn new(all: usize, heavy: usize) -> Self {
        Self {
            all: Lane::new(all),
            heavy: Lane::new(heavy),
            clock: None,
            observer: None,
            refusals: Arc::default(),
        }
    }

    /// Takes the time from `clock`: only then can it tell a quota that is used up from too many
    /// calls at a time.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Tells `observer` how long calls wait. Needs a [`clock`](Self::clock).
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    fn now(&self) -> Option<Duration> {
        self.clock.as_ref().map(|clock| clock.monotonic())
    }

    /// Learns from an answer. An error where the day's quota is used up.
    fn learn(&self, answer: &Response<ResBody>, (all, heavy): &Places) -> Result<(), Error> {
        let places = [all, heavy];
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.status() != StatusCode::TOO_MANY_REQUESTS {
            *refusals = None;
            places.into_iter().flatten().for_each(Place::went_well);
            return Ok(());
        }
        places.into_iter().flatten().for_each(Place::slow_down);
        let Some(now) = self.now() else { return Ok(()) };
        let first = match *refusals {
            Some(series) if now.saturating_sub(series.last) <= QUOTA => series.first,
            _ => now,
        };
        *refusals = Some(Refusals { first, last: now });
        if now.saturating_sub(first) < QUOTA || self.all.taken() > 1 {
            return Ok(());
        }
        let message = "Zoho has answered 429 for a minute with nothing else under way: the \
                       organisation's API credits of the day are used up";
        let refused = Error::new(ErrorKind::QuotaExhausted, Outcome::Refused, message);
        Err(refused.with_status(answer.status()))
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, gates: Arc::new(self.clone()) }
    }
}

/// Lets a bounded number of calls through at a time, first come first served, for as long as the
/// inner service works on them. Zoho counts concurrent calls per organisation and application,
/// and heavy ones ([`CallMeta::is_heavy`]) a second time; a fleet of *n* processes gives each the
/// *n*th part.
///
/// After a 429 it halves the number of places, and brings them back one by one as calls go well.
/// Where 429 lasts for a minute with nothing else under way, the call fails with an error of kind
/// [`QuotaExhausted`](ErrorKind::QuotaExhausted).
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
        let free = match self.gates.observer {
            // it is told of each wait, also of none
            Some(_) => None,
            None => self.gates.try_enter(heavy),
        };
        let stage = match free {
            Some(places) => {
                let gates = Arc::clone(&self.gates);
                Stage::Inside { calling: self.inner.call(request), gates, places }
            }
            None => {
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                let waiting = Box::pin(Arc::clone(&self.gates).pass(inner, request, heavy));
                Stage::Waiting { waiting }
            }
        };
        Gating { stage }
    }
}

/// The place of a call, and the one of a heavy call.
type Places = (Option<Place>, Option<Place>);

impl GateLayer {
    fn try_enter(&self, heavy: bool) -> Option<Places> {
        let heavy = match heavy {
            true => Some(self.heavy.try_enter()?),
            false => None,
        };
        Some((Some(self.all.try_enter()?), heavy))
    }

    async fn pass<S>(
        self: Arc<Self>,
        mut inner: S,
        request: Request<ReqBody>,
        heavy: bool,
    ) -> Result<Response<ResBody>, BoxError>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
    {
        let arrived = self.observer.as_ref().and_then(|_| self.now());
        let heavy = match heavy {
            true => self.heavy.enter().await,
            false => None,
        };
        let places = (self.all.enter().await, heavy);
        if let (Some(observer), Some(arrived)) = (&self.observer, arrived) {
            let now = self.now().unwrap_or(arrived);
            let call = request.extensions().get::<CallMeta>();
            observer.gate_passed(call, now.saturating_sub(arrived));
        }
        let answer = inner.call(request).await?;
        self.learn(&answer, &places)?;
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
        Inside { #[pin] calling: F, gates: Arc<GateLayer>, places: Places },
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
            StageProjection::Inside { calling, gates, places } => {
                let answer = ready!(calling.poll(cx));
                // free for the next call before this one goes on
                let places = mem::take(places);
                task::Poll::Ready(answer.and_then(|answer| {
                    gates.learn(&answer, &places)?;
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
