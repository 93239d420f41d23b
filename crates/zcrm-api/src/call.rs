//! Calls of any operation.

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::Request as HttpRequest;
use serde::Serialize;
use serde_json::Value;
use zcrm_core::{
    BodyShape, CallMeta, Error, Id, Operation, Paging, Reply, RequestBuilder, ResponseShape,
    RetryClass,
};
use zcrm_http::{DownloadResponse, Progress, ReqBody, assemble};

use crate::{Api, check, operations::COMPOSITE_EXECUTE, reference_text};

/// A call of one [`Operation`].
///
/// Set the values that the operation needs, then choose how to read the response. Awaiting the call
/// directly returns the raw response, even for an error status.
///
/// Mistakes are errors before anything is sent: a missing path value, an unknown query parameter or
/// body member, a body for an operation that takes none, or an API version that lacks the
/// operation.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::operations::{TAGS_CREATE, USERS_LIST};
/// use zcrm_core::Record;
///
/// let users = api.call(&USERS_LIST).param("type", "ActiveUsers").list::<Record>().all().await?;
/// println!("{} users", users.len());
///
/// let tags = [Record::new().with("name", "Hot"), Record::new().with("name", "Cold")];
/// let made = api.call(&TAGS_CREATE).param("module", "Leads").items(&tags).outcomes(2).await?;
/// # let _ = made;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call {
    api: Api,
    request: RequestBuilder,
    response: ResponseShape,
    // boxed, because calls are moved often and few have files
    streams: Option<Box<Streams>>,
    /// The address in another response, which replaces the path.
    #[cfg(feature = "bulk")]
    address: Option<Box<http::Uri>>,
}

/// The files that a call sends as streams, and the listener of its progress.
#[derive(Clone, Default)]
struct Streams {
    files: Vec<SharedBody>,
    listener: Option<Listener>,
}

/// A file that is sent as a stream, until it has been sent. Clones of a call share a stream that
/// can be sent only once.
type SharedBody = Arc<Mutex<Option<ReqBody>>>;

pub(crate) type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

impl Api {
    /// Begins a call of any operation.
    ///
    /// Use it for operations without a method. Zoho's operations are constants in
    /// [`operations`](crate::operations). For one that is missing there, declare an [`Operation`]
    /// constant:
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

    /// Begins a call of an operation whose path or query names a module.
    pub(crate) fn call_of_module(&self, operation: &Operation, module: &str) -> Call {
        let call = self.call(operation).check(check::module(module));
        match operation.template().contains("{module}") {
            true => call.path("module", module),
            false => call.param("module", module),
        }
    }
}

impl Call {
    pub(crate) fn new(api: Api, operation: &Operation) -> Self {
        let request = operation.request(api.version());
        Self {
            api,
            request,
            response: operation.response(),
            streams: None,
            #[cfg(feature = "bulk")]
            address: None,
        }
    }

