//! Notes, and the records that they belong to.

use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};
use zcrm_core::{Error, Id, Lookup, Timestamp, object};

use crate::Attachment;

object! {
    /// A note.
    Note {
        /// Its id.
        id, with_id: Id = "id";
        /// What stands above it.
        title, with_title: String = "Note_Title";
        /// What it says.
        content, with_content: String = "Note_Content";
        /// Who it belongs to.
        owner, with_owner: Lookup = "Owner";
        /// Who made it.
        created_by: Lookup = "Created_By";
        /// Who changed it last.
        modified_by: Lookup = "Modified_By";
        /// Whether the user may change it.
        editable: bool = "$editable";
        /// Whether it was spoken.
        voice_note: bool = "$voice_note";
        /// Whether clients of a portal see it.
        is_shared_to_client: bool = "$is_shared_to_client";
        /// What may be done with it, such as `full_access`.
        sharing_permission: String = "$sharing_permission";
        /// How long the spoken note is.
        size: String = "$size";
        /// What became of it, such as `save`.
        state: String = "$state";
        /// When it was made.
        created_time: Timestamp = "Created_Time";
        /// When it was last changed.
        modified_time: Timestamp = "Modified_Time";
    }
    lists {
        /// The files that are attached to it, where Zoho tells them.
        attachments: Attachment = "$attachments";
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
        let parent = json!({ "id": id.into(), "module": { "api_name": module.into() } });
        self.record_mut().put(PARENT, &parent);
        self
    }

    /// The record that it belongs to; the same for every version.
    ///
    /// # Errors
    /// Of kind [`Decode`](zcrm_core::ErrorKind::Decode) where it has another shape.
    pub fn parent(&self) -> Result<Option<NoteParent>, Error> {
        let Some(mut parent) = self.record().get::<NoteParent>(PARENT)? else { return Ok(None) };
        if parent.module.is_none() {
            parent.module = match self.record().get("$se_module")? {
                Some(module) => Some(module),
                None => self.record().get("se_module")?,
            };
        }
        Ok(Some(parent))
    }
}

pub(super) const PARENT: &str = "Parent_Id";

/// The record that a note belongs to. `Debug` shows no name, which is people's data.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoteParent {
    /// Its id.
    pub id: Id,
    /// Its name, where Zoho sent it.
    pub name: Option<String>,
    /// The API name of its module, where Zoho sent it.
    pub module: Option<String>,
}

impl std::fmt::Debug for NoteParent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NoteParent")
            .field("id", &self.id)
            .field("module", &self.module)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for NoteParent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            id: Id,
            name: Option<String>,
            module: Option<crate::MetaRef>,
        }
        match Value::deserialize(deserializer)? {
            Value::String(id) => Ok(Self { id: id.into(), name: None, module: None }),
            object => {
                let Wire { id, name, module } =
                    Wire::deserialize(object).map_err(de::Error::custom)?;
                Ok(Self { id, name, module: module.and_then(|module| module.api_name) })
            }
        }
    }
}
