//! The entry point of the crate, [`Api`].

use std::{fmt, sync::Arc};

#[cfg(feature = "bulk")]
use http::Extensions;
use http::{HeaderMap, Request};
use tower::Layer;
use zcrm_core::{ApiVersion, CallMeta, Clock, Error, Reply, RetryClass};
#[cfg(feature = "bulk")]
use zcrm_http::Tenant;
use zcrm_http::{
    AuthorizedBy, Authorizer, CallSettings, DownloadResponse, ReqBody, TokioClock, Transport,
    layer::HeadersLayer, open, send_built,
};

#[cfg(feature = "bulk")]
use crate::download_pace::DownloadPace;
use crate::field_cache::FieldCache;
#[cfg(feature = "bulk")]
use crate::org_ids::OrgIds;

/// A Zoho CRM client for one user, one transport and one API version.
///
/// Clones are cheap and share their state.
///
/// ```no_run
/// use std::sync::Arc;
/// use zcrm_api::Api;
/// use zcrm_core::{ApiVersion, Error};
/// use zcrm_http::{Authorizer, Connector, Stack};
///
/// fn api(authorizer: Arc<dyn Authorizer>) -> Result<Api, Error> {
///     let transport = Stack::new(Connector::builder().build()?).build();
///     Ok(Api::new(transport, ApiVersion::V8).authorized_by(authorizer))
/// }
/// ```
#[doc(alias = "client")]
#[derive(Clone)]
pub struct Api {
    // behind one `Arc`, because each call holds a clone
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    transport: Transport,
    /// Replaced whenever the transport or the authorizer is.
    sender: Arc<()>,
    version: ApiVersion,
    authorizer: Option<Arc<dyn Authorizer>>,
    clock: Arc<dyn Clock>,
    fields: Arc<FieldCache>,
    #[cfg(feature = "bulk")]
    downloads: Arc<DownloadPace>,
    #[cfg(feature = "bulk")]
    org_ids: Arc<OrgIds>,
    settings: CallSettings,
    read_only: bool,
}

