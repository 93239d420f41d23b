//! The metadata of an attached file.

use zcrm_core::{Id, Timestamp};

use crate::{MetaRef, RawJson, model::model};

model! {
    /// The metadata of a file that is attached to a record or a note.
    Attachment {
        /// The attachment's id.
        id: Option<Id> = "id";
        /// The name that a user gave the file. Do not use it as a path.
        file_name: Option<String> = "File_Name";
        /// The size in bytes: a number in v2, text in v8.
        size: Option<RawJson> = "Size";
        /// The id of the file's content.
        file_id: Option<String> = "$file_id";
        /// The type of the attachment, such as `Attachment` or `Link URL`.
        kind: Option<String> = "$type";
        /// The type of the attachment, as a number.
        attachment_type: Option<i64> = "$attachment_type";
        /// The URL of a link.
        link_url: Option<String> = "$link_url";
        /// The record or note that the file is attached to.
        parent: Option<MetaRef> = "Parent_Id";
        /// The module of the record or note that the file is attached to.
        parent_module: Option<String> = "$se_module";
        /// The owner of the attachment.
        owner: Option<MetaRef> = "Owner";
        /// The user who attached the file.
        created_by: Option<MetaRef> = "Created_By";
        /// The user who last modified the attachment.
        modified_by: Option<MetaRef> = "Modified_By";
        /// Whether the user may edit the attachment.
        editable: Option<bool> = "$editable";
        /// The permission of the user, such as `full_access`.
        sharing_permission: Option<String> = "$sharing_permission";
        /// The state of the attachment, such as `save`.
        state: Option<String> = "$state";
        /// The time when the file was attached.
        created_time: Option<Timestamp> = "Created_Time";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "Modified_Time";
    }
}

impl Attachment {
    /// Returns the size in bytes, if [`size`](Self#structfield.size) is a whole number.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        crate::model::whole_number(&self.size.as_ref()?.to_value())
    }
}
