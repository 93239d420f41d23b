//! Answers of any size, as streams.

mod verdict;

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
    header::{CONTENT_LENGTH, RANGE},
};
use zcrm_core::{CallMeta, Error, ErrorKind, Outcome, Reply};

pub(crate) use verdict::is_file;

use crate::{
    Progress, ReqBody, ResBody, Transport,
    body::Listener,
    layer::Decoded,
    reply::{self, Exchange},
};

/// Request extension: stream the answer instead of collecting it, if it is a file. Response
/// extension: the answer is such a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamAnswer;

/// A file that is received in chunks, with constant memory.
///
/// A pause that is too long and a broken connection are errors of the stream. It does not resume by
/// itself; `SaveFile` of zcrm-api does, if the server allows it. The call counts as in flight until
/// the file begins, and its deadline ends then.
#[doc(alias = "download")]
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    body: ResBody,
    call: CallMeta,
    decoded: bool,
    passed: u64,
    /// The length in the answer's head, until it was compared with the bytes received.
    promised: Option<u64>,
    limit: Option<u64>,
    listener: Option<Listener>,
}

/// The answer that [`open`] returns.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums, reason = "there is no third kind")]
pub enum DownloadResponse {
    /// A file.
    File(Download),
    /// Any other answer: no content, an error, a redirect or a page.
    Reply(Reply),
}

impl DownloadResponse {
    /// Returns the file, for a call that answers with one.
    ///
    /// # Errors
    /// Returns an error with the answer's status if the answer is not a file. Its kind is
    /// [`NotFound`](ErrorKind::NotFound) for an answer without content (204), and
    /// [`Decode`](ErrorKind::Decode) for an answer that is neither a file nor an error. An error
    /// from Zoho has Zoho's code.
    pub fn file(self) -> Result<Download, Error> {
        match self {
            Self::File(file) => Ok(file),
            Self::Reply(reply) => Err(reply.unexpected("a file")),
        }
    }
}

/// Returns an error if a collected answer is not a file. `asked_for_part` is `true` if the request
/// had a `range`.
#[must_use]
pub fn missing_file(reply: &Reply, asked_for_part: bool) -> Option<Error> {
    match is_file(reply.status(), reply.headers(), asked_for_part) {
        true => None,
        false => Some(reply.unexpected("a file")),
    }
}

/// Sends `request`, and streams the answer's body if it is a file.
///
/// A file is a 200, or a 206 if the request has a `range`, with a file name (`content-disposition`)
/// or a content type of files. HTML, JSON, XML and plain text are not file types, because pages and
/// errors have them too.
///
/// # Errors
/// Returns the errors of [`send`](crate::send).
pub async fn open(
    transport: &Transport,
    mut request: Request<ReqBody>,
) -> Result<DownloadResponse, Error> {
    let part = request.headers().contains_key(RANGE);
    request.extensions_mut().insert(StreamAnswer);
    let Exchange { calling, call, server } =
        Exchange::begin(transport.clone(), || Ok(request)).await?;
    let response = reply::judge(calling.await, server, &call)?;
    if response.extensions().get::<StreamAnswer>().is_some() {
        let (head, body) = response.into_parts();
        let decoded = head.extensions.get::<Decoded>().is_some();
        return Ok(DownloadResponse::File(Download::new(
            head.status,
            head.headers,
            body,
            call,
            decoded,
        )));
    }
    // a layer of the application may have collected a file
    let reply = reply::take_in(response, call).await?;
    Ok(match is_file(reply.status(), reply.headers(), part) {
        true => DownloadResponse::File(Download::from_reply(&reply)),
        false => DownloadResponse::Reply(reply),
    })
}

impl Download {
    fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: ResBody,
        call: CallMeta,
        decoded: bool,
    ) -> Self {
        let mut new = Self {
            status,
            headers,
            body,
            call,
            decoded,
            passed: 0,
            promised: None,
            limit: None,
            listener: None,
        };
        new.promised = new.length();
        new
    }

    fn from_reply(reply: &Reply) -> Self {
        let body = reply.body().clone().into();
        Self::new(reply.status(), reply.headers().clone(), body, reply.call().clone(), false)
    }

    /// Returns the HTTP status: 200, or 206 if a part was requested.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the number of bytes to come, if the server announced it and did not compress the
    /// answer.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Returns `true` if the answer was compressed. The bytes are decompressed.
    #[must_use]
    pub fn was_compressed(&self) -> bool {
        self.decoded
    }

    /// Limits the size of the file to this many bytes.
    ///
    /// A larger file is an error: immediately if the server announced the length, or else when more
    /// bytes arrive.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Reports to `listener` how many bytes have arrived so far.
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Returns the next chunk, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns an error, once, if the body did not have the length that its head announced.
    fn wrong_length(&mut self) -> Option<Error> {
        let promised = self.promised.take().filter(|promised| *promised != self.passed)?;
        let message = format!("the file ended after {} of {promised} bytes", self.passed);
        let error = Error::new(ErrorKind::Transport, Outcome::Unknown, message);
        Some(error.with_call(&self.call).with_status(self.status))
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

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.passed == 0
            && let Some(error) = self.too_large()
        {
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(match ready!(Pin::new(&mut self.body).poll_next(cx)) {
            None => self.wrong_length().map(Err),
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
