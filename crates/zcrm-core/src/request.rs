//! Builders of requests.

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
/// All path and query values are percent-encoded. A path value that is empty, `.` or `..` is an
/// error. The first error is kept and returned by [`build`](Self::build), so that calls can be
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
    // boxed, because each setter moves the builder
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
    credits: Option<u32>,
    mistake: Option<Error>,
}

impl Operation {
    /// Creates a builder for a request of this operation.
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
                path: Vec::new(),
                query: Vec::new(),
                headers: Vec::new(),
                body: None,
                parts: Vec::new(),
                summary: BodySummary::default(),
                retry: None,
                credits: None,
                mistake: None,
            }),
        }
    }

    /// Sets the value of `{name}` in the path's template.
    pub fn path(self, name: &str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if matches!(value, "" | "." | "..") {
            return self.fault(format!("does not accept `{value}` for `{name}` in its path"));
        }
        let encoded = match id::is_plain(value) {
            true => SmolStr::new(value),
            false => Cow::from(utf8_percent_encode(value, ENCODED)).into(),
        };
        self.segment(name, encoded)
    }

    /// Sets the id for `{name}` in the path's template; see [`Id::check`].
    pub fn path_id(mut self, name: &str, id: &Id) -> Self {
        match id.check() {
            // a checked id needs no encoding
            Ok(id) => self.segment(name, SmolStr::new(id)),
            Err(error) => {
                self.draft.mistake.get_or_insert(error);
                self
            }
        }
    }

    fn segment(mut self, name: &str, encoded: SmolStr) -> Self {
        match self.draft.operation.path_parameter(name) {
            Some(name) => self.draft.path.push((name, encoded)),
            None => return self.fault(format!("has no `{}` in its path", name.escape_debug())),
        }
        self
    }

    /// Adds a query parameter that the operation knows.
    pub fn query(self, name: &str, value: impl AsRef<str>) -> Self {
        let known = self.draft.operation.query_names();
        if known.contains(&name) {
            let since = self.draft.operation.query_first_version(name);
            if self.draft.version < since {
                let version = self.draft.version;
                return self.fault(format!(
                    "has the query parameter `{name}` from {since} on, but the client uses \
                     {version}"
                ));
            }
            return self.query_unchecked(name, value);
        }
        let hint = if known.is_empty() { "it has none".into() } else { known.join(", ") };
        self.fault(format!(
            "has no query parameter `{name}` (known: {hint}): use the unchecked method to send \
             it anyway"
        ))
    }

    /// Adds a query parameter, even if the operation does not know it.
    pub fn query_unchecked(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if self.draft.query.iter().any(|(known, _)| known == name) {
            return self.fault(format!("has the query parameter `{name}` twice"));
        }
        self.draft.query.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Returns the value of a query parameter that was added.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        let given = self.draft.query.iter().find(|(given, _)| given == name);
        given.map(|(_, value)| value.as_str())
    }

    /// Returns the query parameters that were added, in order.
    pub fn query_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.draft.query.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the path values that were set, percent-encoded, in order.
    pub fn path_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.draft.path.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns the headers that were added, in order.
    pub fn header_pairs(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.draft.headers.iter().map(|(name, value)| (name, value))
    }

    /// Returns the operation that is called.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.draft.operation
    }

    /// Returns the first error so far, which [`build`](Self::build) will return.
    #[must_use]
    pub fn mistake(&self) -> Option<&Error> {
        self.draft.mistake.as_ref()
    }

    /// Makes [`build`](Self::build) return this error, unless there is an earlier one.
    ///
    /// Use it for additional checks.
    pub fn fail(mut self, mistake: Error) -> Self {
        self.draft.mistake.get_or_insert(mistake);
        self
    }

    /// Returns `true` if a header of this name was added.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.draft.headers.iter().any(|(given, _)| given.as_str().eq_ignore_ascii_case(name))
    }

    /// Removes a query parameter, if it was added.
    pub fn without_query(mut self, name: &str) -> Self {
        self.draft.query.retain(|(given, _)| given != name);
        self
    }

    /// Returns `true` if the operation knows a query parameter of this name.
    #[must_use]
    pub fn operation_knows_query(&self, name: &str) -> bool {
        self.draft.operation.query_names().contains(&name)
    }

    /// Removes all headers.
    pub fn without_headers(mut self) -> Self {
        self.draft.headers.clear();
        self
    }

    /// Adds a header.
    ///
    /// [Reserved headers](is_reserved_header) are an error: the credentials, the host, and headers
    /// that frame the body or control the connection. A `content-type` replaces the operation's,
    /// except for an upload, which sets its own.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let parsed = name.parse::<HeaderName>().ok().zip(value.as_ref().parse().ok());
        match parsed {
            Some((name, _)) if is_reserved_header(&name) => self.fault(format!(
                "does not accept the header `{name}`, which zcrm sets: leave it out"
            )),
            Some((name, _)) if name == CONTENT_TYPE && self.is_upload() => self
                .fault("does not accept the header `content-type`, which its upload sets".into()),
            Some(header) => {
                self.draft.headers.push(header);
                self
            }
            None => self.fault(format!(
                "does not accept the header `{}`: its name or value has invalid characters",
                name.escape_debug()
            )),
        }
    }

    /// Sets the body, as JSON. If the operation lists the members of its body, other members are an
    /// error.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        match to_json(body) {
            Ok(bytes) => self.json_bytes(bytes),
            Err(error) => self.fault(format!("cannot write its body as JSON: {error}")),
        }
    }

    /// Sets the body from bytes that are JSON already. They are checked as by [`json`](Self::json).
    pub fn json_bytes(mut self, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        match BodySummary::of_json(&body, &self.draft.operation) {
            Ok(summary) => self.draft.summary = summary,
            Err(mistake) => return self.fault(mistake),
        }
        self.json_unchecked(body)
    }

    /// Sets the body of an operation that takes a list.
    ///
    /// The `rows` must be JSON already and are put under the operation's key; `more` are other
    /// members that the operation knows. The rows are not parsed, so invalid JSON would be sent
    /// unchanged.
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
            return self.fault("does not take a list".to_owned());
        };
        match BodySummary::of_rows(rows, more, &self.draft.operation) {
            Ok(summary) => self.draft.summary = summary,
            Err(mistake) => return self.fault(mistake),
        }
        self.draft.body = Some(body::list(key, rows, more));
        self
    }

    /// Sets the body from bytes that are JSON already, with any members.
    pub fn json_unchecked(mut self, body: impl Into<Bytes>) -> Self {
        match self.draft.operation.body_shape() {
            BodyShape::None => self.fault("has no body".to_owned()),
            BodyShape::Form => self.fault("takes a form, not JSON".to_owned()),
            BodyShape::Multipart(_) => self.fault("takes a file, not JSON".to_owned()),
            BodyShape::Json | BodyShape::List(_) => {
                self.draft.body = Some(body.into());
                self
            }
        }
    }

    /// Adds a file to upload, in the part that the operation names.
    ///
    /// Some operations take several files.
    pub fn file(self, name: &str, content_type: &str, content: impl Into<Bytes>) -> Self {
        let BodyShape::Multipart(part) = self.draft.operation.body_shape() else {
            return self.fault("does not take a file".to_owned());
        };
        self.file_part(part, name, content_type, Some(content.into()))
    }

    /// Adds a file whose content is sent as a stream. [`build_payload`](Self::build_payload)
    /// returns its part without `content`.
    pub fn streamed_file(self, name: &str, content_type: &str) -> Self {
        let BodyShape::Multipart(part) = self.draft.operation.body_shape() else {
            return self.fault("does not take a file".to_owned());
        };
        self.file_part(part, name, content_type, None)
    }

    /// Adds a text part to a multipart body, such as `attachmentUrl`.
    pub fn text_part(mut self, name: &str, text: impl Into<String>) -> Self {
        if !matches!(self.draft.operation.body_shape(), BodyShape::Multipart(_)) {
            return self.fault("does not take parts".to_owned());
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

    /// Sets the body, as a form.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        if self.draft.operation.body_shape() != BodyShape::Form {
            return self.fault("does not take a form".to_owned());
        }
        self.draft.body = Some(encode_pairs(fields.iter().copied()).into());
        self
    }

    /// Replaces the operation's retry class for this call.
    pub fn retry(mut self, class: RetryClass) -> Self {
        self.draft.retry = Some(class);
        self
    }

    /// Replaces the operation's cost in daily API credits for this call.
    pub fn credits(mut self, credits: u32) -> Self {
        self.draft.credits = Some(credits);
        self
    }

    /// Builds the relative request, with its [`CallMeta`](crate::CallMeta) in the extensions.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](crate::ErrorKind::Input), for the first error so far: a
    /// missing or forbidden path value, an unknown query parameter, a body that is missing or not
    /// allowed, a version without the operation. Uploads are an error too: use
    /// [`build_payload`](Self::build_payload) for them.
    pub fn build(self) -> Result<Request<Bytes>, Error> {
        self.build_as()
    }

    /// Builds the request with a body of another type: `build_as::<ReqBody>()` for a transport.
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
    /// Returns an error in the same cases as [`build`](Self::build).
    pub fn build_as<B: From<Bytes>>(self) -> Result<Request<B>, Error> {
        let (head, payload) = self.assemble()?;
        match payload {
            Payload::Bytes(bytes) => Ok(head.with_body(bytes.into())),
            Payload::Multipart(_) => {
                let message = format!(
                    "`{}` uploads files: use `build_payload` to build its request, and \
                     `zcrm_http::assemble` to build its body",
                    head.meta.operation()
                );
                Err(Error::input(message).with_call(&head.meta))
            }
        }
    }

    /// Builds the request of any operation. The parts of an upload are left for the HTTP layer to
    /// encode.
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
    /// Returns an error in the same cases as [`build`](Self::build).
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

/// Shows the operation and the names of the parameters, but no values, which are people's data or
/// secrets.
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
