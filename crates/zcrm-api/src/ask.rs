//! Requests of metadata, settings and related data: lists, single items, and writes of them.

use std::{
    fmt,
    future::poll_fn,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::Request;
use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Error, Id, ItemSuccess, Operation, Page, WriteResults};

use crate::{Api, Call, check, model::Count};

/// Parameters that say nothing without a value, and which Zoho refuses so.
const NEVER_EMPTY: [&str; 6] =
    ["criteria", "fields", "page_token", "sort_by", "sort_order", "tag_names"];

/// A call, and the first mistake that was made in setting it up.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    call: Call,
    /// A parameter with the value that it has where the caller gives no other.
    usual: Option<(&'static str, String)>,
    mistake: Option<Error>,
    /// Whether the operation makes new items, which have no `id` yet.
    creates: bool,
}

impl Ask {
    pub(crate) fn new(api: &Api, operation: &Operation) -> Self {
        let verb = operation.name().rsplit('.').next().unwrap_or_default();
        let creates = verb.starts_with("create") || verb.starts_with("clone");
        Self { call: api.call(operation), usual: None, mistake: None, creates }
    }

    /// A call of an operation whose path or query names a module.
    pub(crate) fn of_module(api: &Api, operation: &Operation, module: &str) -> Self {
        let ask = match operation.template().contains("{module}") {
            true => Self::new(api, operation).with(|call| call.path("module", module)),
            false => Self::new(api, operation).query("module", module),
        };
        ask.check(check::module(module))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(Call) -> Call) -> Self {
        self.call = change(self.call);
        self
    }

    pub(crate) fn query(self, name: &str, value: impl AsRef<str>) -> Self {
        let empty = NEVER_EMPTY.contains(&name) && value.as_ref().trim().is_empty();
        let ask = match empty {
            true => self.check(Err(Error::input(format!(
                "`{name}` is empty: give it a value, or leave it out"
            )))),
            false => self,
        };
        ask.with(|call| call.query(name, value))
    }

    fn query_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.with(|call| call.query_unchecked(name, value))
    }

    fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.with(|call| call.header(name, value))
    }

    /// A parameter that is sent where the caller gives no other value for it.
    pub(crate) fn unless_given(mut self, name: &'static str, value: String) -> Self {
        self.usual = Some((name, value));
        self
    }

    pub(crate) fn path_id(self, name: &str, id: impl Into<Id>) -> Self {
        self.with(|call| call.path_id(name, id))
    }

    /// Ids in the query, none of which may be missing or wrong.
    pub(crate) fn ids<I: Into<Id>>(self, ids: impl IntoIterator<Item = I>) -> (Self, usize) {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        let wrong = ids.iter().find_map(|id| id.check().err());
        let ask = self.check(wrong.map_or(Ok(()), Err));
        let texts: Vec<&str> = ids.iter().map(Id::as_str).collect();
        (ask.query("ids", texts.join(",")), ids.len())
    }

    pub(crate) fn check(mut self, result: Result<(), Error>) -> Self {
        if let Err(mistake) = result {
            self.mistake.get_or_insert(mistake);
        }
        self
    }

    pub(crate) fn ready(self) -> Result<Call, Error> {
        match self.mistake {
            Some(mistake) => Err(mistake),
            None => Ok(match self.usual {
                Some((name, value)) if !self.call.asks_for(name) => self.call.query(name, value),
                _ => self.call,
            }),
        }
    }

    fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.clone().ready()?.preview()
    }

    /// The number that it answers with, under `count`.
    pub(crate) async fn count(self) -> Result<u64, Error> {
        #[derive(serde::Deserialize)]
        struct Answer {
            count: Count,
        }
        Ok(self.ready()?.send().await?.json::<Answer>()?.count.0)
    }

    /// The rest of a write whose answer is one success or one error, without a list around it.
    pub(crate) async fn done(self) -> Result<(), Error> {
        self.ready()?.send().await?.success()
    }
}

/// Reads a list: a page of it, or a stream of all.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let mut users = api.users().active().stream();
/// while let Some(user) = users.next().await {
///     println!("{:?}", user?.id()?);
/// }
/// let roles = api.roles().list().all().await?;
/// # let _ = roles;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is read until `send`, `all` or `stream` is called"]
pub struct ListItems<T> {
    ask: Ask,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> ListItems<T> {
    pub(crate) fn new(ask: Ask) -> Self {
        Self { ask, of: PhantomData }
    }

    pub(crate) fn with(self, change: impl FnOnce(Ask) -> Ask) -> Self {
        Self::new(change(self.ask))
    }

    /// How many items a page holds: 1 to 200. Lists that come whole refuse it.
    pub fn per_page(self, items: u64) -> Self {
        let range = check::in_range("per_page", items, check::MOST_PER_PAGE);
        self.with(|ask| ask.check(range).query("per_page", items.to_string()))
    }

    /// Begins at this page, counted from 1. Lists that come whole refuse it.
    pub fn page(self, number: u64) -> Self {
        let range = check::in_range("page", number, u64::MAX);
        self.with(|ask| ask.check(range).query("page", number.to_string()))
    }

    /// Any other parameter of Zoho's that the operation knows.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        self.with(|ask| ask.query(name, value))
    }