    /// Sets the value of `{name}` in the path.
    pub fn path(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.path(name, value))
    }

    /// Sets the id in place of `{name}` in the path.
    pub fn path_id(self, name: &str, id: impl Into<Id>) -> Self {
        self.map(|request| request.path_id(name, &id.into()))
    }

    /// Adds a query parameter. A name that the operation does not know is an error.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query(name, value))
    }

    /// Adds a query parameter without checking its name.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query_unchecked(name, value))
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.header(name, value))
    }

    /// Sets the maximum duration of the call, including its retries and waits. The default is the
    /// limit of the transport stack.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.api = self.api.with(self.api.settings().deadline(total));
        self
    }

    /// Sets how often the call is sent at most; 1 means no retry. The default is the limit of the
    /// transport stack.
    pub fn attempts(mut self, most: u32) -> Self {
        self.api = self.api.with(self.api.settings().attempts(most));
        self
    }

    /// Sets the body, as JSON. If the operation names the members of its body, other members are
    /// errors.
    pub fn body(self, body: &(impl Serialize + ?Sized)) -> Self {
        self.map(|request| request.json(body))
    }

    /// Sets the body, as JSON whose members are not checked.
    pub fn body_unchecked(self, body: impl Into<Bytes>) -> Self {
        self.map(|request| request.json_unchecked(body))
    }

    /// Sets the body of an operation that takes a list: these items, under the operation's key.
    pub fn items(self, items: &(impl Serialize + ?Sized)) -> Self {
        match self.operation().body_shape() {
            BodyShape::List(key) => {
                self.map(|request| request.json(&std::collections::BTreeMap::from([(key, items)])))
            }
            // reports an error that names what the operation takes, or sends another shape of body
            _ => self.map(|request| request.json(items)),
        }
    }

    /// Adds a file to upload: bytes, a file on disk ([`ReqBody::file`]), or a stream. Call it again
    /// for operations that take several files.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::operations::ATTACHMENTS_UPLOAD;
    /// use zcrm_http::ReqBody;
    ///
    /// let call = api.call(&ATTACHMENTS_UPLOAD).path("module", "Leads");
    /// let sent = call
    ///     .path_id("record_id", "3652397000000649013")
    ///     .file("offer.pdf", "application/pdf", ReqBody::file("offers/17.pdf").await?)
    ///     .on_progress(|progress| println!("{} of {:?}", progress.bytes, progress.total))
    ///     .outcomes(1)
    ///     .await?;
    /// # let _ = sent;
    /// # Ok(())
    /// # }
    /// ```
    pub fn file(mut self, name: &str, content_type: &str, content: impl Into<ReqBody>) -> Self {
        let content = content.into();
        match content.as_bytes() {
            Some(bytes) => {
                let bytes = bytes.clone();
                self.map(|request| request.file(name, content_type, bytes))
            }
            None => {
                let files = &mut self.streams.get_or_insert_default().files;
                files.push(Arc::new(Mutex::new(Some(content))));
                self.map(|request| request.streamed_file(name, content_type))
            }
        }
    }

    /// Adds a plain text part to an upload, such as `attachmentUrl`.
    pub fn text_part(self, name: &str, text: impl Into<String>) -> Self {
        self.map(|request| request.text_part(name, text))
    }

    /// Reports to `listener` how many bytes of the request's body have been sent.
    ///
    /// For a call without a body it reports how many bytes of the file have arrived
    /// ([`download`](Self::download)). A retry starts again at zero.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.streams.get_or_insert_default().listener = Some(Arc::new(listener));
        self
    }

    /// Sends the call and returns the raw response, even for an error status.
    ///
    /// # Errors
    /// Returns an error if the request is invalid, cannot be authorised, or gets no response.
    pub fn send(self) -> impl Future<Output = Result<Reply, Error>> + Send + use<> {
        let api = self.api.clone();
        api.send_built(move || self.build())
    }

    /// Builds the request without sending it. Its URI is relative, and it has no token.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the call was set up
    /// wrongly.
    pub fn preview(&self) -> Result<HttpRequest<Bytes>, Error> {
        checked_preview(self.request.clone())
    }

    /// Builds the request like [`preview`](Self::preview), without a copy of the call.
    pub(crate) fn into_preview(self) -> Result<HttpRequest<Bytes>, Error> {
        checked_preview(self.request)
    }

    /// Builds the request like [`preview`](Self::preview), for a composite request: the body may
    /// refer to records of other parts.
    pub(crate) fn preview_part(&self) -> Result<HttpRequest<Bytes>, Error> {
        preview(self.request.clone())
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Returns the name of the operation.
    pub(crate) fn name(&self) -> &'static str {
        self.operation().name()
    }

    fn operation(&self) -> &Operation {
        self.request.operation()
    }

    pub(crate) fn response(&self) -> ResponseShape {
        self.response
    }

    /// Returns the request that was set up so far.
    pub(crate) fn request(&self) -> &RequestBuilder {
        &self.request
    }

    /// Returns the ids of the items of a write, if the request names them.
    pub(crate) fn item_ids(&self, items: usize) -> Vec<Option<Id>> {
        self.request.item_ids(items)
    }

    /// Makes the call fail with this error, unless an earlier one was recorded.
    pub(crate) fn fail(self, mistake: Error) -> Self {
        self.map(|request| request.fail(mistake))
    }

    /// Sends the call to an address in another response.
    #[cfg(feature = "bulk")]
    pub(crate) fn at(mut self, address: http::Uri) -> Self {
        self.address = Some(Box::new(address));
        self
    }

    /// Records the error of a failed check.
    pub(crate) fn check(self, result: Result<(), Error>) -> Self {
        match result {
            Ok(()) => self,
            Err(mistake) => self.fail(mistake),
        }
    }

    /// Returns the first recorded error. Used by requests that send nothing.
    pub(crate) fn must_be_right(&self) -> Result<(), Error> {
        self.request.mistake().map_or(Ok(()), |mistake| Err(mistake.clone()))
    }

    /// Returns the same call, but reads its response as another shape.
    pub(crate) fn returning(mut self, response: ResponseShape) -> Self {
        self.response = response;
        self
    }

    /// Replaces the operation's retry class and its cost in API credits.
    pub(crate) fn weighs(self, class: RetryClass, credits: u32) -> Self {
        self.map(|request| request.retry(class).credits(credits))
    }

    /// Sets rows that already are JSON, under the operation's key, and further members of the body.
    pub(crate) fn rows(self, rows: &[impl AsRef<str>], more: &[(&str, Value)]) -> Self {
        self.map(|request| request.rows(rows, more))
    }

    pub(crate) fn without_param(self, name: &str) -> Self {
        self.map(|request| request.without_query(name))
    }

    /// Copies the limits, headers and query parameters of another call. Parameters that only the
    /// other call's operation knows are left out.
    pub(crate) fn with_settings_of(mut self, other: &Self) -> Self {
        self.api = other.api.clone();
        let call = other.request.query_pairs().fold(self, |call, (name, value)| {
            match call.request.operation_knows_query(name) {
                true => call.param(name, value),
                // neither operation knows it, so it was given unchecked
                false if !other.request.operation_knows_query(name) => {
                    call.param_unchecked(name, value)
                }
                false => call,
            }
        });
        other.request.header_pairs().fold(call, |call, (name, value)| {
            match call.request.has_header(name.as_str()) || name.as_str() == "x-external" {
                true => call,
                false => call.header(name.as_str(), value.to_str().unwrap_or_default()),
            }
        })
    }

    pub(crate) fn without_headers(self) -> Self {
        self.map(RequestBuilder::without_headers)
    }

    /// Returns `true` if a query parameter of this name was set.
    pub(crate) fn has_param(&self, name: &str) -> bool {
        self.request.query_value(name).is_some()
    }

    /// Returns how the list is paged in the API version of this call.
    pub(crate) fn paging(&self) -> Paging {
        let operation = self.operation();
        match operation.pages() {
            // a caller's operation may declare paging only by this parameter
            Paging::None if operation.query_names().contains(&"page") => Paging::Numbers,
            Paging::Tokens if !self.api.version().has_page_tokens() => Paging::Numbers,
            paging => paging,
        }
    }

    /// Sends the call and returns its response as a download.
    pub(crate) async fn open(self) -> Result<DownloadResponse, Error> {
        let api = self.api.clone();
        #[cfg(feature = "bulk")]
        let address = self.address.clone();
        #[cfg_attr(not(feature = "bulk"), expect(unused_mut, reason = "only bulk has addresses"))]
        let mut request = self.build()?;
        #[cfg(feature = "bulk")]
        if let Some(address) = address {
            *request.uri_mut() = *address;
        }
        api.open(request).await
    }

    /// Takes the listener of a call without a body: it reports the download.
    pub(crate) fn take_listener(&mut self) -> Option<Listener> {
        match self.operation().body_shape() {
            BodyShape::None => self.streams.as_mut()?.listener.take(),
            _ => None,
        }
    }

    /// Builds the request with its files.
    pub(crate) fn build(self) -> Result<HttpRequest<ReqBody>, Error> {
        let is_upload = matches!(self.operation().body_shape(), BodyShape::Multipart(_));
        let listener = self.streams.as_ref().and_then(|streams| streams.listener.clone());
        if !is_upload && listener.is_none() {
            let name = self.name();
            let request: HttpRequest<ReqBody> = self.request.build_as()?;
            check_single(name, &request, request.body().as_bytes())?;
            return Ok(request);
        }
        let payload = self.request.clone().build_payload()?;
        let request = assemble(payload, |number| self.take_file(number))?;
        if !is_upload {
            check_single(self.name(), &request, request.body().as_bytes())?;
        }
        let (head, mut body) = request.into_parts();
        if let Some(listener) = listener
            && body.length() != Some(0)
        {
            body = body.on_progress(move |progress| listener(progress));
        }
        Ok(HttpRequest::from_parts(head, body))
    }

    fn take_file(&self, number: usize) -> Result<ReqBody, Error> {
        let file = self.streams.as_ref().and_then(|streams| streams.files.get(number));
        let mut file = match file {
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner),
            None => {
                return Err(Error::input(format!(
                    "`{}` has no content for one of its files",
                    self.name()
                )));
            }
        };
        let again = file.as_ref().and_then(ReqBody::try_clone);
        again.or_else(|| file.take()).ok_or_else(|| {
            Error::input(format!(
                "`{}` cannot send its file again: a clone of this call has sent the stream",
                self.name()
            ))
        })
    }

    fn map(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.request = change(self.request);
        self
    }

    pub(crate) fn refuse_shape(self, asked: &str) -> Self {
        let (name, response) = (self.name(), self.response);
        self.fail(Error::input(format!(
            "`{name}` does not return {asked}: its operation declares {response:?}"
        )))
    }
}

