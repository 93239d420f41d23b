//! Operations as data.

use http::Method;

use crate::{ApiVersion, CallMeta, RequestBuilder, RetryClass};

/// What stands before an endpoint's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// `/crm/{version}`, where nearly everything is.
    Crm,
    /// `/crm/bulk/{version}`.
    Bulk,
    /// Nothing: the template is the whole path.
    Root,
}

/// What an operation sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyShape {
    /// No body.
    None,
    /// A JSON object with a list of items under this key.
    List(&'static str),
    /// JSON of the caller's own shape.
    Json,
    /// Names and values, as a web form sends them.
    Form,
}

/// What an operation answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseShape {
    /// A list of items under this key, beside `info`.
    List(&'static str),
    /// One outcome for each item of the request, under this key.
    Outcomes(&'static str),
    /// One object under this key, or a list of one.
    Object(&'static str),
    /// JSON of its own shape.
    Bare,
}

/// An operation of Zoho's API: one value says all that is needed to call it.
///
/// Made with const builders, so a table of operations costs nothing at start, and an operation
/// that zcrm lacks is a few lines of the caller's own.
///
/// ```
/// use zcrm_core::{BodyShape, Endpoint, ResponseShape, RetryClass};
///
/// const ADD_TAGS: Endpoint = Endpoint::post("/{module}/{id}/actions/add_tags")
///     .id("record.add_tags")
///     .query(&["over_write"])
///     .body(BodyShape::List("tags"))
///     .returns(ResponseShape::Outcomes("data"))
///     .retry(RetryClass::Idempotent);
/// # assert_eq!(ADD_TAGS.template(), "/{module}/{id}/actions/add_tags");
/// ```
#[derive(Clone, Debug)]
pub struct Endpoint {
    id: Option<&'static str>,
    method: Method,
    base: Base,
    template: &'static str,
    query: &'static [&'static str],
    body: BodyShape,
    response: ResponseShape,
    retry: RetryClass,
    heavy: bool,
    credits: u32,
    since: ApiVersion,
}

impl Endpoint {
    /// A GET of `template`, such as `/{module}/{id}`. It may be repeated.
    #[must_use]
    pub const fn get(template: &'static str) -> Self {
        Self::new(Method::GET, template, RetryClass::Read)
    }

    /// A POST. It is not repeated unless [`retry`](Self::retry) says that it may be.
    #[must_use]
    pub const fn post(template: &'static str) -> Self {
        Self::new(Method::POST, template, RetryClass::NotIdempotent).body(BodyShape::Json)
    }

    /// A PUT. It is not repeated unless [`retry`](Self::retry) says that it may be, for an update
    /// of Zoho's can append.
    #[must_use]
    pub const fn put(template: &'static str) -> Self {
        Self::new(Method::PUT, template, RetryClass::NotIdempotent).body(BodyShape::Json)
    }

    /// A PATCH. It is not repeated unless [`retry`](Self::retry) says that it may be.
    #[must_use]
    pub const fn patch(template: &'static str) -> Self {
        Self::new(Method::PATCH, template, RetryClass::NotIdempotent).body(BodyShape::Json)
    }

    /// A DELETE. It may be repeated.
    #[must_use]
    pub const fn delete(template: &'static str) -> Self {
        Self::new(Method::DELETE, template, RetryClass::Idempotent)
    }

    const fn new(method: Method, template: &'static str, retry: RetryClass) -> Self {
        Self {
            id: None,
            method,
            base: Base::Crm,
            template,
            query: &[],
            body: BodyShape::None,
            response: ResponseShape::Bare,
            retry,
            heavy: false,
            credits: 1,
            since: ApiVersion::V2,
        }
    }

    /// The name that errors, spans and metrics use; the template where none is given.
    #[must_use]
    pub const fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// What stands before the template; [`Base::Crm`] unless told.
    #[must_use]
    pub const fn base(mut self, base: Base) -> Self {
        self.base = base;
        self
    }

    /// The names of the query parameters that the operation takes.
    #[must_use]
    pub const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    /// What it sends.
    #[must_use]
    pub const fn body(mut self, shape: BodyShape) -> Self {
        self.body = shape;
        self
    }

    /// What it answers with.
    #[must_use]
    pub const fn returns(mut self, shape: ResponseShape) -> Self {
        self.response = shape;
        self
    }

    /// How safely it can be repeated.
    #[must_use]
    pub const fn retry(mut self, class: RetryClass) -> Self {
        self.retry = class;
        self
    }

    /// Marks it as one of the heavy calls, of which Zoho runs fewer at a time.
    #[must_use]
    pub const fn heavy(mut self) -> Self {
        self.heavy = true;
        self
    }

    /// What it costs of the daily API credits; 1 unless told.
    #[must_use]
    pub const fn credits(mut self, credits: u32) -> Self {
        self.credits = credits;
        self
    }

    /// The first API version that has it; v2 unless told.
    #[must_use]
    pub const fn since(mut self, version: ApiVersion) -> Self {
        self.since = version;
        self
    }

    /// Begins a request of this operation.
    pub fn request(&self, version: ApiVersion) -> RequestBuilder {
        RequestBuilder::new(self.clone(), version)
    }

    /// The name of the operation.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.id {
            Some(id) => id,
            None => self.template,
        }
    }

    /// The path's template.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// What it answers with.
    #[must_use]
    pub const fn response(&self) -> ResponseShape {
        self.response
    }

    /// What it sends.
    #[must_use]
    pub const fn body_shape(&self) -> BodyShape {
        self.body
    }

    /// The names of the query parameters that it takes.
    #[must_use]
    pub const fn query_names(&self) -> &'static [&'static str] {
        self.query
    }

    /// The first API version that has it.
    #[must_use]
    pub const fn first_version(&self) -> ApiVersion {
        self.since
    }

    pub(crate) fn prefix(&self, version: ApiVersion) -> String {
        match self.base {
            Base::Crm => format!("/crm/{version}"),
            Base::Bulk => format!("/crm/bulk/{version}"),
            Base::Root => String::new(),
        }
    }

    pub(crate) fn meta(&self) -> CallMeta {
        CallMeta {
            operation: self.name(),
            method: self.method.clone(),
            template: self.template,
            retry: self.retry,
            heavy: self.heavy,
            credits: self.credits,
        }
    }
}
