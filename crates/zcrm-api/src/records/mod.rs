//! Records of a module.

mod columns;
mod convert;
mod cursor;
mod delete;
mod deleted;
mod external;
mod handle;
mod list;
mod query;
mod read;
mod stream;
mod without_id;
mod write;

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Error, Id, ModuleName, Operation, RequestBuilder, Written};

pub use convert::{ConvertLead, Converted};
pub use cursor::Cursor;
pub use delete::{DeleteRecord, DeleteRecords};
pub use deleted::{DeletedKind, DeletedRecord, ListDeleted};
pub use handle::{RecordHandle, Rows};
pub use list::{Include, ListRecords, SearchRecords, SortOrder};
pub use read::GetRecord;
pub use stream::{Collected, RecordStream};
pub use write::{Trigger, WriteRecord, WriteRecords};

pub(crate) use handle::Target;

use crate::{Api, Criteria, check, operations};

/// The records of one module, as `T`: a [`Record`](zcrm_core::Record) or a struct of the caller's.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let leads = api.records("Leads");
/// let lead = Record::new().with("Last_Name", "Boyle").with("Company", "Zylker");
/// let id = leads.create_one(&lead).await?.id;
/// let same = leads.get(id).send().await?;
/// # let _ = same;
/// # Ok(())
/// # }
/// ```
pub struct Records<T> {
    api: Api,
    module: ModuleName,
    /// What a typed module reads; empty for dynamic records.
    fields: &'static [&'static str],
    of: PhantomData<fn() -> T>,
}

impl<T> Records<T> {
    pub(crate) fn new(api: Api, module: ModuleName, fields: &'static [&'static str]) -> Self {
        Self { api, module, fields, of: PhantomData }
    }

    /// The module's API name.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Begins a request of this module.
    fn request(&self, operation: &Operation) -> Result<RequestBuilder, Error> {
        check::module(&self.module)?;
        Ok(operation.request(self.api.version()).path("module", &self.module))
    }

    /// Writes new records, 100 a call. One that holds an `id` exists already, and is refused before
    /// anything is sent. See [`WriteRecords`].
    pub fn create<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> WriteRecords {
        WriteRecords::new(self.untyped(), &operations::CREATE, records)
    }

    /// Writes one new record.
    ///
    /// # Errors
    /// Of kind [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused it, and as
    /// [`WriteRecords::send`].
    pub async fn create_one(&self, record: &impl Serialize) -> Result<Written, Error> {
        write::one(self.create([record])).await
    }

    /// Changes records, 100 a call. Each must hold its `id`; fields that it does not name stay as
    /// they are. See [`WriteRecords`].
    pub fn update<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> WriteRecords {
        WriteRecords::new(self.untyped(), &operations::UPDATE, records)
    }

    /// Changes one record.
    ///
    /// # Errors
    /// Of kind [`Api`](zcrm_core::ErrorKind::Api) where Zoho refused it, and as
    /// [`WriteRecords::send`].
    pub async fn update_one(
        &self,
        id: impl Into<Id>,
        change: &impl Serialize,
    ) -> Result<Written, Error> {
        self.record(id).update(change).send().await
    }

    /// Sets one field of many records to one value, 100 a call.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let leads = api.records("Leads");
    /// leads.mass_update(["1", "2"], "Lead_Status", "Contacted").send().await?.all()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn mass_update<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
        field: &str,
        value: impl Serialize,
    ) -> WriteRecords {
        WriteRecords::mass_update(self.untyped(), ids.into_iter().map(Into::into), field, &value)
    }

    /// Changes the records that are there and writes those that are not, 100 a call. Name the
    /// fields that tell which is which by
    /// [`duplicate_check`](WriteRecords::duplicate_check).
    pub fn upsert<R: Serialize>(&self, records: impl IntoIterator<Item = R>) -> WriteRecords {
        WriteRecords::new(self.untyped(), &operations::UPSERT, records)
    }

    /// Moves records to the recycle bin, 100 a call.
    pub fn delete<I: Into<Id>>(&self, ids: impl IntoIterator<Item = I>) -> DeleteRecords {
        DeleteRecords::new(self.untyped(), ids.into_iter().map(Into::into).collect())
    }

    /// Moves one record to the recycle bin.
    ///
    /// # Errors
    /// As [`DeleteRecord::send`].
    pub async fn delete_one(&self, id: impl Into<Id>) -> Result<Written, Error> {
        self.record(id).delete().send().await
    }

    /// One record, by its id.
    pub fn record(&self, id: impl Into<Id>) -> RecordHandle<T> {
        RecordHandle::new(self.clone(), Target::Id(id.into()))
    }

    /// One record, by the value of a field that holds the ids of another system (`X-EXTERNAL`).
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let lead = api.records("Leads").record_by_external("Shop_Id", "A/1017").get().send().await?;
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

    /// Reads what is left of deleted records; see [`ListDeleted`].
    pub fn deleted(&self) -> ListDeleted {
        ListDeleted::new(Records::new(self.api.clone(), self.module.clone(), &[]))
    }

    fn untyped(&self) -> Records<()> {
        Records::new(self.api.clone(), self.module.clone(), self.fields)
    }
}

impl<T: DeserializeOwned + Send + 'static> Records<T> {
    /// Reads one record.
    pub fn get(&self, id: impl Into<Id>) -> GetRecord<T> {
        self.record(id).get()
    }

    /// Reads the records of the module: a page, or a stream of all.
    pub fn list(&self) -> ListRecords<T> {
        ListRecords::new(self.clone())
    }

    /// Finds records. The index lags behind writes by seconds, and ends at 2,000 records.
    pub fn search(&self, criteria: Criteria) -> SearchRecords<T> {
        SearchRecords::by_criteria(self.clone(), criteria)
    }

    /// Finds records that have this word in one of their fields.
    pub fn search_word(&self, word: &str) -> SearchRecords<T> {
        SearchRecords::by(self.clone(), "word", word)
    }

    /// Finds records that have this address in one of their e-mail fields.
    pub fn search_email(&self, address: &str) -> SearchRecords<T> {
        SearchRecords::by(self.clone(), "email", address)
    }

    /// Finds records that have this number in one of their phone fields.
    pub fn search_phone(&self, number: &str) -> SearchRecords<T> {
        SearchRecords::by(self.clone(), "phone", number)
    }

    /// Goes on with a stream where a page's error broke it off; see [`Cursor`].
    ///
    /// # Errors
    /// Of kind [`Input`](zcrm_core::ErrorKind::Input) where the cursor is of another module.
    pub fn resume(&self, cursor: Cursor) -> Result<RecordStream<T>, Error> {
        RecordStream::resume(self.clone(), cursor)
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