    /// Adds a query parameter, whether zcrm knows it or not.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        self.with(|ask| ask.query_unchecked(name, value))
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.with(|ask| ask.header(name, value))
    }

    /// One page; of a list that comes whole, all of it.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call.
    pub async fn send(self) -> Result<Page<T>, Error> {
        self.ask.ready()?.page().await
    }

    /// All items, page after page; the first error ends it.
    ///
    /// # Errors
    /// As [`send`](Self::send), and of kind [`Record`](zcrm_core::ErrorKind::Record) where an item
    /// could not be read.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        let mut stream = self.stream();
        let mut all = Vec::new();
        while let Some(item) = stream.next().await {
            all.push(item?);
        }
        Ok(all)
    }

    /// All items, page after page. Mistakes are the stream's first item.
    pub fn stream(self) -> ItemStream<T> {
        ItemStream::new(self.ask)
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.ask.preview()
    }
}

/// The items of a list, over all its pages: [`ListItems::stream`].
///
/// A page is fetched when its first item is asked for. An item that could not be read is an error
/// in its place; the error of a page ends the stream.
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T>(BoxStream<'static, Result<T, Error>>);

impl<T: DeserializeOwned + Send + 'static> ItemStream<T> {
    pub(crate) fn new(ask: Ask) -> Self {
        let pages = match ask.ready() {
            Ok(call) => call.pages::<T>().boxed(),
            Err(mistake) => stream::iter([Err(mistake)]).boxed(),
        };
        let items = pages.scan(0_u64, |before, page| {
            let items = match page {
                Err(error) => vec![Err(error)],
                Ok(page) => {
                    let offset = *before;
                    *before = offset.saturating_add(page.items.len() as u64);
                    let read = |item: Result<T, zcrm_core::RecordError>| {
                        item.map_err(|error| Error::from_record(error.shifted(offset)))
                    };
                    page.items.into_iter().map(read).collect()
                }
            };
            std::future::ready(Some(stream::iter(items)))
        });
        Self(items.flatten().boxed())
    }

    /// The next item; `None` at the end. The same as `StreamExt::next`, without the import.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| self.0.poll_next_unpin(cx)).await
    }
}

impl<T> Stream for ItemStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}

/// Reads one item.
#[must_use = "nothing is read until `send` is called"]
pub struct GetItem<T> {
    ask: Ask,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> GetItem<T> {
    pub(crate) fn new(ask: Ask) -> Self {
        Self { ask, of: PhantomData }
    }

    /// Any other parameter of Zoho's that the operation knows.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        Self::new(self.ask.query(name, value))
    }

    /// Adds a query parameter, whether zcrm knows it or not.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        Self::new(self.ask.query_unchecked(name, value))
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        Self::new(self.ask.header(name, value))
    }

    /// The item.
    ///
    /// # Errors
    /// Of kind [`NotFound`](zcrm_core::ErrorKind::NotFound) where there is none that the user may
    /// see, [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call.
    pub async fn send(self) -> Result<T, Error> {
        self.ask.ready()?.one().await
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.ask.preview()
    }
}

/// Writes or deletes several items in one call: 100 at most, 50 tags, 10 users. A longer list is
/// refused before anything is sent; of an empty one nothing is sent, and there are no outcomes.
/// (Records, of which there may be any number, are cut into calls by
/// [`WriteRecords`](crate::WriteRecords).)
#[derive(Clone, Debug)]
#[must_use = "nothing is written until `send` is called"]
pub struct WriteItems {
    ask: Ask,
    items: usize,
    /// What the outcomes must be about, where that is not to be seen in the request.
    about: Option<Vec<Option<Id>>>,
}

impl WriteItems {
    /// A write whose answer has one outcome for each of so many items.
    pub(crate) fn new(ask: Ask, items: usize) -> Self {
        Self { ask, items, about: None }.at_most(check::MOST_ITEMS)
    }

    /// The same, of which a call takes no more than so many items.
    pub(crate) fn at_most(self, most: usize) -> Self {
        Self { ask: self.ask.check(check::at_most(self.items, most)), ..self }
    }

