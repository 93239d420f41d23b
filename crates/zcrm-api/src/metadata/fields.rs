//! Requests for the fields of modules.

use zcrm_core::{ApiVersion, Id};

use super::{ModuleHandle, field::FieldInfo};
use crate::list::{List, Whole};
use crate::operations;
use crate::request::{GetItem, Request};

/// The fields of a module: [`ModuleHandle::fields`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::metadata::DataType;
///
/// for field in api.module("Leads").fields().list().all().await? {
///     if field.data_type == Some(DataType::PICKLIST) {
///         println!("{}: {} choices", field.api_name, field.pick_list_values.len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Fields {
    module: ModuleHandle,
}

impl Fields {
    pub(super) fn new(module: ModuleHandle) -> Self {
        Self { module }
    }

    /// Lists all fields in one page.
    pub fn list(&self) -> Request<List<FieldInfo>> {
        List::request(self.module.call(&operations::FIELDS_LIST), Whole)
    }

    /// Reads one field.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<FieldInfo>> {
        GetItem::request(self.module.call(&operations::FIELDS_GET).path_id("field", id))
    }
}

impl Request<List<FieldInfo>> {
    /// Lists only the fields that no layout uses (`type=unused`, from v2.1 on).
    pub fn unused(self) -> Self {
        let version = self.call.api().version();
        let lacks = (version < ApiVersion::V2_1).then(|| {
            zcrm_core::Error::input(format!(
                "`fields.list` supports `type` from {} on, but the client uses {version}",
                ApiVersion::V2_1
            ))
        });
        self.map(|call| call.check(lacks.map_or(Ok(()), Err))).param("type", "unused")
    }
}

impl ModuleHandle {
    /// Returns a handle to the fields of the module.
    #[must_use]
    pub fn fields(&self) -> Fields {
        Fields::new(self.clone())
    }
}
