//! The items of a list as a stream.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use zcrm_core::{Error, ErrorKind, Outcome, Page, RecordError};

use super::{
    Cursor,
    paging::{Follower, PageFacts},
    plan::{ListPlan, Prepare},
};
use crate::Call;

/// A stream of the items of a list: [`Request::stream`](crate::request::Request::stream).
///
/// The next page is fetched while the second half of the current page is read, so at most two pages
/// are in memory. Dropping the stream cancels the current call.
///
/// An item that does not fit `T` is an error of kind [`Record`](ErrorKind::Record), and the stream
/// continues. [`on_bad_record`](Self::on_bad_record) passes these errors to a callback, and
/// [`collect_all`](Self::collect_all) collects them.
///
/// Any other error ends the stream. The error of a page carries a [`Cursor`] to
/// [resume](crate::request::Request::resume) the stream; [`cursor`](Self::cursor) returns one at
/// any time. If Zoho's limit ends the list while records are left, the last item is an error of
/// kind [`Wall`](ErrorKind::Wall). A list that would never end is an error of kind
/// [`Decode`](ErrorKind::Decode). So a stream ends without an error only at the end of the list.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let mut contacts = api.records("Contacts").list().fields(["Last_Name"]).stream();
/// while let Some(contact) = contacts.next().await {
///     println!("{:?}", contact?.get::<String>("Last_Name")?);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T> {
    state: StreamState<T>,
    buffer: VecDeque<Result<T, RecordError>>,
    /// The next page is fetched when at most this many records of the current page are left.
    half: usize,
    /// The position of the next record in the buffer. Before the first record, it is the start.
    here: Option<Cursor>,
    follower: Option<Follower>,
    aside: Option<Box<dyn FnMut(Error) + Send>>,
}

enum StreamState<T> {
    /// The names of fields must be read first.
    Begin(Prepare),
    /// The next page is known.
    Waiting(ListPlan),
    Fetching {
        plan: ListPlan,
        page: Task<Page<T>>,
    },
    /// An error that follows the buffered items.
    Failing(Box<Error>),
    /// Ended by an error, and can be resumed.
    Broken(Box<Cursor>),
    Ended,
}

impl<T> StreamState<T> {
    /// Returns the state after an error.
    fn after(error: &Error) -> Self {
        match Cursor::of(error) {
            Some(cursor) => Self::Broken(Box::new(cursor.clone())),
            None => Self::Ended,
        }
    }
}

/// The result of [`ItemStream::collect_all`].
#[derive(Debug)]
#[must_use = "the stream may have been interrupted"]
#[non_exhaustive]
pub struct Collected<T> {
    /// The records that fit `T`.
    pub records: Vec<T>,
    /// The errors of records that do not fit `T`, with their index and text.
    pub bad: Vec<Error>,
    /// The error that ended the stream early, if any.
    pub interrupted: Option<Error>,
}

