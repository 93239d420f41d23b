//! Requests that write one or several items in one call.

use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use zcrm_core::{Error, Id, ItemSuccess, Reply, ResponseShape, WriteResults, Written};

use super::{Kind, Request, SingleCall, sealed::Sealed};
use crate::{Call, check};

/// A [`Request`] kind that writes or deletes several items in one call.
///
/// It returns [`WriteResults`] in the caller's order. One call takes at most 100 items, 50 tags or
/// 10 users; a longer list is refused before anything is sent. For an empty list nothing is sent,
/// and the results are empty. [`WriteRecords`](crate::records::WriteRecords) takes any number of
/// records and makes several calls.
///
/// If the future is dropped after the call was sent, the write may still be executed. Read the
/// items to find out.
#[derive(Debug)]
pub struct WriteItems<R = Written> {
    items: usize,
    /// The ids that the results must have, if the request itself does not name them.
    about: Option<Vec<Option<Id>>>,
    response: ResponseShape,
    of: PhantomData<fn() -> R>,
}

/// The result of a written item: [`Written`], or [`ItemSuccess`] if Zoho does not return ids.
pub trait WriteResult: Sealed + Send + 'static + Sized {
    /// Converts the results of a write of the items with these ids.
    fn of(
        reply: &Reply,
        results: WriteResults<ItemSuccess>,
        ids: &[Option<Id>],
    ) -> WriteResults<Self>;
}

impl Sealed for Written {}
impl Sealed for ItemSuccess {}

impl WriteResult for Written {
    fn of(
        reply: &Reply,
        results: WriteResults<ItemSuccess>,
        ids: &[Option<Id>],
    ) -> WriteResults<Self> {
        reply.with_ids(results, ids)
    }
}

impl WriteResult for ItemSuccess {
    fn of(_: &Reply, results: WriteResults<Self>, _: &[Option<Id>]) -> WriteResults<Self> {
        results
    }
}

impl<R: WriteResult> WriteItems<R> {
    /// Creates a write whose response has one result per item.
    pub(crate) fn request(call: Call, items: usize) -> Request<Self> {
        let response = call.response();
        Request::new(call, Self { items, about: None, response, of: PhantomData })
            .at_most(check::MOST_ITEMS)
    }

    /// Creates a write of these rows. For an operation that creates items, a row with an `id` is an
    /// error.
    pub(crate) fn rows<T: Serialize>(
        call: Call,
        rows: impl IntoIterator<Item = T>,
    ) -> Request<Self> {
        let verb = call.name().rsplit('.').next().unwrap_or_default();
        match verb.starts_with("create") || verb.starts_with("clone") {
            true => Self::checked_rows(call, check::rows_without_ids(rows)),
            false => Self::checked_rows(call, Ok(rows.into_iter().collect())),
        }
    }

    /// Like [`rows`](Self::rows), for rows whose conversion may have failed.
    pub(crate) fn try_rows<T: Serialize>(call: Call, rows: Result<Vec<T>, Error>) -> Request<Self> {
        match rows {
            Ok(rows) => Self::rows(call, rows),
            Err(mistake) => Self::request(call.fail(mistake), 0),
        }
    }

    /// Creates a write of these rows. A row without an `id` is an error.
    pub(crate) fn rows_with_ids<T: Serialize>(
        call: Call,
        rows: impl IntoIterator<Item = T>,
    ) -> Request<Self> {
        Self::checked_rows(call, check::rows_with_ids(rows))
    }

    pub(crate) fn checked_rows<T: Serialize>(
        call: Call,
        rows: Result<Vec<T>, Error>,
    ) -> Request<Self> {
        match rows {
            Ok(rows) => Self::request(call.items(&rows), rows.len()),
            Err(mistake) => Self::request(call.fail(mistake), 0),
        }
    }

    /// Creates a deletion of the items with these ids. The query names them.
    pub(crate) fn ids<I: Into<Id>>(call: Call, ids: impl IntoIterator<Item = I>) -> Request<Self> {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        if ids.is_empty() {
            return Self::request(call, 0);
        }
        let call = ids.iter().fold(call, |call, id| call.check(id.check().map(drop)));
        let texts: Vec<&str> = ids.iter().map(Id::as_str).collect();
        Self::request(call.param("ids", texts.join(",")), ids.len())
    }
}

impl<R: WriteResult> Request<WriteItems<R>> {
    /// Limits the number of items in the call.
    pub(crate) fn at_most(self, most: usize) -> Self {
        let items = self.kind.items;
        self.map(|call| call.check(check::at_most(items, most)))
    }

    /// Sets the ids that the results must have.
    pub(crate) fn about<'a>(self, ids: impl IntoIterator<Item = &'a Id>) -> Self {
        self.set(|kind| kind.about = Some(ids.into_iter().cloned().map(Some).collect()))
    }

    /// Converts the request to a write of one item.
    pub(crate) fn single(self) -> Request<WriteItem<R>> {
        Request::new(self.call, WriteItem(self.kind))
    }
}

