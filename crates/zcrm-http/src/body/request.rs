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

/// The body of a request: bytes, a stream that can be opened again, or one that can be sent once.
///
/// A call is repeated after a failure, and after a 401 with a fresh token, only where its body can
/// be sent again. So give large bodies as files ([`file`](Self::file)) or with a function that
/// begins them anew ([`replay`](Self::replay)); a stream that exists only once
/// ([`once`](Self::once)) is sent once, and the error says so.
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
    // on the heap, for requests are handed on by value
    Stream(Box<StreamBody>),
}

/// Begins a stream.
type OpenStream = Arc<dyn Fn() -> ByteStream + Send + Sync>;

/// Told how far a body is.
pub(crate) type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

struct StreamBody {
    /// `None` where it can be sent once.
    open: Option<OpenStream>,
    current: Option<ByteStream>,
    length: Option<u64>,
    passed: u64,
    listener: Option<Listener>,
    /// Counts the pieces that were taken, for whoever waits.
    taken: Option<Arc<AtomicU64>>,
    /// What it failed with, for whoever asks.
    failed: Option<Arc<OnceLock<Error>>>,
}

/// How far a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes so far.
    pub bytes: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

impl Progress {
    /// Creates a progress of `bytes` so far, of `total` where that is known.
    #[must_use]
    pub fn new(bytes: u64, total: Option<u64>) -> Self {
        Self { bytes, total }
    }
}

/// The pieces in which bytes are sent whose progress is told.
const CHUNK: usize = 64 * 1024;

impl ReqBody {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self(ReqBodyRepr::Bytes(Bytes::new()))
    }

    /// A file, whose length is sent with it. It is opened anew for each attempt; if it is then no
    /// longer what it was (length, time of change), or changes while it is sent, the call fails with
    /// an error that names it, and nothing is executed.
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
    /// Of kind [`Input`](ErrorKind::Input), naming the path, where there is no such file.
    pub async fn file(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let file = Arc::new(file::FileSource::inspect(path.into()).await?);
        let length = file.length();
        Ok(Self::replay(move || Arc::clone(&file).open()).with_length(length))
    }

    /// A stream that `open` begins anew whenever the request is sent: for each attempt once.
    #[must_use]
    pub fn replay<F, S, E>(open: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::streamed(Some(Arc::new(move || Box::pin(open().map_err(Into::into)) as _)), None)
    }

    /// A stream that can be sent once. A call with such a body is never retried, nor replayed
    /// after a 401: its error then says what to do.
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

    /// Says how many bytes a stream has, so that the request carries its `Content-Length`; without
    /// that it is sent in chunks, which some servers refuse. A stream of another length is an
    /// error, and the request is broken off.
    #[must_use]
    pub fn with_length(mut self, bytes: u64) -> Self {
        if let ReqBodyRepr::Stream(stream) = &mut self.0 {
            stream.length = Some(bytes);
        }
        self
    }

    /// Tells `listener` how many bytes were taken by the connection so far. Where the request is
    /// sent again, it begins again at the first.
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

    /// The bodies one after another: of known length if all are, to be sent again if all can be.
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

    /// What begins this body, if it can be begun again.
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

    /// The same body again, from its beginning; `None` where it can be sent only once.
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

    /// Whether it can be sent only once.
    #[must_use]
    pub fn is_once(&self) -> bool {
        matches!(&self.0, ReqBodyRepr::Stream(stream) if stream.open.is_none())
    }

    /// The bytes, where it is no stream.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            ReqBodyRepr::Bytes(bytes) => Some(bytes),
            ReqBodyRepr::Stream(_) => None,
        }
    }

    /// How many bytes are still to come, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            ReqBodyRepr::Bytes(bytes) => Some(bytes.len() as u64),
            ReqBodyRepr::Stream(stream) => Some(stream.length?.saturating_sub(stream.passed)),
        }
    }

    /// All of it, in one piece: for a transport of one's own.
    ///
    /// # Errors
    /// Where a stream fails, or is not of the length that was told.
    pub async fn collect(self) -> Result<Bytes, BoxError> {
        match self.0 {
            ReqBodyRepr::Bytes(bytes) => Ok(bytes),
            ReqBodyRepr::Stream(_) => super::response::gather(self).await,
        }
    }

    /// The number of pieces that were taken of a stream so far.
    pub(crate) fn chunks_sent(&mut self) -> Option<Arc<AtomicU64>> {
        match &mut self.0 {
            ReqBodyRepr::Bytes(_) => None,
            ReqBodyRepr::Stream(stream) => Some(Arc::clone(stream.taken.get_or_insert_default())),
        }
    }

    /// Where a stream leaves what it failed with; only the first counts.
    pub(crate) fn failure(&mut self) -> Option<Arc<OnceLock<Error>>> {
        match &mut self.0 {
            ReqBodyRepr::Bytes(_) => None,
            ReqBodyRepr::Stream(stream) => Some(Arc::clone(stream.failed.get_or_insert_default())),
        }
    }

    /// The same body, compressed with gzip. A stream's new length is not known in advance.
    pub(crate) async fn gzip(self) -> Result<Self, Error> {
        match &self.0 {
            ReqBodyRepr::Bytes(bytes) => Ok(gzip::packed(bytes).await?.into()),
            ReqBodyRepr::Stream(_) => Ok(match self.opening() {
                Some(open) => Self::replay(move || gzip::packing(open())),
                None => Self::once(gzip::packing(Box::pin(self))),
            }),
        }
    }
}

/// Bytes in pieces of an even size.
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
                    Some(length) if self.passed > length => Some(Err(self.odd_length("more"))),
                    _ => Some(Ok(piece)),
                }
            }
            Some(Err(cause)) => Some(Err(broken(cause))),
            None if self.length.is_some_and(|length| self.passed < length) => {
                Some(Err(self.odd_length("fewer")))
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
                // it is over, for a body that failed is asked no more
                self.current = Some(Box::pin(stream::empty()));
                self.length = None;
            }
            _ => {}
        }
        Poll::Ready(next)
    }

    fn odd_length(&self, how: &str) -> BoxError {
        let told = self.length.unwrap_or_default();
        Error::input(format!(
            "the request's body has {how} bytes than the {told} that were announced: the request \
             was broken off"
        ))
        .into()
    }
}

/// A body that failed is our own side's: the server did not get the request whole, and executes none
/// of it.
fn broken(cause: BoxError) -> BoxError {
    match cause.downcast::<Error>() {
        Ok(error) => error,
        Err(cause) => {
            let message = "the request's body failed while it was sent: the request was broken off";
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
