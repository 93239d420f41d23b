//! Requests for the layouts of modules.

use zcrm_core::Id;

use super::{ModuleHandle, layout::Layout};
use crate::list::{List, Whole};
use crate::operations;
use crate::request::{GetItem, Request};

/// The layouts of a module: [`ModuleHandle::layouts`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// for layout in api.module("Leads").layouts().list().all().await? {
///     for section in &layout.sections {
///         println!("{}: {} fields", section.name, section.fields.len());
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

    /// Lists all layouts in one page.
    pub fn list(&self) -> Request<List<Layout>> {
        List::request(self.module.call(&operations::LAYOUTS_LIST), Whole)
    }

    /// Reads one layout.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Layout>> {
        GetItem::request(self.module.call(&operations::LAYOUTS_GET).path_id("id", id))
    }
}

impl ModuleHandle {
    /// Returns a handle to the layouts of the module.
    #[must_use]
    pub fn layouts(&self) -> Layouts {
        Layouts::new(self.clone())
    }
}
