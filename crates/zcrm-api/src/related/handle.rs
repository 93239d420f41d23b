//! Access to the data that belongs to one record.

use serde::de::DeserializeOwned;
use zcrm_core::Record;

use super::{RecordBlueprint, RecordLocks, RecordShares, RecordTerritories, Related};
use crate::{Attachments, Photo, RecordHandle, RecordNotes, RecordTags};

impl<T> RecordHandle<T> {
    /// Returns a handle to the notes of the record.
    #[must_use]
    pub fn notes(&self) -> RecordNotes {
        RecordNotes::new(self.parent())
    }

    /// Returns a handle to the attachments of the record.
    #[must_use]
    pub fn attachments(&self) -> Attachments {
        Attachments::new(self.parent())
    }

    /// Returns a handle to the photo of the record.
    #[must_use]
    pub fn photo(&self) -> Photo {
        Photo::new(self.parent())
    }

    /// Returns a handle to the tags of the record.
    #[must_use]
    pub fn tags(&self) -> RecordTags {
        RecordTags::new(self.parent())
    }

    /// Returns a handle to the locks of the record.
    #[must_use]
    pub fn locks(&self) -> RecordLocks {
        RecordLocks::new(self.parent())
    }

    /// Returns a handle to the members that the record is shared with.
    #[must_use]
    pub fn shares(&self) -> RecordShares {
        RecordShares::new(self.parent())
    }

    /// Returns a handle to the territories of the record.
    #[must_use]
    pub fn territories(&self) -> RecordTerritories {
        RecordTerritories::new(self.parent())
    }

    /// Returns a handle to the blueprint of the record.
    #[must_use]
    pub fn blueprint(&self) -> RecordBlueprint {
        RecordBlueprint::new(self.parent())
    }

    /// Returns a handle to the records of a related list, given by its API name.
    #[must_use]
    pub fn related(&self, list: impl Into<String>) -> Related<Record> {
        self.related_as(list)
    }

    /// Returns a handle to the records of a related list, read as the caller's own type.
    #[must_use]
    pub fn related_as<R: DeserializeOwned + Send + 'static>(
        &self,
        list: impl Into<String>,
    ) -> Related<R> {
        Related::new(self.parent(), list.into())
    }
}