    /// A write of these rows, none of which may hold an `id` where new items are made of them.
    pub(crate) fn rows<R: Serialize>(ask: Ask, rows: impl IntoIterator<Item = R>) -> Self {
        if ask.creates {
            return match check::rows_without_ids(rows) {
                Ok(rows) => Self::checked_rows(ask, &rows),
                Err(mistake) => Self::wrong(ask, mistake),
            };
        }
        Self::checked_rows(ask, &rows.into_iter().collect::<Vec<R>>())
    }

    fn checked_rows<R: Serialize>(ask: Ask, rows: &[R]) -> Self {
        Self::new(ask.with(|call| call.items(rows)), rows.len())
    }

    /// A write of these rows, each of which must hold its `id`.
    pub(crate) fn rows_with_ids<R: Serialize>(ask: Ask, rows: impl IntoIterator<Item = R>) -> Self {
        match check::rows_with_ids(rows) {
            Ok(rows) => Self::checked_rows(ask, &rows),
            Err(mistake) => Self::wrong(ask, mistake),
        }
    }

    fn wrong(ask: Ask, mistake: Error) -> Self {
        Self { ask: ask.check(Err(mistake)), items: 0, about: None }
    }

    /// Names the items that the outcomes must be about.
    pub(crate) fn about<'a>(self, ids: impl IntoIterator<Item = &'a Id>) -> Self {
        Self { about: Some(ids.into_iter().cloned().map(Some).collect()), ..self }
    }

    /// A deletion of these ids, which stand in the query.
    pub(crate) fn ids<I: Into<Id>>(ask: Ask, ids: impl IntoIterator<Item = I>) -> Self {
        let (ask, items) = ask.ids(ids);
        Self::new(ask, items)
    }

    /// Any other parameter of Zoho's that the operation knows.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        Self { ask: self.ask.query(name, value), ..self }
    }

    /// Adds a query parameter, whether zcrm knows it or not.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        Self { ask: self.ask.query_unchecked(name, value), ..self }
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        Self { ask: self.ask.header(name, value), ..self }
    }

    /// Sends it. The outcomes are in the caller's order. Without items nothing is sent, and there are no
    /// outcomes.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call as a
    /// whole.
    pub async fn send(self) -> Result<WriteResults<ItemSuccess>, Error> {
        let call = self.ask.ready()?;
        match (self.items, self.about) {
            (0, _) => Ok(WriteResults::default()),
            (_, Some(about)) => call.outcomes_of(&about).await,
            (items, None) => call.outcomes(items).await,
        }
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send), and where there are no
    /// items, for then no request is sent.
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        let call = self.ask.clone().ready()?;
        match self.items {
            0 => Err(check::no_request("the list of items is empty")),
            _ => call.preview(),
        }
    }
}

/// Writes or deletes one item.
#[derive(Clone, Debug)]
#[must_use = "nothing is written until `send` is called"]
pub struct WriteItem(WriteItems);

impl WriteItem {
    pub(crate) fn new(ask: Ask) -> Self {
        Self(WriteItems::new(ask, 1))
    }

    /// A write of several of which there is one.
    pub(crate) fn of(items: WriteItems) -> Self {
        Self(items)
    }

    /// A write of this one row.
    pub(crate) fn row(ask: Ask, row: &impl Serialize) -> Self {
        Self(WriteItems::rows(ask, [row]))
    }

    /// Names the item that the outcome must be about.
    pub(crate) fn about(self, id: &Id) -> Self {
        Self(self.0.about([id]))
    }

    /// Any other parameter of Zoho's that the operation knows.
    pub fn param(self, name: &str, value: impl AsRef<str>) -> Self {
        Self(self.0.param(name, value))
    }

    /// Adds a query parameter, whether zcrm knows it or not.
    pub fn param_unchecked(self, name: &str, value: impl AsRef<str>) -> Self {
        Self(self.0.param_unchecked(name, value))
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sends it.
    ///
    /// # Errors
    /// Of kind [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused it, of kind
    /// [`Input`](zcrm_core::ErrorKind::Input) before anything is sent, or of the call.
    pub async fn send(self) -> Result<ItemSuccess, Error> {
        self.0.send().await?.one()
    }

    /// The request that would be sent: relative, and without the token.
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input), as [`send`](Self::send).
    pub fn preview(&self) -> Result<Request<Bytes>, Error> {
        self.0.preview()
    }
}

macro_rules! clone_and_debug {
    ($($kind:ident),*) => {
        $(
            impl<T> Clone for $kind<T> {
                fn clone(&self) -> Self {
                    Self { ask: self.ask.clone(), of: PhantomData }
                }
            }

            impl<T> fmt::Debug for $kind<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_tuple(stringify!($kind)).field(&self.ask).finish()
                }
            }
        )*
    };
}

clone_and_debug!(ListItems, GetItem);
