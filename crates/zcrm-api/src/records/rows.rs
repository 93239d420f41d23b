//! The rows of subforms, multi-select lookups and line items.

use bytes::Bytes;
use serde::Serialize;
use zcrm_core::{ApiVersion, Error, ErrorKind, Id, Outcome, Record, Reply, Timestamp, Written};

use super::{Records, WriteRecord, target::Target};
use crate::{
    Call, check, operations,
    request::{Kind, Request, SingleCall, sealed::Sealed},
};

/// The rows of a field of one record: a subform, a multi-select lookup or line items. See
/// [`RecordHandle::rows`](super::RecordHandle::rows).
///
/// Each change has the same effect in every API version. If a change needs it, the record is read
/// first and written only if it was not changed in between. Otherwise the error is of kind
/// [`Conflict`](zcrm_core::ErrorKind::Conflict), and the change can be tried again. Zoho's times
/// have a resolution of one second: a change within the same second as the last one is not
/// detected.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let visits = api.record("Leads", "3652397000000649013").rows("Visits");
/// visits.create(&Record::new().with("City", "Chennai")).await?;
/// let all = visits.get().await?;
/// if let Some(first) = all.first().and_then(Record::id) {
///     visits.delete(first).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Rows {
    records: Records<()>,
    target: Target,
    field: String,
}

impl Rows {
    pub(super) fn new(records: Records<()>, target: Target, field: String) -> Self {
        Self { records, target, field }
    }

    /// Reads the rows.
    pub fn get(&self) -> Request<GetRows> {
        Request::new(self.read_call(), GetRows { rows: self.clone() })
    }

    /// Appends a row.
    pub fn create(&self, row: &impl Serialize) -> Request<ChangeRows> {
        self.create_many([row])
    }

    /// Appends rows. For an empty list nothing is sent, and the request returns `None`.
    pub fn create_many<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
    ) -> Request<ChangeRows> {
        let mut added = Record::new();
        let added =
            added.append_rows(self.field(), rows).and_then(|()| added.subform(self.field()));
        self.change(added.map(RowChange::Append))
    }

    /// Replaces all rows.
    pub fn replace_all<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
    ) -> Request<ChangeRows> {
        let rows = rows.into_iter().enumerate().map(|(at, row)| check::row(at, &row));
        self.change(rows.collect::<Result<_, _>>().map(RowChange::Replace))
    }

    /// Deletes a row.
    pub fn delete(&self, id: impl Into<Id>) -> Request<ChangeRows> {
        self.delete_many([id])
    }

    /// Deletes rows. For an empty list nothing is sent, and the request returns `None`.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<ChangeRows> {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        let wrong = ids.iter().find_map(|id| id.check().err());
        self.change(wrong.map_or(Ok(RowChange::Delete(ids)), Err))
    }

    fn change(&self, change: Result<RowChange, Error>) -> Request<ChangeRows> {
        let (call, change) = match change {
            Ok(change) if self.is_one_write(&change) => (self.write_call(), change),
            Ok(change) => (self.read_call(), change),
            Err(mistake) => (self.read_call().fail(mistake), RowChange::Delete(Vec::new())),
        };
        Request::new(call, ChangeRows { rows: self.clone(), change })
    }

    /// Returns `true` if the record need not be read first. From v5 on a write keeps rows that it
    /// does not name.
    fn is_one_write(&self, change: &RowChange) -> bool {
        matches!(change, RowChange::Append(_)) && self.records.api.version() >= ApiVersion::V5
    }

    /// Returns the field's name in the API version.
    fn field(&self) -> &str {
        self.records.api.version().field_name(self.records.module(), &self.field)
    }

    fn must_have_field(&self, record: &Record) -> Result<(), Error> {
        if record.contains(self.field()) {
            return Ok(());
        }
        Err(Error::input(format!(
            "the record has no field `{}`: write the API name of a subform",
            self.field.escape_debug()
        )))
    }

    fn read_call(&self) -> Call {
        let names = format!("Modified_Time,{}", self.field());
        self.target.call(&self.records, &operations::GET).param("fields", names)
    }

    fn write_call(&self) -> Call {
        self.target.call_without_header(&self.records, &operations::UPDATE_ONE)
    }
}

/// A [`Request`] kind that reads the rows of a field: [`Rows::get`].
#[derive(Clone, Debug)]
pub struct GetRows {
    rows: Rows,
}

impl Sealed for GetRows {}

impl SingleCall for GetRows {
    type Answer = Vec<Record>;

