//! All records of a query, page after page.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::task::JoinHandle;
use zcrm_core::{Endpoint, Error, ErrorKind, Outcome, Page, RecordError};

use super::{
    Records, columns,
    query::{Columns, Query, rest, with_all},
};
use crate::{check::MOST_PER_PAGE, operations};

/// Zoho's documentation: page numbers reach record 2,000 and no further.
const PAGE_NUMBER_WALL: u64 = 2_000;

/// The records of a list or search, one by one, with the next page fetched while the second half
/// of this one is read.
///
/// A record that does not fit `T` is an error in its place, of kind
/// [`Record`](ErrorKind::Record), and the stream goes on; [`on_bad_record`](Self::on_bad_record)
/// takes those aside, [`collect_all`](Self::collect_all) gives both. The error of a page ends the
/// stream; it carries a [`Cursor`] to [go on](Records::resume) later. Where Zoho ends the way with
/// records left, the last item is an error of kind [`Wall`](ErrorKind::Wall): a stream never stops
/// quietly. At most two pages are held. Dropping it ends what was being fetched.
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
pub struct RecordStream<T> {
    state: State<T>,
    buffer: VecDeque<Result<T, RecordError>>,
    /// Fetch the next page once no more than this many records are left of the last one.
    half: usize,
    /// The stream's own count of its records.
    index: u64,
    aside: Option<Box<dyn FnMut(Error) + Send>>,
}

enum State<T> {
    Begin(Box<Query<T>>),
    Preparing(Task<Prepared<T>>),
    /// The place of the next page is known.
    Waiting(Prepared<T>),
    Fetching {
        plan: Prepared<T>,
        page: Task<Page<T>>,
    },
    /// An error that stands behind the records that are still buffered.
    Failing(Box<Error>),
    Ended,
}

/// A query whose parameters are complete, and where it stands.
struct Prepared<T> {
    records: Records<T>,
    cursor: Cursor,
}

impl<T> Clone for Prepared<T> {
    fn clone(&self) -> Self {
        Self { records: self.records.clone(), cursor: self.cursor.clone() }
    }
}

/// Where a stream stands between two pages: serialisable, to go on after a restart.
///
/// It holds the query, and so perhaps people's data. Zoho's page tokens live for 24 hours and
/// belong to the user who asked.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::Cursor;
///
/// let leads = api.records("Leads");
/// let all = leads.list().fields(["Email"]).stream().collect_all().await;
/// if let Some(cursor) = all.interrupted.as_ref().and_then(Cursor::of) {
///     let rest = leads.resume(cursor.clone())?;
/// #   let _ = rest;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    module: String,
    operation: Operation,
    params: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
    #[serde(default)]
    columns: Columns,
    next: Next,
    /// How many records came before.
    index: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    List,
    Search,
    Deleted,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Next {
    Page(u64),
    Token(String),
}

/// The way to go on, behind the error of a page.
#[derive(Debug)]
struct Interrupted {
    cursor: Cursor,
    error: Error,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream was interrupted; its cursor goes on from here")
    }
}

impl std::error::Error for Interrupted {
    /// What caused the error of the page, whose own text stands above this one.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl Cursor {
    /// The cursor that the error of a stream carries.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        let source = std::error::Error::source(error)?;
        Some(&source.downcast_ref::<Interrupted>()?.cursor)
    }

    /// Where in Zoho's list the page of this number ends, however few records it held.
    fn end_of_page(&self, number: u64) -> u64 {
        let asked = self.params.iter().find(|(name, _)| name == "per_page");
        let per_page = asked.and_then(|(_, value)| value.parse().ok()).unwrap_or(MOST_PER_PAGE);
        number.saturating_mul(per_page)
    }

    fn endpoint(&self) -> &'static Endpoint {
        match self.operation {
            Operation::List => &operations::LIST,
            Operation::Search => &operations::SEARCH,
            Operation::Deleted => &operations::LIST_DELETED,
        }
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("module", &self.module)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// All that a stream gave: [`RecordStream::collect_all`].
#[derive(Debug)]
#[must_use = "the stream may have been interrupted"]
#[non_exhaustive]
pub struct Collected<T> {
    /// The records that fit.
    pub records: Vec<T>,
    /// Those that did not, each with its index and its text.
    pub bad: Vec<Error>,
    /// What ended the stream before its end.
    pub interrupted: Option<Error>,
}

