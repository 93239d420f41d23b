//! Metadata of modules: fields, layouts, custom views and related lists.

mod custom_view;
mod custom_views;
mod field;
mod field_details;
mod fields;
mod layout;
mod layouts;
mod module;
mod modules;
mod related_list;
mod related_lists;
mod view_criteria;

pub use custom_view::{AccessType, CrossFilter, CustomView, SharedTo, ViewCategory, ViewField};
pub use custom_views::{CustomViews, ViewCategories};
pub use field::{DataType, FieldInfo};
pub use field_details::{
    AutoNumber, ChildField, ConnectedDetails, CurrencyField, FieldAssociation, FieldConvertMapping,
    FieldCrypt, FieldEmailParser, FieldExternal, FieldHipaa, FieldOperations, FieldPrivacy,
    FieldProfile, FieldRange, FieldSharing, FieldTooltip, FieldViews, FormulaField,
    HistoryTracking, LinkingDetails, LookupField, LookupRelatedList, MultiModuleLookup,
    MultiSelectLookup, PickListMap, PickListValue, RollupSummary, SubformField, TextArea,
    UniqueField,
};
pub use fields::Fields;
pub use layout::{
    Layout, LayoutActions, LayoutConvertMapping, LayoutConvertTarget, LayoutProfile, Section,
    SectionProperties, SubformProperties,
};
pub use layouts::Layouts;
pub use module::{
    GeneratedType, ModuleArgument, ModuleInfo, ModuleStatus, ModuleTerritory, RelatedListProperties,
};
pub use modules::{ModuleHandle, Modules};
pub use related_list::{RecordOperations, RelatedList};
pub use related_lists::RelatedLists;
pub use view_criteria::ViewCriteria;

use zcrm_core::ModuleName;

use crate::Api;

impl Api {
    /// Returns a handle to the modules of the organisation, as metadata.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// for module in api.modules().list().all().await? {
    ///     println!("{}", module.api_name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn modules(&self) -> Modules {
        Modules::new(self.clone())
    }

    /// Returns a handle to the metadata of a module, given by its API name.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let leads = api.module("Leads");
    /// for field in leads.fields().list().all().await? {
    ///     println!("{} {} {:?}", field.api_name, field.label, field.data_type);
    /// }
    /// let views = leads.custom_views().list().all().await?;
    /// # let _ = views;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn module(&self, api_name: impl Into<ModuleName>) -> ModuleHandle {
        ModuleHandle::new(self.clone(), api_name.into())
    }
}