impl Api {
    /// Creates an API that adds no authorisation, for a transport that authorises requests itself.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_core::Error> {
    /// use http::{Request, Response};
    /// use tower::service_fn;
    /// use zcrm_api::Api;
    /// use zcrm_core::{ApiVersion, BoxError};
    /// use zcrm_http::{ReqBody, ResBody, Transport};
    ///
    /// let canned = service_fn(|request: Request<ReqBody>| async move {
    ///     assert_eq!(request.uri(), "/crm/v8/Leads/3652397000000649013");
    ///     let answer = r#"{"data":[{"id":"3652397000000649013","Last_Name":"Boyle"}]}"#;
    ///     Ok::<_, BoxError>(Response::new(ResBody::from(answer)))
    /// });
    /// let api = Api::new(Transport::new(canned), ApiVersion::V8);
    ///
    /// let lead = api.records("Leads").get("3652397000000649013").await?;
    /// assert_eq!(lead.get::<String>("Last_Name")?.as_deref(), Some("Boyle"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(transport: Transport, version: ApiVersion) -> Self {
        let shared = Shared {
            transport,
            sender: Arc::default(),
            version,
            authorizer: None,
            clock: Arc::new(TokioClock::new()),
            fields: Arc::default(),
            #[cfg(feature = "bulk")]
            downloads: Arc::default(),
            #[cfg(feature = "bulk")]
            org_ids: Arc::default(),
            settings: CallSettings::default(),
            read_only: false,
        };
        Self { shared: Arc::new(shared) }
    }

    fn changed(&self, change: impl FnOnce(&mut Shared)) -> Self {
        let mut shared = Shared::clone(&self.shared);
        change(&mut shared);
        Self { shared: Arc::new(shared) }
    }

    /// Returns a copy of this API that reads the time from `clock`.
    ///
    /// The clock decides how long the field names of modules are cached. The default is the
    /// system's clock.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        self.changed(|api| {
            api.clock = clock;
            // both carry times of the old clock
            api.fields = Arc::default();
            #[cfg(feature = "bulk")]
            {
                api.downloads = Arc::default();
            }
        })
    }

    /// Returns a copy of this API whose calls `authorizer` authorises.
    #[must_use]
    pub fn authorized_by(&self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.changed(|api| {
            api.authorizer = Some(authorizer);
            api.sender = Arc::default();
            // another user may see other fields
            api.fields = Arc::default();
        })
    }

    /// Returns a copy of this API whose calls have these limits.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use std::time::Duration;
    /// use zcrm_http::CallSettings;
    ///
    /// let hasty = CallSettings::new().deadline(Duration::from_secs(5)).attempts(1);
    /// let lead = api.with(hasty).records("Leads").get("3652397000000649013").await?;
    /// # let _ = lead;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with(&self, settings: CallSettings) -> Self {
        self.changed(|api| api.settings = settings)
    }

    /// Returns a copy of this API that sends these headers with each call.
    ///
    /// A header that a call sets itself takes precedence.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_core::Error> {
    /// use http::{HeaderMap, HeaderValue, Request, Response};
    /// use serde_json::Value;
    /// use tower::service_fn;
    /// use zcrm_api::{Api, operations::ORG_GET};
    /// use zcrm_core::{ApiVersion, BoxError};
    /// use zcrm_http::{ReqBody, ResBody, Transport};
    ///
    /// // a server that returns the organisation that the request names
    /// let server = service_fn(|request: Request<ReqBody>| async move {
    ///     let org = request.headers().get("x-crm-org").map_or("none", |org| org.to_str().unwrap());
    ///     Ok::<_, BoxError>(Response::new(ResBody::from(format!(r#"{{"org":"{org}"}}"#))))
    /// });
    /// let api = Api::new(Transport::new(server), ApiVersion::V8);
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-crm-org", HeaderValue::from_static("600"));
    /// let other = api.with_headers(headers)?;
    /// assert_eq!(other.call(&ORG_GET).json::<Value>().await?["org"], "600");
    /// // a header of the call takes precedence, and the original API sends none
    /// assert_eq!(other.call(&ORG_GET).header("x-crm-org", "700").json::<Value>().await?["org"], "700");
    /// assert_eq!(api.call(&ORG_GET).json::<Value>().await?["org"], "none");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) for headers that the
    /// transport stack sets itself.
    pub fn with_headers(&self, headers: HeaderMap) -> Result<Self, Error> {
        let layer = HeadersLayer::new(headers)?;
        let transport = Transport::new(layer.layer(self.shared.transport.clone()));
        Ok(self.changed(|api| {
            api.transport = transport;
            api.sender = Arc::default();
        }))
    }

    /// Returns a copy of this API that only reads.
    ///
    /// An operation that may change something is refused before it is sent.
    #[must_use]
    pub fn read_only(&self) -> Self {
        self.changed(|api| api.read_only = true)
    }

    /// Returns the API version that all calls use.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.shared.version
    }

    /// Returns `true` if both APIs send their calls with the same transport, headers, user and
    /// version.
    pub(crate) fn is_same_sender(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared.sender, &other.shared.sender)
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.shared.read_only
    }

    pub(crate) fn settings(&self) -> CallSettings {
        self.shared.settings
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(crate) fn fields(&self) -> &Arc<FieldCache> {
        &self.shared.fields
    }

    /// Returns the ids of organisations that were read, and the tenant of this API's calls.
    #[cfg(feature = "bulk")]
    pub(crate) fn org_ids(&self) -> (&OrgIds, Tenant) {
        let mut extensions = Extensions::new();
        if let Some(authorizer) = &self.shared.authorizer {
            extensions.insert(AuthorizedBy(Arc::clone(authorizer)));
        }
        (&self.shared.org_ids, Tenant::of(&extensions))
    }

    /// Authorises a request, sends it, and reads the response into memory.
    pub(crate) fn send_built<B>(
        &self,
        build: B,
    ) -> impl Future<Output = Result<Reply, Error>> + Send + use<B>
    where
        B: FnOnce() -> Result<Request<ReqBody>, Error> + Send,
    {
        let api = self.clone();
        send_built(&self.shared.transport, move || {
            let mut built = build();
            if let Ok(request) = &mut built
                && let Err(refused) = api.authorize(request)
            {
                built = Err(refused);
            }
            built
        })
    }

    /// Authorises a request, sends it, and returns the response as a download.
    pub(crate) async fn open(
        &self,
        mut request: Request<ReqBody>,
    ) -> Result<DownloadResponse, Error> {
        self.authorize(&mut request)?;
        #[cfg(feature = "bulk")]
        if request.extensions().get::<CallMeta>().is_some_and(is_bulk_download) {
            self.shared.downloads.wait(request.extensions(), &*self.shared.clock).await;
        }
        open(&self.shared.transport, request).await
    }

    fn authorize(&self, request: &mut Request<ReqBody>) -> Result<(), Error> {
        if self.shared.read_only
            && let Some(call) = request.extensions().get::<CallMeta>()
            && call.retry_class() != RetryClass::Read
        {
            let refused = Error::input("this API is read-only, but the call may write");
            return Err(refused.with_call(call));
        }
        if self.shared.settings != CallSettings::default() {
            request.extensions_mut().insert(self.shared.settings);
        }
        if let Some(authorizer) = &self.shared.authorizer {
            request.extensions_mut().insert(AuthorizedBy(Arc::clone(authorizer)));
        }
        Ok(())
    }
}

/// Returns `true` for the downloads that Zoho limits to ten in a minute.
#[cfg(feature = "bulk")]
fn is_bulk_download(call: &CallMeta) -> bool {
    call.operation() == crate::operations::BULK_READ_DOWNLOAD_RESULT.name()
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("version", &self.shared.version)
            .field("authorizer", &self.shared.authorizer)
            .finish_non_exhaustive()
    }
}
