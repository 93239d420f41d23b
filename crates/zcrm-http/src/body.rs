//! Bodies of requests and answers.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};

use crate::BoxError;

/// The body of an answer.
pub type ResBody = UnsyncBoxBody<Bytes, BoxError>;

/// The body of a request: bytes, which can be sent again, or a stream, which cannot.
///
/// ```
/// use zcrm_http::ReqBody;
///
/// let body = ReqBody::from(r#"{"data":[]}"#.to_owned());
/// assert!(body.try_clone().is_some());
/// ```
pub struct ReqBody(Repr);

enum Repr {
    Full(Full<Bytes>),
    Once(UnsyncBoxBody<Bytes, BoxError>),
}

impl ReqBody {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self(Repr::Full(Full::default()))
    }

    /// A stream that can be sent once. A call with such a body is never retried, nor replayed
    /// after a 401.
    #[must_use]
    pub fn once<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Repr::Once(body.map_err(Into::into).boxed_unsync()))
    }

    /// The same body again; `None` where it can be sent only once.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Repr::Full(full) => Some(Self(Repr::Full(full.clone()))),
            Repr::Once(_) => None,
        }
    }
}

/// The same request again, extensions and all; `None` where its body can be sent only once.
pub(crate) fn try_clone(request: &http::Request<ReqBody>) -> Option<http::Request<ReqBody>> {
    let mut copy = http::Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

impl From<Bytes> for ReqBody {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::Full(Full::new(bytes)))
    }
}

impl From<String> for ReqBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl fmt::Debug for ReqBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Repr::Full(_) => "ReqBody(bytes)",
            Repr::Once(_) => "ReqBody(stream)",
        })
    }
}

impl Body for ReqBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Repr::Full(full) => Pin::new(full).poll_frame(cx).map_err(|never| match never {}),
            Repr::Once(stream) => Pin::new(stream).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Repr::Full(full) => full.is_end_stream(),
            Repr::Once(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Repr::Full(full) => full.size_hint(),
            Repr::Once(stream) => stream.size_hint(),
        }
    }
}
