//! The records of a related list.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
use zcrm_core::{Error, Id, ItemSuccess, Operation, Record, escaped, to_json};

use super::Parent;
use crate::Call;
use crate::list::{FieldList, List};
use crate::request::{GetItem, Request, WriteItem, WriteItems};
use crate::{check, operations};

/// The records that stand in relation to one: [`RecordHandle::related`](crate::RecordHandle::related).
///
/// A relation may have fields of its own, such as a contact's role in a deal: they are written with
/// it, and read as members of the related record.
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

    /// Reads the related records; from v3 on the fields must be named.
    pub fn list(&self) -> Request<List<T, FieldList>> {
        let call = self.call(&operations::RELATED_RECORDS_LIST);
        List::request(call, FieldList::new(self.parent.api().version(), &[]))
    }

    /// Reads one related record.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<T>> {
        GetItem::request(self.one(&operations::RELATED_RECORDS_GET, id))
    }

    /// Joins a record to this one.
    pub fn add(&self, id: impl Into<Id>) -> Request<WriteItem<ItemSuccess>> {
        self.add_with(id, &Record::new())
    }

    /// Joins a record to this one with fields of the relation, or changes those fields.
    pub fn add_with(
        &self,
        id: impl Into<Id>,
        fields: &impl Serialize,
    ) -> Request<WriteItem<ItemSuccess>> {
        let id = id.into();
        let call = self.one(&operations::RELATED_RECORDS_UPDATE_ONE, &id);
        WriteItems::try_rows(call, with_id(fields, &id).map(|row| vec![row])).single()
    }

    /// Joins several records to this one: rows that hold the records' `id` and fields of the
    /// relation.
    pub fn add_many<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems<ItemSuccess>> {
        WriteItems::rows_with_ids(self.call(&operations::RELATED_RECORDS_UPDATE), rows)
    }

    /// Parts a record from this one; neither is deleted.
    pub fn remove(&self, id: impl Into<Id>) -> Request<WriteItem<ItemSuccess>> {
        WriteItem::request(self.one(&operations::RELATED_RECORDS_DELETE_ONE, id))
    }

    /// Parts records from this one; none is deleted.
    pub fn remove_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems<ItemSuccess>> {
        WriteItems::ids(self.call(&operations::RELATED_RECORDS_DELETE), ids)
    }
}

/// The row of a relation: its fields, and the id that the path has too.
fn with_id(fields: &impl Serialize, id: &Id) -> Result<Record, Error> {
    let json =
        to_json(fields).map_err(|error| check::unwritable("the fields of the relation", &error))?;
    let fields = Record::from_json(json)?;
    if let Some(other) = fields.id().filter(|other| other != id) {
        return Err(Error::input(format!(
            "the fields of the relation have the id {}, and the record to join is {}: leave the id \
             out of the fields",
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
