//! Notes, and the records that they belong to.

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
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its title.
        title, with_title: Option<String> = "Note_Title";
        /// What it says.
        content, with_content: Option<String> = "Note_Content";
        /// The record that it belongs to.
        parent: Option<NoteParent> = "Parent_Id";
        /// The API name of that record's module, where it is not in `parent`.
        parent_module: Option<String> = "$se_module" or "se_module";
        /// Who it belongs to.
        owner, with_owner: Option<MetaRef> = "Owner";
        /// Who made it.
        created_by: Option<MetaRef> = "Created_By";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "Modified_By";
        /// Whether the user may change it.
        editable: Option<bool> = "$editable";
        /// Whether it was spoken.
        voice_note: Option<bool> = "$voice_note";
        /// Whether clients of a portal see it.
        is_shared_to_client: Option<bool> = "$is_shared_to_client";
        /// What may be done with it, such as `full_access`.
        sharing_permission: Option<String> = "$sharing_permission";
        /// How long the spoken note is.
        size: Option<String> = "$size";
        /// What became of it, such as `save`.
        state: Option<String> = "$state";
        /// When it was made.
        created_time: Option<Timestamp> = "Created_Time";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "Modified_Time";
        /// The files that are attached to it, if Zoho sends them.
        attachments: Vec<Attachment> = "$attachments";
    }
}

impl Note {
    /// A note that says this.
    #[must_use]
    pub fn new(content: impl Into<String>) -> Self {
        Self::default().with_content(content)
    }

    /// Says which record it belongs to, by the record's module and id.
    #[must_use]
    pub fn on(mut self, module: impl Into<String>, id: impl Into<Id>) -> Self {
        let module = Some(MetaRef::named(module));
        self.parent = Some(NoteParent { id: Some(id.into()), module, ..NoteParent::default() });
        self
    }

    /// The API name of the module of the record that it belongs to; the same for every version.
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
    /// `Debug` shows no name, which is people's data.
    NoteParent {
        /// Its id.
        id: Option<Id> = "id";
        /// Its name, where Zoho sent it.
        name: Option<String> = "name";
        /// Its module, where Zoho sent it.
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
