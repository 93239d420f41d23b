//! Requests that write items in one call.

use std::marker::PhantomData;

use bytes::Bytes;
use serde::Serialize;
use zcrm_core::{Error, Id, ItemSuccess, Reply, ResponseShape, WriteResults, Written};

use super::{Kind, Request, SingleCall, sealed::Sealed};
use crate::{Call, check};

/// Writes or deletes several items in one call: the kind of a [`Request`] that gives
/// [`WriteResults`] in the caller's order.
///
/// A call takes 100 items at most, 50 tags, 10 users. A longer list is refused before anything is
/// sent; of an empty one nothing is sent, and there are no results. (Records, of which there may be
/// any number, are cut into calls by [`WriteRecords`](crate::records::WriteRecords).)
///
/// Dropped after its one call was sent, it may still be executed: read the items to know.
#[derive(Debug)]
pub struct WriteItems<R = Written> {
    items: usize,
    /// What the results must be about, where the request does not show that.
    about: Option<Vec<Option<Id>>>,
    response: ResponseShape,
    of: PhantomData<fn() -> R>,
}

/// What is said of an item that was written: [`Written`], or [`ItemSuccess`] where Zoho does not name
/// the ids of what it wrote.
pub trait WriteResult: Sealed + Send + 'static + Sized {
    /// Takes the results of a write of the items of these ids.
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
    /// A write whose answer has one result for each of so many items.
    pub(crate) fn request(call: Call, items: usize) -> Request<Self> {
        let response = call.response();
        Request::new(call, Self { items, about: None, response, of: PhantomData })
            .at_most(check::MOST_ITEMS)
    }

    /// A write of these rows. Where new items are made of them, none may hold an `id`.
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

    /// The same with rows that may have turned out wrong.
    pub(crate) fn try_rows<T: Serialize>(call: Call, rows: Result<Vec<T>, Error>) -> Request<Self> {
        match rows {
            Ok(rows) => Self::rows(call, rows),
            Err(mistake) => Self::request(call.fail(mistake), 0),
        }
    }

    /// A write of these rows, each of which must hold its `id`.
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

    /// A deletion of these ids, which stand in the query.
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
    /// The same, of which a call takes no more than so many items.
    pub(crate) fn at_most(self, most: usize) -> Self {
        let items = self.kind.items;
        self.map(|call| call.check(check::at_most(items, most)))
    }

    /// Names the items that the results must be about.
    pub(crate) fn about<'a>(self, ids: impl IntoIterator<Item = &'a Id>) -> Self {
        self.set(|kind| kind.about = Some(ids.into_iter().cloned().map(Some).collect()))
    }

    /// The same as a write of one item.
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
    fn results(self, reply: &Reply, ids: Vec<Option<Id>>) -> Result<WriteResults<R>, Error> {
        let ids = self.about.unwrap_or(ids);
        let results = match self.response {
            ResponseShape::WriteResult(key) => reply.outcome(key, ids.len()),
            ResponseShape::WriteResults(key) => reply.outcomes_of(key, &ids),
            _ => Err(reply.unexpected("results of a write")),
        };
        Ok(R::of(reply, results?, &ids))
    }
}

/// Reads what became of the items of a raw call: the kind of a [`Request`] that
/// [`Call::outcomes`] gives.
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

/// Writes or deletes one item: the kind of a [`Request`] that gives what became of it.
#[derive(Debug)]
pub struct WriteItem<R = Written>(WriteItems<R>);

impl<R: WriteResult> WriteItem<R> {
    pub(crate) fn request(call: Call) -> Request<Self> {
        WriteItems::request(call, 1).single()
    }

    /// A write of this one row.
    pub(crate) fn row(call: Call, row: &impl Serialize) -> Request<Self> {
        WriteItems::rows(call, [row]).single()
    }
}

impl<R: WriteResult> Request<WriteItem<R>> {
    /// Names the item that the result must be about.
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

/// Changes something that has no id of its own, such as a photo: the kind of a [`Request`] that gives
/// nothing but whether Zoho did it.
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
