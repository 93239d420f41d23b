//! The body of an answer.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use http_body::Body;
use hyper::body::Incoming;
use zcrm_core::Origin;

use super::ByteStream;
use crate::{BoxError, parsed_origin::ParsedOrigin};

/// The body of an answer: bytes in memory, or a stream of them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_http::BoxError> {
/// use bytes::Bytes;
/// use futures_util::stream;
/// use zcrm_http::ResBody;
///
/// let pieces = ["{\"da", "ta\":[]}"].map(|text| Ok::<_, std::io::Error>(Bytes::from(text)));
/// let body = ResBody::stream(stream::iter(pieces));
/// assert_eq!(body.collect().await?, "{\"data\":[]}");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ResBody {
    repr: ResBodyRepr,
    peer: Option<Arc<ParsedOrigin>>,
}

enum ResBodyRepr {
    Bytes(Bytes),
    Incoming(Incoming),
    Stream(ByteStream),
}

impl Default for ResBodyRepr {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl ResBody {
    /// Creates a body from a stream.
    #[must_use]
    pub fn stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        ResBodyRepr::Stream(Box::pin(stream.map_err(Into::into))).into()
    }

    pub(crate) fn incoming(incoming: Incoming) -> Self {
        ResBodyRepr::Incoming(incoming).into()
    }

    pub(crate) fn came_from(&mut self, server: &Arc<ParsedOrigin>) {
        self.peer.get_or_insert_with(|| Arc::clone(server));
    }

    pub(crate) fn server(&self) -> Option<&ParsedOrigin> {
        self.peer.as_deref()
    }

    /// Returns the server that the body comes from, if it is known.
    ///
    /// This is the server that an [`Auth`](crate::layer::Auth) layer sent the token to. It is not
    /// known for a body that a layer of the application creates.
    #[must_use]
    pub fn peer(&self) -> Option<&Origin> {
        self.server().map(|server| &server.origin)
    }

    /// Returns the bytes, or `None` if the body is a stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.repr {
            ResBodyRepr::Bytes(bytes) => Some(bytes),
            ResBodyRepr::Incoming(_) | ResBodyRepr::Stream(_) => None,
        }
    }

    /// Collects the entire body. This is free behind a [`Stack`](crate::Stack), except for files
    /// that were requested as streams.
    ///
    /// # Errors
    /// Returns an error if the stream fails.
    pub async fn collect(self) -> Result<Bytes, BoxError> {
        match self.repr {
            ResBodyRepr::Bytes(bytes) => Ok(bytes),
            ResBodyRepr::Incoming(_) | ResBodyRepr::Stream(_) => gather(self).await,
        }
    }
}

/// Collects a stream. A stream of only one chunk, the common case, is not copied.
pub(super) async fn gather<S>(mut stream: S) -> Result<Bytes, BoxError>
where
    S: Stream<Item = Result<Bytes, BoxError>> + Unpin,
{
    let mut whole = BodyBuffer::default();
    while let Some(piece) = stream.next().await {
        whole.push(piece?);
    }
    Ok(whole.into())
}

/// A buffer that joins chunks. A single chunk is not copied.
#[derive(Default)]
pub(crate) struct BodyBuffer {
    first: Bytes,
    rest: BytesMut,
}

impl BodyBuffer {
    pub(crate) fn push(&mut self, piece: Bytes) {
        if self.len() == 0 {
            self.first = piece;
        } else {
            self.rest.extend_from_slice(&mem::take(&mut self.first));
            self.rest.extend_from_slice(&piece);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }
}

impl From<BodyBuffer> for Bytes {
    fn from(BodyBuffer { first, rest }: BodyBuffer) -> Self {
        if rest.is_empty() { first } else { rest.freeze() }
    }
}

impl Stream for ResBody {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.repr {
            ResBodyRepr::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            ResBodyRepr::Bytes(bytes) => Poll::Ready(Some(Ok(mem::take(bytes)))),
            ResBodyRepr::Stream(stream) => stream.as_mut().poll_next(cx),
            ResBodyRepr::Incoming(incoming) => loop {
                match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
                    None => return Poll::Ready(None),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    Some(Ok(frame)) => {
                        // other frames are trailers, and an empty chunk carries no data
                        if let Ok(data) = frame.into_data()
                            && !data.is_empty()
                        {
                            return Poll::Ready(Some(Ok(data)));
                        }
                    }
                }
            },
        }
    }
}

impl From<ResBodyRepr> for ResBody {
    fn from(repr: ResBodyRepr) -> Self {
        Self { repr, peer: None }
    }
}

impl From<Bytes> for ResBody {
    fn from(bytes: Bytes) -> Self {
        ResBodyRepr::Bytes(bytes).into()
    }
}

impl From<String> for ResBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for ResBody {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for ResBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.as_bytes().is_some() { "ResBody(bytes)" } else { "ResBody(stream)" })
    }
}
