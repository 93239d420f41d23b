//! The modules and subforms that bulk write offers.

use std::sync::Arc;

use serde_json::json;

use crate::crm::bulk::Subform;
use crate::crm::call::Refusal;
use crate::schema::ModuleSpec;
use crate::state::State;

/// The modules besides custom ones that bulk write offers.
const OFFERED: [&str; 15] = [
    "Leads",
    "Accounts",
    "Contacts",
    "Deals",
    "Campaigns",
    "Cases",
    "Solutions",
    "Products",
    "Vendors",
    "Price_Books",
    "Tasks",
    "Quotes",
    "Sales_Orders",
    "Purchase_Orders",
    "Invoices",
];

/// A module or a subform that bulk write offers.
#[derive(Debug)]
pub(super) struct Offered {
    /// The module, or the subform as one.
    pub(super) module: Arc<ModuleSpec>,
    /// The module of the records that have the rows of a subform.
    pub(super) parent: Option<Arc<ModuleSpec>>,
}

impl Offered {
    /// Finds a module or a subform by its name.
    pub(super) fn find(state: &State, name: &str) -> Result<Self, Refusal> {
        let offered = |module: &ModuleSpec| module.custom || OFFERED.contains(&module.api_name());
        if let Some(module) = state.module(name).filter(|module| offered(module)) {
            return Ok(Self { module, parent: None });
        }
        let subform = Subform::find(state, name).filter(|subform| offered(&subform.parent));
        let Subform { parent, module } = subform.ok_or_else(|| unavailable(name))?;
        Ok(Self { module: Arc::new(module), parent: Some(parent) })
    }

    /// Returns the module whose scope is needed.
    pub(super) fn scope_module(&self) -> &str {
        self.parent.as_ref().unwrap_or(&self.module).api_name()
    }
}

pub(super) fn unavailable(name: &str) -> Refusal {
    let message = format!("Requested module '{name}' is not available.");
    Refusal::bad("MODULE_NOT_AVAILABLE", message, json!({}))
}
