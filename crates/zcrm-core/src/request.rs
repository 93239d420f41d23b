//! From an operation and its values to a relative `http::Request`.

mod assemble;
mod encoding;
mod header_names;
mod ids;
mod payload;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header::CONTENT_TYPE};
use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde_json::Value;
use smol_str::SmolStr;

pub use self::{
    header_names::{is_framing_header, is_reserved_header},
    payload::{Payload, UploadPart},
};

use self::encoding::{ENCODED, encode_pairs};
use crate::{
    ApiVersion, BodyShape, Error, Id, Operation, RetryClass,
    body::{self, BodySummary},
    id,
    zoho_json::to_json,
};

/// Collects the values of one call of an [`Operation`] and checks them.
///
/// Every path value and query value is percent-encoded; a path value that is empty, `.` or `..`
/// is refused. The first mistake is kept and told by [`build`](Self::build), so calls can be
/// chained.
///
/// ```
/// use zcrm_core::{ApiVersion, Operation};
///
/// const SEARCH: Operation = Operation::get("/{module}/search").query(&["word"]);
/// let request = SEARCH
///     .request(ApiVersion::V8)
///     .path("module", "Leads")
///     .query("word", "a&b c")
///     .build()?;
/// assert_eq!(request.uri(), "/crm/v8/Leads/search?word=a%26b%20c");
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a request does nothing until it is built and sent"]
pub struct RequestBuilder {
    // on the heap, for a builder is handed on with each word
    draft: Box<RequestDraft>,
}

#[derive(Clone)]
struct RequestDraft {
    operation: Operation,
    version: ApiVersion,
    path: Vec<(&'static str, SmolStr)>,
    query: Vec<(String, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Bytes>,
    parts: Vec<UploadPart>,
    summary: BodySummary,
    retry: Option<RetryClass>,
    mistake: Option<Error>,
}

impl Operation {
    /// Begins a request of this operation.
    pub fn request(&self, version: ApiVersion) -> RequestBuilder {
        RequestBuilder::new(self.clone(), version)
    }
}

impl RequestBuilder {
    pub(crate) fn new(operation: Operation, version: ApiVersion) -> Self {
        Self {
            draft: Box::new(RequestDraft {
                operation,
                version,
                path: Vec::with_capacity(3),
                query: Vec::new(),
                headers: Vec::new(),
                body: None,
                parts: Vec::new(),
                summary: BodySummary::default(),
                retry: None,
                mistake: None,
            }),
        }
    }

    /// The value of `{name}` in the path's template.
    pub fn path(self, name: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if matches!(value, "" | "." | "..") {
            return self.fault(format!("cannot take `{value}` as `{name}` in its path"));
        }
        let encoded = match id::is_plain(value) {
            true => SmolStr::new(value),
            false => Cow::from(utf8_percent_encode(value, ENCODED)).into(),
        };
        self.segment(name, encoded)
    }

    /// The id that stands for `{name}` in the path's template; see [`Id::check`].
    pub fn path_id(mut self, name: &str, id: &Id) -> Self {
        match id.check() {
            // it has no character that would be encoded
            Ok(id) => self.segment(name, SmolStr::new(id)),
            Err(error) => {
                self.draft.mistake.get_or_insert(error);
                self
            }
        }
    }

    fn segment(mut self, name: &str, encoded: SmolStr) -> Self {
        match self.draft.operation.place(name) {
            Some(name) => self.draft.path.push((name, encoded)),
            None => return self.fault(format!("has no `{}` in its path", name.escape_debug())),
        }
        self
    }

    /// A query parameter that the operation knows.
    pub fn query(self, name: &str, value: impl AsRef<str>) -> Self {
        let known = self.draft.operation.query_names();
        if known.contains(&name) {
            let since = self.draft.operation.query_first_version(name);
            if self.draft.version < since {
                let version = self.draft.version;
                return self.fault(format!(
                    "knows the query parameter `{name}` from {since} on, and the client uses \
                     {version}"
                ));
            }
            return self.query_unchecked(name, value);
        }
        let hint = if known.is_empty() { "it takes none".into() } else { known.join(", ") };
        self.fault(format!(
            "does not know the query parameter `{name}` ({hint}); the unchecked method sends it \
             all the same"
        ))
    }

    /// A query parameter, known or not.
    pub fn query_unchecked(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if self.draft.query.iter().any(|(known, _)| known == name) {
            return self.fault(format!("was given the query parameter `{name}` twice"));
        }
        self.draft.query.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The value of a query parameter that was given.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        let given = self.draft.query.iter().find(|(given, _)| given == name);
        given.map(|(_, value)| value.as_str())
    }

    /// The query parameters that were given, in order.
    pub fn query_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.draft.query.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The path values that were given, percent-encoded, in order.
    pub fn path_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.draft.path.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The headers that were given, in order.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.draft.headers.iter().map(|(name, value)| (name, value))
    }

    /// The first mistake that was made, if any: the error of [`build`](Self::build).
    #[must_use]
    pub fn mistake(&self) -> Option<&Error> {
        self.draft.mistake.as_ref()
    }

    /// Makes [`build`](Self::build) fail with this error, unless an earlier mistake was made: for
    /// checks that a caller makes.
    pub fn fail(mut self, mistake: Error) -> Self {
        self.draft.mistake.get_or_insert(mistake);
        self
    }

    /// Whether a header was given.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.draft.headers.iter().any(|(given, _)| given.as_str().eq_ignore_ascii_case(name))
    }

