//! The pages of a list.

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
    NextPage,
    paging::{Follower, PageFacts},
    plan::{ListPlan, Prepare},
};

/// The pages of a list, one after another: [`Request::pages`](crate::request::Request::pages).
///
/// A page is fetched when it is polled. Dropping the stream cancels the current call. An error ends
/// the stream. A list that would never end is an error of kind
/// [`Decode`](zcrm_core::ErrorKind::Decode): for example an empty page that reports more items, or
/// a page token that is used twice. [`ItemStream`](super::ItemStream) fetches pages ahead and can
/// be resumed.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T>(BoxStream<'static, Result<Page<T>, Error>>);

enum PagesState {
    Begin(Prepare),
    Failed(Box<Error>),
    At(Box<ListPosition>),
    Ended,
}

struct ListPosition {
    plan: ListPlan,
    follower: Follower,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(super) fn new(begin: Option<Prepare>) -> Self {
        Self(stream::unfold(begin.map_or(PagesState::Ended, PagesState::Begin), step).boxed())
    }

    /// Returns the next page, or `None` at the end. Like `StreamExt::next`, but without an import.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        poll_fn(|cx| self.0.poll_next_unpin(cx)).await
    }
}

async fn step<T: DeserializeOwned + Send + 'static>(
    state: PagesState,
) -> Option<(Result<Page<T>, Error>, PagesState)> {
    let mut position = match state {
        PagesState::Ended => return None,
        PagesState::Failed(error) => return Some((Err(*error), PagesState::Ended)),
        PagesState::At(position) => position,
        PagesState::Begin(begin) => match begin.plan().await {
            Err(mistake) => return Some((Err(mistake), PagesState::Ended)),
            Ok(plan) => {
                let promised = matches!(plan.next, NextPage::Token(_));
                let follower = Follower::new(plan.paging_rule(), promised);
                Box::new(ListPosition { plan, follower })
            }
        },
    };
    let page = match position.plan.fetch::<T>().await {
        Err(error) => return Some((Err(error), PagesState::Ended)),
        Ok(page) => page,
    };
    let ListPosition { plan, follower } = &mut *position;
    let read = plan.index.saturating_add(page.items.len() as u64);
    let state = match follower.after(&plan.next, &PageFacts::of(&page), read) {
        Ok(None) => PagesState::Ended,
        Ok(Some(next)) => {
            plan.next = next;
            plan.index = read;
            PagesState::At(position)
        }
        Err(error) => PagesState::Failed(Box::new(error)),
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
