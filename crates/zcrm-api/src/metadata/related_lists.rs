//! Related lists of a module, as metadata.

use zcrm_core::{Id, object};

use super::ModuleHandle;
use crate::{GetItem, ListItems, MetaRef, operations};

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

object! {
    /// A list of records that stand in relation to one.
    RelatedList {
        /// Its id.
        id: Id = "id";
        /// Its API name, such as `Contact_Roles`.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// Where it stands among the others.
        sequence_number: String = "sequence_number";
        /// The module of its records: an API name alone in v2.
        module: MetaRef = "module";
        /// Which kind it is of, such as `default`.
        kind: String = "type";
        /// The end of the path that its records stand under.
        href: String = "href";
        /// What joining a record does.
        action: String = "action";
        /// Whether it is seen; later versions tell it as `status`.
        visible: bool = "visible";
        /// Whether it is seen: `visible`, `user_hidden` and the like.
        status: String = "status";
        /// The module on the other side of its records.
        connected_module: MetaRef = "connectedmodule";
        /// The module whose records join the two.
        linking_module: MetaRef = "linkingmodule";
        /// The field that it is sorted by.
        sort_by: MetaRef = "sort_by";
        /// Which end comes first: `asc` or `desc`.
        sort_order: String = "sort_order";
        /// Whether its order can be changed.
        customize_sort: bool = "customize_sort";
        /// Whether its fields can be changed.
        customize_fields: bool = "customize_fields";
        /// Whether its name can be changed.
        customize_display_label: bool = "customize_display_label";
    }
    lists {
        /// The fields that it shows.
        fields: MetaRef = "fields";
    }
}
