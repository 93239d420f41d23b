//! The methods for reading and writing the records of a module.

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Id, Module, ModuleName, Record};

use super::{
    Create, DeleteRecord, DeleteRecords, GetRecord, RecordHandle, Records, Update, Upsert,
    WriteRecord, WriteRecords, target::Target,
};
use crate::{Api, operations, request::Request};

impl Api {
    /// Returns a handle to the records of a module, given by its API name. They are read as
    /// [`Record`]s.
    #[must_use]
    pub fn records(&self, module: impl Into<ModuleName>) -> Records<Record> {
        Records::new(self.clone(), module.into(), &[])
    }

    /// Returns a handle to the records of a module, read as the caller's own type.
    #[must_use]
    pub fn records_of<M: Module>(&self) -> Records<M> {
        Records::new(self.clone(), ModuleName::from_static(M::API_NAME), M::FIELDS)
    }

    /// Returns a handle to one record of a module.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let lead = api.record("Leads", "3652397000000649013").get().await?;
    /// # let _ = lead;
    /// # Ok(())
    /// # }
    /// ```
    pub fn record(&self, module: impl Into<ModuleName>, id: impl Into<Id>) -> RecordHandle<Record> {
        self.records(module).record(id)
    }
}

impl<T> Records<T> {
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
