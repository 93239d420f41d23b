//! Requests for custom views.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;
use zcrm_core::{ApiVersion, Error, Id, ItemSuccess, Record, Reply};

use super::{
    ModuleHandle,
    custom_view::{CustomView, ViewCategory},
};
use crate::list::{List, Paged};
use crate::request::{GetItem, Request, SingleCall, WriteItem, WriteItems, sealed::Sealed};
use crate::{Extra, MetaRef, operations, records::SortOrder};

/// The custom views of a module: [`ModuleHandle::custom_views`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::{field, metadata::CustomView, records::SortOrder};
///
/// let views = api.module("Leads").custom_views();
/// for view in views.list().all().await? {
///     if let Some(criteria) = &view.criteria {
///         println!("{} shows {criteria}", view.name);
///     }
/// }
/// views.sort("3652397000000087501", "Last_Name", SortOrder::Descending).await?;
///
/// let view = CustomView::new("Leads of Pune", ["Last_Name", "Email"])
///     .with_condition(&field("City").eq("Pune"));
/// let id = views.create(&view).await?.id;
/// views.delete(id).await?;
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

    /// Lists the custom views.
    pub fn list(&self) -> Request<List<CustomView, Paged>> {
        List::request(self.module.call(&operations::CUSTOM_VIEWS_LIST), Paged)
    }

    /// Reads one view.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<CustomView>> {
        GetItem::request(self.module.call(&operations::CUSTOM_VIEWS_GET).path_id("id", id))
    }

    /// Creates a view. Zoho requires its name and its fields.
    ///
    /// Creating, changing and deleting views is only in Zoho's newest description
    /// (<https://github.com/zoho/crm-oas>).
    pub fn create(&self, view: &impl Serialize) -> Request<WriteItem> {
        WriteItem::row(self.module.call(&operations::CUSTOM_VIEWS_CREATE), view)
    }

    /// Creates at most 100 views.
    pub fn create_many<R: Serialize>(
        &self,
        views: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        WriteItems::rows(self.module.call(&operations::CUSTOM_VIEWS_CREATE), views)
    }

    /// Updates one view. Members that `change` does not name are left unchanged.
    ///
    /// In v2 Zoho changes only the order: use [`sort`](Self::sort).
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let id = id.into();
        let call = self.module.call(&operations::CUSTOM_VIEWS_UPDATE_ONE).path_id("id", &id);
        WriteItem::row(call.check(self.more_than_order()), change).about(&id)
    }

    /// Updates at most 100 views. Each must have its `id`.
    pub fn update_many<R: Serialize>(
        &self,
        views: impl IntoIterator<Item = R>,
    ) -> Request<WriteItems> {
        let call = self.module.call(&operations::CUSTOM_VIEWS_UPDATE);
        WriteItems::rows_with_ids(call.check(self.more_than_order()), views)
    }

    fn more_than_order(&self) -> Result<(), Error> {
        match self.module.api().version() < ApiVersion::V3 {
            true => Err(Error::input("v2 changes only the order of a view: use `sort`")),
            false => Ok(()),
        }
    }

    /// Deletes one view.
    pub fn delete(&self, id: impl Into<Id>) -> Request<WriteItem> {
        self.delete_many([id.into()]).single()
    }

    /// Deletes at most 100 views.
    pub fn delete_many<I: Into<Id>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Request<WriteItems> {
        WriteItems::ids(self.module.call(&operations::CUSTOM_VIEWS_DELETE), ids)
    }

    /// Lists the categories of the custom views, with their names in the user's language.
    pub fn categories(&self) -> Request<ViewCategories> {
        Request::new(self.module.call(&operations::CUSTOM_VIEWS_LIST), ViewCategories(()))
    }

    /// Changes the field and direction that a custom view is sorted by.
    ///
    /// v2 updates the view. Later versions use the action `/actions/change_sort`. Zoho does not
    /// document the first version with this action; zcrm uses it from v3 on.
    pub fn sort(
        &self,
        id: impl Into<Id>,
        field: impl Into<MetaRef>,
        order: SortOrder,
    ) -> Request<WriteItem<ItemSuccess>> {
        let operation = match self.module.api().version() {
            version if version < ApiVersion::V3 => &operations::CUSTOM_VIEWS_UPDATE_ONE,
            _ => &operations::CUSTOM_VIEWS_CHANGE_SORT_ONE,
        };
        let call = self.module.call(operation).path_id("id", id);
        // an object in every version, even if the field was read as a name
        let field = MetaRef { extra: Extra::default(), ..field.into() };
        WriteItem::row(call, &json!({ "sort_by": field, "sort_order": order.as_str() }))
    }
}

/// A [`Request`] kind that lists the categories of custom views: [`CustomViews::categories`].
#[derive(Clone, Debug)]
pub struct ViewCategories(());

impl Sealed for ViewCategories {}

impl SingleCall for ViewCategories {
    type Answer = Vec<ViewCategory>;

    fn read(self, reply: &Reply) -> Result<Vec<ViewCategory>, Error> {
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
}

impl ModuleHandle {
    /// Returns a handle to the custom views of the module.
    #[must_use]
    pub fn custom_views(&self) -> CustomViews {
        CustomViews::new(self.clone())
    }
}
