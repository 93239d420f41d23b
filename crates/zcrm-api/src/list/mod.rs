//! Lists: a single page, all pages, a stream of items, or all items.

mod columns;
mod cursor;
mod pages;
mod paging;
mod plan;
mod setters;
mod source;
mod stream;

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Page, Reply, ResponseShape};

pub use cursor::Cursor;
pub use pages::Pages;
pub use setters::{HasTokens, NamesFields, Sorted};
pub use source::{FieldList, HasPages, Paged, Source, Whole};
pub use stream::{Collected, ItemStream};

pub(crate) use columns::{CHANGED, Columns, MOST_IDS, batches, torn};
pub(crate) use paging::{NextPage, QueryRule};

use self::plan::{ListPlan, PageResponse, Prepare};
use crate::{
    Call, check,
    coql::QueryText,
    request::{Kind, Request, sealed::Sealed},
};

/// A [`Request`] kind that reads a list.
///
/// [`send`](Request::send) returns one [`Page`], and so does awaiting the request.
/// [`pages`](Request::pages) returns one page after another, [`stream`](Request::stream) the items
/// of all pages, and [`all`](Request::all) collects them. `T` is the type of an item. The source
/// `S` determines the list and its options.
///
/// If the future, the pages or the stream is dropped, the current call is cancelled and no further
/// call is made.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let mut users = api.users().list().active().stream();
/// while let Some(user) = users.next().await {
///     println!("{:?}", user?);
/// }
/// let roles = api.roles().list().all().await?;
/// # let _ = roles;
/// # Ok(())
/// # }
/// ```
pub struct List<T, S = Whole> {
    pub(crate) source: S,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static, S: Source> List<T, S> {
    pub(crate) fn request(call: Call, source: S) -> Request<Self> {
        Request::new(call, Self { source, of: PhantomData })
    }

    /// Completes the call of one page that is sent as a part of another call.
    pub(crate) fn one_call(&self, call: Call) -> Result<Call, Error> {
        if self.source.finds_nothing() {
            call.must_be_right()?;
            return Err(Error::input("the list of ids is empty, so no part can be sent"));
        }
        let plan = ListPlan::now(&self.source, call)?;
        match plan.columns.rest.is_empty() {
            true => Ok(plan.into_asked_call()),
            false => Err(Error::input(format!(
                "the list has more than {} fields, which takes several calls: name fewer",
                check::MOST_FIELDS
            ))),
        }
    }

    /// Reads the response to [`one_call`](Self::one_call).
    pub(crate) fn read_page(call: &Call, reply: &Reply) -> Result<Page<T>, Error> {
        PageResponse::of(call, true)?.read(reply)
    }
}

impl<T, S: Source> Sealed for List<T, S> {}

impl<T: DeserializeOwned + Send + 'static, S: Source> Kind for List<T, S> {
    type Output = Page<T>;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<Page<T>, Error> {
        if self.source.finds_nothing() {
            return call.must_be_right().map(|()| Page::empty());
        }
        Prepare::new(self.source, call).plan().await?.fetch_as_asked().await
    }

    fn show(&self, call: &Call) -> Result<http::Request<Bytes>, Error> {
        if self.source.finds_nothing() {
            return call
                .must_be_right()
                .and_then(|()| Err(check::no_request("the list of ids is empty")));
        }
        ListPlan::now(&self.source, call.clone())?.into_asked_call().into_preview()
    }
}

impl<T: DeserializeOwned + Send + 'static, S: Source> Request<List<T, S>> {
    /// Reads one page after another. A page is fetched when it is polled.
    pub fn pages(self) -> Pages<T> {
        Pages::new(self.begin())
    }

    /// Reads the items of all pages as a stream.
    ///
    /// The next page is fetched while the second half of the current page is read. If the request
    /// was set up wrongly, the first item is the error.
    #[doc(alias = "pagination")]
    pub fn stream(self) -> ItemStream<T> {
        ItemStream::new(self.begin())
    }

    /// Reads the items of all pages into a `Vec`, up to the first error.
    ///
    /// Use [`stream`](Self::stream) if items may not fit `T`, or if the list may not fit into
    /// memory.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Request::send). Returns an error of kind
    /// [`Record`](zcrm_core::ErrorKind::Record) if an item could not be read, and of kind
    /// [`Wall`](zcrm_core::ErrorKind::Wall) if Zoho's limit ends the list while items are left.
    pub fn all(self) -> impl Future<Output = Result<Vec<T>, Error>> + Send + use<T, S> {
        let mut stream = self.stream();
        async move {
            let mut all = Vec::new();
            while let Some(item) = stream.next().await {
                all.push(item?);
            }
            Ok(all)
        }
    }

    /// Resumes a stream of this list at a [`Cursor`], with the cursor's parameters instead of those
    /// of this request.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if the cursor belongs to
    /// another list.
    pub fn resume(self, cursor: Cursor) -> Result<ItemStream<T>, Error> {
        let query = self.kind.source.query(&self.call)?;
        ItemStream::resume_at(cursor, &self.call, query.as_ref().map(QueryText::from))
    }

    /// Returns the start of the list, or `None` if the list is known to be empty.
    fn begin(self) -> Option<Prepare> {
        let Self { call, kind: List { source, .. } } = self;
        match source.finds_nothing() && call.must_be_right().is_ok() {
            true => None,
            false => Some(Prepare::new(source, call)),
        }
    }
}

impl<T, S: Clone> Clone for List<T, S> {
    fn clone(&self) -> Self {
        Self { source: self.source.clone(), of: PhantomData }
    }
}

impl<T, S> fmt::Debug for List<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

impl Call {
    /// Reads the response as a list: one page, all pages, or all items.
    ///
    /// Reading starts at the given `page` or `page_token`, otherwise at the first page. It follows
    /// page tokens if Zoho returns them. A list without pages is read as one page.
    pub fn list<T: DeserializeOwned + Send + 'static>(self) -> Request<List<T, Paged>> {
        let shaped = match self.response() {
            ResponseShape::List(_) => self,
            _ => self.refuse_shape("a list"),
        };
        List::request(shaped, Paged::default())
    }
}
