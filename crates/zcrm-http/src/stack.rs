//! The whole stack on one screen.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Request, Response, header::USER_AGENT};
use tower::{
    Layer, Service, ServiceBuilder, ServiceExt,
    retry::{Policy, RetryLayer},
    util::BoxCloneSyncService,
};
use zcrm_core::{BoxError, Clock, Error};

use crate::{
    Limits, Observer, ReqBody, ResBody, Timeouts, TokioClock, Transport,
    layer::{
        AttemptTimeoutLayer, AuthLayer, CollectLayer, CompressLayer, CreditMeter, DeadlineLayer,
        DecompressLayer, HeadersLayer, InFlightLimitLayer, MeterLayer, ReplayPolicy, RetryPolicy,
        TraceLayer,
    },
    user_agent,
};

/// Puts the layers around a connector, or around any service of the caller's.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use zcrm_core::{ApiVersion, Operation};
/// # use zcrm_http::{ReqBody, send};
/// use futures_util::future::try_join_all;
/// use zcrm_http::{Connector, Limits, Stack};
///
/// # let sim = zcrm_sim::Simulator::start().await?;
/// # let call = |transport| {
/// #     const LEADS: Operation = Operation::get("/Leads").id("leads.list");
/// #     let url = format!("{}/crm/v8/Leads", sim.api_url());
/// #     async move {
/// #         let mut request = LEADS.request(ApiVersion::V8).build()?.map(ReqBody::from);
/// #         *request.uri_mut() = url.parse()?;
/// #         Ok::<_, Box<dyn std::error::Error>>(send(transport, request).await?)
/// #     }
/// # };
/// let connector = Connector::builder().root_pem(sim.ca_pem()).build()?;
/// let limits = Limits::default().with_concurrent(1);
/// let transport = Stack::new(connector).limits(limits).build();
///
/// try_join_all([call(&transport), call(&transport), call(&transport)]).await?;
/// assert_eq!(sim.journal().api_requests(), 3);
/// assert_eq!(sim.journal().most_at_once(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # A transport of one's own
///
/// Any service that takes a request and gives an answer serves in the connector's place: another
/// HTTP client, a recorder, a test. It gets absolute URLs, with the token in the headers. What it
/// fails with should be a [`zcrm_core::Error`] that says what became of the request; other errors
/// are never tried again.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_core::Error> {
/// use http::{Request, Response};
/// use tower::service_fn;
/// use zcrm_core::{ApiVersion, BoxError, Operation, Record};
/// use zcrm_http::{ReqBody, ResBody, Stack, send};
///
/// async fn canned(request: Request<ReqBody>) -> Result<Response<ResBody>, BoxError> {
///     assert_eq!(request.uri().path(), "/crm/v8/Leads");
///     assert_eq!(request.into_body().collect().await?, "");
///     Ok(Response::new(r#"{"data":[{"id":"1"}]}"#.into()))
/// }
///
/// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
/// let transport = Stack::new(service_fn(canned)).build();
/// let request = LEADS.request(ApiVersion::V8).build_as()?;
/// let page = send(&transport, request).await?.page::<Record>("data")?;
/// assert_eq!(page.items.len(), 1);
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
    agent: HeaderValue,
    headers: HeaderMap,
    auth: AuthLayer,
    retry: Option<Wrap>,
    layers: Vec<(LayerPosition, Wrap)>,
    meter: Option<CreditMeter>,
    observer: Option<Arc<dyn Observer>>,
}

/// Wraps a transport in a layer.
type Wrap = Arc<dyn Fn(Transport) -> Transport + Send + Sync>;

