//! What an application puts into the wire: layers, headers, a transport of its own.

use http::{HeaderMap, Request, Response};
use tower::{
    Layer, Service, ServiceExt,
    layer::layer_fn,
    util::{BoxCloneSyncService, BoxCloneSyncServiceLayer},
};
use zcrm_core::{BoxError, Error};
use zcrm_http::{Place, ReqBody, ResBody, Stack, Transport};

use crate::ClientBuilder;

type OwnLayer = BoxCloneSyncServiceLayer<Transport, Request<ReqBody>, Response<ResBody>, BoxError>;

/// What was put in so far.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    pub(crate) transport: Option<Transport>,
    headers: HeaderMap,
    layers: Vec<(Place, OwnLayer)>,
}

impl Wire {
    /// Puts headers and layers into a stack.
    pub(crate) fn into_stack<S>(self, mut stack: Stack<S>) -> Result<Stack<S>, Error>
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        if !self.headers.is_empty() {
            stack = stack.headers(self.headers)?;
        }
        let layers = self.layers.into_iter();
        Ok(layers.fold(stack, |stack, (place, layer)| stack.layer(place, layer)))
    }
}

impl ClientBuilder {
    /// Sends these headers with every request, those of the accounts server included, unless the
    /// call has its own of the same name; the last word of several counts. For some calls only,
    /// there is [`Api::with_headers`](crate::Api::with_headers).
    ///
    /// [`build`](Self::build) refuses `authorization`, `host` and `content-length`, which are set by
    /// themselves.
    ///
    /// ```no_run
    /// use http::{HeaderMap, HeaderValue, header::USER_AGENT};
    /// use zcrm::Client;
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert(USER_AGENT, HeaderValue::from_static("zylker-sync/1.2"));
    /// let builder = Client::builder().headers(headers);
    /// # let _ = builder;
    /// ```
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.wire.headers = headers;
        self
    }

    /// Puts in a layer of the application's, at one of the places that [`Place`] names. Of several
    /// at one place, the last stands outermost.
    ///
    /// ```no_run
    /// use http::Request;
    /// use tower::util::MapRequestLayer;
    /// use zcrm::{Client, Place, ReqBody};
    ///
    /// let telling = MapRequestLayer::new(|request: Request<ReqBody>| {
    ///     println!("an attempt at {}", request.uri().path());
    ///     request
    /// });
    /// let builder = Client::builder().layer(Place::Attempt, telling);
    /// # let _ = builder;
    /// ```
    pub fn layer<L>(mut self, place: Place, layer: L) -> Self
    where
        L: Layer<Transport> + Send + Sync + 'static,
        L::Service: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + Sync,
        L::Service: 'static,
        <L::Service as Service<Request<ReqBody>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<ReqBody>>>::Future: Send,
    {
        let layer = layer_fn(move |inner| layer.layer(inner).map_err(Into::into));
        self.wire.layers.push((place, BoxCloneSyncServiceLayer::new(layer)));
        self
    }

    /// Sends by a service of the application's: another HTTP client, a recorder, a test. It gets
    /// absolute URLs, with the token in the headers, for calls of the API and of the accounts
    /// server. Redirects are its matter, and so are proxies and roots: [`connector`](Self::connector)
    /// and [`root_pem`](Self::root_pem) count for nothing then.
    ///
    /// What it fails with should be an [`Error`](crate::Error) that says what became of the request;
    /// other errors are never tried again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> zcrm::Result<()> {
    /// use http::{Request, Response};
    /// use tower::service_fn;
    /// use zcrm::{BoxError, Client, MemoryStore, ReqBody, ResBody};
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
    ///     .build()
    ///     .await?;
    /// client.tokens().exchange("1000.grant").await?;
    /// let lead = client.records("Leads").get("1").send().await?;
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
        self.wire.transport = Some(BoxCloneSyncService::new(transport.map_err(Into::into)));
        self
    }
}