impl<T: DeserializeOwned + Send + 'static> RecordStream<T> {
    pub(super) fn begin(query: Query<T>) -> Self {
        Self::new(State::Begin(Box::new(query)), 0)
    }

    pub(super) fn resume(records: Records<T>, cursor: Cursor) -> Result<Self, Error> {
        if cursor.module != records.module() {
            return Err(Error::input(format!(
                "the cursor is of module `{}` and cannot go on in `{}`",
                cursor.module,
                records.module()
            )));
        }
        let index = cursor.index;
        Ok(Self::new(State::Waiting(Prepared { records, cursor }), index))
    }

    fn new(state: State<T>, index: u64) -> Self {
        Self { state, buffer: VecDeque::new(), half: 0, index, aside: None }
    }

    /// Gives the records that do not fit to `f` and keeps them out of the stream, so that
    /// collecting gets all good ones.
    pub fn on_bad_record(mut self, f: impl FnMut(Error) + Send + 'static) -> Self {
        self.aside = Some(Box::new(f));
        self
    }

    /// The next record; `None` at the end. The same as `StreamExt::next`, without the import.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// All records, good and bad, and what broke the stream off, if anything did.
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

    /// Takes in a page and finds out what follows it.
    fn land(&mut self, mut plan: Prepared<T>, page: Page<T>) {
        let count = page.items.len();
        self.half = count / 2;
        let before = plan.cursor.index;
        plan.cursor.index = before.saturating_add(count as u64);
        self.buffer.extend(page.items.into_iter().map(|item| item.map_err(|e| e.shifted(before))));
        self.state = match following(&plan.cursor, page.info, count) {
            Ok(None) => State::Ended,
            Ok(Some(next)) => {
                plan.cursor.next = next;
                State::Waiting(plan)
            }
            Err(error) => State::Failing(Box::new(error)),
        };
    }

    /// Starts whatever can be started.
    fn start(&mut self) -> Result<(), Error> {
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Begin(query) => State::Preparing(Task::spawn(prepare(*query))?),
            State::Waiting(plan) if self.buffer.len() <= self.half => {
                let page = Task::spawn(fetch(plan.clone()))?;
                State::Fetching { plan, page }
            }
            other => other,
        };
        Ok(())
    }
}

/// What follows a page.
fn following(
    cursor: &Cursor,
    info: zcrm_core::PageInfo,
    count: usize,
) -> Result<Option<Next>, Error> {
    if !info.more_records {
        return Ok(None);
    }
    if let Some(token) = info.next_page_token {
        if cursor.next == Next::Token(token.clone()) {
            return Err(Error::new(
                ErrorKind::Decode,
                Outcome::Refused,
                "Zoho gave the same page token twice: going on would read one page for ever",
            ));
        }
        return Ok(Some(Next::Token(token)));
    }
    match &cursor.next {
        // no wall is known for deleted records
        Next::Page(number)
            if cursor.operation == Operation::Deleted && count > 0
                || cursor.end_of_page(*number) < PAGE_NUMBER_WALL =>
        {
            Ok(Some(Next::Page(number.saturating_add(1))))
        }
        _ => Err(Error::new(
            ErrorKind::Wall,
            Outcome::Refused,
            format!(
                "Zoho ends this way of reading after {} records, and more are left: go on with a \
                 narrower query, with page tokens (a list in v3 and later), or read in bulk",
                cursor.index
            ),
        )),
    }
}

