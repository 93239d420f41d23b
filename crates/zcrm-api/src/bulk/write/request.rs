//! The request of a bulk write.

use std::{fmt, io::Read, path::PathBuf};

use bytes::Bytes;
use futures_core::Stream;
use serde::Serialize;
use zcrm_core::{Error, ErrorKind, Id, escaped};

use super::{
    child::BulkChild,
    column::BulkColumn,
    jobs::BulkWriteJobs,
    pack::{Layout, MOST_ROWS, Packer},
    resource::{PARENT, Resource},
    send::{JobSettings, send},
    source::Source,
};
use crate::{
    Call, Records,
    bulk::callback,
    check,
    metadata::FieldInfo,
    operations,
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
    records: Records<()>,
    action: Option<WriteAction>,
    /// The module, followed by its children.
    resources: Vec<Resource>,
    ignore_empty: Option<bool>,
    source: Option<Source>,
    rows_per_job: u32,
    organisation: Option<Id>,
    callback: Option<String>,
    folder: Option<PathBuf>,
}

impl BulkWrite {
    pub(super) fn request<T>(records: &Records<T>) -> Request<Self> {
        let call = records.call_unpathed(&operations::BULK_WRITE_CREATE);
        let call = call.check(check::module(records.module()));
        let kind = Self {
            records: records.read_as(),
            action: None,
            resources: vec![Resource::new(records.module())],
            ignore_empty: None,
            source: None,
            rows_per_job: MOST_ROWS,
            organisation: None,
            callback: None,
            folder: None,
        };
        Request::new(call, kind)
    }

    /// Checks the options, and returns the action.
    fn check(&self, call: &Call) -> Result<WriteAction, Error> {
        call.must_be_right()?;
        let module = escaped(self.records.module());
        let action = self.action.ok_or_else(|| {
            Error::input(format!(
                "the bulk write of `{module}` has no action: set `create`, `update` or `upsert`"
            ))
        })?;
        for resource in &self.resources {
            check::module(&resource.module)?;
            resource.check(action)?;
        }
        if action != WriteAction::Create && self.ignore_empty.is_none() {
            return Err(Error::input(format!(
                "the bulk write of `{module}` must say what an empty value does: \
                 `ignore_empty(true)` leaves the field as it is, and `ignore_empty(false)`, which is \
                 Zoho's default, clears it"
            )));
        }
        if self.source.is_none() {
            return Err(Error::input(format!(
                "the bulk write of `{module}` has no records: set `rows`, `stream` or `csv`"
            )));
        }
        Ok(action)
    }
}

impl Request<BulkWrite> {
    /// Creates records. With [`by`](Self::by), those that exist already are skipped.
    pub fn create(self) -> Self {
        self.set(|kind| kind.action = Some(WriteAction::Create))
    }

    /// Updates records that exist. Needs [`by`](Self::by) and [`ignore_empty`](Self::ignore_empty).
    pub fn update(self) -> Self {
        self.set(|kind| kind.action = Some(WriteAction::Update))
    }

    /// Updates the records that exist and creates the others. Needs [`by`](Self::by) and
    /// [`ignore_empty`](Self::ignore_empty).
    pub fn upsert(self) -> Self {
        self.set(|kind| kind.action = Some(WriteAction::Upsert))
    }

    /// Sets the field that finds existing records: `id`, or a unique field. An empty value in it is
    /// an error before anything is sent.
    pub fn by(self, field: impl Into<String>) -> Self {
        let field = field.into();
        self.set(|kind| {
            if let Some(resource) = kind.resources.first_mut() {
                resource.by = Some(field);
            }
        })
    }

    /// Sets what an empty value or null does when a record is updated: `true` leaves the field as it
    /// is, `false` clears it.
    ///
    /// Zoho's default is to clear, so updates and upserts without this choice are refused. With
    /// `false`, a record that lacks a member that others have is refused, too.
    pub fn ignore_empty(self, ignore: bool) -> Self {
        self.set(|kind| kind.ignore_empty = Some(ignore))
    }

    /// Sets the columns: names of fields, or [`BulkColumn`]s. Other members are left out.
    ///
    /// By default the columns are the members of the first record or the headers of the CSV, and a
    /// later record with another member is refused.
    pub fn columns<C: Into<BulkColumn>>(self, columns: impl IntoIterator<Item = C>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect();
        self.set(|kind| {
            if let Some(resource) = kind.resources.first_mut() {
                resource.columns = columns;
            }
        })
    }

    /// Writes children of the records in the same jobs.
    pub fn child(self, child: BulkChild) -> Self {
        self.set(|kind| kind.resources.push(child.0))
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

    /// Sets the maximum number of records in a job, from 1 to 25,000. The default is 25,000.
    pub fn rows_per_job(self, rows: u32) -> Self {
        let right = check::in_range("rows_per_job", rows.into(), MOST_ROWS.into());
        self.map(|call| call.check(right)).set(|kind| kind.rows_per_job = rows)
    }

    /// Sets the id of the organisation (`zgid`) for the uploads, which is read by default.
    pub fn organisation(self, zgid: impl Into<Id>) -> Self {
        let zgid = zgid.into();
        self.set(|kind| kind.organisation = Some(zgid))
    }

    /// Sends the status of each job to this address when it ends. Zoho does not sign the callback:
    /// use it only to check the job earlier.
    ///
    /// The address must begin with `https://` (or `http://`).
    pub fn callback(self, url: impl Into<String>) -> Self {
        let url = url.into();
        let right = callback::check(&url);
        self.map(|call| call.check(right)).set(|kind| kind.callback = Some(url))
    }

    /// Writes the files to this folder. The default is the system's folder of temporary files.
    ///
    /// They have no names there: only this process can read them, and they vanish when they were
    /// uploaded, and when the process is killed.
    pub fn temporary_folder(self, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        self.set(|kind| kind.folder = Some(folder))
    }
}

/// Reads the fields of a module. Those of a subform are not always available.
async fn fields(call: &Call, resource: &Resource) -> Result<Vec<FieldInfo>, Error> {
    let list = call.api().module(resource.module.clone()).fields().list();
    match list.map(|new| new.with_settings_of(call)).all().await {
        Err(error)
            if resource.child.as_ref().is_some_and(|child| child.lookup == PARENT)
                && [ErrorKind::Api, ErrorKind::NotFound].contains(&error.kind()) =>
        {
            Ok(Vec::new())
        }
        fields => fields,
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
        let mut known = Vec::with_capacity(self.resources.len());
        for resource in &self.resources {
            known.push(fields(&call, resource).await?);
        }
        let updates = action != WriteAction::Create;
        let layout = Layout {
            action,
            resources: self.resources.clone(),
            fields: known,
            refuses_missing: updates && self.ignore_empty == Some(false),
            rows_per_part: self.rows_per_job,
            folder: self.folder.clone(),
        };
        let packed = source.pack(Packer::new(layout)).await?;
        let settings = JobSettings {
            action,
            resources: self.resources,
            ignore_empty: self.ignore_empty,
            callback: self.callback,
            organisation: self.organisation,
            folder: self.folder,
        };
        send(&call, &settings, packed).await
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
        let module = escaped(self.records.module()).to_string();
        f.debug_struct("BulkWrite").field("module", &module).finish_non_exhaustive()
    }
}
