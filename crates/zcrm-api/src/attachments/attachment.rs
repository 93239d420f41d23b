//! What is known of an attached file.

use zcrm_core::{Id, Timestamp};

use crate::{MetaRef, RawJson, model::model};

model! {
    /// A file that is attached to a record or a note, without its content.
    Attachment {
        /// Its id.
        id: Option<Id> = "id";
        /// Its name, as somebody gave it: nothing to make a path of.
        file_name: Option<String> = "File_Name";
        /// How many bytes it has; v2 sends a number, v8 text.
        size: Option<RawJson> = "Size";
        /// The id of its content.
        file_id: Option<String> = "$file_id";
        /// Which kind it is of, such as `Attachment` or `Link URL`.
        kind: Option<String> = "$type";
        /// The same, as a number.
        attachment_type: Option<i64> = "$attachment_type";
        /// Its address, for a link.
        link_url: Option<String> = "$link_url";
        /// The record or note that it belongs to.
        parent: Option<MetaRef> = "Parent_Id";
        /// The module of that.
        parent_module: Option<String> = "$se_module";
        /// Who it belongs to.
        owner: Option<MetaRef> = "Owner";
        /// Who attached it.
        created_by: Option<MetaRef> = "Created_By";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "Modified_By";
        /// Whether the user may change it.
        editable: Option<bool> = "$editable";
        /// What may be done with it, such as `full_access`.
        sharing_permission: Option<String> = "$sharing_permission";
        /// What became of it, such as `save`.
        state: Option<String> = "$state";
        /// When it was attached.
        created_time: Option<Timestamp> = "Created_Time";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "Modified_Time";
    }
}

impl Attachment {
    /// How many bytes it has, where [`size`](Self#structfield.size) is a whole number.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        crate::model::whole_number(&self.size.as_ref()?.to_value())
    }
}
