//! The territories of a record.

use serde_json::{Value, json};
use zcrm_core::{Error, Id, Operation};

use super::Parent;
use crate::request::{Request, WriteItem};
use crate::{Call, operations};

/// The territories of one record:
/// [`RecordHandle::territories`](crate::RecordHandle::territories).
///
/// The record itself has them in its field `Territories`. Zoho has territories for leads, contacts,
/// accounts, deals and custom modules.
///
/// Source: Zoho's OpenAPI file `record` of 2025
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let territories = api.record("Leads", "3652397000000649013").territories();
/// territories.add(["3652397000000505351"]).await?;
/// territories.remove(["3652397000000505351"]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RecordTerritories {
    parent: Parent,
}

impl RecordTerritories {
    pub(super) fn new(parent: Parent) -> Self {
        Self { parent }
    }

    /// Adds the record to territories.
    pub fn add<I: Into<Id>>(&self, territories: impl IntoIterator<Item = I>) -> Request<WriteItem> {
        self.change(&operations::RECORDS_ASSIGN_TERRITORIES_ONE, territories)
    }

    /// Removes the record from territories.
    pub fn remove<I: Into<Id>>(
        &self,
        territories: impl IntoIterator<Item = I>,
    ) -> Request<WriteItem> {
        self.change(&operations::RECORDS_REMOVE_TERRITORIES_ONE, territories)
    }

    fn change<I: Into<Id>>(
        &self,
        operation: &Operation,
        territories: impl IntoIterator<Item = I>,
    ) -> Request<WriteItem> {
        let ids: Vec<Id> = territories.into_iter().map(Into::into).collect();
        let call = ids
            .iter()
            .fold(self.parent.call(operation), |call: Call, id| call.check(id.check().map(drop)));
        let call = call.check(match ids.is_empty() {
            true => Err(Error::input("the list of territories is empty: name at least one")),
            false => Ok(()),
        });
        let territories: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        let request = WriteItem::row(call, &json!({ "Territories": territories }));
        match self.parent.id() {
            Some(record) => request.about(record),
            None => request,
        }
    }
}
