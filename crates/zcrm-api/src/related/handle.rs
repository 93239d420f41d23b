//! What a handle of a record gives beside the record itself.

use serde::de::DeserializeOwned;
use zcrm_core::{Error, Id, ModuleName, Operation, Record};

use super::Related;
use crate::Call;
use crate::{Api, Attachments, Photo, RecordHandle, RecordNotes, RecordTags, records::Target};

/// A record that something belongs to.
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

    /// Zoho's id of the record, where that is known.
    pub(crate) fn id(&self) -> Option<&Id> {
        self.target.id()
    }

    /// A call of an operation whose path names the record.
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
                    "`{}` knows a record by Zoho's id alone, not by that of another system",
                    operation.name()
                ))))
            }
            Some(Ok((header, value))) => call.path(name, self.target.text()).header(header, value),
            Some(Err(mistake)) => call.check(Err(mistake)),
        }
    }
}

impl<T> RecordHandle<T> {
    /// Its notes.
    #[must_use]
    pub fn notes(&self) -> RecordNotes {
        RecordNotes::new(self.parent())
    }

    /// The files that are attached to it.
    #[must_use]
    pub fn attachments(&self) -> Attachments {
        Attachments::new(self.parent())
    }

    /// Its photo.
    #[must_use]
    pub fn photo(&self) -> Photo {
        Photo::new(self.parent())
    }

    /// Its tags.
    #[must_use]
    pub fn tags(&self) -> RecordTags {
        RecordTags::new(self.parent())
    }

    /// The records of one of its related lists, by the list's API name.
    #[must_use]
    pub fn related(&self, list: impl Into<String>) -> Related<Record> {
        self.related_as(list)
    }

    /// The records of one of its related lists, as the caller's own struct.
    #[must_use]
    pub fn related_as<R: DeserializeOwned + Send + 'static>(
        &self,
        list: impl Into<String>,
    ) -> Related<R> {
        Related::new(self.parent(), list.into())
    }
}
