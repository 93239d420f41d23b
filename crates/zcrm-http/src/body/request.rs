//! The body of a request.

use std::{
    fmt, mem,
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, iter},
};
use zcrm_core::{BoxError, Error, ErrorKind, Outcome};

use super::{ByteStream, file, gzip};

/// The body of a request: bytes, a stream that can be opened again, or a stream that can be sent
/// once.
///
/// A failed call, or one with a stale token, is sent again only if its body can be sent again. So
/// pass large bodies as files ([`file`](Self::file)) or as a function that opens the stream again
/// ([`replay`](Self::replay)). A stream that exists only once ([`once`](Self::once)) is sent once,
/// and the error of a stale token says so.
///
/// ```
/// use bytes::Bytes;
/// use futures_util::stream;
/// use zcrm_http::ReqBody;
///
/// let json = ReqBody::from(r#"{"data":[]}"#);
/// assert!(json.try_clone().is_some());
///
/// let lines = || stream::iter((0..3).map(|n| Ok::<_, std::io::Error>(Bytes::from(format!("{n}\n")))));
/// let again = ReqBody::replay(lines).with_length(6);
/// assert_eq!(again.length(), Some(6));
/// assert!(again.try_clone().is_some());
/// assert!(ReqBody::once(lines()).try_clone().is_none());
/// ```
#[doc(alias = "upload")]
pub struct ReqBody(ReqBodyRepr);

enum ReqBodyRepr {
    Bytes(Bytes),
    // on the heap, because requests are passed by value
    Stream(Box<StreamBody>),
}

/// Opens a stream.
type OpenStream = Arc<dyn Fn() -> ByteStream + Send + Sync>;

/// Receives the progress of a body.
pub(crate) type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

struct StreamBody {
    /// `None` if the stream can be sent only once.
    open: Option<OpenStream>,
    current: Option<ByteStream>,
    length: Option<u64>,
    passed: u64,
    listener: Option<Listener>,
    /// Counts the chunks that were taken, for the timeout of the attempt.
    taken: Option<Arc<AtomicU64>>,
    /// Receives the error of the stream, for the connector.
    failed: Option<Arc<OnceLock<Error>>>,
}

/// The progress of a body that is being sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of bytes so far.
    pub bytes: u64,
    /// The total number of bytes, if it is known.
    pub total: Option<u64>,
}

impl Progress {
    /// Creates a progress of `bytes` so far out of `total`, if that is known.
    #[must_use]
    pub fn new(bytes: u64, total: Option<u64>) -> Self {
        Self { bytes, total }
    }
}

/// The size of the chunks in which bytes are sent if their progress is reported.
const CHUNK: usize = 64 * 1024;

impl ReqBody {
    /// Creates an empty body.
    #[must_use]
    pub fn empty() -> Self {
        Self(ReqBodyRepr::Bytes(Bytes::new()))
    }

    /// Creates a body from a file. The request carries the file's length.
    ///
    /// The file is opened again for each attempt. The call fails with an error that names the file
    /// if its length or time of change is different by then, or if the file changes while it is
    /// sent. The server then executes nothing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zcrm_http::ReqBody;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("offer.pdf");
    /// std::fs::write(&path, "%PDF-1.7")?;
    /// assert_eq!(ReqBody::file(&path).await?.length(), Some(8));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](ErrorKind::Input) that names the path if the file cannot
    /// be read.
    pub async fn file(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let file = Arc::new(file::FileSource::inspect(path.into()).await?);
        let length = file.length();
        Ok(Self::replay(move || Arc::clone(&file).open()).with_length(length))
    }

    /// Creates a body from a stream that `open` opens again for each attempt.
    #[must_use]
    pub fn replay<F, S, E>(open: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::streamed(Some(Arc::new(move || Box::pin(open().map_err(Into::into)) as _)), None)
    }