/// The position of a custom layer in a [`Stack`] ([`Stack::layer`]).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_core::Error> {
/// use std::sync::{Arc, Mutex};
/// use http::{Request, Response, StatusCode};
/// use tower::{service_fn, util::MapRequestLayer};
/// use zcrm_core::{ApiVersion, BoxError, Operation, ManualClock};
/// use zcrm_http::{Attempts, LayerPosition, ReqBody, ResBody, Stack, layer::RetryPolicy, send};
///
/// // a server that is down for the first attempt
/// let server = service_fn(|request: Request<ReqBody>| async move {
///     let mut answer = Response::new(ResBody::from("{}"));
///     if request.extensions().get::<Attempts>().is_none() {
///         *answer.status_mut() = StatusCode::BAD_GATEWAY;
///     }
///     Ok::<_, BoxError>(answer)
/// });
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let watch = |place| {
///     let seen = Arc::clone(&seen);
///     MapRequestLayer::new(move |request: Request<ReqBody>| {
///         seen.lock().unwrap().push(place);
///         request
///     })
/// };
/// let mut stack = Stack::new(server).retry(RetryPolicy::new(Arc::new(ManualClock::jumping())));
/// for place in [LayerPosition::Call, LayerPosition::Attempt, LayerPosition::Connector] {
///     stack = stack.layer(place, watch(place));
/// }
///
/// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
/// send(&stack.build(), LEADS.request(ApiVersion::V8).build()?.map(ReqBody::from)).await?;
/// use LayerPosition::{Attempt, Call, Connector as SentFlag};
/// assert_eq!(*seen.lock().unwrap(), [Call, Attempt, SentFlag, Attempt, SentFlag]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerPosition {
    /// Around everything: it sees each call once, with a relative URL and without a token.
    Call,
    /// Inside the retry: it sees each attempt, still without a token. Its answers are taken in. A 401
    /// for a stale token and what is sent again for it pass as two, with the same number; that works
    /// only where the answer's extensions pass too.
    Attempt,
    /// Around the connector: it sees what is sent, token included, absolute and compressed as it
    /// is, and answers as they come. Calls of the accounts server pass here too.
    Connector,
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
            agent: user_agent::own(),
            headers: HeaderMap::new(),
            auth: AuthLayer::new(),
            retry: None,
            layers: Vec::new(),
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
    /// policy of the caller's own. What a stale token refused is sent again in any case.
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

    /// Authorises calls as this layer does: for another API than that of Zoho CRM, whose answers to
    /// a stale token are other ones ([`AuthLayer::stale_when`]).
    pub fn auth(mut self, auth: AuthLayer) -> Self {
        self.auth = auth;
        self
    }

    /// Sends these headers with every request, those of the accounts server included, unless the
    /// call has its own of the same name.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_core::Error> {
    /// use http::{HeaderMap, HeaderValue, Request, Response, header::USER_AGENT};
    /// use tower::service_fn;
    /// use zcrm_core::{ApiVersion, BoxError, Operation};
    /// use zcrm_http::{ReqBody, ResBody, Stack, send};
    ///
    /// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
    /// let wire = service_fn(|request: Request<ReqBody>| async move {
    ///     let agent = request.headers()[USER_AGENT].to_str()?.to_owned();
    ///     Ok::<_, BoxError>(Response::new(ResBody::from(agent)))
    /// });
    /// let mut headers = HeaderMap::new();
    /// headers.insert(USER_AGENT, HeaderValue::from_static("zylker-sync/1.2"));
    /// let transport = Stack::new(wire).headers(headers)?.build();
    ///
    /// let request = LEADS.request(ApiVersion::V8);
    /// let reply = send(&transport, request.build_as()?).await?;
    /// assert_eq!(reply.body(), "zylker-sync/1.2");
    ///
    /// // and for one call
    /// let request = LEADS.request(ApiVersion::V8).header("user-agent", "zylker-import/3");
    /// let reply = send(&transport, request.build_as()?).await?;
    /// assert_eq!(reply.body(), "zylker-import/3");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) for
    /// [reserved headers](zcrm_core::is_reserved_header).
    pub fn headers(mut self, headers: HeaderMap) -> Result<Self, Error> {
        HeadersLayer::new(headers.clone())?;
        self.headers = headers;
        Ok(self)
    }

    /// Puts the application's product in front of zcrm's in the `user-agent` of every request, those of
    /// the accounts server included. A `user-agent` among [`headers`](Self::headers) takes the place
    /// of both.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_core::Error> {
    /// use http::{Request, Response, header::USER_AGENT};
    /// use tower::service_fn;
    /// use zcrm_core::{ApiVersion, BoxError, Operation};
    /// use zcrm_http::{ReqBody, ResBody, Stack, send};
    ///
    /// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
    /// let wire = service_fn(|request: Request<ReqBody>| async move {
    ///     let agent = request.headers()[USER_AGENT].to_str()?.to_owned();
    ///     Ok::<_, BoxError>(Response::new(ResBody::from(agent)))
    /// });
    /// let transport = Stack::new(wire).user_agent("zylker-sync/1.2")?.build();
    /// let reply = send(&transport, LEADS.request(ApiVersion::V8).build_as()?).await?;
    /// assert!(reply.body().starts_with(b"zylker-sync/1.2 zcrm/"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) for a product that is empty or not ASCII.
    pub fn user_agent(mut self, product: &str) -> Result<Self, Error> {
        self.agent = user_agent(Some(product))?;
        Ok(self)
    }

    /// Puts in a layer of the application's. Of several at one place, the last stands outermost.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_core::Error> {
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    /// use http::{Request, Response};
    /// use tower::{service_fn, util::MapRequestLayer};
    /// use zcrm_core::{ApiVersion, BoxError, Operation};
    /// use zcrm_http::{LayerPosition, ReqBody, ResBody, Stack, send};
    ///
    /// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
    /// let wire = service_fn(|_: Request<ReqBody>| async {
    ///     Ok::<_, BoxError>(Response::new(ResBody::from("{}")))
    /// });
    /// let seen = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&seen);
    /// let counting = MapRequestLayer::new(move |request: Request<ReqBody>| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    ///     request
    /// });
    /// let transport = Stack::new(wire).layer(LayerPosition::Attempt, counting).build();
    /// send(&transport, LEADS.request(ApiVersion::V8).build_as()?).await?;
    /// assert_eq!(seen.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<L>(mut self, place: LayerPosition, layer: L) -> Self
    where
        L: Layer<Transport> + Send + Sync + 'static,
        L::Service: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + Sync,
        L::Service: 'static,
        <L::Service as Service<Request<ReqBody>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<ReqBody>>>::Future: Send,
    {
        let wrap = move |inner| BoxCloneSyncService::new(layer.layer(inner).map_err(Into::into));
        self.layers.push((place, Arc::new(wrap)));
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
        match self.wire() {
            Some(wire) => self.calls_over(wire),
            None => self.calls_over(self.base.clone()),
        }
    }

    fn calls_over<W>(&self, wire: W) -> Transport
    where
        W: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
            + Clone
            + Send
            + Sync
            + 'static,
        W::Future: Send,
    {
        let Self { clock, timeouts, limits, .. } = self;
        let mut in_flight = InFlightLimitLayer::new(limits.concurrent, limits.concurrent_heavy)
            .clock(Arc::clone(clock));
        if let Some(observer) = &self.observer {
            in_flight = in_flight.observer(Arc::clone(observer));
        }
        let meter = self.meter.clone().unwrap_or_else(|| CreditMeter::new(Arc::clone(clock)));
        let attempt = ServiceBuilder::new()
            .layer(self.trace().attempts())
            .layer(self.auth.clone())
            .layer(MeterLayer::new(meter))
            .layer(in_flight)
            .layer(self.collect(limits.answer_bytes))
            .layer(AttemptTimeoutLayer::new(timeouts.head, Arc::clone(clock)))
            .layer(DecompressLayer::new())
            .service(wire);
        // inside the retry: what is kept to be sent again is smaller without it
        let attempt = HeadersLayer::one(USER_AGENT, self.agent.clone()).layer(attempt);
        let policy = || RetryLayer::new(RetryPolicy::new(Arc::clone(clock)).lean());
        match &self.retry {
            // in one piece, as most have it
            None if !self.has_layers(LayerPosition::Attempt) => {
                self.calls_of(policy().layer(attempt))
            }
            own => {
                let attempt =
                    self.with_layers(LayerPosition::Attempt, BoxCloneSyncService::new(attempt));
                match own {
                    None => self.calls_of(policy().layer(attempt)),
                    Some(own) => {
                        let replayed = RetryLayer::new(ReplayPolicy::new()).layer(attempt);
                        self.calls_of(own(BoxCloneSyncService::new(replayed)))
                    }
                }
            }
        }
    }

    fn calls_of<A>(&self, attempts: A) -> Transport
    where
        A: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
            + Clone
            + Send
            + Sync
            + 'static,
        A::Future: Send,
    {
        let Self { clock, timeouts, .. } = self;
        let call = ServiceBuilder::new()
            .layer(self.trace())
            .layer(DeadlineLayer::new(timeouts.total, Arc::clone(clock)).told_of_attempts())
            .layer(CompressLayer::new())
            .service(attempts);
        let call = match self.headers.is_empty() {
            true => BoxCloneSyncService::new(call),
            false => BoxCloneSyncService::new(HeadersLayer::unchecked(&self.headers).layer(call)),
        };
        self.with_layers(LayerPosition::Call, call)
    }

    /// The stack for calls of the accounts server: no retry, no authorisation, no in-flight limit, and
    /// `deadline` for the whole of it. A token call that is sent twice may spend a grant.
    #[must_use]
    pub fn build_for_accounts(&self, deadline: Duration) -> Transport {
        BoxCloneSyncService::new(
            ServiceBuilder::new()
                .layer(self.all_headers())
                .layer(self.trace())
                .layer(DeadlineLayer::new(deadline, Arc::clone(&self.clock)))
                .layer(self.collect(1024 * 1024))
                .layer(DecompressLayer::new())
                .service(
                    self.wire().unwrap_or_else(|| BoxCloneSyncService::new(self.base.clone())),
                ),
        )
    }

    /// What sends, where more than the base does.
    fn wire(&self) -> Option<Transport> {
        let base = || BoxCloneSyncService::new(self.base.clone());
        self.has_layers(LayerPosition::Connector)
            .then(|| self.with_layers(LayerPosition::Connector, base()))
    }

    fn has_layers(&self, place: LayerPosition) -> bool {
        self.layers.iter().any(|(at, _)| *at == place)
    }

    /// The headers of every request: the user agent, and those that were set.
    fn all_headers(&self) -> HeadersLayer {
        let mut headers = self.headers.clone();
        headers.entry(USER_AGENT).or_insert_with(|| self.agent.clone());
        HeadersLayer::unchecked(&headers)
    }

    fn with_layers(&self, place: LayerPosition, inner: Transport) -> Transport {
        let here = self.layers.iter().filter(|(at, _)| *at == place);
        here.fold(inner, |inner, (_, wrap)| wrap(inner))
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
