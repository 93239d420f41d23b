//! Notes and their parent records.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use zcrm_core::{Id, Timestamp};

use crate::{
    Attachment, MetaRef,
    model::{self, fields, model},
};

model! {
    /// A note.
    Note {
        /// The note's id.
        id, with_id: Option<Id> = "id";
        /// The note's title.
        title, with_title: Option<String> = "Note_Title";
        /// The text of the note.
        content, with_content: Option<String> = "Note_Content";
        /// The record that the note belongs to.
        parent: Option<NoteParent> = "Parent_Id";
        /// The API name of that record's module, if `parent` does not have it.
        parent_module: Option<String> = "$se_module" or "se_module";
        /// The owner of the note.
        owner, with_owner: Option<MetaRef> = "Owner";
        /// The user who created the note.
        created_by: Option<MetaRef> = "Created_By";
        /// The user who last modified the note.
        modified_by: Option<MetaRef> = "Modified_By";
        /// Whether the user may edit the note.
        editable: Option<bool> = "$editable";
        /// Whether the note is a voice note.
        voice_note: Option<bool> = "$voice_note";
        /// Whether the note is shared with clients of a portal.
        is_shared_to_client: Option<bool> = "$is_shared_to_client";
        /// The permission of the user, such as `full_access`.
        sharing_permission: Option<String> = "$sharing_permission";
        /// The size of a voice note.
        size: Option<String> = "$size";
        /// The state of the note, such as `save`.
        state: Option<String> = "$state";
        /// The time of the creation.
        created_time: Option<Timestamp> = "Created_Time";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "Modified_Time";
        /// The attachments of the note, if Zoho sends them.
        attachments: Vec<Attachment> = "$attachments";
    }
}

impl Note {
    /// Creates a note with this text.
    #[must_use]
    pub fn new(content: impl Into<String>) -> Self {
        Self::default().with_content(content)
    }

    /// Sets the record that the note belongs to, by its module and id.
    #[must_use]
    pub fn on(mut self, module: impl Into<String>, id: impl Into<Id>) -> Self {
        let module = Some(MetaRef::named(module));
        self.parent = Some(NoteParent { id: Some(id.into()), module, ..NoteParent::default() });
        self
    }

    /// Returns the API name of the module of the parent record, in every API version.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        let module = self.parent.as_ref().and_then(|parent| parent.module.as_ref());
        module.and_then(|module| module.api_name.as_deref()).or(self.parent_module.as_deref())
    }
}

pub(super) const PARENT: &str = "Parent_Id";

fields! {
    /// The record that a note belongs to: an id in older versions, an object in newer ones.
    ///
    /// `Debug` does not show the name, which is personal data.
    NoteParent {
        /// The id of the record.
        id: Option<Id> = "id";
        /// The name of the record, if Zoho sent it.
        name: Option<String> = "name";
        /// The module of the record, if Zoho sent it.
        module: Option<MetaRef> = "module";
    }
}

impl<'de> Deserialize<'de> for NoteParent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match serde_json::from_str(raw.get()) {
            Ok(id) => Ok(model::plain(Self { id: Some(id), ..Self::default() }, &raw)),
            Err(_) => model::from_object(&raw).map_err(de::Error::custom),
        }
    }
}

impl Serialize for NoteParent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        model::serialize_plain_or_object(self, serializer)
    }
}

impl fmt::Debug for NoteParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteParent")
            .field("id", &self.id)
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}
