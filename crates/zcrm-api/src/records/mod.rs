//! Records of modules: reads, lists, searches, writes, deletions and conversions.

mod complete;
mod convert;
mod count;
mod delete;
mod deleted;
mod external;
mod handle;
mod include;
mod list;
mod list_source;
mod many;
mod options;
mod query;
mod read;
mod related_counts;
mod row;
mod rows;
mod target;
mod verbs;
mod without_id;
mod write;

use std::{fmt, marker::PhantomData};

use zcrm_core::{ModuleName, Operation};

pub use convert::{ConvertLead, Converted};
pub use count::CountRecords;
pub use delete::{DeleteRecord, DeleteRecords, Deletion};
pub use deleted::{DeletedKind, DeletedRecord};
pub use handle::RecordHandle;
pub use include::Include;
pub use list::SortOrder;
pub use list_source::{AllRecords, Deleted, Found, RecordQuery};
pub use options::{ChangesRecords, RecordWrite, Trigger, Upserts, WriteOptions};
pub use read::{GetIfModified, GetRecord};
pub use related_counts::{RelatedCount, RelatedCounts};
pub use rows::{ChangeRows, GetRows, Rows};
pub use write::{Create, Update, Upsert, Verb, WriteAction, WriteRecord, WriteRecords};

pub(crate) use target::Target;

use crate::{Api, Call, check};

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
    pub(crate) fn call_unpathed(&self, operation: &Operation) -> Call {
        self.api.call(operation)
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Returns the same records with the settings of another API.
    #[cfg(feature = "bulk")]
    pub(crate) fn with_api(&self, api: Api) -> Self {
        Self::new(api, self.module.clone(), self.fields)
    }

    /// Returns the fields that a typed module reads.
    pub(crate) fn default_fields(&self) -> &'static [&'static str] {
        self.fields
    }

    fn untyped(&self) -> Records<()> {
        self.read_as()
    }

    /// Returns the same records, read as another type.
    pub(crate) fn read_as<U>(&self) -> Records<U> {
        Records::new(self.api.clone(), self.module.clone(), self.fields)
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
