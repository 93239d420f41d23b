//! Operations of Zoho's API as plain data.

use std::fmt::Write as _;

use http::Method;

use crate::{
    ApiVersion, Base, BodyShape, CallMeta, Host, Paging, ResponseShape, RetryClass,
    call::CallFields,
};

/// An operation of Zoho's API, with all that is needed to call it.
///
/// Operations are built by const functions, so a table of them costs nothing when a program starts.
/// You can add an operation that zcrm lacks in a few lines.
///
/// ```
/// use zcrm_core::{BodyShape, Operation, ResponseShape, RetryClass};
///
/// const ADD_TAGS: Operation = Operation::post("/{module}/{id}/actions/add_tags")
///     .id("record.add_tags")
///     .query(&["over_write"])
///     .body(BodyShape::List("tags"))
///     .returns(ResponseShape::WriteResults("data"))
///     .retry(RetryClass::Idempotent);
/// # assert_eq!(ADD_TAGS.template(), "/{module}/{id}/actions/add_tags");
/// ```
#[derive(Clone, Debug)]
pub struct Operation {
    id: Option<&'static str>,
    method: Method,
    base: Base,
    host: Host,
    template: &'static str,
    query: &'static [&'static str],
    query_since: &'static [(&'static str, ApiVersion)],
    required: &'static [&'static str],
    headers: &'static [&'static str],
    body: BodyShape,
    body_keys: &'static [&'static str],
    response: ResponseShape,
    paging: Paging,
    retry: RetryClass,
    retry_by_body: bool,
    cost: Cost,
    scopes: &'static [&'static str],
    since: ApiVersion,
    until: Option<ApiVersion>,
    body_optional: bool,
    instead: Option<&'static str>,
}

/// A segment of a path's template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Fixed text.
    Text(&'static str),
    /// The name of a parameter, which a value replaces.
    Parameter(&'static str),
}

/// The cost of a call in credits, and whether Zoho counts it as heavy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) credits: u32,
    /// The number of the body's items that one credit pays for, or 0 if the number does not matter.
    pub(crate) items_per_credit: u32,
    pub(crate) credits_with: &'static [(&'static str, u32)],
    pub(crate) heavy: bool,
    pub(crate) heavy_with: &'static [&'static str],
    /// The number of the body's items above which a call is heavy, or 0 if the number does not
    /// matter.
    pub(crate) heavy_above: u32,
    /// The number of concurrent calls that Zoho counts for a call.
    pub(crate) concurrent_calls: u32,
}

impl Operation {
    /// Creates a GET of `template`, such as `/{module}/{id}`. It may be repeated.
    #[must_use]
    pub const fn get(template: &'static str) -> Self {
        Self::new(Method::GET, template, RetryClass::Read)
    }

    /// Creates a POST. It is not repeated unless [`retry`](Self::retry) allows it.
    #[must_use]
    pub const fn post(template: &'static str) -> Self {
        Self::new(Method::POST, template, RetryClass::NotIdempotent).body(BodyShape::Json)
    }

    /// Creates a PUT. It is not repeated unless [`retry`](Self::retry) allows it, because an update
    /// can append.
    #[must_use]
    pub const fn put(template: &'static str) -> Self {
        Self::new(Method::PUT, template, RetryClass::NotIdempotent).body(BodyShape::Json)
    }

    /// Creates a PATCH. It is not repeated unless [`retry`](Self::retry) allows it.
    #[must_use]
    pub const fn patch(template: &'static str) -> Self {
        Self::new(Method::PATCH, template, RetryClass::NotIdempotent).body(BodyShape::Json)
    }

    /// Creates a DELETE. It may be repeated.
    #[must_use]
    pub const fn delete(template: &'static str) -> Self {
        Self::new(Method::DELETE, template, RetryClass::Idempotent)
    }

    const fn new(method: Method, template: &'static str, retry: RetryClass) -> Self {
        Self {
            id: None,
            method,
            base: Base::Crm,
            host: Host::Api,
            template,
            query: &[],
            query_since: &[],
            required: &[],
            headers: &[],
            body: BodyShape::None,
            body_keys: &[],
            response: ResponseShape::Bare,
            paging: Paging::None,
            retry,
            retry_by_body: false,
            cost: Cost {
                credits: 1,
                items_per_credit: 0,
                credits_with: &[],
                heavy: false,
                heavy_with: &[],
                heavy_above: 0,
                concurrent_calls: 1,
            },
            scopes: &[],
            since: ApiVersion::V2,
            until: None,
            body_optional: false,
            instead: None,
        }
    }

    /// Sets the name for errors, spans and metrics; the template by default.
    #[must_use]
    pub const fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the prefix of the path; [`Base::Crm`] by default.
    #[must_use]
    pub const fn base(mut self, base: Base) -> Self {
        self.base = base;
        self
    }

