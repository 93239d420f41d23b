//! The pages of any list.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Page};

use crate::{
    Call,
    paging::{Facts, Follower, Next},
};

/// The pages of a list, one after another: [`Call::pages`].
///
/// Nothing is fetched before it is asked for. The error of a page ends the stream; so do pages that
/// lead nowhere, as an error of kind [`Decode`](zcrm_core::ErrorKind::Decode): an empty page that
/// promises more, a page token that comes again, pages that only repeat what was read. For records
/// there is [`RecordStream`](crate::RecordStream), which fetches ahead and can go on later.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T>(BoxStream<'static, Result<Page<T>, Error>>);

enum State {
    Failed(Box<Error>),
    At(Box<Position>),
    Ended,
}

struct Position {
    call: Call,
    at: Next,
    follower: Follower,
    /// How many items the pages before held.
    read: u64,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(crate) fn new(call: Call, mistake: Option<Error>) -> Self {
        let begin = match mistake {
            Some(error) => State::Failed(Box::new(error)),
            None => {
                let at = call.place();
                let promised = matches!(at, Next::Token(_));
                let follower = Follower::new(call.way(), promised);
                State::At(Box::new(Position { call, at, follower, read: 0 }))
            }
        };
        Self(stream::unfold(begin, step).boxed())
    }

    /// The next page; `None` at the end. The same as `StreamExt::next`, without the import.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        poll_fn(|cx| self.0.poll_next_unpin(cx)).await
    }
}

async fn step<T: DeserializeOwned + Send + 'static>(
    state: State,
) -> Option<(Result<Page<T>, Error>, State)> {
    let mut position = match state {
        State::Ended => return None,
        State::Failed(error) => return Some((Err(*error), State::Ended)),
        State::At(position) => position,
    };
    let page = match position.call.clone().page::<T>().await {
        Err(error) => return Some((Err(error), State::Ended)),
        Ok(page) => page,
    };
    position.read = position.read.saturating_add(page.items.len() as u64);
    let next = position.follower.after(&position.at, &Facts::of(&page), position.read);
    let state = match next {
        Ok(None) => State::Ended,
        Ok(Some(next)) => {
            position.call = position.call.at(&next);
            position.at = next;
            State::At(position)
        }
        Err(error) => State::Failed(Box::new(error)),
    };
    Some((Ok(page), state))
}

impl<T> Stream for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}
