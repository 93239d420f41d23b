//! The records of related lists.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Error, Id, ItemSuccess, Operation, Record, escaped, to_json};

use super::Parent;
use crate::Call;
use crate::list::{FieldList, List};
use crate::request::{GetItem, Request, WriteItem, WriteItems};
use crate::{check, operations};

/// The records of a related list of one record:
/// [`RecordHandle::related`](crate::RecordHandle::related).
///
/// A relation can have fields, such as the status of a lead in a campaign. They are written with
/// the relation and are returned as members of the related record.
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_core::Record;
///
/// let campaigns = api.record("Leads", "3652397000000649013").related("Campaigns");
/// campaigns.add("3652397000000654321").await?;
/// let joined = Record::new().with("Member_Status", "Responded");
/// campaigns.add_with("3652397000000654321", &joined).await?;
/// campaigns.remove("3652397000000654321").await?;
/// # Ok(())
/// # }
/// ```
pub struct Related<T> {
    parent: Parent,
    list: String,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> Related<T> {
    pub(super) fn new(parent: Parent, list: String) -> Self {
        Self { parent, list, of: PhantomData }
    }

    fn call(&self, operation: &Operation) -> Call {
        let call = self.parent.call(operation);
        let call = call.check(check::related_list(&self.list));
        call.path("related_list_api_name", &self.list)
    }

    fn one(&self, operation: &Operation, id: impl Into<Id>) -> Call {
        self.call(operation).path_id("related_record_id", id)
    }

    /// Lists the related records. From v3 on the fields must be named.
    pub fn list(&self) -> Request<List<T, FieldList>> {
        let call = self.call(&operations::RELATED_RECORDS_LIST);
        List::request(call, FieldList::new(self.parent.api().version(), &[]))
    }

    /// Reads one related record.
    ///
    /// From v3 on name the fields: `.param("fields", "Campaign_Name,Status")`. Zoho's [description of
    /// 2026](https://www.zoho.com/crm/developer/docs/api/v8/get-related-records.html) makes them
    /// mandatory.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<T>> {
        GetItem::request(self.one(&operations::RELATED_RECORDS_GET, id))
    }

    /// Adds a record to the related list.
    pub fn add(&self, id: impl Into<Id>) -> Request<WriteItem<ItemSuccess>> {
        self.add_with(id, &Record::new())
    }

    /// Adds a record with fields of the relation. If it already is in the list, its fields are
    /// updated.
    pub fn add_with(
        &self,
        id: impl Into<Id>,
        fields: &impl Serialize,
    ) -> Request<WriteItem<ItemSuccess>> {
        let id = id.into();
        let call = self.one(&operations::RELATED_RECORDS_UPDATE_ONE, &id);
        WriteItems::try_rows(call, with_id(fields, &id).map(|row| vec![row])).single()
    }

    /// Adds several records. Each row has the record's `id` and the fields of the relation.
    pub fn add_many<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems<ItemSuccess>> {
        WriteItems::rows_with_ids(self.call(&operations::RELATED_RECORDS_UPDATE), rows)
    }

    /// Removes a record from the related list. The record itself is not deleted.
    pub fn remove(&self, id: impl Into<Id>) -> Request<WriteItem<ItemSuccess>> {
        WriteItem::request(self.one(&operations::RELATED_RECORDS_DELETE_ONE, id))
    }

    /// Removes records from the related list. The records themselves are not deleted.
    pub fn remove_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems<ItemSuccess>> {
        WriteItems::ids(self.call(&operations::RELATED_RECORDS_DELETE), ids)
    }
}

/// Returns the row of a relation: its fields and the id of the related record.
fn with_id(fields: &impl Serialize, id: &Id) -> Result<Record, Error> {
    let json =
        to_json(fields).map_err(|error| check::unwritable("the fields of the relation", &error))?;
    let fields = Record::from_json(json)?;
    if let Some(other) = fields.id().filter(|other| other != id) {
        return Err(Error::input(format!(
            "the fields of the relation have the id {}, but the record to add has the id {}: leave the \
             id out of the fields",
            escaped(other.as_str()),
            escaped(id.as_str())
        )));
    }
    let mut row = Record::new();
    row.set("id", id)?;
    row.merge(&fields);
    Ok(row)
}

impl<T> Clone for Related<T> {
    fn clone(&self) -> Self {
        Self { parent: self.parent.clone(), list: self.list.clone(), of: PhantomData }
    }
}

impl<T> fmt::Debug for Related<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Related")
            .field("parent", &self.parent)
            .field("list", &self.list)
            .finish_non_exhaustive()
    }
}
