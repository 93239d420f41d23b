//! Operations as data.

use std::fmt::Write as _;

use http::Method;

use crate::{
    ApiVersion, Base, BodyShape, CallMeta, Host, Paging, ResponseShape, RetryClass,
    call::CallFields,
};

/// An operation of Zoho's API: one value says all that is needed to call it.
///
/// Made with const builders, so a table of operations costs nothing at start, and an operation
/// that zcrm lacks is a few lines of the caller's own.
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
    /// It stands in every path.
    Text(&'static str),
    /// The place of a value, by its name.
    Parameter(&'static str),
}

/// What a call costs, and what makes it dearer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) credits: u32,
    /// One credit for so many items of the body; 0 where their number does not matter.
    pub(crate) items_per_credit: u32,
    pub(crate) credits_with: &'static [(&'static str, u32)],
    pub(crate) heavy: bool,
    pub(crate) heavy_with: &'static [&'static str],
    /// Heavy with more items than this in the body; 0 where their number does not matter.
    pub(crate) heavy_above: u32,
}

impl Operation {
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
            },
            scopes: &[],
            since: ApiVersion::V2,
            until: None,
            body_optional: false,
            instead: None,
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

    /// The host it lives on; [`Host::Api`] unless told.
    #[must_use]
    pub const fn host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// The names of the query parameters that the operation takes.
    #[must_use]
    pub const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    /// Query parameters that are younger than the operation, each with its first version.
    #[must_use]
    pub const fn query_since(mut self, names: &'static [(&'static str, ApiVersion)]) -> Self {
        self.query_since = names;
        self
    }

    /// The query parameters without which Zoho refuses a call, as its description of the newest
    /// version says. They are not checked when a request is built.
    #[must_use]
    pub const fn required(mut self, names: &'static [&'static str]) -> Self {
        self.required = names;
        self
    }

    /// The names of the headers that mean something to this operation.
    #[must_use]
    pub const fn headers(mut self, names: &'static [&'static str]) -> Self {
        self.headers = names;
        self
    }

    /// What it sends.
    #[must_use]
    pub const fn body(mut self, shape: BodyShape) -> Self {
        self.body = shape;
        self
    }

    /// Lets a request have no body, where [`body`](Self::body) says what it may send.
    #[must_use]
    pub const fn body_optional(mut self) -> Self {
        self.body_optional = true;
        self
    }

    /// The members that its body may have, beside the list that [`BodyShape::List`] names. Where
    /// none are named, any member is let through.
    #[must_use]
    pub const fn body_keys(mut self, keys: &'static [&'static str]) -> Self {
        self.body_keys = keys;
        self
    }

    /// How its pages follow one another; [`Paging::None`] unless told.
    #[must_use]
    pub const fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
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

    /// Lets the body of each call decide whether it may be repeated: an update of Zoho's appends
    /// where a row holds a list, an upsert inserts where a row lacks the fields that are checked
    /// for duplicates.
    #[must_use]
    pub const fn retry_by_body(mut self) -> Self {
        self.retry = RetryClass::NotIdempotent;
        self.retry_by_body = true;
        self
    }

    /// Marks it as one of the heavy calls, of which Zoho runs fewer at a time.
    #[must_use]
    pub const fn heavy(mut self) -> Self {
        self.cost.heavy = true;
        self
    }

    /// Marks it as heavy where one of these query parameters is given.
    #[must_use]
    pub const fn heavy_with(mut self, names: &'static [&'static str]) -> Self {
        self.cost.heavy_with = names;
        self
    }

    /// Marks it as heavy where its list has more than so many items.
    #[must_use]
    pub const fn heavy_above(mut self, items: u32) -> Self {
        self.cost.heavy_above = items;
        self
    }

    /// What it costs of the daily API credits; 1 unless told.
    #[must_use]
    pub const fn credits(mut self, credits: u32) -> Self {
        self.cost.credits = credits;
        self
    }

    /// It costs one credit for each so many items of its list.
    #[must_use]
    pub const fn items_per_credit(mut self, items: u32) -> Self {
        self.cost.items_per_credit = items;
        self
    }

    /// What it costs where one of these query parameters is given.
    #[must_use]
    pub const fn credits_with(mut self, costs: &'static [(&'static str, u32)]) -> Self {
        self.cost.credits_with = costs;
        self
    }

    /// The OAuth scopes that Zoho names for it; as a rule one of them is enough.
    #[must_use]
    pub const fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// The last API version that has it; all unless told.
    #[must_use]
    pub const fn until(mut self, version: ApiVersion) -> Self {
        self.until = Some(version);
        self
    }

    /// The first API version that has it; v2 unless told.
    #[must_use]
    pub const fn since(mut self, version: ApiVersion) -> Self {
        self.since = version;
        self
    }

    /// The operation that does the same in the versions that lack this one, by its name: errors
    /// name it.
    #[must_use]
    pub const fn instead(mut self, id: &'static str) -> Self {
        self.instead = Some(id);
        self
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

    /// The query parameters without which Zoho refuses a call of the newest version.
    #[must_use]
    pub const fn required_query_names(&self) -> &'static [&'static str] {
        self.required
    }

    /// Whether a request may have no body although there is one that it may send.
    #[must_use]
    pub const fn is_body_optional(&self) -> bool {
        self.body_optional
    }

    /// The operation that does the same in the versions that lack this one.
    #[must_use]
    pub const fn alternative(&self) -> Option<&'static str> {
        self.instead
    }

    /// The names of the headers that mean something to it.
    #[must_use]
    pub const fn header_names(&self) -> &'static [&'static str] {
        self.headers
    }

    /// The members that its body may have beside its list; empty where any are let through.
    #[must_use]
    pub const fn body_key_names(&self) -> &'static [&'static str] {
        self.body_keys
    }

    /// How its pages follow one another.
    #[must_use]
    pub const fn pages(&self) -> Paging {
        self.paging
    }

    /// How safely it can be repeated, where the body does not say otherwise.
    #[must_use]
    pub const fn retry_class(&self) -> RetryClass {
        self.retry
    }

    /// Whether the body of a call can make it repeatable; see
    /// [`retry_by_body`](Self::retry_by_body).
    #[must_use]
    pub const fn retries_by_body(&self) -> bool {
        self.retry_by_body
    }

    /// What stands before the template.
    #[must_use]
    pub const fn base_of(&self) -> Base {
        self.base
    }

    /// The host it lives on.
    #[must_use]
    pub const fn host_of(&self) -> Host {
        self.host
    }

    /// Whether every call of it is heavy.
    #[must_use]
    pub const fn is_heavy(&self) -> bool {
        self.cost.heavy
    }

    /// What a call costs, at least.
    #[must_use]
    pub const fn least_credits(&self) -> u32 {
        self.cost.credits
    }

    /// The OAuth scopes that Zoho names for it.
    #[must_use]
    pub const fn scope_names(&self) -> &'static [&'static str] {
        self.scopes
    }

    /// The first API version that has it.
    #[must_use]
    pub const fn first_version(&self) -> ApiVersion {
        self.since
    }

    /// The last API version that has it.
    #[must_use]
    pub const fn last_version(&self) -> Option<ApiVersion> {
        self.until
    }

    /// The first version that knows a query parameter: the operation's own, or a later one.
    #[must_use]
    pub fn query_first_version(&self, name: &str) -> ApiVersion {
        let younger = self.query_since.iter().find(|(known, _)| *known == name);
        younger.map_or(self.since, |(_, version)| *version)
    }

    /// Writes what stands before the path, and leaves room for `more` bytes.
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

    /// The template in segments.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment> {
        let (mut rest, mut braced) = (self.template, false);
        // byte by byte: templates are short
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

    /// The place of a value in the path's template, by its name.
    pub(crate) fn place(&self, name: &str) -> Option<&'static str> {
        self.segments().find_map(|segment| match segment {
            Segment::Parameter(place) if place == name => Some(place),
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
            credits: self.cost.credits,
            scopes: self.scopes,
            module: None,
        }
    }
}
