//! Requests for the metadata of related lists.

use zcrm_core::Id;

use super::{ModuleHandle, related_list::RelatedList};
use crate::list::{List, Whole};
use crate::operations;
use crate::request::{GetItem, Request};

/// The related lists of a module: [`ModuleHandle::related_lists`].
///
/// Use [`RecordHandle::related`](crate::RecordHandle::related) to read the related records of a
/// record.
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

    /// Lists all related lists in one page.
    pub fn list(&self) -> Request<List<RelatedList>> {
        List::request(self.module.call(&operations::RELATED_LISTS_LIST), Whole)
    }

    /// Reads one related list.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<RelatedList>> {
        GetItem::request(self.module.call(&operations::RELATED_LISTS_GET).path_id("id", id))
    }
}

impl Request<List<RelatedList>> {
    /// Lists only the related lists of the layout with this id.
    pub fn of_layout(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        let right = id.check().map(drop);
        self.map(|call| call.check(right)).param("layout_id", id)
    }
}

impl ModuleHandle {
    /// Returns a handle to the related lists of the module, as metadata.
    #[must_use]
    pub fn related_lists(&self) -> RelatedLists {
        RelatedLists::new(self.clone())
    }
}