fn checked_preview(request: RequestBuilder) -> Result<HttpRequest<Bytes>, Error> {
    let name = request.operation().name();
    let request = preview(request)?;
    check_single(name, &request, Some(request.body()))?;
    Ok(request)
}

fn preview(request: RequestBuilder) -> Result<HttpRequest<Bytes>, Error> {
    let name = request.operation().name();
    let streamed =
        |_| Err(Error::input(format!("`{name}` cannot be previewed: it sends a file as a stream")));
    let request = assemble(request.build_payload()?, streamed)?;
    Ok(request.map(|body| body.as_bytes().cloned().unwrap_or_default()))
}

/// Checks that the body of a request refers to no record of a composite request, unless it is one.
fn check_single<B>(
    operation: &str,
    request: &HttpRequest<B>,
    body: Option<&Bytes>,
) -> Result<(), Error> {
    if operation == COMPOSITE_EXECUTE.name() {
        return Ok(());
    }
    body.map_or(Ok(()), |body| reference_text::check_single(body)).map_err(|refused| match request
        .extensions()
        .get::<CallMeta>()
    {
        Some(call) => refused.with_call(call),
        None => refused,
    })
}

impl IntoFuture for Call {
    type Output = Result<Reply, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("api", &self.api).field("request", &self.request).finish()
    }
}
