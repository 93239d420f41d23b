//! Decompression of answers.

use std::{fmt, mem, pin::Pin, task};

use http::{
    Request, Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, Entry},
};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use zcrm_core::BoxError;

use crate::{
    ReqBody, ResBody,
    body::{Coding, decoded},
};

/// Adds [`Decompress`] to a service.
///
/// ```
/// use tower::Layer;
/// use zcrm_http::{Connector, layer::DecompressLayer};
///
/// let service = DecompressLayer::new().layer(Connector::builder().build()?);
/// # let _ = service;
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct DecompressLayer;

impl DecompressLayer {
    /// Creates the layer, which has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for DecompressLayer {
    type Service = Decompress<S>;

    fn layer(&self, inner: S) -> Decompress<S> {
        Decompress { inner }
    }
}

/// Decompresses answers in gzip or brotli, and removes `content-encoding` and `content-length`.
///
/// It sets `accept-encoding` unless the request has one.
#[derive(Clone, Debug)]
pub struct Decompress<S> {
    inner: S,
}

/// Response extension: the answer was compressed, so byte positions in it are not positions in the
/// file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decoded;

impl<S> Service<Request<ReqBody>> for Decompress<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = BoxError>,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = DecompressFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        if let Entry::Vacant(entry) = request.headers_mut().entry(ACCEPT_ENCODING) {
            entry.insert(Coding::ACCEPTED);
        }
        DecompressFuture { calling: self.inner.call(request) }
    }
}

pin_project! {
    /// The future of a [`Decompress`].
    #[must_use = "futures do nothing unless polled"]
    pub struct DecompressFuture<F> {
        #[pin]
        calling: F,
    }
}

impl<F> Future for DecompressFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let mut answer = self.project().calling.poll(cx);
        if let task::Poll::Ready(Ok(response)) = &mut answer {
            decompress(response);
        }
        answer
    }
}

impl<F> fmt::Debug for DecompressFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecompressFuture").finish_non_exhaustive()
    }
}

fn decompress(response: &mut Response<ResBody>) {
    let Some(coding) = response.headers().get(CONTENT_ENCODING).and_then(Coding::named) else {
        return;
    };
    let headers = response.headers_mut();
    headers.remove(CONTENT_ENCODING);
    let length = headers.remove(CONTENT_LENGTH);
    if response.status() == StatusCode::NO_CONTENT || length.is_some_and(|length| length == "0") {
        return;
    }
    response.extensions_mut().insert(Decoded);
    let body = mem::take(response.body_mut());
    *response.body_mut() = decoded(body, coding);
}
