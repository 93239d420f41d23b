//! The changes of a module as a stream.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use chrono::TimeDelta;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Timestamp};

use super::{
    change::Change,
    found::{Facts, Found},
    mark::{ChangeMark, Position, earlier},
    own_writes::OwnWrites,
    reads::Reads,
    round::{Batch, Round, Then},
};
use crate::records::DeletedRecord;

/// A stream of the changes of a round: [`Request::stream`](crate::Request::stream).
///
/// Deletions come first, then records. A record that does not fit `T` is an error of kind
/// [`Record`](zcrm_core::ErrorKind::Record), and the stream continues; the next round does not return this
/// version of it again unless it is within the look-back. Any other error ends the stream: go on with
/// its [`mark`](Self::mark). So a stream ends without an error only at the end of the round.
#[must_use = "a stream does nothing until it is polled"]
pub struct ChangeStream<T> {
    state: StreamState<T>,
    found: VecDeque<Found<T>>,
    then: Then,
    mark: ChangeMark,
    look_back: TimeDelta,
    own: OwnWrites,
}

/// The end of a call: the round, to go on with, and its result.
type Fetched<T> = (Box<Round>, Result<Option<Batch<T>>, Error>);

enum StreamState<T> {
    Waiting(Box<Round>),
    Fetching(Pin<Box<dyn Future<Output = Fetched<T>> + Send>>),
    Failing(Box<Error>),
    Ended,
}

impl<T: DeserializeOwned + Send + 'static> ChangeStream<T> {
    pub(super) fn new(reads: Result<Reads, Error>, mut mark: ChangeMark, own: OwnWrites) -> Self {
        let look_back = reads.as_ref().map_or(TimeDelta::zero(), |reads| reads.look_back);
        let round = reads.and_then(|reads| {
            mark.bind(reads.module(), &reads.fields)?;
            Round::new(reads, &mark)
        });
        let state = match round {
            Ok(round) => StreamState::Waiting(Box::new(round)),
            Err(mistake) => StreamState::Failing(Box::new(mistake)),
        };
        Self { state, found: VecDeque::new(), then: Then::Same, mark, look_back, own }
    }

    /// Returns the mark after the last change that the stream returned.
    ///
    /// Within a round it resumes there: changes that were returned later come again. After the end of the
    /// stream it is the mark of the next round. After an error it resumes at the error.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), Box<dyn std::error::Error>> {
    /// use zcrm_api::changes::ChangeMark;
    ///
    /// let stored: ChangeMark = serde_json::from_str(&std::fs::read_to_string("contacts.mark")?)?;
    /// let contacts = api.records("Contacts");
    /// let mut changes = contacts.changes_since(stored).fields(["Last_Name", "Email"]).stream();
    /// while let Some(change) = changes.next().await {
    ///     println!("{:?}", change?);
    /// }
    /// std::fs::write("contacts.mark", serde_json::to_string(&changes.mark())?)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn mark(&self) -> ChangeMark {
        self.mark.clone()
    }

    /// Returns the next change, or `None` at the end of the round. Like `StreamExt::next`, but without an
    /// import.
    pub async fn next(&mut self) -> Option<Result<Change<T>, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Moves the mark past a found change. Returns `None` if it was reported before.
    fn accept(&mut self, found: Found<T>) -> Option<Result<Change<T>, Error>> {
        match found {
            Found::Bad(error) => Some(Err(Error::from_record(error))),
            Found::Deleted(row) => self.accept_deleted(row).map(Ok),
            Found::Absent(id) => {
                let mark = self.mark.last_time().time().timestamp();
                self.mark.seen.set_absent(id, mark);
                None
            }
            Found::Put { facts, record } => self.accept_put(facts).then(|| Ok(Change::Put(record))),
        }
    }

    fn accept_deleted(&mut self, row: DeletedRecord) -> Option<Change<T>> {
        let time = row.deleted_time.map(|time| time.time().timestamp());
        if self.mark.seen.is_deleted(&row.id, time) {
            return None;
        }
        self.mark.seen.set_deleted(row.id.clone(), time);
        // a new replica has no record yet; the deletion is remembered to notice that it is restored
        self.mark.since.is_some().then_some(Change::Deleted(row))
    }

    /// Returns `true` if the version of the record is new.
    fn accept_put(&mut self, facts: Facts) -> bool {
        let version = facts.version();
        let known = self.mark.seen.put(&facts.id);
        let is_known = known.is_some_and(|known| known.digest == version.digest);
        let is_echo = self.own.contains(&facts.id, version.time)
            && known.is_none_or(|known| known.time != version.time)
            && !self.mark.seen.is_gone(&facts.id);
        let remember = self.is_read_again(facts.time);
        match &mut self.mark.position {
            Position::Query { after, .. } => *after = Some(facts.id.clone()),
            Position::Hidden { from, .. } => *from = (*from).max(Some(facts.time)),
            Position::Deletions | Position::List { .. } => {}
        }
        if !is_known {
            self.mark.seen.set_put(facts.id, version, remember);
        }
        !is_known && !is_echo
    }

    /// Returns `true` if a version of this time may be read again, so that it is to be remembered. Versions
    /// within the look-back before the new mark have precedence: several rounds may read them again.
    fn is_read_again(&self, time: Timestamp) -> bool {
        let after = |start| time >= earlier(start, self.look_back);
        match self.mark.position {
            Position::Deletions => true,
            Position::List { .. } => after(self.mark.last_time()),
            Position::Query { until, .. } | Position::Hidden { until, .. } => {
                let by_next = self.mark.since.is_some_and(after);
                after(until) || (by_next || self.comes_again()) && self.mark.seen.is_half_empty()
            }
        }
    }

    /// Returns `true` if the records of this list are read twice in a round.
    fn comes_again(&self) -> bool {
        matches!(self.mark.position, Position::Hidden { list: 0, .. })
    }

    /// Moves the mark past a batch.
    fn end_batch(&mut self) {
        match mem::replace(&mut self.then, Then::Same) {
            Then::Same => {}
            Then::At(position) => self.mark.position = position,
            Then::End(until) => self.mark.finish(until, self.look_back),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for ChangeStream<T> {
    type Item = Result<Change<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            while let Some(found) = this.found.pop_front() {
                if let Some(change) = this.accept(found) {
                    return Poll::Ready(Some(change));
                }
            }
            this.end_batch();
            match mem::replace(&mut this.state, StreamState::Ended) {
                StreamState::Waiting(mut round) => {
                    this.state = StreamState::Fetching(Box::pin(async move {
                        let batch = round.next().await;
                        (round, batch)
                    }));
                }
                StreamState::Fetching(mut fetch) => match fetch.as_mut().poll(cx) {
                    Poll::Pending => {
                        this.state = StreamState::Fetching(fetch);
                        return Poll::Pending;
                    }
                    Poll::Ready((round, Ok(Some(batch)))) => {
                        this.state = StreamState::Waiting(round);
                        this.found = batch.found.into();
                        this.then = batch.then;
                    }
                    Poll::Ready((_, Ok(None))) => return Poll::Ready(None),
                    Poll::Ready((_, Err(error))) => return Poll::Ready(Some(Err(error))),
                },
                StreamState::Failing(error) => return Poll::Ready(Some(Err(*error))),
                StreamState::Ended => return Poll::Ready(None),
            }
        }
    }
}

/// No field is pinned structurally.
impl<T> Unpin for ChangeStream<T> {}

impl<T> fmt::Debug for ChangeStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeStream")
            .field("mark", &self.mark)
            .field("buffered", &self.found.len())
            .finish_non_exhaustive()
    }
}