impl<T: DeserializeOwned + Send + 'static> ItemStream<T> {
    pub(super) fn new(begin: Option<Prepare>) -> Self {
        match begin {
            None => Self::at(StreamState::Ended, None),
            Some(Prepare::Ready(plan)) => match *plan {
                Ok(plan) => {
                    let here = Cursor::of_plan(&plan);
                    Self::at(StreamState::Waiting(plan), Some(here))
                }
                Err(mistake) => Self::at(StreamState::Failing(Box::new(mistake)), None),
            },
            Some(later) => Self::at(StreamState::Begin(later), None),
        }
    }

    /// Resumes the stream of the list that `call` reads. `from` is the module of a query.
    pub(crate) fn resume_at(
        cursor: Cursor,
        call: &Call,
        from: Option<&str>,
    ) -> Result<Self, Error> {
        cursor.plan(call, from).map(Self::resume)
    }

    fn resume(plan: ListPlan) -> Self {
        // a page after the first is always one that the previous page promised
        let here = Cursor::of_plan(&plan);
        let follower = Follower::new(plan.paging_rule(), here.is_promised());
        let mut stream = Self::at(StreamState::Waiting(plan), None);
        stream.follower = Some(follower);
        stream
    }

    fn at(state: StreamState<T>, here: Option<Cursor>) -> Self {
        Self { state, buffer: VecDeque::new(), half: 0, here, follower: None, aside: None }
    }

    /// Returns the position after the last record that the stream returned.
    ///
    /// Save it from time to time to [resume](crate::request::Request::resume) the stream after a
    /// restart. After the error of a page, it is the cursor of the error. It is `None` at the end
    /// of the list, and before the first record of a stream with
    /// [`all_fields`](crate::Request::all_fields) whose field names are not known yet.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut leads = api.records("Leads").list().fields(["Email"]).stream();
    /// while let Some(lead) = leads.next().await {
    ///     println!("{:?}", lead?.id());
    ///     if let Some(cursor) = leads.cursor().filter(|cursor| cursor.index() % 1_000 == 0) {
    ///         std::fs::write("leads.cursor", serde_json::to_string(&cursor)?)?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        if !self.buffer.is_empty() {
            return self.here.clone();
        }
        match &self.state {
            StreamState::Begin(_) => self.here.clone(),
            StreamState::Waiting(plan) | StreamState::Fetching { plan, .. } => {
                Some(Cursor::of_plan(plan))
            }
            StreamState::Failing(error) => Cursor::of(error).cloned(),
            StreamState::Broken(cursor) => Some(cursor.as_ref().clone()),
            StreamState::Ended => None,
        }
    }

    /// Passes the errors of records that do not fit `T` to `f` instead of returning them from the
    /// stream.
    pub fn on_bad_record(mut self, f: impl FnMut(Error) + Send + 'static) -> Self {
        self.aside = Some(Box::new(f));
        self
    }

    /// Returns the next record, or `None` at the end. Like `StreamExt::next`, but without an
    /// import.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Collects the records, the errors of records, and the error that ended the stream, if any.
    pub async fn collect_all(mut self) -> Collected<T> {
        let mut all = Collected { records: Vec::new(), bad: Vec::new(), interrupted: None };
        while let Some(item) = self.next().await {
            match item {
                Ok(record) => all.records.push(record),
                Err(error) if error.kind() == ErrorKind::Record => all.bad.push(error),
                Err(error) => all.interrupted = Some(error),
            }
        }
        all
    }

    /// Adds a page to the buffer and determines the next page.
    fn accept(&mut self, mut plan: ListPlan, page: Page<T>) {
        let facts = PageFacts::of(&page);
        let count = page.items.len() as u64;
        let cursor = Cursor::of_plan(&plan);
        let before = plan.index;
        let read = usize::try_from(plan.skip).unwrap_or(usize::MAX);
        let items = page.items.into_iter().skip(read);
        self.buffer.extend(items.map(|item| item.map_err(|error| error.shifted(before))));
        self.half = self.buffer.len() / 2;
        let follower =
            self.follower.get_or_insert_with(|| Follower::new(plan.paging_rule(), false));
        let end = before.saturating_add(count);
        self.state = match follower.after(&plan.next, &facts, end) {
            Ok(None) => StreamState::Ended,
            Ok(Some(next)) => {
                plan.next = next;
                plan.index = end;
                plan.skip = 0;
                StreamState::Waiting(plan)
            }
            Err(error) if error.kind() == ErrorKind::Wall => StreamState::Failing(Box::new(error)),
            Err(error) => {
                // a retry of this page may return its next page
                let again = cursor.clone().with_read(count);
                StreamState::Failing(Box::new(error.with_extension(again)))
            }
        };
        self.here = Some(cursor);
    }

    /// Starts to fetch the next page when few items of the current one are left.
    fn start(&mut self) -> Result<(), Error> {
        self.state = match std::mem::replace(&mut self.state, StreamState::Ended) {
            StreamState::Waiting(plan) if self.buffer.len() <= self.half => {
                let page = Task::spawn(fetch(plan.clone()))?;
                StreamState::Fetching { plan, page }
            }
            other => other,
        };
        Ok(())
    }
}

async fn fetch<T: DeserializeOwned + Send + 'static>(plan: ListPlan) -> Result<Page<T>, Error> {
    plan.fetch().await.map_err(|error| error.with_extension(Cursor::of_plan(&plan)))
}

impl<T: DeserializeOwned + Send + 'static> Stream for ItemStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Err(error) = this.start() {
                this.state = StreamState::Failing(Box::new(error));
            }
            if let Some(item) = this.buffer.pop_front() {
                if let Some(here) = &mut this.here {
                    here.count_read();
                }
                match (item.map_err(Error::from_record), &mut this.aside) {
                    (Err(error), Some(aside)) => aside(error),
                    (item, _) => return Poll::Ready(Some(item)),
                }
                continue;
            }
            match std::mem::replace(&mut this.state, StreamState::Ended) {
                StreamState::Begin(mut begin) => match begin.poll(cx) {
                    Poll::Pending => {
                        this.state = StreamState::Begin(begin);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(plan)) => this.state = StreamState::Waiting(plan),
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                },
                StreamState::Fetching { plan, mut page } => match page.poll(cx) {
                    Poll::Pending => {
                        this.state = StreamState::Fetching { plan, page };
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(page)) => this.accept(plan, page),
                    Poll::Ready(Err(error)) => {
                        this.state = StreamState::after(&error);
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                StreamState::Failing(error) => {
                    this.state = StreamState::after(&error);
                    return Poll::Ready(Some(Err(*error)));
                }
                state @ StreamState::Broken(_) => {
                    this.state = state;
                    return Poll::Ready(None);
                }
                StreamState::Ended => return Poll::Ready(None),
                // `start` fetches this page, because the buffer is empty
                state @ StreamState::Waiting(_) => this.state = state,
            }
        }
    }
}

/// No field is pinned structurally.
impl<T> Unpin for ItemStream<T> {}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream")
            .field("index", &self.here.as_ref().map_or(0, Cursor::index))
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

/// A task that runs concurrently with the stream and is aborted with it.
struct Task<V>(JoinHandle<Result<V, Error>>);

impl<V: Send + 'static> Task<V> {
    fn spawn(work: impl Future<Output = Result<V, Error>> + Send + 'static) -> Result<Self, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            Error::config("no tokio runtime: a stream must be polled inside one").with_source(error)
        })?;
        Ok(Self(runtime.spawn(work)))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<V, Error>> {
        let joined = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(joined.unwrap_or_else(|error| {
            let message = "the task that fetches a page ended early";
            Err(Error::new(ErrorKind::Other, Outcome::Unknown, message).with_source(error))
        }))
    }
}

impl<V> Drop for Task<V> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
