//! Creating jobs.

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, escaped};

use super::{
    job::{BulkJob, BulkJobHandle},
    query::BulkQuery,
};
use crate::{
    Call, Condition, Records,
    bulk::callback,
    check, operations,
    request::{Kind, Request, sealed::Sealed},
};

/// A [`Request`] kind that creates a bulk read: [`Records::bulk_read`]. It returns a [`BulkJob`].
///
/// Creating a job costs 50 API credits and is never repeated after a doubtful answer: such an error
/// has the outcome [`Unknown`](zcrm_core::Outcome::Unknown). Zoho offers no list of jobs, so the
/// job, if there is one, cannot be found, and another one has to be created.
///
/// If Zoho does not offer the module, a field or a comparison, the error is of kind
/// [`Api`](zcrm_core::ErrorKind::Api), with a code such as `MODULE_NOT_SUPPORTED` or
/// `FIELD_NOT_SUPPORTED` and the name in its details.
pub struct BulkRead<T> {
    records: Records<T>,
    query: BulkQuery,
    condition: Option<Condition>,
    part: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> BulkRead<T> {
    pub(in crate::bulk) fn request(records: &Records<T>) -> Request<Self> {
        let fields = records.default_fields().iter().filter(|name| **name != "id");
        let query = BulkQuery {
            fields: fields.map(|name| (*name).to_owned()).collect(),
            ..BulkQuery::default()
        };
        Self::of_query(records.clone(), query, 1)
    }

    /// Creates the request for the job that follows another one.
    pub(in crate::bulk) fn of_query(
        records: Records<T>,
        query: BulkQuery,
        part: u32,
    ) -> Request<Self> {
        let call = records.call_unpathed(&operations::BULK_READ_CREATE);
        let call = call.check(check::module(records.module()));
        Request::new(call, Self { records, query, condition: None, part, of: PhantomData })
    }

    fn complete(&mut self, call: &Call) -> Result<Call, Error> {
        call.must_be_right()?;
        let version = call.api().version();
        if let Some(condition) = self.condition.take() {
            self.query.criteria = Some(condition.to_bulk(version)?);
        }
        self.query.check(self.records.module(), version)?;
        Ok(call.clone().body(&self.query.body(self.records.module(), version)))
    }
}

impl<T> Request<BulkRead<T>> {
    /// Sets the fields to read, by their API names, at most 1,000. By default all fields are read,
    /// or those of the typed module.
    ///
    /// A dot leads to a field of a related record, such as `Account_Name.Account_Name` or
    /// `Owner.last_name`. A column without a dot has only the id of a related record. The column
    /// `id` is always added.
    pub fn fields<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        self.set(|kind| kind.query.fields = names)
    }

    /// Reads only the records that fulfil a condition: at most 25 comparisons.
    ///
    /// A record must fulfil both the condition and the [`view`](Self::view).
    pub fn filter(self, condition: Condition) -> Self {
        self.set(|kind| kind.condition = Some(condition))
    }

    /// Reads only the records of a custom view (`cvid`).
    ///
    /// Zoho does not offer the views of records that are shared by or with the user.
    pub fn view(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        let right = id.check().map(drop);
        self.map(|call| call.check(right)).set(|kind| kind.query.view = Some(id))
    }

    /// Begins with this page of 200,000 records, from 1. The default is 1.
    ///
    /// Prefer [`BulkResult::next_job`](super::BulkResult::next_job), which also finds the pages
    /// that numbers do not reach.
    pub fn page(self, page: u32) -> Self {
        self.set(|kind| {
            kind.query.page = Some(page);
            kind.part = page.max(1);
        })
    }

    /// Continues a chain of jobs (`next_page_token`), from v2.1 on. The other options of the query
    /// are not sent, because the token has them.
    ///
    /// Zoho's tokens are valid for 24 hours, and only for the user who created the first job.
    pub fn page_token(self, token: impl Into<String>) -> Self {
        let token = token.into();
        self.set(|kind| kind.query.page_token = Some(token))
    }

    /// Reads events as iCalendar files, up to 20,000 in a job. Use
    /// [`BulkResult::zip`](super::BulkResult::zip) to read the result.
    pub fn ics(self) -> Self {
        self.set(|kind| kind.query.ics = true)
    }

    /// Sends the status of the job to this address when it ends. Zoho does not sign the callback:
    /// use it only to check the job earlier.
    ///
    /// The address must begin with `https://` (or `http://`).
    pub fn callback(self, url: impl Into<String>) -> Self {
        let url = url.into();
        let right = callback::check(&url);
        let request = self.map(|call| call.check(right));
        request.set(|kind| kind.query.callback = Some(url))
    }
}

impl<T> Request<BulkRead<T>> {
    /// Returns the query that the request sends.
    pub(in crate::bulk) fn query(&self) -> Result<BulkQuery, Error> {
        let mut kind = self.kind.clone();
        let _ = kind.complete(&self.call)?;
        Ok(kind.query)
    }
}

impl<T> Clone for BulkRead<T> {
    fn clone(&self) -> Self {
        Self {
            records: self.records.clone(),
            query: self.query.clone(),
            condition: self.condition.clone(),
            part: self.part,
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for BulkRead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let module = escaped(self.records.module()).to_string();
        f.debug_struct("BulkRead").field("module", &module).finish_non_exhaustive()
    }
}

impl<T> Sealed for BulkRead<T> {}

impl<T: DeserializeOwned + Send + 'static> Kind for BulkRead<T> {
    type Output = BulkJob<T>;
    type Preview = http::Request<Bytes>;

    async fn execute(mut self, call: Call) -> Result<BulkJob<T>, Error> {
        let call = self.complete(&call)?;
        let records = self.records.with_api(call.api().clone());
        let created = records.api().clock().now();
        let job = call.send().await?.written("data", &[None])?.one()?;
        let handle =
            BulkJobHandle::new(job.id, records.module().to_owned(), self.part, self.query, created);
        Ok(BulkJob::new(records, handle))
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.clone().complete(call)?.preview()
    }
}
