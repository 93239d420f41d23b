//! The kinds of requests that can be a part of a composite request.

use serde::de::DeserializeOwned;
use zcrm_core::{Error, ItemSuccess, Page, Reply, WriteResults, Written};

use crate::{
    Call, ChangeTags, List, RunTransition,
    list::Source,
    metadata::ViewCategories,
    records::{
        ChangeRows, ConvertLead, CountRecords, DeleteRecord, GetIfModified, GetRecord, GetRows,
        RelatedCounts, Verb, WriteRecord,
    },
    request::{
        Acknowledge, Count, GetItem, ReadJson, ReadOutcomes, Request, SingleCall, WriteItem,
        WriteItems, WriteResult, sealed::Sealed,
    },
};

/// A kind of [`Request`] that can be a part of a composite request.
///
/// Zoho runs only single calls inside, each for one record of a write or at most 25 records of a
/// read. So uploads, downloads and writes of many records do not have this trait:
///
/// ```compile_fail,E0277
/// # fn example(api: zcrm_api::Api) {
/// let mut batch = api.composite();
/// batch.add(api.records("Leads").delete_many(["1", "2"]));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a request of the kind `{Self}` cannot be a part of a composite request",
    label = "this request cannot be added to a composite request",
    note = "a part is one call that writes one record or reads at most 25: add `create` for each \
            record instead of `create_many`, and send uploads and downloads separately"
)]
pub trait CompositePart: Sealed + Send + 'static {
    /// The value that the part returns.
    type Answer: Send + 'static;

    /// Adds the request's options to the call.
    ///
    /// # Errors
    /// Returns an error of kind [`Input`](zcrm_core::ErrorKind::Input) if options contradict each
    /// other, or if the request would not be exactly one call.
    fn prepare(&mut self, call: Call) -> Result<Call, Error>;

    /// Reads the part's answer.
    ///
    /// # Errors
    /// Returns an error if Zoho refused the part or its answer cannot be read.
    fn read_part(self, call: &Call, reply: &Reply) -> Result<Self::Answer, Error>;
}

/// Makes kinds of one call and one response parts.
macro_rules! single_calls {
    ($([$($of:ident: $bound:path)?] $kind:ty;)*) => {
        $(
            impl$(<$of: $bound>)? CompositePart for $kind {
                type Answer = <$kind as SingleCall>::Answer;

                fn prepare(&mut self, call: Call) -> Result<Call, Error> {
                    self.complete(call)
                }

                fn read_part(self, _: &Call, reply: &Reply) -> Result<Self::Answer, Error> {
                    self.read(reply)
                }
            }
        )*
    };
}

/// A value that can be read from an answer.
pub trait Readable: DeserializeOwned + Send + 'static {}

impl<T: DeserializeOwned + Send + 'static> Readable for T {}

single_calls! {
    [] Acknowledge;
    [] ConvertLead;
    [] Count;
    [] CountRecords;
    [] DeleteRecord;
    [T: Readable] GetIfModified<T>;
    [T: Readable] GetItem<T>;
    [T: Readable] GetRecord<T>;
    [] GetRows;
    [T: Readable] ReadJson<T>;
    [] ReadOutcomes;
    [] RelatedCounts;
    [] RunTransition;
    [] ViewCategories;
    [R: WriteResult] WriteItem<R>;
    [V: Verb] WriteRecord<V>;
}

impl<T: Readable, S: Source> CompositePart for List<T, S> {
    type Answer = Page<T>;

    fn prepare(&mut self, call: Call) -> Result<Call, Error> {
        self.one_call(call)
    }

    fn read_part(self, call: &Call, reply: &Reply) -> Result<Page<T>, Error> {
        Self::read_page(call, reply)
    }
}

impl<R: WriteResult> CompositePart for WriteItems<R> {
    type Answer = WriteResults<R>;

    fn prepare(&mut self, call: Call) -> Result<Call, Error> {
        one(self, &call)?;
        self.keep_ids(&call);
        Ok(call)
    }

    fn read_part(self, _: &Call, reply: &Reply) -> Result<WriteResults<R>, Error> {
        self.results(reply, Vec::new())
    }
}

impl CompositePart for ChangeTags {
    type Answer = WriteResults<ItemSuccess>;

    fn prepare(&mut self, call: Call) -> Result<Call, Error> {
        let Request { call, kind } = self.write(call);
        one(&kind, &call)?;
        Ok(call)
    }

    fn read_part(self, call: &Call, reply: &Reply) -> Result<WriteResults<ItemSuccess>, Error> {
        self.write(call.clone()).kind.results(reply, vec![None])
    }
}

impl CompositePart for ChangeRows {
    type Answer = Option<Written>;

    fn prepare(&mut self, call: Call) -> Result<Call, Error> {
        self.one_call(call)
    }

    fn read_part(self, _: &Call, reply: &Reply) -> Result<Option<Written>, Error> {
        self.read_one(reply)
    }
}

/// Checks that a write has one item.
fn one<R: WriteResult>(kind: &WriteItems<R>, call: &Call) -> Result<(), Error> {
    call.must_be_right()?;
    match kind.len() {
        1 => Ok(()),
        0 => Err(Error::input("the list of items is empty, so no part can be sent")),
        items => Err(more_than_one(items)),
    }
}

pub(super) fn more_than_one(items: usize) -> Error {
    Error::input(format!(
        "the part writes {items} items, but a part of a composite request writes one: add a part for each"
    ))
}
