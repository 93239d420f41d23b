//! Requests as hyper sends them.

use std::{pin::Pin, task};

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderValue, Method, Request, header::CONTENT_LENGTH};
use http_body::{Body, Frame, SizeHint};
use zcrm_core::{BoxError, Error, is_framing_header};

use crate::ReqBody;

/// Refuses headers that contradict the framing of the body, and announces an empty body if the
/// method expects one.
///
/// [`is_framing_header`] names the headers. Only a correct `content-length` is allowed.
pub(super) fn frame(request: &mut Request<ReqBody>) -> Result<(), Error> {
    let length = request.body().length();
    for name in request.headers().keys().filter(|name| is_framing_header(name)) {
        let is_true = |length: u64| {
            let mut values = request.headers().get_all(name).iter();
            *name == CONTENT_LENGTH && values.all(|value| *value == HeaderValue::from(length))
        };
        if !length.is_some_and(is_true) {
            return Err(Error::input(format!(
                "the request has the header `{name}`, which the connection sets itself: remove it"
            )));
        }
    }
    // RFC 9110, section 8.6; hyper sends no length for an empty body
    if length == Some(0) && matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH)
    {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(())
}

/// A request's body as hyper reads it. It is only as large as a body of bytes, because hyper moves
/// it often.
pub(super) struct OutgoingBody(pub(super) ReqBody);

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let piece = Pin::new(&mut self.0).poll_next(cx);
        piece.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_bytes().is_some_and(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.length().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
