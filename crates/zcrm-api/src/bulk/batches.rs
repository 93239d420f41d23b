//! A stream of the batches that a thread reads.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::sync::mpsc::Receiver;
use zcrm_core::Error;

use super::{position::BulkPosition, thread::ended_early};

/// A message of the thread that reads.
pub(super) enum Message<B> {
    /// A batch, which is not empty.
    Batch(B),
    /// The end, without an error only if everything was read.
    End(Result<(), Error>),
}

type Opening<B> = Pin<Box<dyn Future<Output = Result<Receiver<Message<B>>, Error>> + Send>>;

/// The batches of a thread, from the download of its file on.
pub(super) enum Batches<B> {
    Opening(Opening<B>),
    Reading(Receiver<Message<B>>),
    Ended,
}

impl<B> Batches<B> {
    pub(super) fn new(
        opening: impl Future<Output = Result<Receiver<Message<B>>, Error>> + Send + 'static,
    ) -> Self {
        Self::Opening(Box::pin(opening))
    }

    /// Returns the next batch. An error is the last item.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        position: &BulkPosition,
    ) -> Poll<Option<Result<B, Error>>> {
        loop {
            let end = match self {
                Self::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(messages) => {
                        *self = Self::Reading(messages);
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Self::Reading(messages) => match ready!(messages.poll_recv(cx)) {
                    Some(Message::Batch(batch)) => return Poll::Ready(Some(Ok(batch))),
                    Some(Message::End(end)) => end,
                    None => Err(ended_early(position)),
                },
                Self::Ended => Ok(()),
            };
            *self = Self::Ended;
            return Poll::Ready(end.err().map(Err));
        }
    }
}
