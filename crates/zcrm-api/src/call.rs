//! A call of any operation.

use std::{
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::Request as HttpRequest;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use zcrm_core::{BodyShape, Error, Id, Operation, Paging, Reply, RequestBuilder, ResponseShape};
use zcrm_http::{DownloadResponse, Progress, ReqBody, assemble};

use crate::{
    Api,
    attachments::DownloadFile,
    list::{List, Paged},
    request::{GetItem, ReadJson, ReadOutcomes, Request},
};

/// A call of one [`Operation`]: its values, then one of the ways to read the answer. Awaited as it is,
/// it gives the whole answer, whatever its status.
///
/// Mistakes (a missing path value, an unknown query parameter or member of the body, a body where
/// none belongs, a version that lacks the operation) are errors before anything is sent.
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
#[must_use = "a call does nothing until its answer is asked for"]
pub struct Call {
    api: Api,
    request: RequestBuilder,
    body: BodyShape,
    response: ResponseShape,
    paging: Paging,
    name: &'static str,
    files: Vec<SharedBody>,
    listener: Option<Listener>,
}

/// A file that is sent as a stream, until it is. Clones of a call share those that can be sent only
/// once.
type SharedBody = Arc<Mutex<Option<ReqBody>>>;

pub(crate) type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

impl Call {
    pub(crate) fn new(api: Api, operation: &Operation) -> Self {
        let request = operation.request(api.version());
        Self {
            api,
            request,
            body: operation.body_shape(),
            response: operation.response(),
            paging: match operation.pages() {
                // an operation of the caller's may say so by its parameter only
                Paging::None if operation.query_names().contains(&"page") => Paging::Numbers,
                paging => paging,
            },
            name: operation.name(),
            files: Vec::new(),
            listener: None,
        }
    }

    /// The value of `{name}` in the path.
    pub fn path(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.path(name, value))
    }

    /// The id that stands for `{name}` in the path.
    pub fn path_id(self, name: &str, id: impl Into<Id>) -> Self {
        self.map(|request| request.path_id(name, &id.into()))
    }

    /// Adds a query parameter that the operation knows.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query(name, value))
    }

    /// Adds a query parameter, whether the operation knows it or not.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query_unchecked(name, value))
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.header(name, value))
    }

    /// Limits how long the call may take, with all its attempts and waits. By default the limit of the
    /// stack holds.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.api = self.api.with(self.api.settings().deadline(total));
        self
    }

    /// Limits how often the call is sent; 1 means no retry. By default the limit of the stack holds.
    pub fn attempts(mut self, most: u32) -> Self {
        self.api = self.api.with(self.api.settings().attempts(most));
        self
    }

    /// The body, as JSON. Where the operation names the members of its body, others are refused.
    pub fn body(self, body: &(impl Serialize + ?Sized)) -> Self {
        self.map(|request| request.json(body))
    }

    /// The body, as JSON with whatever members it has.
    pub fn body_unchecked(self, body: impl Into<Bytes>) -> Self {
        self.map(|request| request.json_unchecked(body))
    }

    /// The body, for an operation that takes a list: these items, under the operation's key.
    pub fn items(self, items: &(impl Serialize + ?Sized)) -> Self {
        match self.body {
            BodyShape::List(key) => {
                self.map(|request| request.json(&std::collections::BTreeMap::from([(key, items)])))
            }
            // an error that says what the operation takes, or a body of its own shape
            _ => self.map(|request| request.json(items)),
        }
    }

    /// The file to upload, for an operation that takes one: bytes, a file on the disk
    /// ([`ReqBody::file`]), or a stream. May be given several times where Zoho takes several.
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
                self.files.push(Arc::new(Mutex::new(Some(content))));
                self.map(|request| request.streamed_file(name, content_type))
            }
        }
    }

    /// A part of an upload that is plain text, such as `attachmentUrl`.
    pub fn text_part(self, name: &str, text: impl Into<String>) -> Self {
        self.map(|request| request.text_part(name, text))
    }

    /// Reports to `listener` how many bytes of the request's body were sent so far; for a call without
    /// a body, how many bytes of the file came ([`download`](Self::download)). Where a request is sent
    /// again it counts from the first byte again.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Sends the call and gives the answer as it is, whatever its status.
    ///
    /// # Errors
    /// Where the request is wrong, cannot be authorised, or does not come through.
    pub fn send(self) -> impl Future<Output = Result<Reply, Error>> + Send + use<> {
        let api = self.api.clone();
        async move { api.send_built(|| self.build()).await }
    }

    /// Builds what would be sent, without sending it: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input): the mistake that was made in the call.
    pub fn preview(&self) -> Result<HttpRequest<Bytes>, Error> {
        let streamed = |_| {
            let name = self.name;
            Err(Error::input(format!("`{name}` sends a file as a stream: it cannot be previewed")))
        };
        let request = assemble(self.request.clone().build_payload()?, streamed)?;
        Ok(request.map(|body| body.as_bytes().cloned().unwrap_or_default()))
    }

    /// Reads the list that the answer holds: a page of it, its pages, or all items.
    ///
    /// It begins at the `page` or `page_token` that was given, else at the first page. Where Zoho
    /// gives tokens it follows them. A list that comes whole is one page.
    pub fn list<T: DeserializeOwned + Send + 'static>(self) -> Request<List<T, Paged>> {
        let shaped = match self.response {
            ResponseShape::List(_) => self,
            _ => self.refuse_shape("a list"),
        };
        List::request(shaped, Paged::default())
    }

    /// Reads the one object that the answer holds, or its whole body where the operation says
    /// [`Bare`](ResponseShape::Bare).
    pub fn object<T: DeserializeOwned + Send + 'static>(self) -> Request<GetItem<T>> {
        GetItem::request(match self.response {
            ResponseShape::Object(_) | ResponseShape::Bare => self,
            _ => self.refuse_shape("one object"),
        })
    }

    /// Reads what became of each of the `sent` items, for an operation that writes. One result for
    /// all of them counts for each. Where Zoho answers with another number of results, all are
    /// unknown; where it reports a success for another id than the one that the request names, that
    /// item's outcome is unknown.
    pub fn outcomes(self, sent: usize) -> Request<ReadOutcomes> {
        let shaped = match self.response {
            ResponseShape::WriteResults(_) | ResponseShape::WriteResult(_) => self,
            _ => self.refuse_shape("outcomes"),
        };
        ReadOutcomes::request(shaped, sent)
    }

    /// Reads the whole answer as JSON, whatever shape the operation says. A read that is answered
    /// with no content (204), such as a query without a match, gives `null`.
    pub fn json<T: DeserializeOwned + Send + 'static>(self) -> Request<ReadJson<T>> {
        ReadJson::request(self)
    }

    /// Fetches the file that the answer holds, as a stream at constant memory.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::operations::ATTACHMENTS_DOWNLOAD;
    ///
    /// let call = api.call(&ATTACHMENTS_DOWNLOAD).path("module", "Leads");
    /// let call = call.path_id("record_id", "1").path_id("id", "2");
    /// let mut file = call.clone().download().await?;
    /// while let Some(chunk) = file.next().await {
    ///     println!("{} bytes", chunk?.len());
    /// }
    /// let saved = call.download().save_to("offer.pdf").await?;
    /// println!("{} bytes", saved.bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(self) -> Request<DownloadFile> {
        DownloadFile::request(match self.response {
            ResponseShape::Binary => self,
            _ => self.refuse_shape("a file"),
        })
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// The name of the operation.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn response(&self) -> ResponseShape {
        self.response
    }

    /// The request so far.
    pub(crate) fn request(&self) -> &RequestBuilder {
        &self.request
    }

    /// The ids of the items of a write, as far as the request names them.
    pub(crate) fn item_ids(&self, items: usize) -> Vec<Option<Id>> {
        self.request.item_ids(items)
    }

    /// Makes the call fail with this mistake, unless an earlier one was made.
    pub(crate) fn fail(self, mistake: Error) -> Self {
        self.map(|request| request.fail(mistake))
    }

    /// Keeps the mistake that a check found.
    pub(crate) fn check(self, result: Result<(), Error>) -> Self {
        match result {
            Ok(()) => self,
            Err(mistake) => self.fail(mistake),
        }
    }

    /// The mistake that was made so far, for a request that sends nothing.
    pub(crate) fn must_be_right(&self) -> Result<(), Error> {
        self.request.mistake().map_or(Ok(()), |mistake| Err(mistake.clone()))
    }

    /// The same call, whose answer is read as another shape.
    pub(crate) fn returning(mut self, response: ResponseShape) -> Self {
        self.response = response;
        self
    }

    /// Rows that are JSON already, under the operation's key, with further members.
    pub(crate) fn rows(self, rows: &[impl AsRef<str>], more: &[(&str, Value)]) -> Self {
        self.map(|request| request.rows(rows, more))
    }

    pub(crate) fn without_param(self, name: &str) -> Self {
        self.map(|request| request.without_query(name))
    }

    /// Takes the limits of another call of the same request, its headers, and its parameters, but for
    /// those that only the other's operation knows.
    pub(crate) fn with_settings_of(mut self, other: &Self) -> Self {
        self.api = other.api.clone();
        let call = other.request.query_pairs().fold(self, |call, (name, value)| {
            match call.request.operation_knows_query(name) {
                true => call.param(name, value),
                // neither knows it: it was given unchecked
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

    /// Whether a query parameter of this name was given.
    pub(crate) fn has_param(&self, name: &str) -> bool {
        self.request.query_value(name).is_some()
    }

    /// How the pages of its list follow one another in the version that is used.
    pub(crate) fn paging(&self) -> Paging {
        match self.paging {
            Paging::Tokens if !self.api.version().has_page_tokens() => Paging::Numbers,
            paging => paging,
        }
    }

    /// Sends the call and gives the answer as a file that is on its way.
    pub(crate) async fn open(self) -> Result<DownloadResponse, Error> {
        let api = self.api.clone();
        api.open(self.build()?).await
    }

    /// Takes the listener of a call without a body: it follows the answer.
    pub(crate) fn take_listener(&mut self) -> Option<Listener> {
        match self.body {
            BodyShape::None => mem::take(&mut self.listener),
            _ => None,
        }
    }

    /// The request, with its files.
    pub(crate) fn build(self) -> Result<HttpRequest<ReqBody>, Error> {
        let is_upload = matches!(self.body, BodyShape::Multipart(_));
        if !is_upload && self.listener.is_none() {
            return self.request.build_as();
        }
        let payload = self.request.clone().build_payload()?;
        let (head, mut body) = assemble(payload, |number| self.take_file(number))?.into_parts();
        if let Some(listener) = self.listener
            && body.length() != Some(0)
        {
            body = body.on_progress(move |progress| listener(progress));
        }
        Ok(HttpRequest::from_parts(head, body))
    }

    fn take_file(&self, number: usize) -> Result<ReqBody, Error> {
        let mut file = match self.files.get(number) {
            Some(file) => file.lock().unwrap_or_else(PoisonError::into_inner),
            None => return Err(Error::input(format!("`{}` has lost its file", self.name))),
        };
        let again = file.as_ref().and_then(ReqBody::try_clone);
        again.or_else(|| file.take()).ok_or_else(|| {
            Error::input(format!(
                "`{}` was given a stream that was sent already, by a clone of this call",
                self.name
            ))
        })
    }

    fn map(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.request = change(self.request);
        self
    }

    fn refuse_shape(self, asked: &str) -> Self {
        let (name, response) = (self.name, self.response);
        self.fail(Error::input(format!(
            "`{name}` does not return {asked}: its operation says {response:?}"
        )))
    }
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