    /// Creates a body from a stream that can be sent only once.
    ///
    /// A call with such a body is never sent again. If its token is stale, the error says what to
    /// do.
    #[must_use]
    pub fn once<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::streamed(None, Some(Box::pin(stream.map_err(Into::into))))
    }

    fn streamed(open: Option<OpenStream>, current: Option<ByteStream>) -> Self {
        Self(ReqBodyRepr::Stream(Box::new(StreamBody {
            open,
            current,
            length: None,
            passed: 0,
            listener: None,
            taken: None,
            failed: None,
        })))
    }

    /// Sets the length of a stream in bytes, so that the request carries its `Content-Length`.
    ///
    /// Without a length the stream is sent in chunks, which some servers refuse. If the stream has
    /// another length, the request is aborted with an error.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        if let ReqBodyRepr::Stream(stream) = &mut self.0 {
            stream.length = Some(bytes);
        }
        self
    }

    /// Reports to `listener` how many bytes the connection has taken so far. If the request is sent
    /// again, the count starts again.
    ///
    /// ```
    /// use zcrm_http::ReqBody;
    ///
    /// let body = ReqBody::from("a,b\n1,2\n")
    ///     .on_progress(|progress| println!("{} of {:?}", progress.bytes, progress.total));
    /// assert_eq!(body.length(), Some(8));
    /// ```
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        if let ReqBodyRepr::Bytes(bytes) = &self.0 {
            let (bytes, length) = (bytes.clone(), bytes.len() as u64);
            let open: OpenStream = Arc::new(move || Box::pin(iter(chunks(bytes.clone()))));
            self = Self::streamed(Some(open), None).with_length(length);
        }
        if let ReqBodyRepr::Stream(stream) = &mut self.0 {
            stream.listener = Some(Arc::new(listener));
        }
        self
    }

    /// Concatenates bodies. The length is known if all lengths are, and the result can be sent
    /// again if all bodies can.
    ///
    /// ```
    /// use zcrm_http::ReqBody;
    ///
    /// let whole = ReqBody::chain(["--x\r\n\r\n".into(), "content".into(), "\r\n--x--\r\n".into()]);
    /// assert_eq!(whole.length(), Some(23));
    /// ```
    #[must_use]
    pub fn chain(bodies: impl IntoIterator<Item = Self>) -> Self {
        let bodies: Vec<Self> = bodies.into_iter().collect();
        let length = bodies.iter().map(Self::length).sum::<Option<u64>>();
        let openings: Option<Vec<OpenStream>> = bodies.iter().map(Self::opening).collect();
        let mut chained = match openings {
            Some(openings) => {
                let openings: Arc<[OpenStream]> = openings.into();
                Self::replay(move || {
                    let openings = Arc::clone(&openings);
                    iter(0..openings.len())
                        .filter_map(move |at| {
                            std::future::ready(openings.get(at).map(|open| open()))
                        })
                        .flatten()
                })
            }
            None => Self::once(iter(bodies).flatten()),
        };
        if let ReqBodyRepr::Stream(stream) = &mut chained.0 {
            stream.length = length;
        }
        chained
    }

    /// Returns a function that opens this body again, if that is possible.
    fn opening(&self) -> Option<OpenStream> {
        Some(match &self.0 {
            ReqBodyRepr::Bytes(bytes) => {
                let bytes = bytes.clone();
                Arc::new(move || Box::pin(stream::once(std::future::ready(Ok(bytes.clone())))))
            }
            ReqBodyRepr::Stream(stream) => {
                let StreamBody { open, length, listener, .. } = &**stream;
                let (open, length, listener) = (open.clone()?, *length, listener.clone());
                Arc::new(move || Box::pin(Self::fresh(Arc::clone(&open), length, listener.clone())))
            }
        })
    }

    fn fresh(open: OpenStream, length: Option<u64>, listener: Option<Listener>) -> Self {
        let open = Some(open);
        let mut fresh = Self::streamed(open, None);
        if let ReqBodyRepr::Stream(stream) = &mut fresh.0 {
            (stream.length, stream.listener) = (length, listener);
        }
        fresh
    }

    /// Returns the same body from its beginning, or `None` if it can be sent only once.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        Some(match &self.0 {
            ReqBodyRepr::Bytes(bytes) => Self(ReqBodyRepr::Bytes(bytes.clone())),
            ReqBodyRepr::Stream(stream) => {
                let StreamBody { open, length, listener, .. } = &**stream;
                Self::fresh(open.clone()?, *length, listener.clone())
            }
        })
    }

    /// Returns `true` if the body can be sent only once.
    #[must_use]
    pub fn is_once(&self) -> bool {
        matches!(&self.0, ReqBodyRepr::Stream(stream) if stream.open.is_none())
    }

    /// Returns the bytes, or `None` if the body is a stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            ReqBodyRepr::Bytes(bytes) => Some(bytes),
            ReqBodyRepr::Stream(_) => None,
        }
    }

    /// Returns the number of bytes still to be sent, if it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            ReqBodyRepr::Bytes(bytes) => Some(bytes.len() as u64),
            ReqBodyRepr::Stream(stream) => Some(stream.length?.saturating_sub(stream.passed)),
        }
    }

    /// Collects the entire body, for a custom transport.
    ///
    /// # Errors
    /// Returns an error if a stream fails or does not have the length that was set.
    pub async fn collect(self) -> Result<Bytes, BoxError> {
        match self.0 {
            ReqBodyRepr::Bytes(bytes) => Ok(bytes),
            ReqBodyRepr::Stream(_) => super::response::gather(self).await,
        }
    }

    /// Returns a counter of the chunks that were taken from a stream.
    pub(crate) fn chunks_sent(&mut self) -> Option<Arc<AtomicU64>> {
        match &mut self.0 {
            ReqBodyRepr::Bytes(_) => None,
            ReqBodyRepr::Stream(stream) => Some(Arc::clone(stream.taken.get_or_insert_default())),
        }
    }

    /// Returns the cell in which a stream stores its first error.
    pub(crate) fn failure(&mut self) -> Option<Arc<OnceLock<Error>>> {
        match &mut self.0 {
            ReqBodyRepr::Bytes(_) => None,
            ReqBodyRepr::Stream(stream) => Some(Arc::clone(stream.failed.get_or_insert_default())),
        }
    }

    /// Compresses the body with gzip. The new length of a stream is not known in advance.
    pub(crate) async fn gzip(self) -> Result<Self, Error> {
        match &self.0 {
            ReqBodyRepr::Bytes(bytes) => Ok(gzip::compress(bytes).await?.into()),
            ReqBodyRepr::Stream(_) => Ok(match self.opening() {
                Some(open) => Self::replay(move || gzip::compress_stream(open())),
                None => Self::once(gzip::compress_stream(Box::pin(self))),
            }),
        }
    }
}

