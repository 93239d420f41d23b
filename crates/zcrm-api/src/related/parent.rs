//! The record that notes, attachments or related records belong to.

use zcrm_core::{Error, Id, ModuleName, Operation};

use crate::{Api, Call, records::Target};

/// The record that notes, attachments or related records belong to.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    api: Api,
    module: ModuleName,
    target: Target,
}

impl Parent {
    pub(crate) fn new(api: Api, module: impl Into<ModuleName>, target: Target) -> Self {
        Self { api, module: module.into(), target }
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    pub(crate) fn module(&self) -> &ModuleName {
        &self.module
    }

    /// Returns Zoho's id of the record, if it is known.
    pub(crate) fn id(&self) -> Option<&Id> {
        self.target.id()
    }

    /// Begins a call of an operation whose path names the record.
    pub(crate) fn call(&self, operation: &Operation) -> Call {
        let name = match operation.template().contains("{record_id}") {
            true => "record_id",
            false => "id",
        };
        let call = self.api.call_of_module(operation, &self.module);
        match self.target.external(&self.module) {
            None => call.path_id(name, self.target.text()),
            Some(Ok((header, _))) if !operation.header_names().contains(&header) => {
                call.check(Err(Error::input(format!(
                    "`{}` does not support external ids: use Zoho's id of the record",
                    operation.name()
                ))))
            }
            Some(Ok((header, value))) => call.path(name, self.target.text()).header(header, value),
            Some(Err(mistake)) => call.check(Err(mistake)),
        }
    }
}
