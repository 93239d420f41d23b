//! Answers of any size, as streams.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use http::{
    HeaderMap, Request, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE},
};
use serde::de::IgnoredAny;
use zcrm_core::{CallMeta, Error, ErrorKind, Outcome, Reply};

use crate::{Progress, ReqBody, ResBody, Transport, body::Listener, layer::Decoded, reply};

/// The extension of a request whose answer, if it is a file, is not taken in but handed on; and of
/// an answer that was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streamed;

/// A file that is being received, piece by piece, at constant memory. A pause that is too long, and
/// a connection that breaks, are errors of the stream; nothing is fetched again by itself
/// ([`SaveFile`](crate::SaveFile) does that, where the server allows it).
///
/// The call holds its place at the gate until the file begins, and its deadline counts until then.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    body: ResBody,
    call: CallMeta,
    decoded: bool,
    passed: u64,
    limit: Option<u64>,
    listener: Option<Listener>,
}

/// What [`open`] got.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "there is no third kind")]
pub enum Opened {
    /// A file.
    File(Download),
    /// Something else: no content, a refusal, or JSON that is no file.
    Reply(Reply),
}

impl Opened {
    /// The file, for a call that answers with one.
    ///
    /// # Errors
    /// Where there is none (of kind [`NotFound`](ErrorKind::NotFound)), and where Zoho refused.
    pub fn file(self) -> Result<Download, Error> {
        match self {
            Self::File(file) => Ok(file),
            Self::Reply(reply) => match no_file(&reply) {
                Some(error) => Err(error),
                None => Ok(reply.into()),
            },
        }
    }
}

/// Why an answer is no file: there is none, or Zoho refused. A file has a name; without one, an error
/// of Zoho's is an error with any status.
#[must_use]
pub fn no_file(reply: &Reply) -> Option<Error> {
    let status = reply.status();
    if status == StatusCode::NO_CONTENT || status.as_u16() >= 400 {
        return reply.object::<IgnoredAny>("data").err();
    }
    if reply.headers().contains_key(CONTENT_DISPOSITION) {
        return None;
    }
    reply.json::<IgnoredAny>().err().filter(|error| error.api().is_some())
}

/// Sends `request` and hands on the answer's body, if it is a file: a success that has a file's name
/// (`content-disposition`), or a type that is not JSON's.
///
/// # Errors
/// As [`send`](crate::send).
pub async fn open(transport: &Transport, mut request: Request<ReqBody>) -> Result<Opened, Error> {
    request.extensions_mut().insert(Streamed);
    let (response, call) = reply::exchange(transport, || Ok(request)).await?;
    if response.extensions().get::<Streamed>().is_none() {
        return Ok(Opened::Reply(reply::take_in(response, call).await?));
    }
    let (head, body) = response.into_parts();
    let decoded = head.extensions.get::<Decoded>().is_some();
    Ok(Opened::File(Download::new(head.status, head.headers, body, call, decoded)))
}

/// Whether an answer is a file: a success that has a file's name (`content-disposition`), or a type
/// that is not JSON's. Zoho sends errors with status 200 too, and those are JSON without a name.
pub(crate) fn is_file(status: StatusCode, headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    status.is_success()
        && status != StatusCode::NO_CONTENT
        && (headers.contains_key(CONTENT_DISPOSITION)
            || kind.is_some_and(|kind| !kind.to_ascii_lowercase().contains("json")))
}

impl Download {
    fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: ResBody,
        call: CallMeta,
        decoded: bool,
    ) -> Self {
        Self { status, headers, body, call, decoded, passed: 0, limit: None, listener: None }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How many bytes come, where the server told it and did not compress the answer.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Whether it came compressed. It is handed on as it was before.
    #[must_use]
    pub fn was_compressed(&self) -> bool {
        self.decoded
    }

    /// Takes no more than this many bytes: more are an error, at once where the server told the
    /// length, else when they come.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Tells `listener` how many bytes came so far.
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn too_large(&self) -> Option<Error> {
        let limit = self.limit?;
        let known = self.length().unwrap_or_default().max(self.passed);
        (known > limit).then(|| {
            let message = format!("the file is larger than the limit of {limit} bytes");
            Error::new(ErrorKind::Decode, Outcome::Unknown, message).with_call(&self.call)
        })
    }
}

/// A file that was taken in whole, because nothing in its head said that it is one.
impl From<Reply> for Download {
    fn from(reply: Reply) -> Self {
        let body = reply.body().clone().into();
        Self::new(reply.status(), reply.headers().clone(), body, reply.call().clone(), false)
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.passed == 0
            && let Some(error) = self.too_large()
        {
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(match ready!(Pin::new(&mut self.body).poll_next(cx)) {
            None => None,
            Some(Err(error)) => Some(Err(Error::from_boxed(error).with_call(&self.call))),
            Some(Ok(piece)) => {
                self.passed = self.passed.saturating_add(piece.len() as u64);
                if let Some(error) = self.too_large() {
                    return Poll::Ready(Some(Err(error)));
                }
                if let Some(listener) = &self.listener {
                    listener(Progress::new(self.passed, self.length()));
                }
                Some(Ok(piece))
            }
        })
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.status)
            .field("length", &self.length())
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