/// Splits bytes into chunks of equal size.
fn chunks(mut bytes: Bytes) -> impl Iterator<Item = Result<Bytes, BoxError>> {
    std::iter::from_fn(move || {
        let piece = bytes.split_to(bytes.len().min(CHUNK));
        (!piece.is_empty()).then_some(Ok(piece))
    })
}

impl StreamBody {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if self.current.is_none() {
            self.current = self.open.as_ref().map(|open| open());
        }
        let Some(current) = &mut self.current else { return Poll::Ready(None) };
        let next = match ready!(current.as_mut().poll_next(cx)) {
            Some(Ok(piece)) => {
                self.passed = self.passed.saturating_add(piece.len() as u64);
                match self.length {
                    Some(length) if self.passed > length => Some(Err(self.wrong_length("more"))),
                    _ => Some(Ok(piece)),
                }
            }
            Some(Err(cause)) => Some(Err(broken(cause))),
            None if self.length.is_some_and(|length| self.passed < length) => {
                Some(Err(self.wrong_length("fewer")))
            }
            None => None,
        };
        if let Some(taken) = &self.taken {
            taken.fetch_add(1, Ordering::Relaxed);
        }
        match (&next, &self.listener) {
            (Some(Ok(_)), Some(listener)) => listener(Progress::new(self.passed, self.length)),
            (Some(Err(error)), _) => {
                if let (Some(failed), Some(error)) = (&self.failed, error.downcast_ref::<Error>()) {
                    let _ = failed.set(error.clone());
                }
                // a body that failed is finished and is not polled again
                self.current = Some(Box::pin(stream::empty()));
                self.length = None;
            }
            _ => {}
        }
        Poll::Ready(next)
    }

    fn wrong_length(&self, how: &str) -> BoxError {
        let announced = self.length.unwrap_or_default();
        Error::input(format!(
            "the request's body has {how} bytes than the {announced} that were announced, so the \
             request was aborted"
        ))
        .into()
    }
}

/// Returns the error of a body that failed. The server did not get the entire request, so it
/// executes none of it.
fn broken(cause: BoxError) -> BoxError {
    match cause.downcast::<Error>() {
        Ok(error) => error,
        Err(cause) => {
            let message = "the request's body failed while it was sent, so the request was aborted";
            Error::new(ErrorKind::Input, Outcome::NotSent, message).with_boxed_source(cause).into()
        }
    }
}

impl Stream for ReqBody {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            ReqBodyRepr::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            ReqBodyRepr::Bytes(bytes) => Poll::Ready(Some(Ok(mem::take(bytes)))),
            ReqBodyRepr::Stream(stream) => stream.poll_next(cx),
        }
    }
}

impl From<Bytes> for ReqBody {
    fn from(bytes: Bytes) -> Self {
        Self(ReqBodyRepr::Bytes(bytes))
    }
}

impl From<String> for ReqBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for ReqBody {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&'static str> for ReqBody {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for ReqBody {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl fmt::Debug for ReqBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            ReqBodyRepr::Bytes(_) => "ReqBody(bytes)",
            ReqBodyRepr::Stream(stream) if stream.open.is_some() => {
                "ReqBody(stream that can be replayed)"
            }
            ReqBodyRepr::Stream(_) => "ReqBody(stream)",
        })
    }
}
