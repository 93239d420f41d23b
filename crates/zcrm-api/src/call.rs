//! A call of any operation.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{Request, header::RANGE};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use zcrm_core::{
    BodyShape, Error, Id, ItemSuccess, Operation, Page, Paging, Reply, RequestBuilder,
    ResponseShape, WriteResults,
};

use zcrm_http::{Download, Progress, ReqBody, assemble, no_file};

use crate::{
    Api, Pages, SaveFile, SavedFile,
    extra::Extra,
    paging::{Next, Way},
};

/// A call of one [`Operation`]: its values, then one of the ways to take in the answer.
///
/// Mistakes (a missing path value, an unknown query parameter or member of the body, a body where
/// none belongs, a version that lacks the operation) are errors before anything is sent.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::operations::{TAGS_CREATE, USERS_LIST};
/// use zcrm_core::Record;
///
/// let mut pages = api.call(&USERS_LIST).query("type", "ActiveUsers").pages::<Record>();
/// while let Some(page) = pages.next().await {
///     println!("{} users", page?.items.len());
/// }
///
/// let tags = [Record::new().with("name", "Hot"), Record::new().with("name", "Cold")];
/// let made = api.call(&TAGS_CREATE).query("module", "Leads").items(&tags).outcomes(2).await?;
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
    files: Vec<File>,
    listener: Option<Listener>,
}

/// A file that is sent as a stream, until it is. Clones of a call share those that can be sent only
/// once.
type File = Arc<Mutex<Option<ReqBody>>>;

