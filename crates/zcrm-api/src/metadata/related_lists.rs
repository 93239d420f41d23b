//! Related lists of a module, as metadata.

use zcrm_core::Id;

use super::{ModuleHandle, related_list::RelatedList};
use crate::{GetItem, ListItems, operations};

/// The related lists of a module: [`ModuleHandle::related_lists`]. Their records are read by
/// [`RecordHandle::related`](crate::RecordHandle::related).
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// for list in api.module("Deals").related_lists().list().all().await? {
///     println!("{:?} of {:?}", list.api_name()?, list.module()?);
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
    pub fn list(&self) -> ListItems<RelatedList> {
        ListItems::new(self.module.ask(&operations::RELATED_LISTS_LIST))
    }

    /// Reads one related list.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<RelatedList> {
        GetItem::new(self.module.ask(&operations::RELATED_LISTS_GET).path_id("id", id))
    }
}

impl ListItems<RelatedList> {
    /// Reads those of one layout, by its id.
    pub fn of_layout(self, id: impl Into<Id>) -> Self {
        let id = id.into();
        self.with(|ask| ask.check(id.check().map(drop)).query("layout_id", &id))
    }
}
