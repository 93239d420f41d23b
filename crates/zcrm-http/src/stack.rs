//! The stack: the layers in their order.

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

/// Builds a [`Transport`] from a connector, or any other service, and the layers around it.
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
/// # Custom transports
///
/// Any service that takes a request and returns an answer can replace the connector: another HTTP
/// client, a recorder or a test. It receives absolute URLs, and the token in the headers. Its
/// errors should be [`zcrm_core::Error`]s with the outcome of the request. Other errors are never
/// retried.
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
/// let watch = |position| {
///     let seen = Arc::clone(&seen);
///     MapRequestLayer::new(move |request: Request<ReqBody>| {
///         seen.lock().unwrap().push(position);
///         request
///     })
/// };
/// let mut stack = Stack::new(server).retry(RetryPolicy::new(Arc::new(ManualClock::jumping())));
/// for position in [LayerPosition::Call, LayerPosition::Attempt, LayerPosition::Connector] {
///     stack = stack.layer(position, watch(position));
/// }
///
/// const LEADS: Operation = Operation::get("/Leads").id("leads.list");
/// send(&stack.build(), LEADS.request(ApiVersion::V8).build()?.map(ReqBody::from)).await?;
/// use LayerPosition::{Attempt, Call, Connector};
/// assert_eq!(*seen.lock().unwrap(), [Call, Attempt, Connector, Attempt, Connector]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerPosition {
    /// Outermost: the layer sees each call once, with a relative URL and without a token.
    Call,
    /// Inside the retry: the layer sees each attempt, still without a token. The answers are
    /// collected.
    ///
    /// An attempt whose token was stale and its repetition pass separately, with the same number.
    /// The repetition works only if the layer keeps the answer's extensions.
    Attempt,
    /// Around the connector: the layer sees each request as it is sent, with an absolute URL, the
    /// token and a compressed body, and each answer as it arrives. Calls of the accounts server
    /// pass here, too.
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
    /// Creates a stack with the default settings around `base`.
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

    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the timeouts.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the retry policy: a [`RetryPolicy`](crate::layer::RetryPolicy) with other settings, or
    /// a custom one.
    ///
    /// A request whose token was stale is sent again in any case.
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

    /// Sets the authorisation layer, for another API than that of Zoho CRM, whose answers to a
    /// stale token differ ([`AuthLayer::stale_when`]).
    pub fn auth(mut self, auth: AuthLayer) -> Self {
        self.auth = auth;
        self
    }

    /// Adds these headers to every request, including those to the accounts server. A header of a
    /// call with the same name has precedence.
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
    /// let server = service_fn(|request: Request<ReqBody>| async move {
    ///     let agent = request.headers()[USER_AGENT].to_str()?.to_owned();
    ///     Ok::<_, BoxError>(Response::new(ResBody::from(agent)))
    /// });
    /// let mut headers = HeaderMap::new();
    /// headers.insert(USER_AGENT, HeaderValue::from_static("zylker-sync/1.2"));
    /// let transport = Stack::new(server).headers(headers)?.build();
    ///
    /// let request = LEADS.request(ApiVersion::V8);
    /// let reply = send(&transport, request.build_as()?).await?;
    /// assert_eq!(reply.body(), "zylker-sync/1.2");
    ///
    /// // a header of one call
    /// let request = LEADS.request(ApiVersion::V8).header("user-agent", "zylker-import/3");
    /// let reply = send(&transport, request.build_as()?).await?;
    /// assert_eq!(reply.body(), "zylker-import/3");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) for [reserved
    /// headers](zcrm_core::is_reserved_header).
    pub fn headers(mut self, headers: HeaderMap) -> Result<Self, Error> {
        HeadersLayer::new(headers.clone())?;
        self.headers = headers;
        Ok(self)
    }

    /// Puts the application's product before zcrm's in the `user-agent` of every request, including
    /// those to the accounts server.
    ///
    /// A `user-agent` among the [`headers`](Self::headers) replaces both.
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
    /// let server = service_fn(|request: Request<ReqBody>| async move {
    ///     let agent = request.headers()[USER_AGENT].to_str()?.to_owned();
    ///     Ok::<_, BoxError>(Response::new(ResBody::from(agent)))
    /// });
    /// let transport = Stack::new(server).user_agent("zylker-sync/1.2")?.build();
    /// let reply = send(&transport, LEADS.request(ApiVersion::V8).build_as()?).await?;
    /// assert!(reply.body().starts_with(b"zylker-sync/1.2 zcrm/"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if the product is empty or
    /// not ASCII.
    pub fn user_agent(mut self, product: &str) -> Result<Self, Error> {
        self.agent = user_agent(Some(product))?;
        Ok(self)
    }

    /// Adds a custom layer. With several layers at one position, the last one added is the
    /// outermost.
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
    /// let server = service_fn(|_: Request<ReqBody>| async {
    ///     Ok::<_, BoxError>(Response::new(ResBody::from("{}")))
    /// });
    /// let seen = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&seen);
    /// let counting = MapRequestLayer::new(move |request: Request<ReqBody>| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    ///     request
    /// });
    /// let transport = Stack::new(server).layer(LayerPosition::Attempt, counting).build();
    /// send(&transport, LEADS.request(ApiVersion::V8).build_as()?).await?;
    /// assert_eq!(seen.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer<L>(mut self, position: LayerPosition, layer: L) -> Self
    where
        L: Layer<Transport> + Send + Sync + 'static,
        L::Service: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + Sync,
        L::Service: 'static,
        <L::Service as Service<Request<ReqBody>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<ReqBody>>>::Future: Send,
    {
        let wrap = move |inner| BoxCloneSyncService::new(layer.layer(inner).map_err(Into::into));
        self.layers.push((position, Arc::new(wrap)));
        self
    }

    /// Counts API credits in `meter`, and refuses calls below its minimum.
    pub fn meter(mut self, meter: CreditMeter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Reports calls and attempts to `observer`, for metrics.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Builds the transport for calls of the API.
    #[must_use]
    pub fn build(&self) -> Transport {
        match self.connector() {
            Some(connector) => self.calls_over(connector),
            None => self.calls_over(self.base.clone()),
        }
    }

    fn calls_over<C>(&self, connector: C) -> Transport
    where
        C: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
            + Clone
            + Send
            + Sync
            + 'static,
        C::Future: Send,
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
            .service(connector);
        // inside the retry, because the copy for a retry is smaller without it
        let attempt = HeadersLayer::one(USER_AGENT, self.agent.clone()).layer(attempt);
        let policy = || RetryLayer::new(RetryPolicy::new(Arc::clone(clock)).lean());
        match &self.retry {
            // without a box in between, which is the common case
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
            .layer(DeadlineLayer::new(timeouts.total, Arc::clone(clock)).attempts_report())
            .layer(CompressLayer::new())
            .service(attempts);
        let call = match self.headers.is_empty() {
            true => BoxCloneSyncService::new(call),
            false => BoxCloneSyncService::new(HeadersLayer::unchecked(&self.headers).layer(call)),
        };
        self.with_layers(LayerPosition::Call, call)
    }

    /// Builds the transport for calls of the accounts server, with `deadline` as the time limit of
    /// a call.
    ///
    /// It has no retries, no authorisation and no in-flight limit. A token call that is sent twice
    /// may use up a grant.
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
                    self.connector().unwrap_or_else(|| BoxCloneSyncService::new(self.base.clone())),
                ),
        )
    }

    /// Returns the base with the custom layers around it, if there are any.
    fn connector(&self) -> Option<Transport> {
        let base = || BoxCloneSyncService::new(self.base.clone());
        self.has_layers(LayerPosition::Connector)
            .then(|| self.with_layers(LayerPosition::Connector, base()))
    }

    fn has_layers(&self, position: LayerPosition) -> bool {
        self.layers.iter().any(|(at, _)| *at == position)
    }

    /// Returns the headers of every request: the user agent, and those that were set.
    fn all_headers(&self) -> HeadersLayer {
        let mut headers = self.headers.clone();
        headers.entry(USER_AGENT).or_insert_with(|| self.agent.clone());
        HeadersLayer::unchecked(&headers)
    }

    fn with_layers(&self, position: LayerPosition, inner: Transport) -> Transport {
        let here = self.layers.iter().filter(|(at, _)| *at == position);
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
