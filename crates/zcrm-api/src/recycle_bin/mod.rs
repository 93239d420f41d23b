//! The recycle bin of the organisation.

mod record;

pub use record::BinRecord;

use serde_json::json;
use zcrm_core::{Error, Id, ItemSuccess};

use crate::list::{HasPages, List, Sorted, Source};
use crate::request::{Acknowledge, Count, GetItem, Request, WriteItem, WriteItems, sealed::Sealed};
use crate::{Api, Call, Condition, operations};

/// The members that Zoho sorts the recycle bin by.
const SORTABLE: [&str; 3] = ["deleted_by", "deleted_time", "display_name"];

/// The recycle bin of the organisation, with the records of all modules: [`Api::recycle_bin`].
///
/// A deleted record is in the recycle bin for 60 days. Available from v8 on.
/// [`Records::deleted`](crate::Records::deleted) lists the deleted records of one module in every
/// version, also those that have left the recycle bin.
///
/// Source: Zoho's OpenAPI files `recycle_bin` of 2025 and `recycle-bin` of 2026
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::field;
///
/// let bin = api.recycle_bin();
/// let mut leads = bin.list().filter(field("module").eq("Leads")).stream();
/// while let Some(lead) = leads.next().await {
///     let lead = lead?;
///     println!("{:?} {:?}", lead.id, lead.deleted_time);
/// }
/// bin.restore("3652397000000649013").await?;
/// println!("{} records are left", bin.count().await?);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "undelete")]
#[derive(Clone, Debug)]
pub struct RecycleBin {
    api: Api,
}

impl Api {
    /// Returns a handle to the recycle bin of the organisation.
    #[must_use]
    pub fn recycle_bin(&self) -> RecycleBin {
        RecycleBin { api: self.clone() }
    }
}

impl RecycleBin {
    fn one(&self, operation: &zcrm_core::Operation, id: impl Into<Id>) -> Call {
        self.api.call(operation).path_id("record_id", id)
    }

    /// Lists the records in the recycle bin, the latest deletion first.
    pub fn list(&self) -> Request<List<BinRecord, BinRecords>> {
        List::request(self.api.call(&operations::RECYCLE_BIN_LIST), BinRecords)
    }

    /// Reads one record's entry.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<BinRecord>> {
        GetItem::request(self.one(&operations::RECYCLE_BIN_GET, id))
    }

    /// Counts the records in the recycle bin.
    pub fn count(&self) -> Request<Count> {
        Count::request(self.api.call(&operations::RECYCLE_BIN_COUNT))
    }

    /// Restores a record under its id, with everything that was deleted with it.
    pub fn restore(&self, id: impl Into<Id>) -> Request<WriteItem> {
        let id = id.into();
        WriteItem::request(self.one(&operations::RECYCLE_BIN_RESTORE_ONE, &id)).about(&id)
    }

    /// Restores at most 100 records under their ids.
    ///
    /// If the records have too many notes and attachments, Zoho restores them in a job: the
    /// [`code`](zcrm_core::Written::code) of their results is then `SCHEDULED`.
    pub fn restore_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems> {
        let ids: Vec<Id> = ids.into_iter().map(Into::into).collect();
        let call = self.api.call(&operations::RECYCLE_BIN_RESTORE);
        let call = ids.iter().fold(call, |call, id| call.check(id.check().map(drop)));
        WriteItems::request(call.body(&json!({ "ids": ids })), ids.len()).about(&ids)
    }

    /// Restores the records that fulfil a condition. Zoho does this in a job.
    ///
    /// The condition compares `display_name`, `module`, `deleted_by` or `deleted_time`; several
    /// comparisons are joined by [`and`](Condition::and).
    pub fn restore_where(&self, condition: Condition) -> Request<WriteItem<ItemSuccess>> {
        let call = self.api.call(&operations::RECYCLE_BIN_RESTORE);
        WriteItem::request(match condition.to_filters() {
            Ok(filters) => call.body(&json!({ "filters": filters })),
            Err(mistake) => call.fail(mistake),
        })
    }

    /// Restores all records. Zoho does this in a job.
    pub fn restore_all(&self) -> Request<WriteItem<ItemSuccess>> {
        let call = self.api.call(&operations::RECYCLE_BIN_RESTORE);
        WriteItem::request(call.body(&json!({ "restore_all_records": true })))
    }

    /// Deletes a record permanently.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        let id = id.into();
        WriteItem::request(self.one(&operations::RECYCLE_BIN_DELETE_ONE, &id)).about(&id)
    }

    /// Deletes at most 100 records permanently.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems> {
        WriteItems::ids(self.api.call(&operations::RECYCLE_BIN_DELETE), ids)
    }

    /// Deletes all records permanently, which only an administrator may do.
    ///
    /// If there are many records, Zoho deletes them in a job, which may end later. Read
    /// [`count`](Self::count) to find out.
    pub fn empty(&self) -> Request<Acknowledge> {
        Acknowledge::request(self.api.call(&operations::RECYCLE_BIN_EMPTY))
    }
}

/// The [`List`] source of [`RecycleBin::list`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BinRecords;

impl Sealed for BinRecords {}
impl Source for BinRecords {}
impl HasPages for BinRecords {}

impl Sorted for BinRecords {
    fn check_sort(&self, _: &Call, field: &str) -> Result<(), Error> {
        match SORTABLE.contains(&field) {
            true => Ok(()),
            false => Err(Error::input(format!(
                "the recycle bin cannot be sorted by `{}`: use one of {}",
                zcrm_core::escaped(field),
                SORTABLE.map(|name| format!("`{name}`")).join(", ")
            ))),
        }
    }
}

impl Request<List<BinRecord, BinRecords>> {
    /// Lists only records that fulfil a condition.
    ///
    /// It compares `display_name`, `module` (an API name), `deleted_by` (a user's id) or
    /// `deleted_time`; several comparisons are joined by [`and`](Condition::and).
    pub fn filter(self, condition: Condition) -> Self {
        let filters = condition.to_filters();
        self.map(|call| match filters {
            Ok(filters) => call.param("filters", filters.to_string()),
            Err(mistake) => call.fail(mistake),
        })
    }
}
