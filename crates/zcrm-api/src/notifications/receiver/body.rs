//! Reading a body of bounded size.

use std::{future::poll_fn, pin::pin};

use bytes::Buf;
use http_body::Body;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    Broken,
}

/// Reads a body of at most `limit` bytes. It keeps no more than that in memory, besides the chunk that exceeds it.
pub(super) async fn read<B: Body>(body: B, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = pin!(body);
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(BodyError::TooLarge);
    }
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        // trailers have no meaning here
        let Ok(mut data) = frame.into_data() else { continue };
        if data.remaining() > limit.saturating_sub(read.len()) {
            return Err(BodyError::TooLarge);
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            read.extend_from_slice(chunk);
            let length = chunk.len();
            data.advance(length);
        }
    }
    Ok(read)
}