    /// Takes a query parameter back, if it was given.
    pub fn without_query(mut self, name: &str) -> Self {
        self.draft.query.retain(|(given, _)| given != name);
        self
    }

    /// Whether the operation knows a query parameter of this name.
    #[must_use]
    pub fn operation_knows_query(&self, name: &str) -> bool {
        self.draft.operation.query_names().contains(&name)
    }

    /// Takes all headers back.
    pub fn without_headers(mut self) -> Self {
        self.draft.headers.clear();
        self
    }

    /// Adds a header.
    ///
    /// [Reserved ones](is_reserved_header) are refused: the credentials, the host, and those that
    /// frame the body or control the connection. A `content-type` takes the place of the operation's
    /// own, except on an upload, whose parts need theirs.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let parsed = name.parse::<HeaderName>().ok().zip(value.as_ref().parse().ok());
        match parsed {
            Some((name, _)) if is_reserved_header(&name) => self.fault(format!(
                "cannot take the header `{name}`: zcrm sets it itself, leave it out"
            )),
            Some((name, _)) if name == CONTENT_TYPE && self.is_upload() => {
                self.fault("cannot take the header `content-type`: its upload has its own".into())
            }
            Some(header) => {
                self.draft.headers.push(header);
                self
            }
            None => self.fault(format!(
                "cannot take the header `{}`: its name or value has forbidden characters",
                name.escape_debug()
            )),
        }
    }

    /// The body, as JSON. Where the operation names the members of its body, others are refused.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        match to_json(body) {
            Ok(bytes) => self.json_bytes(bytes),
            Err(error) => self.fault(format!("cannot write its body as JSON: {error}")),
        }
    }

    /// The body, as bytes that are JSON already; checked like [`json`](Self::json).
    pub fn json_bytes(mut self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        match BodySummary::of_json(&body, &self.draft.operation) {
            Ok(summary) => self.draft.summary = summary,
            Err(mistake) => return self.fault(mistake),
        }
        self.json_unchecked(body)
    }

    /// The body, for an operation that takes a list: `rows` that are JSON already, under the
    /// operation's key, and `more` members that it knows. The rows are not read again: what is no
    /// JSON would be sent as it is.
    ///
    /// ```
    /// use serde_json::json;
    /// use zcrm_core::{ApiVersion, BodyShape, Operation};
    ///
    /// const CREATE: Operation =
    ///     Operation::post("/Leads").body(BodyShape::List("data")).body_keys(&["trigger"]);
    /// let rows = [r#"{"Last_Name":"Boyle"}"#];
    /// let builder = CREATE.request(ApiVersion::V8).rows(&rows, &[("trigger", json!([]))]);
    /// assert_eq!(builder.build()?.body(), r#"{"data":[{"Last_Name":"Boyle"}],"trigger":[]}"#);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    pub fn rows(mut self, rows: &[impl AsRef<str>], more: &[(&str, Value)]) -> Self {
        let BodyShape::List(key) = self.draft.operation.body_shape() else {
            return self.fault("takes no list".to_owned());
        };
        match BodySummary::of_rows(rows, more, &self.draft.operation) {
            Ok(summary) => self.draft.summary = summary,
            Err(mistake) => return self.fault(mistake),
        }
        self.draft.body = Some(body::list(key, rows, more));
        self
    }

    /// The body, as bytes that are JSON already, with whatever members it has.
    pub fn json_unchecked(mut self, body: impl Into<Bytes>) -> Self {
        match self.draft.operation.body_shape() {
            BodyShape::None => self.fault("takes no body".to_owned()),
            BodyShape::Form => self.fault("takes a form and no JSON".to_owned()),
            BodyShape::Multipart(_) => self.fault("takes a file and no JSON".to_owned()),
            BodyShape::Json | BodyShape::List(_) => {
                self.draft.body = Some(body.into());
                self
            }
        }
    }

    /// The file that it uploads, in the part that the operation names. May be given several times
    /// where Zoho takes several.
    pub fn file(self, name: &str, content_type: &str, content: impl Into<Bytes>) -> Self {
        let BodyShape::Multipart(part) = self.draft.operation.body_shape() else {
            return self.fault("takes no file".to_owned());
        };
        self.file_part(part, name, content_type, Some(content.into()))
    }

    /// Adds a file whose content is sent as a stream: its part has no `content` in what
    /// [`build_payload`](Self::build_payload) makes.
    pub fn streamed_file(self, name: &str, content_type: &str) -> Self {
        let BodyShape::Multipart(part) = self.draft.operation.body_shape() else {
            return self.fault("takes no file".to_owned());
        };
        self.file_part(part, name, content_type, None)
    }

    /// A part of a multipart body that is plain text, such as `attachmentUrl`.
    pub fn text_part(mut self, name: &str, text: impl Into<String>) -> Self {
        if !matches!(self.draft.operation.body_shape(), BodyShape::Multipart(_)) {
            return self.fault("takes no parts".to_owned());
        }
        self.draft.parts.push(UploadPart::text(name, text.into()));
        self
    }

    fn file_part(
        mut self,
        part: &str,
        name: &str,
        content_type: &str,
        content: Option<Bytes>,
    ) -> Self {
        match UploadPart::file(part, name, content_type, content) {
            Ok(part) => self.draft.parts.push(part),
            Err(mistake) => return self.fault(mistake),
        }
        self
    }

    /// The body, as a form.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        if self.draft.operation.body_shape() != BodyShape::Form {
            return self.fault("takes no form".to_owned());
        }
        self.draft.body = Some(encode_pairs(fields.iter().copied()).into());
        self
    }

    /// Overrules the operation's retry class for this one call, where its body changes it.
    pub fn retry(mut self, class: RetryClass) -> Self {
        self.draft.retry = Some(class);
        self
    }

    /// The finished request: relative, with its [`CallMeta`](crate::CallMeta) in the extensions.
    ///
    /// # Errors
    /// Of kind [`Input`](crate::ErrorKind::Input), naming the first mistake that was made: a path
    /// value that is missing or forbidden, an unknown query parameter, a body where none belongs
    /// or none where one does, a version that lacks the operation. An upload is one too: see
    /// [`build_payload`](Self::build_payload).
    pub fn build(self) -> Result<Request<Bytes>, Error> {
        self.build_as()
    }

    /// The same with a body of another type: `build_as::<ReqBody>()` for a transport.
    ///
    /// ```
    /// use zcrm_core::{ApiVersion, BodyShape, Operation};
    ///
    /// const CREATE: Operation = Operation::post("/Leads").body(BodyShape::List("data"));
    /// let builder = CREATE.request(ApiVersion::V8).json_bytes(r#"{"data":[]}"#);
    /// let request = builder.build_as::<Vec<u8>>()?;
    /// assert_eq!(request.body(), br#"{"data":[]}"#);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_as<B: From<Bytes>>(self) -> Result<Request<B>, Error> {
        let (head, payload) = self.assemble()?;
        match payload {
            Payload::Bytes(bytes) => Ok(head.with_body(bytes.into())),
            Payload::Multipart(_) => {
                let message = format!(
                    "`{}` uploads files: `build_payload` builds its request, and \
                     `zcrm_http::assemble` its body",
                    head.meta.operation()
                );
                Err(Error::input(message).with_call(&head.meta))
            }
        }
    }

    /// Builds the request of any operation. The body of an upload is left as its parts, for the HTTP
    /// layer to write.
    ///
    /// ```
    /// use zcrm_core::{ApiVersion, BodyShape, Operation, Payload};
    ///
    /// const UPLOAD: Operation = Operation::post("/files").body(BodyShape::Multipart("file"));
    /// let upload = UPLOAD.request(ApiVersion::V8).streamed_file("a.csv", "text/csv");
    /// let request = upload.build_payload()?;
    /// let Payload::Multipart(parts) = request.body() else { panic!("an upload") };
    /// assert_eq!(parts[0].name, "file");
    /// assert_eq!(parts[0].content, None);
    /// # Ok::<(), zcrm_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_payload(self) -> Result<Request<Payload>, Error> {
        let (head, payload) = self.assemble()?;
        Ok(head.with_body(payload))
    }

    fn is_upload(&self) -> bool {
        matches!(self.draft.operation.body_shape(), BodyShape::Multipart(_))
    }

    fn fault(mut self, what: String) -> Self {
        let name = self.draft.operation.name();
        self.draft.mistake.get_or_insert_with(|| Error::input(format!("`{name}` {what}")));
        self
    }
}

/// Names the operation and what was set, and no value: values are people's data or secrets.
impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query: Vec<&str> = self.draft.query.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("RequestBuilder")
            .field("operation", &self.draft.operation.name())
            .field("version", &self.draft.version)
            .field("query", &query)
            .field("body", &self.draft.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}
