//! Custom layers, headers and transports.

use http::{HeaderMap, Request, Response};
use tower::{
    Layer, Service, ServiceExt,
    layer::layer_fn,
    util::{BoxCloneSyncService, BoxCloneSyncServiceLayer},
};
use zcrm_core::BoxError;
use zcrm_http::{LayerPosition, ReqBody, ResBody, Transport};

use crate::ClientBuilder;

impl ClientBuilder {
    /// Sends these headers with every request, including those to the accounts server. A header of
    /// the same name that the call sets takes precedence, and a later call of this method replaces
    /// the headers of an earlier one. To add headers to some calls only, use
    /// [`Api::with_headers`](crate::request::Api::with_headers).
    ///
    /// [`build`](Self::build) rejects headers that the client or the connection sets:
    /// `authorization`, `host` and those that frame a request, such as `content-length`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use http::{HeaderMap, HeaderValue, header::USER_AGENT};
    /// # use std::sync::{Arc, Mutex};
    /// # use zcrm::{Client, files::ReqBody, http::LayerPosition};
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// # let builder = Client::builder().config(zcrm::Config::from_map(sim.settings())?);
    /// # let seen = Arc::new(Mutex::new(Vec::new()));
    /// # let log = Arc::clone(&seen);
    /// # let builder = builder.layer(
    /// #     LayerPosition::Connector,
    /// #     tower::util::MapRequestLayer::new(move |request: http::Request<ReqBody>| {
    /// #         log.lock().unwrap().push(request.headers()[USER_AGENT].clone());
    /// #         request
    /// #     }),
    /// # );
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert(USER_AGENT, HeaderValue::from_static("zylker-sync/1.2"));
    /// let client = builder.headers(headers).build()?;
    ///
    /// // two requests: one to the accounts server, one to the API
    /// client.tokens().exchange(sim.grant_token()).await?;
    /// client.records("Leads").list().fields(["Last_Name"]).await?;
    /// assert_eq!(sim.journal().requests(), 2);
    /// assert_eq!(*seen.lock().unwrap(), ["zylker-sync/1.2", "zylker-sync/1.2"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.http_stack.headers = headers;
        self
    }

    /// Puts the application's product in front of zcrm's in the `user-agent` of every request,
    /// including those to the accounts server: `zylker-sync/1.2` becomes `zylker-sync/1.2 zcrm/…`.
    /// The setting `user_agent` does the same. A `user-agent` among [`headers`](Self::headers)
    /// replaces both.
    ///
    /// [`build`](Self::build) rejects a product that is not ASCII.
    ///
    /// ```
    /// let builder = zcrm::Client::builder().user_agent("zylker-sync/1.2");
    /// # let _ = builder;
    /// ```
    pub fn user_agent(self, product: impl Into<String>) -> Self {
        self.set("user_agent", product)
    }

    /// Adds a tower layer at a [`LayerPosition`]. Of several layers at one position, the one added
    /// last is the outermost.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    /// use http::Request;
    /// use tower::util::MapRequestLayer;
    /// use zcrm::{Client, files::ReqBody, http::LayerPosition};
    /// # let sim = zcrm_sim::Simulator::start().await?;
    /// # let builder = Client::builder().config(zcrm::Config::from_map(sim.settings())?);
    ///
    /// let attempts = Arc::new(AtomicUsize::new(0));
    /// let counter = Arc::clone(&attempts);
    /// let counting = MapRequestLayer::new(move |request: Request<ReqBody>| {
    ///     counter.fetch_add(1, Ordering::Relaxed);
    ///     request
    /// });
    /// let client = builder.layer(LayerPosition::Attempt, counting).build()?;
    ///
    /// client.tokens().exchange(sim.grant_token()).await?; // passes only `LayerPosition::Connector`
    /// client.records("Leads").list().fields(["Last_Name"]).await?;
    /// assert_eq!(attempts.load(Ordering::Relaxed), 1);
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
        let layer = layer_fn(move |inner| layer.layer(inner).map_err(Into::into));
        self.http_stack.layers.push((place, BoxCloneSyncServiceLayer::new(layer)));
        self
    }

    /// Sends requests through a custom service, for example another HTTP client, a recorder or a
    /// test double. It receives the calls of the API and of the accounts server, with absolute URLs
    /// and with the token in the headers. The service handles redirects, proxies and trusted
    /// certificates itself: [`connector`](Self::connector) and [`root_pem`](Self::root_pem) have no
    /// effect.
    ///
    /// Its errors should be an [`Error`](crate::Error) whose outcome says whether the request was
    /// executed. Other errors are never retried.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> zcrm::Result<()> {
    /// use http::{Request, Response};
    /// use tower::service_fn;
    /// use zcrm::{Client, files::ReqBody, http::{BoxError, ResBody}, stores::MemoryStore};
    ///
    /// async fn canned(request: Request<ReqBody>) -> Result<Response<ResBody>, BoxError> {
    ///     Ok(Response::new(match request.uri().path() {
    ///         "/oauth/v2/token" => r#"{
    ///             "access_token": "1000.access", "refresh_token": "1000.refresh",
    ///             "expires_in": 3600, "api_domain": "https://www.zohoapis.com"
    ///         }"#.into(),
    ///         _ => r#"{"data":[{"id":"1","Last_Name":"Boyle"}]}"#.into(),
    ///     }))
    /// }
    ///
    /// let client = Client::builder()
    ///     .client_id("1000.ABC")
    ///     .client_secret("secret")
    ///     .redirect_uri("https://example.com/callback")
    ///     .user("patricia@example.com")
    ///     .store(MemoryStore::new())
    ///     .transport(service_fn(canned))
    ///     .build()?;
    /// client.tokens().exchange("1000.grant").await?;
    /// let lead = client.records("Leads").get("1").await?;
    /// assert_eq!(lead.get::<String>("Last_Name")?.as_deref(), Some("Boyle"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn transport<S>(mut self, transport: S) -> Self
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
    {
        self.http_stack.transport = Some(BoxCloneSyncService::new(transport.map_err(Into::into)));
        self
    }
}
