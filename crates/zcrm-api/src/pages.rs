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
use zcrm_core::{Error, ErrorKind, Outcome, Page, PageInfo};

use crate::Call;

/// The pages of a list, one after another: [`Call::pages`].
///
/// Nothing is fetched before it is asked for. The error of a page ends the stream. For records
/// there is [`RecordStream`](crate::RecordStream), which fetches ahead and can go on later.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T>(BoxStream<'static, Result<Page<T>, Error>>);

enum State {
    Failed(Box<Error>),
    At(Box<Call>),
    Ended,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(crate) fn new(call: Call, mistake: Option<Error>) -> Self {
        let begin = match mistake {
            Some(error) => State::Failed(Box::new(error)),
            None => State::At(Box::new(call)),
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
    let call = match state {
        State::Ended => return None,
        State::Failed(error) => return Some((Err(*error), State::Ended)),
        State::At(call) => call,
    };
    let next = (*call).clone();
    match (*call).page::<T>().await {
        Err(error) => Some((Err(error), State::Ended)),
        Ok(page) => {
            let state = following(next, &page.info, page.items.is_empty());
            Some((Ok(page), state))
        }
    }
}

/// What stands behind a page.
fn following(call: Call, info: &PageInfo, empty: bool) -> State {
    if !info.more_records {
        return State::Ended;
    }
    if let Some(token) = info.next_page_token.as_deref().filter(|_| call.takes_tokens()) {
        if call.asks_for_token(token) {
            let message =
                "Zoho gave the same page token twice: going on would read one page for ever";
            return State::Failed(Box::new(Error::new(
                ErrorKind::Decode,
                Outcome::Refused,
                message,
            )));
        }
        return State::At(Box::new(call.at("page_token", token)));
    }
    if empty {
        // a server that promises more and gives nothing would be asked for ever
        let error = Error::input("an empty page says that more records follow: the list ends here");
        return State::Failed(Box::new(error));
    }
    let number = call.page_number().saturating_add(1).to_string();
    State::At(Box::new(call.at("page", &number)))
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
