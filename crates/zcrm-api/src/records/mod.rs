//! Records of modules: reads, lists, searches, writes, deletions and conversions.

mod convert;
mod delete;
mod deleted;
mod external;
mod handle;
mod list;
mod list_source;
mod many;
mod options;
mod read;
mod row;
mod rows;
mod without_id;
mod write;

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Id, ModuleName, Operation};

pub use convert::{ConvertLead, Converted};
pub use delete::{DeleteRecord, DeleteRecords, Deletion};
pub use deleted::{DeletedKind, DeletedRecord};
pub use handle::RecordHandle;
pub use list::{Include, SortOrder};
pub use list_source::{AllRecords, Deleted, Found, RecordQuery};
pub use options::{ChangesRecords, RecordWrite, Trigger, Upserts, WriteOptions};
pub use read::{GetIfModified, GetRecord};
pub use rows::{ChangeRows, GetRows, Rows};
pub use write::{Create, Update, Upsert, Verb, WriteAction, WriteRecord, WriteRecords};

pub(crate) use handle::Target;

use crate::{Api, Call, check, operations, request::Request};

/// The records of one module, read as `T`: [`Record`](zcrm_core::Record) or the caller's own type.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let leads = api.records("Leads");
/// let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
/// let made = leads.create(&lead).await?;
/// println!("{:?}", made.id);
/// let same = leads.get("3652397000000649013").await?;
/// # let _ = same;
/// # Ok(())
/// # }
/// ```
pub struct Records<T> {
    api: Api,
    module: ModuleName,
    /// The fields that a typed module reads; empty for dynamic records.
    fields: &'static [&'static str],
    of: PhantomData<fn() -> T>,
}

impl<T> Records<T> {
    pub(crate) fn new(api: Api, module: ModuleName, fields: &'static [&'static str]) -> Self {
        Self { api, module, fields, of: PhantomData }
    }

    /// Returns the module's API name.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Begins a call of an operation on this module.
    pub(crate) fn call(&self, operation: &Operation) -> Call {
        let call = self.api.call(operation).check(check::module(&self.module));
        call.path("module", &self.module)
    }

    /// Begins a call of an operation whose path does not name the module.
    fn call_unpathed(&self, operation: &Operation) -> Call {
        self.api.call(operation)
    }

    /// Creates a record. A record with an `id` is refused before anything is sent.
    pub fn create(&self, record: &impl Serialize) -> Request<WriteRecord<Create>> {
        WriteRecord::new(self, &operations::CREATE, record)
    }

    /// Creates records, 100 per call. A record with an `id` is refused before anything is sent.
    pub fn create_many<R: Serialize>(
        &self,
        records: impl IntoIterator<Item = R>,
    ) -> Request<WriteRecords<Create>> {
        WriteRecords::request(self, &operations::CREATE, records)
    }

    /// Updates a record. Fields that `change` does not name are left unchanged.
    pub fn update(
        &self,
        id: impl Into<Id>,
        change: &impl Serialize,
    ) -> Request<WriteRecord<Update>> {
        self.record(id).update(change)
    }

    /// Updates records, 100 per call. Each must have its `id`. Fields that a record does not name
    /// are left unchanged.
    pub fn update_many<R: Serialize>(
        &self,
        records: impl IntoIterator<Item = R>,
    ) -> Request<WriteRecords<Update>> {
        WriteRecords::request(self, &operations::UPDATE, records)
    }

    /// Sets one field of many records to the same value, 100 per call.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let leads = api.records("Leads");
    /// leads.mass_update(["1", "2"], "Lead_Status", "Contacted").await?.all()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn mass_update<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
        field: &str,
        value: impl Serialize,
    ) -> Request<WriteRecords<Update>> {
        WriteRecords::mass_update(self, ids.into_iter().map(Into::into), field, &value)
    }

    /// Updates the record if it exists, otherwise creates it. Use [`by`](Request::by) to name the
    /// fields that identify it.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// use zcrm_core::Record;
    ///
    /// let lead = Record::new().with("Last_Name", "Boyle").with("Email", "patricia@example.com");
    /// let done = api.records("Leads").upsert(&lead).by("Email").trigger([]).await?;
    /// println!("{:?}", done.action);
    /// # Ok(())
    /// # }
    /// ```
    pub fn upsert(&self, record: &impl Serialize) -> Request<WriteRecord<Upsert>> {
        WriteRecord::new(self, &operations::UPSERT, record)
    }

    /// Updates the records that exist and creates the others, 100 per call. Use [`by`](Request::by)
    /// to name the fields that identify them.
    pub fn upsert_many<R: Serialize>(
        &self,
        records: impl IntoIterator<Item = R>,
    ) -> Request<WriteRecords<Upsert>> {
        WriteRecords::request(self, &operations::UPSERT, records)
    }

    /// Moves a record to the recycle bin.
    pub fn delete(&self, id: impl Into<Id>) -> Request<DeleteRecord> {
        self.record(id).delete()
    }

    /// Moves records to the recycle bin, 100 per call.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<DeleteRecords> {
        DeleteRecords::request(self, ids.into_iter().map(Into::into).collect())
    }

    fn untyped(&self) -> Records<()> {
        Records::new(self.api.clone(), self.module.clone(), self.fields)
    }

    /// Returns a handle to one record, by its id.
    pub fn record(&self, id: impl Into<Id>) -> RecordHandle<T> {
        RecordHandle::new(self.clone(), Target::Id(id.into()))
    }

    /// Returns a handle to one record, by the value of a field that holds ids of another system
    /// (`X-EXTERNAL`).
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let lead = api.records("Leads").record_by_external("Shop_Id", "A/1017").get().await?;
    /// # let _ = lead;
    /// # Ok(())
    /// # }
    /// ```
    pub fn record_by_external(
        &self,
        field: impl Into<String>,
        value: impl Into<String>,
    ) -> RecordHandle<T> {
        let target = Target::External { field: field.into(), value: value.into() };
        RecordHandle::new(self.clone(), target)
    }
}

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Reads one record.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetRecord<T>> {
        self.record(id).get()
    }
}

impl<T> Clone for Records<T> {
    fn clone(&self) -> Self {
        Self::new(self.api.clone(), self.module.clone(), self.fields)
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("module", &self.module).finish_non_exhaustive()
    }
}