async fn prepare<T: DeserializeOwned + Send + 'static>(
    query: Query<T>,
) -> Result<Prepared<T>, Error> {
    let mut query = query.prepare().await?;
    let operation = match query.endpoint.name() {
        name if name == operations::SEARCH.name() => Operation::Search,
        name if name == operations::LIST_DELETED.name() => Operation::Deleted,
        _ => Operation::List,
    };
    let mut take = |name: &str| {
        let at = query.params.iter().position(|(known, _)| known == name)?;
        Some(query.params.swap_remove(at).1)
    };
    let next = match (take("page_token"), take("page")) {
        (Some(token), _) => Next::Token(token),
        (None, page) => Next::Page(page.and_then(|page| page.parse().ok()).unwrap_or(1)),
    };
    let cursor = Cursor {
        module: query.records.module().to_owned(),
        operation,
        params: query.params,
        headers: query.headers,
        columns: query.columns,
        next,
        index: 0,
    };
    Ok(Prepared { records: query.records, cursor })
}

async fn fetch<T: DeserializeOwned + Send + 'static>(
    Prepared { records, cursor }: Prepared<T>,
) -> Result<Page<T>, Error> {
    let request = with_all(records.request(cursor.endpoint())?, &cursor.params, &cursor.headers);
    let request = match &cursor.next {
        Next::Token(token) => request.query_unchecked("page_token", token),
        // the first page needs no number
        Next::Page(1) => request,
        Next::Page(number) => request.query_unchecked("page", number.to_string()),
    };
    let page = columns::page(&records, request, &rest(&cursor.columns, &cursor.params)).await;
    page.map_err(|error| {
        let interrupted = Interrupted { cursor, error: error.clone() };
        error.with_source(interrupted)
    })
}

impl<T: DeserializeOwned + Send + 'static> Stream for RecordStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Err(error) = this.start() {
                this.state = State::Failing(Box::new(error));
            }
            if let Some(item) = this.buffer.pop_front() {
                this.index += 1;
                match (item.map_err(Error::from_record), &mut this.aside) {
                    (Err(error), Some(aside)) => aside(error),
                    (item, _) => return Poll::Ready(Some(item)),
                }
                continue;
            }
            match std::mem::replace(&mut this.state, State::Ended) {
                State::Preparing(mut task) => match task.poll(cx) {
                    Poll::Pending => {
                        this.state = State::Preparing(task);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(plan)) => this.state = State::Waiting(plan),
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                },
                State::Fetching { plan, mut page } => match page.poll(cx) {
                    Poll::Pending => {
                        this.state = State::Fetching { plan, page };
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(page)) => this.land(plan, page),
                    Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                },
                State::Failing(error) => return Poll::Ready(Some(Err(*error))),
                State::Ended => return Poll::Ready(None),
                // `start` turns these into work as soon as nothing is buffered
                state @ (State::Begin(_) | State::Waiting(_)) => this.state = state,
            }
        }
    }
}

/// Nothing in it is pinned: records are only moved.
impl<T> Unpin for RecordStream<T> {}

impl<T> fmt::Debug for RecordStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream")
            .field("index", &self.index)
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

/// Work that goes on beside the stream, and that ends with it.
struct Task<V>(JoinHandle<Result<V, Error>>);

impl<V: Send + 'static> Task<V> {
    fn spawn(work: impl Future<Output = Result<V, Error>> + Send + 'static) -> Result<Self, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|error| {
            Error::config("a stream must be read inside a tokio runtime").with_source(error)
        })?;
        Ok(Self(runtime.spawn(work)))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<V, Error>> {
        let joined = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(joined.unwrap_or_else(|error| {
            let message = "the task that fetched a page ended early";
            Err(Error::new(ErrorKind::Other, Outcome::Unknown, message).with_source(error))
        }))
    }
}

impl<V> Drop for Task<V> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
