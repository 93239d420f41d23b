//! Concurrency: no more calls at a time than Zoho allows.

use std::{mem, sync::Arc, task};

use http::{Request, Response};
use tokio::sync::Semaphore;
use tower::{Layer, Service};
use zcrm_core::{BoxError, CallMeta, Error};

use crate::{BoxFuture, ReqBody, ResBody};

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
    all: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
}

impl GateLayer {
    /// At most `all` calls at a time, of which `heavy` may be heavy ones; at least 1 of each.
    #[must_use]
    pub fn new(all: usize, heavy: usize) -> Self {
        let places =
            |number: usize| Arc::new(Semaphore::new(number.clamp(1, Semaphore::MAX_PERMITS)));
        Self { all: places(all), heavy: places(heavy) }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { inner, gates: self.clone() }
    }
}

/// Lets a bounded number of calls through at a time, first come first served, for as long as the
/// inner service works on them. Zoho counts concurrent calls per organisation and application,
/// and heavy ones ([`CallMeta::is_heavy`]) a second time.
///
/// It takes its place in `call`: nobody who waits for a token holds one.
#[derive(Clone, Debug)]
pub struct Gate<S> {
    inner: S,
    gates: GateLayer,
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
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let gates = self.gates.clone();
        let heavy = request.extensions().get::<CallMeta>().is_some_and(CallMeta::is_heavy);
        Box::pin(async move {
            let closed = |_| Error::input("the gate was closed");
            let _heavy = match heavy {
                true => Some(gates.heavy.acquire_owned().await.map_err(closed)?),
                false => None,
            };
            let _all = gates.all.acquire_owned().await.map_err(closed)?;
            inner.call(request).await
        })
    }
}
