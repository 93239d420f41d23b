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

/// The body of an answer: bytes that are there, or a stream of them.
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
    Wire(Incoming),
    Stream(ByteStream),
}

impl Default for ResBodyRepr {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl ResBody {
    /// A body that comes piece by piece.
    #[must_use]
    pub fn stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        ResBodyRepr::Stream(Box::pin(stream.map_err(Into::into))).into()
    }

    pub(crate) fn wire(incoming: Incoming) -> Self {
        ResBodyRepr::Wire(incoming).into()
    }

    pub(crate) fn came_from(&mut self, server: &Arc<ParsedOrigin>) {
        self.peer.get_or_insert_with(|| Arc::clone(server));
    }

    pub(crate) fn server(&self) -> Option<&ParsedOrigin> {
        self.peer.as_deref()
    }

    /// The server that it comes from, where that is known: the one that an
    /// [`Auth`](crate::layer::Auth) layer sent the token to. A body that a layer of the application's
    /// makes of it does not know.
    #[must_use]
    pub fn peer(&self) -> Option<&Origin> {
        self.server().map(|server| &server.origin)
    }

    /// The bytes, where it is no stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.repr {
            ResBodyRepr::Bytes(bytes) => Some(bytes),
            ResBodyRepr::Wire(_) | ResBodyRepr::Stream(_) => None,
        }
    }

    /// All of it, in one piece. Behind a [`Stack`](crate::Stack) that costs nothing, except for
    /// files that were asked for as streams.
    ///
    /// # Errors
    /// Where the stream fails.
    pub async fn collect(self) -> Result<Bytes, BoxError> {
        match self.repr {
            ResBodyRepr::Bytes(bytes) => Ok(bytes),
            ResBodyRepr::Wire(_) | ResBodyRepr::Stream(_) => gather(self).await,
        }
    }
}

/// All pieces of a stream in one. A stream of one piece, the common case, is never copied.
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

/// Pieces that become one. The first alone is never copied.
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
            ResBodyRepr::Wire(incoming) => loop {
                match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
                    None => return Poll::Ready(None),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    Some(Ok(frame)) => {
                        // what is no data is a trailer; an empty piece says nothing
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
