//! The CSV of a result as a stream of bytes.

use std::{
    fmt,
    fs::File,
    future::{Future, poll_fn},
    io::Read,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::mpsc::{Receiver, Sender};
use zcrm_core::Error;

use super::options::CsvOptions;
use crate::{
    Call,
    bulk::{
        archive::{Archive, unreadable},
        position::BulkPosition,
        spool::download,
        thread::{ended_early, spawn},
    },
};

/// The bytes that are unpacked at once.
const CHUNK: usize = 64 * 1024;

/// A stream of the CSV of a result, unpacked and otherwise as Zoho sent it:
/// [`BulkResult::csv`](super::BulkResult::csv).
///
/// A damaged archive, an archive with other than one file, and a content above the limit are errors
/// of kind [`Decode`](zcrm_core::ErrorKind::Decode), and the last item of the stream. The bytes
/// before the fault are returned.
#[must_use = "a stream does nothing until it is polled"]
pub struct BulkCsv {
    state: State,
    position: BulkPosition,
}

type Chunk = Result<Option<Bytes>, Error>;
type Opening = Pin<Box<dyn Future<Output = Result<Receiver<Chunk>, Error>> + Send>>;

enum State {
    Opening(Opening),
    Reading(Receiver<Chunk>),
    Ended,
}

impl BulkCsv {
    pub(super) fn new(call: Call, position: BulkPosition, options: CsvOptions) -> Self {
        let from = position.clone();
        let opening = async move {
            let file = download(call, &from, options.folder.as_deref()).await?;
            spawn(move |sender| unpack(file, from, options.csv_bytes, sender))
        };
        Self { state: State::Opening(Box::pin(opening)), position }
    }

    /// Returns the next bytes, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

/// Sends the content of the archive, and `None` at the end.
fn unpack(file: File, position: BulkPosition, limit: u64, sender: &Sender<Chunk>) {
    let end = unpack_all(file, position, limit, sender);
    // the receiver is gone if the stream was dropped
    let _ = sender.blocking_send(end.map(|()| None));
}

fn unpack_all(
    file: File,
    position: BulkPosition,
    limit: u64,
    sender: &Sender<Chunk>,
) -> Result<(), Error> {
    let mut archive = Archive::open(file, position.clone(), limit)?;
    let mut content = archive.content(u64::MAX)?;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        let most = u64::try_from(CHUNK).unwrap_or(u64::MAX);
        let read = content.by_ref().take(most).read_to_end(&mut chunk);
        let ended = matches!(read, Ok(0));
        if !chunk.is_empty() && sender.blocking_send(Ok(Some(chunk.into()))).is_err() {
            return Ok(());
        }
        read.map_err(|error| unreadable(&position, error))?;
        if ended {
            return Ok(());
        }
    }
}

impl Stream for BulkCsv {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(chunks) => self.state = State::Reading(chunks),
                    Err(error) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Reading(chunks) => {
                    let chunk = match ready!(chunks.poll_recv(cx)) {
                        Some(Ok(Some(chunk))) => return Poll::Ready(Some(Ok(chunk))),
                        Some(Ok(None)) => None,
                        Some(Err(error)) => Some(Err(error)),
                        None => Some(Err(ended_early(&self.position))),
                    };
                    self.state = State::Ended;
                    return Poll::Ready(chunk);
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for BulkCsv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkCsv").field("position", &self.position).finish_non_exhaustive()
    }
}