    /// Sets the host; [`Host::Api`] by default.
    #[must_use]
    pub const fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// Sets the names of the query parameters that the operation accepts.
    #[must_use]
    pub const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    /// Sets the query parameters that were added after the operation, each with its first version.
    #[must_use]
    pub const fn query_since(mut self, names: &'static [(&'static str, ApiVersion)]) -> Self {
        self.query_since = names;
        self
    }

    /// Sets the query parameters that are mandatory in Zoho's description of the newest version.
    ///
    /// They are not checked when a request is built.
    #[must_use]
    pub const fn required(mut self, names: &'static [&'static str]) -> Self {
        self.required = names;
        self
    }

    /// Sets the names of the headers that have a meaning for this operation.
    #[must_use]
    pub const fn headers(mut self, names: &'static [&'static str]) -> Self {
        self.headers = names;
        self
    }

    /// Sets the shape of the request's body.
    #[must_use]
    pub const fn body(mut self, shape: BodyShape) -> Self {
        self.body = shape;
        self
    }

    /// Allows requests without a body, although [`body`](Self::body) describes one.
    #[must_use]
    pub const fn body_optional(mut self) -> Self {
        self.body_optional = true;
        self
    }

    /// Sets the members that the body may have, in addition to the list that [`BodyShape::List`]
    /// names.
    ///
    /// If none are set, any member is allowed.
    #[must_use]
    pub const fn body_keys(mut self, keys: &'static [&'static str]) -> Self {
        self.body_keys = keys;
        self
    }

    /// Sets how pages follow one another; [`Paging::None`] by default.
    #[must_use]
    pub const fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Sets the shape of the answer.
    #[must_use]
    pub const fn returns(mut self, shape: ResponseShape) -> Self {
        self.response = shape;
        self
    }

    /// Sets whether a request may be repeated.
    #[must_use]
    pub const fn retry(mut self, class: RetryClass) -> Self {
        self.retry = class;
        self
    }

    /// Decides by the body of each call whether it may be repeated.
    ///
    /// An update whose row holds a list may append to that list. An upsert inserts if a row lacks the
    /// fields that are checked for duplicates. Such calls are not repeated.
    #[must_use]
    pub const fn retry_by_body(mut self) -> Self {
        self.retry = RetryClass::NotIdempotent;
        self.retry_by_body = true;
        self
    }

    /// Marks the operation as heavy; Zoho runs fewer heavy calls at the same time.
    #[must_use]
    pub const fn heavy(mut self) -> Self {
        self.cost.heavy = true;
        self
    }

    /// Marks the operation as heavy if one of these query parameters is given.
    #[must_use]
    pub const fn heavy_with(mut self, names: &'static [&'static str]) -> Self {
        self.cost.heavy_with = names;
        self
    }

    /// Marks the operation as heavy if the list in its body has more items than this. Zoho allows fewer
    /// concurrent calls of heavy operations.
    #[must_use]
    pub const fn heavy_above(mut self, items: u32) -> Self {
        self.cost.heavy_above = items;
        self
    }

    /// Sets the number of concurrent calls that Zoho counts for a call; 1 by default.
    ///
    /// Such a call waits until as many calls of the organisation may begin.
    #[must_use]
    pub const fn counts_as_calls(mut self, calls: u32) -> Self {
        self.cost.concurrent_calls = calls;
        self
    }

    /// Sets the cost in daily API credits; 1 by default.
    #[must_use]
    pub const fn credits(mut self, credits: u32) -> Self {
        self.cost.credits = credits;
        self
    }

    /// Sets the number of items of its list that one credit pays for.
    #[must_use]
    pub const fn items_per_credit(mut self, items: u32) -> Self {
        self.cost.items_per_credit = items;
        self
    }

    /// Sets the cost in credits of a call with one of these query parameters.
    #[must_use]
    pub const fn credits_with(mut self, costs: &'static [(&'static str, u32)]) -> Self {
        self.cost.credits_with = costs;
        self
    }

    /// Sets the OAuth scopes that Zoho lists for the operation; usually one of them is enough.
    #[must_use]
    pub const fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// Sets the last API version that has the operation; none by default.
    #[must_use]
    pub const fn until(mut self, version: ApiVersion) -> Self {
        self.until = Some(version);
        self
    }

    /// Sets the first API version that has the operation; v2 by default.
    #[must_use]
    pub const fn since(mut self, version: ApiVersion) -> Self {
        self.since = version;
        self
    }

    /// Sets the name of the operation that replaces this one in versions without it. Errors mention
    /// it.
    #[must_use]
    pub const fn instead(mut self, id: &'static str) -> Self {
        self.instead = Some(id);
        self
    }

    /// Returns the name of the operation: its id, or its template if it has no id.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.id {
            Some(id) => id,
            None => self.template,
        }
    }

    /// Returns the template of the path.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// Returns the HTTP method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the shape of the answer.
    #[must_use]
    pub const fn response(&self) -> ResponseShape {
        self.response
    }

    /// Returns the shape of the request's body.
    #[must_use]
    pub const fn body_shape(&self) -> BodyShape {
        self.body
    }

    /// Returns the names of the query parameters that the operation accepts.
    #[must_use]
    pub const fn query_names(&self) -> &'static [&'static str] {
        self.query
    }

    /// Returns the query parameters that are mandatory in the newest version.
    #[must_use]
    pub const fn required_query_names(&self) -> &'static [&'static str] {
        self.required
    }

    /// Returns `true` if a request without a body is allowed, although the operation has one.
    #[must_use]
    pub const fn is_body_optional(&self) -> bool {
        self.body_optional
    }

    /// Returns the name of the operation that replaces this one in versions without it.
    #[must_use]
    pub const fn alternative(&self) -> Option<&'static str> {
        self.instead
    }

    /// Returns the names of the request headers that this operation accepts.
    #[must_use]
    pub const fn header_names(&self) -> &'static [&'static str] {
        self.headers
    }

    /// Returns the members that the body may have in addition to its list, or nothing if any are
    /// allowed.
    #[must_use]
    pub const fn body_key_names(&self) -> &'static [&'static str] {
        self.body_keys
    }

    /// Returns how pages follow one another.
    #[must_use]
    pub const fn pages(&self) -> Paging {
        self.paging
    }

    /// Returns whether a request may be repeated, if its body does not decide.
    #[must_use]
    pub const fn retry_class(&self) -> RetryClass {
        self.retry
    }

    /// Returns `true` if the body of each call decides whether it may be repeated; see
    /// [`retry_by_body`](Self::retry_by_body).
    #[must_use]
    pub const fn retries_by_body(&self) -> bool {
        self.retry_by_body
    }

    /// Returns the prefix of the path.
    #[must_use]
    pub const fn base_of(&self) -> Base {
        self.base
    }

    /// Returns the host.
    #[must_use]
    pub const fn host_of(&self) -> Host {
        self.host
    }

    /// Returns `true` if every call of the operation is heavy.
    #[must_use]
    pub const fn is_heavy(&self) -> bool {
        self.cost.heavy
    }

    /// Returns the number of concurrent calls that Zoho counts for a call.
    #[must_use]
    pub const fn concurrent_calls(&self) -> u32 {
        self.cost.concurrent_calls
    }

    /// Returns the smallest cost of a call in credits.
    #[must_use]
    pub const fn least_credits(&self) -> u32 {
        self.cost.credits
    }

    /// Returns the OAuth scopes that Zoho lists for the operation.
    #[must_use]
    pub const fn scope_names(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// Returns the first API version that has the operation.
    #[must_use]
    pub const fn first_version(&self) -> ApiVersion {
        self.since
    }

    /// Returns the last API version that has the operation, or `None` if the newest has it.
    #[must_use]
    pub const fn last_version(&self) -> Option<ApiVersion> {
        self.until
    }

    /// Returns the first API version that has this query parameter.
    #[must_use]
    pub fn query_first_version(&self, name: &str) -> ApiVersion {
        let younger = self.query_since.iter().find(|(known, _)| *known == name);
        younger.map_or(self.since, |(_, version)| *version)
    }

    /// Returns the prefix of the path, in a string with room for `more` bytes.
    pub(crate) fn prefix(&self, version: ApiVersion, more: usize) -> String {
        let mut text = String::with_capacity(20 + more);
        text.push_str(match self.base {
            Base::Crm => "/crm/",
            Base::Bulk => "/crm/bulk/",
            Base::Email => "/crm/email/",
            Base::Root => return text,
        });
        match version.known_name() {
            Some(name) => text.push_str(name),
            // writing to a String cannot fail
            None => _ = write!(text, "{version}"),
        }
        text
    }

    /// Returns the segments of the template.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment> {
        let (mut rest, mut braced) = (self.template, false);
        // a simple search, because templates are short
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let end = if braced { b'}' } else { b'{' };
            let at = rest.bytes().position(|byte| byte == end).unwrap_or(rest.len());
            let (segment, after) = rest.split_at_checked(at)?;
            rest = after.get(1..).unwrap_or_default();
            let segment = if braced { Segment::Parameter(segment) } else { Segment::Text(segment) };
            braced = !braced;
            Some(segment)
        })
    }

    /// Returns the parameter of this name, if the template has it.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&'static str> {
        self.segments().find_map(|segment| match segment {
            Segment::Parameter(parameter) if parameter == name => Some(parameter),
            _ => None,
        })
    }

    pub(crate) const fn cost(&self) -> &Cost {
        &self.cost
    }

    pub(crate) fn meta(&self) -> CallMeta {
        CallMeta::new(self.facts())
    }

    pub(crate) fn facts(&self) -> CallFields {
        CallFields {
            operation: self.name(),
            method: self.method.clone(),
            template: self.template,
            host: self.host,
            retry: self.retry,
            heavy: self.cost.heavy,
            concurrent_calls: self.cost.concurrent_calls,
            credits: self.cost.credits,
            scopes: self.scopes,
            module: None,
        }
    }
}
