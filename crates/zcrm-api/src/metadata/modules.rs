//! Requests for modules.

use zcrm_core::{ModuleName, Operation};

use super::module::ModuleInfo;
use crate::Call;
use crate::list::{List, Whole};
use crate::request::{GetItem, Request};
use crate::{Api, check, operations};

/// The modules of the organisation: [`Api::modules`].
#[derive(Clone, Debug)]
pub struct Modules {
    api: Api,
}

impl Modules {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Lists all modules in one page. From v5 on the parameter `status` filters them.
    pub fn list(&self) -> Request<List<ModuleInfo>> {
        List::request(self.api.call(&operations::MODULES_LIST), Whole)
    }

    /// Reads the metadata of one module, given by its API name.
    pub fn get(&self, api_name: impl Into<ModuleName>) -> Request<GetItem<ModuleInfo>> {
        self.api.module(api_name).get()
    }
}

/// The metadata of one module: [`Api::module`].
#[derive(Clone, Debug)]
pub struct ModuleHandle {
    api: Api,
    name: ModuleName,
}

impl ModuleHandle {
    pub(super) fn new(api: Api, name: ModuleName) -> Self {
        Self { api, name }
    }

    /// Returns the module's API name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Begins a call of an operation whose path or query names the module.
    pub(crate) fn call(&self, operation: &Operation) -> Call {
        self.api.call_of_module(operation, &self.name)
    }

    /// Reads the metadata of the module.
    pub fn get(&self) -> Request<GetItem<ModuleInfo>> {
        let call = self.api.call(&operations::MODULES_GET);
        let call = call.check(check::module(&self.name));
        GetItem::request(call.path("api_name", &self.name))
    }
}
