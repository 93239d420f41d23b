//! One record, by its id or by an external one.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{
    ApiVersion, Error, ErrorKind, Id, Operation, Outcome, Record, RequestBuilder, Timestamp,
    Written,
};

use super::{ConvertLead, DeleteRecord, GetRecord, Records, WriteRecord, external};
use crate::{operations, related::Parent};

/// One record: [`Api::record`](crate::Api::record) and [`Records::record`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let lead = api.record("Leads", "3652397000000649013");
/// let before = lead.get().send().await?;
/// lead.update(&Record::new().with("City", "Chennai")).trigger([]).send().await?;
/// lead.delete().send().await?;
/// # let _ = before;
/// # Ok(())
/// # }
/// ```
pub struct RecordHandle<T> {
    records: Records<T>,
    target: Target,
}

/// What stands for a record in a path.
#[derive(Clone)]
pub(crate) enum Target {
    Id(Id),
    /// The value of a field that holds the ids of another system.
    External {
        field: String,
        value: String,
    },
}

impl Target {
    /// Zoho's id, where that is known.
    pub(crate) fn id(&self) -> Option<&Id> {
        match self {
            Self::Id(id) => Some(id),
            Self::External { .. } => None,
        }
    }

    /// The value that stands in the path.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::External { value, .. } => value,
        }
    }

    /// The header that an id of another system needs.
    pub(crate) fn external(&self, module: &str) -> Option<Result<(&'static str, String), Error>> {
        match self {
            Self::Id(_) => None,
            Self::External { field, .. } => {
                Some(external::header(module, &[field]).map(|value| (external::HEADER, value)))
            }
        }
    }

    /// Begins a request of an operation on it.
    pub(super) fn request<T>(
        &self,
        records: &Records<T>,
        operation: &Operation,
    ) -> Result<RequestBuilder, Error> {
        let request = self.request_without_header(records, operation)?;
        match self {
            Self::Id(_) => Ok(request),
            Self::External { field, .. } => {
                let value = external::header(records.module(), &[field])?;
                Ok(request.header(external::HEADER, value))
            }
        }
    }

    /// The same, for a call that says itself which external fields it takes.
    pub(super) fn request_without_header<T>(
        &self,
        records: &Records<T>,
        operation: &Operation,
    ) -> Result<RequestBuilder, Error> {
        let request = records.request(operation)?;
        Ok(match self {
            Self::Id(id) => request.path_id("id", id),
            Self::External { value, .. } => request.path("id", value),
        })
    }
}

/// Shows the id, and no external one: those are somebody else's data.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.debug_tuple("Id").field(id).finish(),
            Self::External { field, .. } => {
                f.debug_struct("External").field("field", field).finish_non_exhaustive()
            }
        }
    }
}

impl<T> RecordHandle<T> {
    pub(super) fn new(records: Records<T>, target: Target) -> Self {
        Self { records, target }
    }

    /// What belongs to the record hangs on this.
    pub(crate) fn parent(&self) -> Parent {
        Parent::new(self.records.api.clone(), self.records.module.clone(), self.target.clone())
    }

    /// Changes the record: fields that `change` does not name stay as they are.
    pub fn update(&self, change: &impl Serialize) -> WriteRecord {
        WriteRecord::update(self.records.untyped(), self.target.clone(), change)
    }

    /// Moves the record to the recycle bin.
    pub fn delete(&self) -> DeleteRecord {
        DeleteRecord::new(self.records.untyped(), self.target.clone())
    }

    /// The rows of one of its subforms, or of another field that has rows.
    #[must_use]
    pub fn rows(&self, field: impl Into<String>) -> Rows {
        Rows { records: self.records.untyped(), target: self.target.clone(), field: field.into() }
    }

    /// Makes a contact of the lead, with an account and a deal where that is wanted.
    pub fn convert(&self) -> ConvertLead {
        ConvertLead::new(self.records.untyped(), self.target.clone())
    }
}

