//! The records of a module as a list, if bulk reads do not offer it.

use serde::de::DeserializeOwned;

use crate::{Records, bulk::read::query::BulkQuery, list::ItemStream};

/// Lists the records that a query of a bulk read without criteria selects.
pub(super) fn listed<T>(records: &Records<T>, query: &BulkQuery) -> ItemStream<T>
where
    T: DeserializeOwned + Send + 'static,
{
    let list = match query.fields.is_empty() {
        true => records.list().all_fields(),
        false => records.list().fields(&query.fields),
    };
    match &query.view {
        Some(view) => list.view(view).stream(),
        None => list.stream(),
    }
}
