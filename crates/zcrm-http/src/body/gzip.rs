//! Compressed bodies.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, GzipEncoder};
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::{ReaderStream, StreamReader};
use zcrm_core::Error;

use super::{ByteStream, ResBody};

/// A content coding of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Coding {
    Gzip,
    Brotli,
}

impl Coding {
    /// The value of the `accept-encoding` header.
    pub(crate) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, br");

    /// Returns the coding that a `content-encoding` names, if it is supported.
    pub(crate) fn named(name: &HeaderValue) -> Option<Self> {
        match name.as_bytes() {
            name if name.eq_ignore_ascii_case(b"gzip") => Some(Self::Gzip),
            // an older name for gzip
            name if name.eq_ignore_ascii_case(b"x-gzip") => Some(Self::Gzip),
            name if name.eq_ignore_ascii_case(b"br") => Some(Self::Brotli),
            _ => None,
        }
    }
}

/// Decompresses a body.
pub(crate) fn decoded(body: ResBody, coding: Coding) -> ResBody {
    let reader = StreamReader::new(body.map_err(std::io::Error::other));
    match coding {
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            read(decoder)
        }
        Coding::Brotli => read(BrotliDecoder::new(reader)),
    }
}

fn read(decoder: impl AsyncRead + Send + 'static) -> ResBody {
    ResBody::stream(ReaderStream::with_capacity(decoder, 16 * 1024))
}

/// Compresses a stream.
pub(super) fn compress_stream(stream: ByteStream) -> ByteStream {
    let reader = StreamReader::new(stream.map_err(std::io::Error::other));
    let pieces = ReaderStream::with_capacity(GzipEncoder::new(reader), 16 * 1024);
    Box::pin(pieces.map_err(own))
}

/// Returns the error that was wrapped for the reader.
fn own(error: std::io::Error) -> zcrm_core::BoxError {
    match error.get_ref().is_some() {
        true => error.into_inner().unwrap_or_else(|| "no cause".into()),
        false => error.into(),
    }
}

/// Compresses bytes.
pub(super) async fn compress(bytes: &[u8]) -> Result<Bytes, Error> {
    let mut packed = Vec::with_capacity(bytes.len() / 4 + 64);
    match GzipEncoder::new(bytes).read_to_end(&mut packed).await {
        Ok(_) => Ok(packed.into()),
        Err(error) => {
            Err(Error::input("the request's body could not be compressed").with_source(error))
        }
    }
}