impl<R> Sealed for WriteItems<R> {}

impl<R: WriteResult> Kind for WriteItems<R> {
    type Output = WriteResults<R>;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<WriteResults<R>, Error> {
        if self.items == 0 {
            return call.must_be_right().map(|()| WriteResults::default());
        }
        let ids = call.item_ids(self.items);
        let reply = call.send().await?;
        self.results(&reply, ids)
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        match self.items {
            0 => call
                .must_be_right()
                .and_then(|()| Err(check::no_request("the list of items is empty"))),
            _ => call.preview(),
        }
    }
}

impl<R: WriteResult> WriteItems<R> {
    /// Returns the number of items.
    pub(crate) fn len(&self) -> usize {
        self.items
    }

    /// Keeps the ids that the results must have, for a response that is read without the call.
    pub(crate) fn keep_ids(&mut self, call: &Call) {
        self.about.get_or_insert_with(|| call.item_ids(self.items));
    }

    /// Reads the results. The ids that they must have are those that the kind keeps, or `ids`.
    pub(crate) fn results(
        self,
        reply: &Reply,
        ids: Vec<Option<Id>>,
    ) -> Result<WriteResults<R>, Error> {
        let ids = self.about.unwrap_or(ids);
        let results = match self.response {
            ResponseShape::WriteResult(key) => reply.outcome(key, ids.len()),
            ResponseShape::WriteResults(key) => reply.outcomes_of(key, &ids),
            _ => Err(reply.unexpected("results of a write")),
        };
        Ok(R::of(reply, results?, &ids))
    }
}

/// A [`Request`] kind that reads the results of a custom write: [`Call::outcomes`].
#[derive(Clone, Debug)]
pub struct ReadOutcomes(WriteItems<ItemSuccess>);

impl ReadOutcomes {
    pub(crate) fn request(call: Call, items: usize) -> Request<Self> {
        let response = call.response();
        Request::new(call, Self(WriteItems { items, about: None, response, of: PhantomData }))
    }
}

impl Sealed for ReadOutcomes {}

impl SingleCall for ReadOutcomes {
    type Answer = WriteResults<ItemSuccess>;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        self.0.about = Some(call.item_ids(self.0.items));
        Ok(call)
    }

    fn read(self, reply: &Reply) -> Result<WriteResults<ItemSuccess>, Error> {
        self.0.results(reply, Vec::new())
    }
}

/// A [`Request`] kind that writes or deletes one item and returns its result.
#[derive(Debug)]
pub struct WriteItem<R = Written>(WriteItems<R>);

impl<R: WriteResult> WriteItem<R> {
    pub(crate) fn request(call: Call) -> Request<Self> {
        WriteItems::request(call, 1).single()
    }

    /// Creates a write of this row.
    pub(crate) fn row(call: Call, row: &impl Serialize) -> Request<Self> {
        WriteItems::rows(call, [row]).single()
    }
}

impl<R: WriteResult> Request<WriteItem<R>> {
    /// Sets the id that the result must have.
    pub(crate) fn about(self, id: &Id) -> Self {
        self.set(|kind| kind.0.about = Some(vec![Some(id.clone())]))
    }
}

impl<R> Clone for WriteItems<R> {
    fn clone(&self) -> Self {
        let (about, response) = (self.about.clone(), self.response);
        Self { items: self.items, about, response, of: PhantomData }
    }
}

impl<R> Clone for WriteItem<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> Sealed for WriteItem<R> {}

impl<R: WriteResult> SingleCall for WriteItem<R> {
    type Answer = R;

    fn complete(&mut self, call: Call) -> Result<Call, Error> {
        self.0.about.get_or_insert_with(|| call.item_ids(1));
        Ok(call)
    }

    fn read(self, reply: &Reply) -> Result<R, Error> {
        self.0.results(reply, Vec::new())?.one()
    }
}

/// A [`Request`] kind for a change without an id, such as a photo. It returns no value.
#[derive(Clone, Debug)]
pub struct Acknowledge(());

impl Acknowledge {
    pub(crate) fn request(call: Call) -> Request<Self> {
        Request::new(call, Self(()))
    }
}

impl Sealed for Acknowledge {}

impl SingleCall for Acknowledge {
    type Answer = ();

    fn read(self, reply: &Reply) -> Result<(), Error> {
        reply.success()
    }
}

impl Call {
    /// Reads the result of each of the `sent` items of a write.
    ///
    /// A single result counts for all items. If Zoho returns a different number of results, all
    /// outcomes are unknown. If it reports success for an id that the request does not name, the
    /// outcome of that item is unknown.
    pub fn outcomes(self, sent: usize) -> Request<ReadOutcomes> {
        let shaped = match self.response() {
            ResponseShape::WriteResults(_) | ResponseShape::WriteResult(_) => self,
            _ => self.refuse_shape("outcomes"),
        };
        ReadOutcomes::request(shaped, sent)
    }
}
