//! Fields of a module.

use zcrm_core::{ApiVersion, Id};

use super::{ModuleHandle, field::FieldInfo};
use crate::{GetItem, ListItems, operations};

/// The fields of a module: [`ModuleHandle::fields`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// use zcrm_api::metadata::DataType;
///
/// for field in api.module("Leads").fields().list().all().await? {
///     if field.data_type()? == Some(DataType::PICKLIST) {
///         println!("{:?}: {} choices", field.api_name()?, field.pick_list_values()?.len());
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

    /// Reads all fields; the list comes whole.
    pub fn list(&self) -> ListItems<FieldInfo> {
        ListItems::new(self.module.ask(&operations::FIELDS_LIST))
    }

    /// Reads the fields that the layouts do not use (`type=unused`; from v2.1 on).
    pub fn unused(&self) -> ListItems<FieldInfo> {
        let version = self.module.api().version();
        let lacks = (version < ApiVersion::V2_1).then(|| {
            zcrm_core::Error::input(format!(
                "`fields.list` takes `type` from {} on, and the client uses {version}",
                ApiVersion::V2_1
            ))
        });
        self.list().with(|ask| ask.check(lacks.map_or(Ok(()), Err)).query("type", "unused"))
    }

    /// Reads one field.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<FieldInfo> {
        GetItem::new(self.module.ask(&operations::FIELDS_GET).path_id("field", id))
    }
}
