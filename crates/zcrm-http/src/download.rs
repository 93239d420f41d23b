//! Answers of any size, as streams.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use http::{
    HeaderMap, Request, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use zcrm_core::{CallMeta, Error, Reply};

use crate::{ReqBody, ResBody, Transport, reply};

/// The extension of a request whose answer, if it is a file, is not taken in but handed on; and of
/// an answer that was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streamed;

/// A file that is being received, piece by piece, at constant memory. A pause that is too long, and
/// a connection that breaks, are errors of the stream; nothing is fetched again by itself.
///
/// The call holds its place at the gate until the file begins, and its deadline counts until then.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    body: ResBody,
    call: CallMeta,
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

/// Sends `request` and hands on the answer's body, if it is a file: a success that has a file's name
/// (`content-disposition`), or a type that is not JSON's.
///
/// # Errors
/// As [`send`](crate::send).
pub async fn open(transport: &Transport, mut request: Request<ReqBody>) -> Result<Opened, Error> {
    request.extensions_mut().insert(Streamed);
    let (response, call) = reply::exchange(transport, request).await?;
    if response.extensions().get::<Streamed>().is_none() {
        return Ok(Opened::Reply(reply::take_in(response, call).await?));
    }
    let (head, body) = response.into_parts();
    Ok(Opened::File(Download { status: head.status, headers: head.headers, body, call }))
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

    /// The file's length in bytes, where the server told it and did not compress the answer.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

/// A file that was taken in whole, because nothing in its head said that it is one.
impl From<Reply> for Download {
    fn from(reply: Reply) -> Self {
        let body = Full::new(reply.body().clone()).map_err(|never| match never {});
        Self {
            status: reply.status(),
            headers: reply.headers().clone(),
            body: body.boxed_unsync(),
            call: reply.call().clone(),
        }
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => {
                    let error = Error::from_boxed(error).with_call(&self.call);
                    return Poll::Ready(Some(Err(error)));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
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
