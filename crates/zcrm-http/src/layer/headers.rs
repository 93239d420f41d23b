//! Headers of every request.

use std::{sync::Arc, task};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header::Entry};
use tower::{Layer, Service};
use zcrm_core::{BoxError, Error, is_reserved_header};

use crate::{ReqBody, ResBody};

/// Adds [`Headers`] to a service.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::USER_AGENT};
/// use tower::Layer;
/// use zcrm_http::{Connector, layer::HeadersLayer};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(USER_AGENT, HeaderValue::from_static("zylker-sync/1.2"));
/// let service = HeadersLayer::new(headers)?.layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct HeadersLayer {
    headers: Arc<[HeaderEntry]>,
}

/// A header with its values, ready to be added.
#[derive(Clone, Debug)]
struct HeaderEntry {
    name: HeaderName,
    first: HeaderValue,
    /// The other values, if the header is present several times.
    more: Vec<HeaderValue>,
}

impl HeadersLayer {
    /// Creates a layer that adds these headers to each request.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) for [reserved
    /// headers](zcrm_core::is_reserved_header), which the stack and the connection set themselves.
    pub fn new(headers: HeaderMap) -> Result<Self, Error> {
        match headers.keys().find(|name| is_reserved_header(name)) {
            Some(name) => Err(Error::config(format!(
                "the stack sets the header `{name}` itself: leave it out"
            ))),
            None => Ok(Self::unchecked(&headers)),
        }
    }

    /// Creates a layer without checking for reserved headers.
    pub(crate) fn unchecked(headers: &HeaderMap) -> Self {
        let given = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter().cloned();
            Some(HeaderEntry { name: name.clone(), first: values.next()?, more: values.collect() })
        };
        Self { headers: headers.keys().filter_map(given).collect() }
    }

    /// Creates a layer for one header.
    pub(crate) fn one(name: HeaderName, value: HeaderValue) -> Self {
        Self { headers: Arc::new([HeaderEntry { name, first: value, more: Vec::new() }]) }
    }
}

impl<S> Layer<S> for HeadersLayer {
    type Service = Headers<S>;

    fn layer(&self, inner: S) -> Headers<S> {
        Headers { inner, headers: Arc::clone(&self.headers) }
    }
}

/// Adds headers to each request that does not have them yet. The headers of a call have precedence.
#[derive(Clone, Debug)]
pub struct Headers<S> {
    inner: S,
    headers: Arc<[HeaderEntry]>,
}

impl<S> Service<Request<ReqBody>> for Headers<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> S::Future {
        let own = request.headers_mut();
        for HeaderEntry { name, first, more } in &*self.headers {
            if let Entry::Vacant(entry) = own.entry(name) {
                entry.insert(first.clone());
                for value in more {
                    own.append(name, value.clone());
                }
            }
        }
        self.inner.call(request)
    }
}