    fn read(self, reply: &Reply) -> Result<Vec<Record>, Error> {
        let record: Record = reply.object("data")?;
        self.rows.must_have_field(&record)?;
        record.subform(self.rows.field())
    }
}

/// A [`Request`] kind that changes the rows of a field of a record. It returns `None` if there was
/// nothing to send.
///
/// If the record is read first, the [preview](Request::preview) shows this read. Parameters,
/// headers and limits apply to both the read and the write. If the future is dropped between the
/// two, nothing was changed.
#[derive(Clone, Debug)]
pub struct ChangeRows {
    rows: Rows,
    change: RowChange,
}

#[derive(Clone, Debug)]
enum RowChange {
    Append(Vec<Record>),
    Replace(Vec<Record>),
    Delete(Vec<Id>),
}

impl RowChange {
    fn is_empty(&self) -> bool {
        match self {
            Self::Append(rows) => rows.is_empty(),
            // replacing all rows by none deletes them
            Self::Replace(_) => false,
            Self::Delete(ids) => ids.is_empty(),
        }
    }

    fn apply(self, record: &mut Record, field: &str) -> Result<(), Error> {
        match self {
            Self::Append(rows) => record.append_rows(field, rows),
            Self::Replace(rows) => record.replace_rows(field, rows),
            Self::Delete(ids) => record.delete_rows(field, ids),
        }
    }
}

impl ChangeRows {
    /// Completes the call of a change that is one write, which is sent as a part of another call.
    pub(crate) fn one_call(&self, call: Call) -> Result<Call, Error> {
        call.must_be_right()?;
        if self.change.is_empty() {
            return Err(Error::input("the list of rows is empty, so no part can be sent"));
        }
        if !self.rows.is_one_write(&self.change) {
            return Err(Error::input(
                "this change of rows reads the record before it writes it, so it is not one call",
            ));
        }
        let mut record = Record::new();
        self.change.clone().apply(&mut record, self.rows.field())?;
        let Request { call, mut kind } = write_of(&self.rows, &record, &call);
        kind.complete(call)
    }

    /// Reads the response to [`one_call`](Self::one_call).
    pub(crate) fn read_one(self, reply: &Reply) -> Result<Option<Written>, Error> {
        reply.written("data", &[self.rows.target.id().cloned()])?.one().map(Some)
    }
}

impl Sealed for ChangeRows {}

impl Kind for ChangeRows {
    type Output = Option<Written>;
    type Preview = http::Request<Bytes>;

    async fn execute(self, call: Call) -> Result<Option<Written>, Error> {
        if self.change.is_empty() {
            return call.must_be_right().map(|()| None);
        }
        let Self { rows, change } = self;
        if rows.is_one_write(&change) {
            let mut record = Record::new();
            change.apply(&mut record, rows.field())?;
            return write(&rows, &record, None, &call).await.map(Some);
        }
        let mut record: Record = call.clone().send().await?.object("data")?;
        let Some(since) = record.timestamp("Modified_Time")? else {
            let message = "the record has no `Modified_Time`, so this change of rows might overwrite a \
                           concurrent one: nothing was written";
            return Err(Error::new(ErrorKind::Decode, Outcome::NotSent, message));
        };
        rows.must_have_field(&record)?;
        change.apply(&mut record, rows.field())?;
        record.remove("Modified_Time");
        write(&rows, &record, Some(since), &call).await.map(Some)
    }

    fn show(&self, call: &Call) -> Result<Self::Preview, Error> {
        if self.change.is_empty() {
            return call
                .must_be_right()
                .and_then(|()| Err(check::no_request("the list of rows is empty")));
        }
        if self.rows.is_one_write(&self.change) {
            let mut record = Record::new();
            self.change.clone().apply(&mut record, self.rows.field())?;
            call.must_be_right()?;
            return write_of(&self.rows, &record, call).preview();
        }
        call.preview()
    }
}

fn write_of(rows: &Rows, change: &Record, call: &Call) -> Request<WriteRecord<super::Update>> {
    let write = WriteRecord::update(&rows.records, &rows.target, change);
    write.map(|new| new.with_settings_of(call))
}

async fn write(
    rows: &Rows,
    change: &Record,
    since: Option<Timestamp>,
    call: &Call,
) -> Result<Written, Error> {
    call.must_be_right()?;
    let write = write_of(rows, change, call);
    match since {
        Some(since) => write.if_unmodified_since(since).send().await,
        None => write.send().await,
    }
}
