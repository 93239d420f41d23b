//! A stream of the items that a thread reads in batches.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use tokio::sync::mpsc::Receiver;
use zcrm_core::Error;

use super::{position::BulkPosition, thread::ended_early};

/// A message of the thread that reads.
pub(super) enum Batch<T> {
    /// Items in their order.
    Items(Vec<T>),
    /// The end, without an error only if everything was read.
    End(Result<(), Error>),
}

type Opening<T> = Pin<Box<dyn Future<Output = Result<Receiver<Batch<T>>, Error>> + Send>>;

enum State<T> {
    Opening(Opening<T>),
    Reading(Receiver<Batch<T>>),
    Ended,
}

/// The items of a thread, from the download of its file on.
pub(super) struct Batches<T> {
    state: State<T>,
    buffer: vec::IntoIter<T>,
}

impl<T> Batches<T> {
    pub(super) fn new(
        opening: impl Future<Output = Result<Receiver<Batch<T>>, Error>> + Send + 'static,
    ) -> Self {
        Self { state: State::Opening(Box::pin(opening)), buffer: Vec::new().into_iter() }
    }

    /// Returns the next item. An error is the last one.
    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        position: &BulkPosition,
    ) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.buffer.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match &mut self.state {
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(batches) => self.state = State::Reading(batches),
                    Err(error) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Reading(batches) => match ready!(batches.poll_recv(cx)) {
                    Some(Batch::Items(items)) => self.buffer = items.into_iter(),
                    Some(Batch::End(end)) => {
                        self.state = State::Ended;
                        return Poll::Ready(end.err().map(Err));
                    }
                    None => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(ended_early(position))));
                    }
                },
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}