type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

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

    /// A query parameter that the operation knows.
    pub fn query(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query(name, value))
    }

    /// A query parameter, known or not.
    pub fn query_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.query_unchecked(name, value))
    }

    /// A header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.map(|request| request.header(name, value))
    }

    /// The body, as JSON. Where the operation names the members of its body, others are refused.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        self.map(|request| request.json(body))
    }

    /// The body, as JSON with whatever members it has.
    pub fn json_unchecked(self, body: impl Into<Bytes>) -> Self {
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

    /// Tells `listener` how many bytes of the request's body were sent so far; for a call without a
    /// body, how many of the file came that it answers with ([`download`](Self::download),
    /// [`save`](Self::save)). Where a request is sent again it counts from the first byte again.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// The answer as it is, whatever its status.
    ///
    /// # Errors
    /// Where the request is wrong, cannot be authorised, or does not come through.
    pub async fn send(self) -> Result<Reply, Error> {
        self.api.send_built(|| self.build()).await
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        let streamed = |_| {
            let name = self.name;
            Err(Error::input(format!("`{name}` sends a file as a stream: it cannot be previewed")))
        };
        let request = assemble(self.request.clone().build_payload()?, streamed)?;
        Ok(request.map(|body| body.as_bytes().cloned().unwrap_or_default()))
    }

    /// The page that the answer holds, for an operation that returns a list.
    ///
    /// # Errors
    /// As [`send`](Self::send), and where Zoho refused or answered with something else.
    pub async fn page<T: DeserializeOwned + 'static>(self) -> Result<Page<T>, Error> {
        match self.response {
            ResponseShape::List(key) => self.send().await?.page(key),
            _ => Err(self.wrong_shape("a list")),
        }
    }

    /// The one object that the answer holds, or its whole body where the operation says
    /// [`Bare`](ResponseShape::Bare).
    ///
    /// # Errors
    /// As [`send`](Self::send), and where Zoho refused or answered with something else.
    pub async fn object<T: DeserializeOwned + 'static>(self) -> Result<T, Error> {
        match self.response {
            ResponseShape::Object(key) => self.send().await?.object(key),
            ResponseShape::Bare => self.send().await?.json(),
            _ => Err(self.wrong_shape("one object")),
        }
    }

    /// The one object that the answer holds, or the first of its list.
    pub(crate) async fn one<T: DeserializeOwned + 'static>(self) -> Result<T, Error> {
        match self.response {
            ResponseShape::List(key) => self.send().await?.object(key),
            _ => self.object().await,
        }
    }

    /// What became of each of the `sent` items, for an operation that returns outcomes; one for all
    /// of them counts for each. Where Zoho answers with another number of outcomes, all are unknown;
    /// where it reports a success for another id than the one that the request names, that item's
    /// outcome is unknown.
    ///
    /// # Errors
    /// As [`send`](Self::send), and where Zoho refused the request as a whole.
    pub async fn outcomes(self, sent: usize) -> Result<WriteResults<ItemSuccess>, Error> {
        let ids = self.request.item_ids(sent);
        self.outcomes_of(&ids).await
    }

    /// What became of each item, the ids of which are known.
    pub(crate) async fn outcomes_of(
        self,
        ids: &[Option<Id>],
    ) -> Result<WriteResults<ItemSuccess>, Error> {
        match self.response {
            ResponseShape::WriteResults(key) => self.send().await?.outcomes_of(key, ids),
            ResponseShape::WriteResult(key) => self.send().await?.outcome(key, ids.len()),
            _ => Err(self.wrong_shape("outcomes")),
        }
    }

    /// The whole answer as a JSON value, whatever shape the operation says. A read that is answered
    /// with no content (204), such as a query without a match, is [`Value::Null`].
    ///
    /// # Errors
    /// As [`send`](Self::send), and where Zoho refused or answered with something else. A write that
    /// is answered with no content is an error whose outcome says that it was executed.
    pub async fn value(self) -> Result<Value, Error> {
        self.send().await?.json()
    }

    /// The file that the answer holds, as a stream at constant memory, for an operation that returns
    /// one.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::operations::ATTACHMENTS_DOWNLOAD;
    ///
    /// let call = api.call(&ATTACHMENTS_DOWNLOAD).path("module", "Leads");
    /// let mut file = call.path_id("record_id", "1").path_id("id", "2").download().await?;
    /// while let Some(piece) = file.next().await {
    ///     println!("{} bytes", piece?.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`send`](Self::send), of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) where there
    /// is none, and where Zoho refused.
    pub async fn download(self) -> Result<Download, Error> {
        if self.response != ResponseShape::Binary {
            return Err(self.wrong_shape("a file"));
        }
        let file = self.api.open(self.build()?).await?.file()?;
        Ok(match self.listener.filter(|_| self.body == BodyShape::None) {
            Some(listener) => file.on_progress(move |progress| listener(progress)),
            None => file,
        })
    }

    /// Saves the file that the answer holds under a path, whole or not at all, for an operation that
    /// returns one. Where it breaks off it is taken up again, if the server allows that: see
    /// [`SaveFile`], which may stand in the path's place and holds limits.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_api::operations::ATTACHMENTS_DOWNLOAD;
    ///
    /// let call = api.call(&ATTACHMENTS_DOWNLOAD).path("module", "Leads");
    /// let saved = call.path_id("record_id", "1").path_id("id", "2").save("offer.pdf").await?;
    /// println!("{} bytes", saved.bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`download`](Self::download) and [`SaveFile::fetch`].
    pub async fn save(mut self, to: impl Into<SaveFile>) -> Result<SavedFile, Error> {
        let mut to = to.into();
        if let Some(listener) = mem::take(&mut self.listener) {
            to = to.on_progress(move |progress| listener(progress));
        }
        to.fetch(|headers| {
            let mut call = self.clone();
            for (name, value) in &headers {
                call = call.header(name.as_str(), value.to_str().unwrap_or_default());
            }
            call.download()
        })
        .await
    }

    /// The whole file that the answer holds, for an operation that returns one; at most as large as
    /// the stack takes in ([`Limits::answer_bytes`](zcrm_http::Limits)).
    ///
    /// # Errors
    /// As [`download`](Self::download).
    pub async fn bytes(self) -> Result<Bytes, Error> {
        if self.response != ResponseShape::Binary {
            return Err(self.wrong_shape("a file"));
        }
        let request = self.build()?;
        let part = request.headers().contains_key(RANGE);
        let reply = self.api.send_built(|| Ok(request)).await?;
        match no_file(&reply, part) {
            Some(error) => Err(error),
            None => Ok(reply.body().clone()),
        }
    }

    /// Page after page, for an operation that returns a list; a mistake is the stream's first item.
    /// A list that comes whole is one page.
    ///
    /// It begins at the `page` or `page_token` that was given, else at the first. Where Zoho gives
    /// tokens the stream goes by them.
    pub fn pages<T: DeserializeOwned + Send + 'static>(self) -> Pages<T> {
        let mistake = match self.response {
            ResponseShape::List(_) => None,
            _ => Some(self.wrong_shape("a list in pages")),
        };
        Pages::new(self, mistake)
    }

    /// The same call, at another page.
    pub(crate) fn at(self, next: &Next) -> Self {
        self.map(|request| {
            let request = request.without_query("page").without_query("page_token");
            match next {
                Next::Page(number) => request.query("page", number.to_string()),
                Next::Token(token) => request.query("page_token", token),
            }
        })
    }

    /// The page that it asks for.
    pub(crate) fn place(&self) -> Next {
        let number = || self.request.query_value("page").and_then(|page| page.parse().ok());
        match self.request.query_value("page_token") {
            Some(token) => Next::Token(token.to_owned()),
            None => Next::Page(number().unwrap_or(1)),
        }
    }

    /// How its pages follow one another in the version that is used.
    pub(crate) fn way(&self) -> Way {
        let paging = match self.paging {
            Paging::Tokens if !self.api.version().has_page_tokens() => Paging::Numbers,
            paging => paging,
        };
        Way::new(self.name, paging, self.request.query_value("per_page"))
    }

    /// Whether a query parameter of this name was given.
    pub(crate) fn asks_for(&self, name: &str) -> bool {
        self.request.query_value(name).is_some()
    }

    /// Adds what a caller gave by name.
    pub(crate) fn extra(self, extra: &Extra) -> Self {
        self.map(|request| extra.apply(request))
    }

    /// The same call, whose answer is read as another shape.
    pub(crate) fn returning(mut self, response: ResponseShape) -> Self {
        self.response = response;
        self
    }

    /// The request, with its files.
    fn build(&self) -> Result<Request<ReqBody>, Error> {
        let payload = self.request.clone().build_payload()?;
        let (head, mut body) = assemble(payload, |number| self.take_file(number))?.into_parts();
        if let Some(listener) = self.listener.clone()
            && body.length() != Some(0)
        {
            body = body.on_progress(move |progress| listener(progress));
        }
        Ok(Request::from_parts(head, body))
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

    fn wrong_shape(&self, asked: &str) -> Error {
        Error::input(format!(
            "`{}` does not return {asked}: its operation says {:?}",
            self.name, self.response
        ))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("api", &self.api).field("request", &self.request).finish()
    }
}
