//! Custom views of a module.

use std::borrow::Cow;

use serde_json::json;
use zcrm_core::{ApiVersion, Error, Id, Record};

use super::{
    ModuleHandle,
    custom_view::{CustomView, ViewCategory},
};
use crate::{GetItem, ListItems, MetaRef, SortOrder, WriteItem, ask::Ask, operations};

/// The custom views of a module: [`ModuleHandle::custom_views`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::SortOrder;
///
/// let views = api.module("Leads").custom_views();
/// for view in views.list().all().await? {
///     if let Some(criteria) = view.criteria()? {
///         println!("{:?} shows {criteria}", view.name()?);
///     }
/// }
/// views.sort("3652397000000087501", "Last_Name", SortOrder::Descending).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CustomViews {
    module: ModuleHandle,
}

impl CustomViews {
    pub(super) fn new(module: ModuleHandle) -> Self {
        Self { module }
    }

    /// Reads all views.
    pub fn list(&self) -> ListItems<CustomView> {
        ListItems::new(self.module.ask(&operations::CUSTOM_VIEWS_LIST))
    }

    /// Reads one view.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<CustomView> {
        GetItem::new(self.module.ask(&operations::CUSTOM_VIEWS_GET).path_id("id", id))
    }

    /// The categories that views are in, with their names in the user's language, as the list of
    /// views tells them.
    ///
    /// # Errors
    /// Of the call.
    pub async fn categories(&self) -> Result<Vec<ViewCategory>, Error> {
        let ask = self.module.ask(&operations::CUSTOM_VIEWS_LIST);
        let reply = ask.ready()?.send().await?;
        if reply.page::<Record>("custom_views")?.items.is_empty() {
            return Ok(Vec::new());
        }
        let info: Option<Record> = reply.json::<Record>()?.get("info")?;
        let names = info.map(|info| info.get::<Record>("translation")).transpose()?.flatten();
        let names = names.unwrap_or_default();
        let category = |name: Cow<'_, str>| {
            let display_value = names.get(&name)?.unwrap_or_default();
            Ok(ViewCategory { name: name.into_owned(), display_value })
        };
        names.names().map(category).collect()
    }

    /// Changes by which field a view is sorted: named, or as a view or the metadata tell it.
    ///
    /// v2 changes the view itself, later versions have an action for it
    /// (`/actions/change_sort`); the first version with the action is not told by Zoho's
    /// documents, and v3 is taken for it.
    pub fn sort(
        &self,
        id: impl Into<Id>,
        field: impl Into<MetaRef>,
        order: SortOrder,
    ) -> WriteItem {
        let operation = match self.module.api().version() {
            version if version < ApiVersion::V3 => &operations::CUSTOM_VIEWS_UPDATE_ONE,
            _ => &operations::CUSTOM_VIEWS_CHANGE_SORT_ONE,
        };
        let ask: Ask = self.module.ask(operation).path_id("id", id);
        let field = field.into();
        WriteItem::row(ask, &json!({ "sort_by": field, "sort_order": order.as_str() }))
    }
}
