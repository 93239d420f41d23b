//! The handle that everything begins with.

use std::{fmt, sync::Arc};

use http::{HeaderMap, Request};
use tower::Layer;
use zcrm_core::{
    ApiVersion, CallMeta, Clock, Error, Id, Module, ModuleName, Operation, Record, Reply,
    RetryClass,
};
use zcrm_http::{
    AuthorizedBy, Authorizer, CallSettings, DownloadResponse, ReqBody, TokioClock, Transport,
    layer::HeadersLayer, open, send_built,
};

use crate::{Call, RecordHandle, Records, check, field_names::FieldNames};

/// Zoho CRM for one user, over one transport, in one version. Clones are cheap and share all.
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
    // in one piece, for each call has a clone
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    transport: Transport,
    version: ApiVersion,
    authorizer: Option<Arc<dyn Authorizer>>,
    clock: Arc<dyn Clock>,
    fields: Arc<FieldNames>,
    settings: CallSettings,
    read_only: bool,
}

impl Api {
    /// An API without authorisation: for a transport that adds its own.
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
            version,
            authorizer: None,
            clock: Arc::new(TokioClock::new()),
            fields: Arc::default(),
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

    /// The same API with the time from this clock: for how long it keeps what it has read of modules. By
    /// default it is that of the system.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        self.changed(|api| {
            api.clock = clock;
            // kept by the time of another clock
            api.fields = Arc::default();
        })
    }

    /// The same API for the user that `authorizer` stands for.
    #[must_use]
    pub fn authorized_by(&self, authorizer: Arc<dyn Authorizer>) -> Self {
        self.changed(|api| {
            api.authorizer = Some(authorizer);
            // what a user may see of a module differs
            api.fields = Arc::default();
        })
    }

    /// The same API with other limits for its calls: for one call, or for many.
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

    /// The same API with these headers on each of its calls, unless a call has its own of the same
    /// name: for one call that has no method for headers, or for many.
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
    /// // a server that tells which organisation it was asked for
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
    /// // the call's own goes first, and the API that it was made from has none
    /// assert_eq!(other.call(&ORG_GET).header("x-crm-org", "700").json::<Value>().await?["org"], "700");
    /// assert_eq!(api.call(&ORG_GET).json::<Value>().await?["org"], "none");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) for headers that the stack sets itself.
    pub fn with_headers(&self, headers: HeaderMap) -> Result<Self, Error> {
        let layer = HeadersLayer::new(headers)?;
        let transport = Transport::new(layer.layer(self.shared.transport.clone()));
        Ok(self.changed(|api| api.transport = transport))
    }

    /// The same API, but only for reading: every operation that may change something is refused
    /// before it is sent.
    #[must_use]
    pub fn read_only(&self) -> Self {
        self.changed(|api| api.read_only = true)
    }

    /// The version that all calls use.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.shared.version
    }

    pub(crate) fn settings(&self) -> CallSettings {
        self.shared.settings
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(crate) fn fields(&self) -> &Arc<FieldNames> {
        &self.shared.fields
    }

    /// The records of a module, by its API name, as [`Record`]s.
    #[must_use]
    pub fn records(&self, module: impl Into<ModuleName>) -> Records<Record> {
        Records::new(self.clone(), module.into(), &[])
    }

    /// The records of a module, as the caller's own struct.
    #[must_use]
    pub fn records_of<M: Module>(&self) -> Records<M> {
        Records::new(self.clone(), ModuleName::from_static(M::API_NAME), M::FIELDS)
    }

    /// One record of a module.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let lead = api.record("Leads", "3652397000000649013").get().await?;
    /// # let _ = lead;
    /// # Ok(())
    /// # }
    /// ```
    pub fn record(&self, module: impl Into<ModuleName>, id: impl Into<Id>) -> RecordHandle<Record> {
        self.records(module).record(id)
    }

    /// Any operation of Zoho's, by its operation: the way to all that has no method of its own. Zoho's
    /// are in [`operations`](crate::operations); one that is not there is a constant of the caller's.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_core::Error> {
    /// use serde_json::Value;
    /// use zcrm_core::{BodyShape, Operation};
    /// # use http::{Request, Response};
    /// # use zcrm_core::{ApiVersion, BoxError};
    /// # use zcrm_http::{ReqBody, ResBody, Transport};
    /// # let echo = tower::service_fn(|request: Request<ReqBody>| async move {
    /// #     let (uri, trace) = (request.uri().to_string(), request.headers()["x-trace"].clone());
    /// #     let body = String::from_utf8(request.into_body().collect().await?.to_vec())?;
    /// #     let answer = format!(r#"{{"uri":"{uri}","trace":{trace:?},"body":{body}}}"#);
    /// #     Ok::<_, BoxError>(Response::new(ResBody::from(answer)))
    /// # });
    /// # let api = zcrm_api::Api::new(Transport::new(echo), ApiVersion::V8);
    ///
    /// const NEWEST: Operation = Operation::post("/settings/newest/{thing}")
    ///     .id("newest.try")
    ///     .query(&["page"])
    ///     .body(BodyShape::Json);
    ///
    /// let seen = api
    ///     .call(&NEWEST)
    ///     .path("thing", "a/b")
    ///     .param("page", "1") // checked: another name is an error
    ///     .param_unchecked("beta", "true")
    ///     .header("x-trace", "7")
    ///     .body_unchecked(r#"{"any":"thing"}"#)
    ///     .json::<Value>()
    ///     .await?;
    /// assert_eq!(seen["uri"], "/crm/v8/settings/newest/a%2Fb?page=1&beta=true");
    /// assert_eq!(seen["trace"], "7");
    /// assert_eq!(seen["body"]["any"], "thing");
    /// # Ok(())
    /// # }
    /// ```
    pub fn call(&self, operation: &Operation) -> Call {
        Call::new(self.clone(), operation)
    }

    /// A call of an operation whose path or query names a module.
    pub(crate) fn call_of_module(&self, operation: &Operation, module: &str) -> Call {
        let call = self.call(operation).check(check::module(module));
        match operation.template().contains("{module}") {
            true => call.path("module", module),
            false => call.param("module", module),
        }
    }

    /// Has a request authorised and takes in the answer.
    pub(crate) fn send_built(
        &self,
        build: impl FnOnce() -> Result<Request<ReqBody>, Error> + Send,
    ) -> impl Future<Output = Result<Reply, Error>> + Send {
        send_built(&self.shared.transport, || {
            let mut request = build()?;
            self.authorize(&mut request)?;
            Ok(request)
        })
    }

    /// Has a request authorised and hands on the file that it answers with.
    pub(crate) async fn open(
        &self,
        mut request: Request<ReqBody>,
    ) -> Result<DownloadResponse, Error> {
        self.authorize(&mut request)?;
        open(&self.shared.transport, request).await
    }

    fn authorize(&self, request: &mut Request<ReqBody>) -> Result<(), Error> {
        if self.shared.read_only
            && let Some(call) = request.extensions().get::<CallMeta>()
            && call.retry_class() != RetryClass::Read
        {
            let refused = Error::input("this API is for reading only, and the call may write");
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

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("version", &self.shared.version)
            .field("authorizer", &self.shared.authorizer)
            .finish_non_exhaustive()
    }
}
