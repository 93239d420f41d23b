//! The request of a bulk write.

use std::{fmt, io::Read};

use bytes::Bytes;
use futures_core::Stream;
use serde::Serialize;
use zcrm_core::{Error, escaped};

use super::{
    child::BulkChild,
    column::BulkColumn,
    jobs::BulkWriteJobs,
    options::{WriteTarget, target_setters},
    pack::Packer,
    send::send,
    source::Source,
};
use crate::{
    Call, Records,
    bulk::callback,
    check, operations,
    records::WriteAction,
    request::{Kind, Request, sealed::Sealed},
};

/// A [`Request`] kind that writes records in bulk: [`Records::bulk_write`]. It returns
/// [`BulkWriteJobs`].
///
/// The records are written to files without a name first, and checked by the metadata of the
/// module's fields: one record that does not fit is an error with its
/// [position](super::BulkRecordPosition) before anything is uploaded. Then all files are uploaded,
/// and only then are the jobs created, for 500 API credits each. So a failure up to there writes
/// nothing.
///
/// A job is never created twice: an error with the outcome [`Unknown`](zcrm_core::Outcome::Unknown)
/// says that it may exist. The request itself fails only if no job was created; see
/// [`BulkWriteJobs::failure`].
///
/// The upload names the organisation in the header `X-CRM-ORG`. The id is read by one call, which
/// needs the scope `ZohoCRM.org.READ`, and kept for all uploads of the client;
/// [`organisation`](Request::organisation) sets it instead.
///
/// If the future is dropped, the jobs that were created continue.
pub struct BulkWrite {
    target: WriteTarget,
    source: Option<Source>,
}

target_setters!(BulkWrite);

impl BulkWrite {
    pub(super) fn request<T>(records: &Records<T>) -> Request<Self> {
        let call = records.call_unpathed(&operations::BULK_WRITE_CREATE);
        let call = call.check(check::module(records.module()));
        Request::new(call, Self { target: WriteTarget::new(records.module()), source: None })
    }

    /// Checks the options, and returns the action.
    fn check(&self, call: &Call) -> Result<WriteAction, Error> {
        let action = self.target.check(call)?;
        if self.source.is_none() {
            return Err(Error::input(format!(
                "the bulk write of `{}` has no records: set `rows`, `stream` or `csv`",
                escaped(self.target.module())
            )));
        }
        Ok(action)
    }
}

impl Request<BulkWrite> {
    /// Writes children of the records in the same jobs.
    pub fn child(self, child: BulkChild) -> Self {
        self.set(|kind| kind.target.resources.push(child.0))
    }

    /// Writes the records of an iterator. It is read in a separate thread.
    pub fn rows<R, I>(self, rows: I) -> Self
    where
        R: Serialize,
        I: IntoIterator<Item = R, IntoIter: Send + 'static>,
    {
        let source = Source::rows(rows.into_iter());
        self.set(|kind| kind.source = Some(source))
    }

    /// Writes the records of a stream. Its first error ends the bulk write before anything is sent.
    pub fn stream<R, S>(self, rows: S) -> Self
    where
        R: Serialize + Send + 'static,
        S: Stream<Item = Result<R, Error>> + Send + 'static,
    {
        self.set(|kind| kind.source = Some(Source::stream(rows)))
    }

    /// Writes the rows of a CSV in UTF-8, whose first row has the API names of fields. It is read in
    /// a separate thread.
    pub fn csv(self, csv: impl Read + Send + 'static) -> Self {
        self.set(|kind| kind.source = Some(Source::csv(csv)))
    }

    /// Sends the status of each job to this address when it ends. Zoho does not sign the callback:
    /// use it only to check the job earlier.
    ///
    /// The address must begin with `https://` (or `http://`).
    pub fn callback(self, url: impl Into<String>) -> Self {
        let url = url.into();
        let right = callback::check(&url);
        self.map(|call| call.check(right)).set(|kind| kind.target.callback = Some(url))
    }
}

impl Sealed for BulkWrite {}

impl Kind for BulkWrite {
    type Output = BulkWriteJobs;
    type Preview = http::Request<Bytes>;

    async fn execute(mut self, call: Call) -> Result<BulkWriteJobs, Error> {
        let action = self.check(&call)?;
        let Some(source) = self.source.take() else {
            return Err(Error::input("the records of the bulk write were sent already"));
        };
        let layout = self.target.layout(&call, action, None).await?;
        let packed = source.pack(Packer::new(layout)).await?;
        send(&call, &self.target.settings(action), packed).await
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        self.check(call)?;
        Err(Error::input(
            "a bulk write cannot be previewed: its records are read when it is sent, and its jobs name \
             the files that were uploaded",
        ))
    }
}

impl fmt::Debug for BulkWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let module = escaped(self.target.module()).to_string();
        f.debug_struct("BulkWrite").field("module", &module).finish_non_exhaustive()
    }
}
