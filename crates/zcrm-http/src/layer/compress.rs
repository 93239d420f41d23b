//! Compression of request bodies, for the calls that ask for it.

use std::{mem, task};

use http::{
    HeaderValue, Request, Response,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use tower::{Layer, Service};
use zcrm_core::BoxError;

use super::either::EitherFuture;
use crate::{CallSettings, ReqBody, ResBody};

/// Adds [`Compress`] to a service.
///
/// ```
/// use tower::Layer;
/// use zcrm_http::{Connector, layer::CompressLayer};
///
/// let service = CompressLayer::new().layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct CompressLayer;

impl CompressLayer {
    /// Creates the layer. The [`CallSettings`] of each call decide whether it compresses.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for CompressLayer {
    type Service = Compress<S>;

    fn layer(&self, inner: S) -> Compress<S> {
        Compress { inner }
    }
}

/// Compresses the body of a request with gzip, if its [`CallSettings`] ask for it
/// ([`compress`](CallSettings::compress)).
///
/// The layer is outside the retry, so bytes are compressed only once.
#[derive(Clone, Debug)]
pub struct Compress<S> {
    inner: S,
}

impl<S> Service<Request<ReqBody>> for Compress<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = EitherFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let asked = request.extensions().get().is_some_and(|own: &CallSettings| own.compress);
        let packed = || request.headers().contains_key(CONTENT_ENCODING);
        if !asked || packed() || request.body().length() == Some(0) {
            return EitherFuture::inner(self.inner.call(request));
        }
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        EitherFuture::boxed(async move {
            let body = mem::replace(request.body_mut(), ReqBody::empty());
            *request.body_mut() = body.gzip().await?;
            request.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            request.headers_mut().remove(CONTENT_LENGTH);
            inner.call(request).await
        })
    }
}
