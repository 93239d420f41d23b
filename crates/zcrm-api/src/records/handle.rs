//! A handle to one record.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Error, Id, Operation};

use super::{ConvertLead, DeleteRecord, GetRecord, Records, Rows, Update, WriteRecord, external};
use crate::{Call, related::Parent, request::Request};

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

/// The reference to a record in a path.
#[derive(Clone)]
pub(crate) enum Target {
    Id(Id),
    /// The value of an external field, which holds the ids of another system.
    External {
        field: String,
        value: String,
    },
}

impl Target {
    /// Returns Zoho's id, if it is known.
    pub(crate) fn id(&self) -> Option<&Id> {
        match self {
            Self::Id(id) => Some(id),
            Self::External { .. } => None,
        }
    }

    /// Returns the value in the path.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::External { value, .. } => value,
        }
    }

    /// Returns the header for an id of another system.
    pub(crate) fn external(&self, module: &str) -> Option<Result<(&'static str, String), Error>> {
        match self {
            Self::Id(_) => None,
            Self::External { field, .. } => {
                Some(external::header(module, &[field]).map(|value| (external::HEADER, value)))
            }
        }
    }

    /// Begins a call of an operation on the record.
    pub(super) fn call<T>(&self, records: &Records<T>, operation: &Operation) -> Call {
        let call = self.call_without_header(records, operation);
        match self {
            Self::Id(_) => call,
            Self::External { field, .. } => match external::header(records.module(), &[field]) {
                Ok(value) => call.header(external::HEADER, value),
                Err(mistake) => call.fail(mistake),
            },
        }
    }

    /// Begins a call without the external header, for a call that sets it from its options.
    pub(super) fn call_without_header<T>(
        &self,
        records: &Records<T>,
        operation: &Operation,
    ) -> Call {
        let call = records.call(operation);
        match self {
            Self::Id(id) => call.path_id("id", id),
            Self::External { value, .. } => call.path("id", value),
        }
    }
}

/// Shows Zoho's id, but not the value of an external field, which may be personal data.
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
