//! Layouts of a module.

use zcrm_core::Id;

use super::{ModuleHandle, layout::Layout};
use crate::{GetItem, ListItems, operations};

/// The layouts of a module: [`ModuleHandle::layouts`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// for layout in api.module("Leads").layouts().list().all().await? {
///     for section in layout.sections()? {
///         println!("{:?}: {} fields", section.name()?, section.fields()?.len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Layouts {
    module: ModuleHandle,
}

impl Layouts {
    pub(super) fn new(module: ModuleHandle) -> Self {
        Self { module }
    }

    /// Reads all layouts; the list comes whole.
    pub fn list(&self) -> ListItems<Layout> {
        ListItems::new(self.module.ask(&operations::LAYOUTS_LIST))
    }

    /// Reads one layout.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<Layout> {
        GetItem::new(self.module.ask(&operations::LAYOUTS_GET).path_id("id", id))
    }
}
