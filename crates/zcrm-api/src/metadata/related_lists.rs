//! Related lists of a module, as metadata.

use zcrm_core::Id;

use super::{ModuleHandle, related_list::RelatedList};
use crate::list::{List, Whole};
use crate::operations;
use crate::request::{GetItem, Request};

/// The related lists of a module: [`ModuleHandle::related_lists`]. Their records are read by
/// [`RecordHandle::related`](crate::RecordHandle::related).
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// for list in api.module("Deals").related_lists().list().all().await? {
///     println!("{} of {:?}", list.api_name, list.module);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RelatedLists {
    module: ModuleHandle,
}

impl RelatedLists {
    pub(super) fn new(module: ModuleHandle) -> Self {
        Self { module }
    }

    /// Reads all related lists; the list comes whole.
    pub fn list(&self) -> Request<List<RelatedList>> {
        List::request(self.module.call(&operations::RELATED_LISTS_LIST), Whole)
    }

    /// Reads one related list.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<RelatedList>> {
        GetItem::request(self.module.call(&operations::RELATED_LISTS_GET).path_id("id", id))
    }
}

impl Request<List<RelatedList>> {
    /// Reads those of one layout, by its id.
    pub fn of_layout(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        let right = id.check().map(drop);
        self.map(|call| call.check(right)).param("layout_id", id)
    }
}
