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

use super::{
    Next,
    follow::{Facts, Follower},
    plan::{Plan, Prepare},
};

/// The pages of a list, one after another: [`Request::pages`](crate::request::Request::pages).
///
/// Nothing is fetched before it is asked for, and dropping the stream ends the page that is being
/// fetched. The error of a page ends the stream; so do pages that
/// lead nowhere, as an error of kind [`Decode`](zcrm_core::ErrorKind::Decode): an empty page that
/// promises more, a page token that comes again, pages that only repeat what was read. [`ItemStream`](super::ItemStream)
/// fetches ahead and can go on later.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T>(BoxStream<'static, Result<Page<T>, Error>>);

enum State {
    Begin(Prepare),
    Failed(Box<Error>),
    At(Box<Position>),
    Ended,
}

struct Position {
    plan: Plan,
    follower: Follower,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(super) fn new(begin: Option<Prepare>) -> Self {
        Self(stream::unfold(begin.map_or(State::Ended, State::Begin), step).boxed())
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
        State::Begin(begin) => match begin.plan().await {
            Err(mistake) => return Some((Err(mistake), State::Ended)),
            Ok(plan) => {
                let promised = matches!(plan.next, Next::Token(_));
                let follower = Follower::new(plan.way(), promised);
                Box::new(Position { plan, follower })
            }
        },
    };
    let page = match position.plan.fetch::<T>().await {
        Err(error) => return Some((Err(error), State::Ended)),
        Ok(page) => page,
    };
    let Position { plan, follower } = &mut *position;
    let read = plan.index.saturating_add(page.items.len() as u64);
    let state = match follower.after(&plan.next, &Facts::of(&page), read) {
        Ok(None) => State::Ended,
        Ok(Some(next)) => {
            plan.next = next;
            plan.index = read;
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
