//! A handle to one record.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    ConvertLead, DeleteRecord, GetRecord, Records, Rows, Update, WriteRecord, target::Target,
};
use crate::{related::Parent, request::Request};

/// A handle to one record: [`Api::record`](crate::Api::record) and [`Records::record`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let lead = api.record("Leads", "3652397000000649013");
/// let before = lead.get().await?;
/// lead.update(&Record::new().with("City", "Chennai")).trigger([]).await?;
/// lead.delete().await?;
/// # let _ = before;
/// # Ok(())
/// # }
/// ```
pub struct RecordHandle<T> {
    records: Records<T>,
    target: Target,
}

impl<T> RecordHandle<T> {
    pub(super) fn new(records: Records<T>, target: Target) -> Self {
        Self { records, target }
    }

    /// Returns the record as the parent of its notes, attachments and related records.
    pub(crate) fn parent(&self) -> Parent {
        Parent::new(self.records.api.clone(), self.records.module.clone(), self.target.clone())
    }

    /// Updates the record. Fields that `change` does not name are left unchanged.
    pub fn update(&self, change: &impl Serialize) -> Request<WriteRecord<Update>> {
        WriteRecord::update(&self.records, &self.target, change)
    }

    /// Moves the record to the recycle bin.
    pub fn delete(&self) -> Request<DeleteRecord> {
        DeleteRecord::request(&self.records, &self.target)
    }

    /// Returns the rows of a subform or of another field with rows.
    #[must_use]
    pub fn rows(&self, field: impl Into<String>) -> Rows {
        Rows::new(self.records.untyped(), self.target.clone(), field.into())
    }

    /// Converts the lead to a contact, with an account and a deal if requested.
    pub fn convert(&self) -> Request<ConvertLead> {
        ConvertLead::request(&self.records, &self.target)
    }
}

impl<T: DeserializeOwned + Send + 'static> RecordHandle<T> {
    /// Reads the record.
    pub fn get(&self) -> Request<GetRecord<T>> {
        GetRecord::request(&self.records, &self.target)
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
