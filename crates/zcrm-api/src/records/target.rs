//! The reference to a record in the path of a call.

use std::fmt;

use zcrm_core::{Error, Id, Operation};

use super::{Records, external};
use crate::Call;

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