impl<T: DeserializeOwned + Send + 'static> RecordHandle<T> {
    /// Reads the record.
    pub fn get(&self) -> GetRecord<T> {
        GetRecord::new(self.records.clone(), self.target.clone())
    }
}

impl<T> Clone for RecordHandle<T> {
    fn clone(&self) -> Self {
        Self::new(self.records.clone(), self.target.clone())
    }
}

impl<T> fmt::Debug for RecordHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordHandle")
            .field("records", &self.records)
            .field("target", &self.target)
            .finish()
    }
}

/// The rows of a subform, a multi-select lookup or the line items of one record:
/// [`RecordHandle::rows`].
///
/// Each change means the same in every version. Where that takes it, the record is read first and
/// written only if nobody has changed it since; else the error is of kind
/// [`Conflict`](zcrm_core::ErrorKind::Conflict), and the change can be made again. Zoho tells times
/// to the second: a change within the second of the last one is not seen.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let visits = api.record("Leads", "3652397000000649013").rows("Visits");
/// visits.append([Record::new().with("City", "Chennai")]).await?;
/// let all = visits.get().await?;
/// let first = all.first().and_then(Record::id);
/// visits.delete(first).await?;
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
    /// The rows that stand there.
    ///
    /// # Errors
    /// As [`GetRecord::send`].
    pub async fn get(&self) -> Result<Vec<Record>, Error> {
        let record = self.read().await?;
        self.must_have_field(&record)?;
        record.subform(self.field())
    }

    /// Adds rows behind those that stand there. Of an empty list nothing is sent, and `None` comes back.
    ///
    /// # Errors
    /// As [`Record::append_rows`] and [`WriteRecord::send`].
    pub async fn append<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Option<Written>, Error> {
        let mut added = Record::new();
        added.append_rows(self.field(), rows)?;
        let rows = added.subform(self.field())?;
        if rows.is_empty() {
            return Ok(None);
        }
        if self.unmentioned_rows_stay() {
            return self.write(&added, None).await.map(Some);
        }
        self.change(|record, field| record.append_rows(field, rows)).await.map(Some)
    }

    /// Puts rows in the place of all that stand there.
    ///
    /// # Errors
    /// As [`Record::replace_rows`] and [`WriteRecord::send`].
    pub async fn replace<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Written, Error> {
        self.change(|record, field| record.replace_rows(field, rows)).await
    }

    /// Takes rows away, by their ids. Of an empty list nothing is sent, and `None` comes back.
    ///
    /// # Errors
    /// As [`Record::delete_rows`] and [`WriteRecord::send`].
    pub async fn delete<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<Option<Written>, Error> {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        if ids.is_empty() {
            return Ok(None);
        }
        self.change(|record, field| record.delete_rows(field, ids)).await.map(Some)
    }

    fn unmentioned_rows_stay(&self) -> bool {
        self.records.api.version() >= ApiVersion::V5
    }

    /// The field's name in the version that is used.
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

    async fn read(&self) -> Result<Record, Error> {
        let names = format!("Modified_Time,{}", self.field());
        let request = self.target.request(&self.records, &operations::GET)?.query("fields", names);
        self.records.api.send(request).await?.object("data")
    }

    async fn change(
        &self,
        change: impl FnOnce(&mut Record, &str) -> Result<(), Error>,
    ) -> Result<Written, Error> {
        let mut record = self.read().await?;
        let Some(since) = record.timestamp("Modified_Time")? else {
            let message = "the record does not tell its `Modified_Time`, without which a change of \
                           rows might undo somebody else's: nothing was written";
            return Err(Error::new(ErrorKind::Decode, Outcome::NotSent, message));
        };
        self.must_have_field(&record)?;
        change(&mut record, self.field())?;
        record.remove("Modified_Time");
        self.write(&record, Some(since)).await
    }

    async fn write(&self, change: &Record, since: Option<Timestamp>) -> Result<Written, Error> {
        let write = WriteRecord::update(self.records.clone(), self.target.clone(), change);
        match since {
            Some(since) => write.if_unmodified_since(since).send().await,
            None => write.send().await,
        }
    }
}
