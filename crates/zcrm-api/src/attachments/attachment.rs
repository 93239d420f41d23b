//! What is known of an attached file.

use serde_json::Value;
use zcrm_core::{Error, Id, Lookup, Timestamp, object};

object! {
    /// A file that is attached to a record or a note, without its content.
    Attachment {
        /// Its id.
        id: Id = "id";
        /// Its name, as somebody gave it: nothing to make a path of.
        file_name: String = "File_Name";
        /// How many bytes it has; v2 sends a number, v8 text.
        size: Value = "Size";
        /// The id of its content.
        file_id: String = "$file_id";
        /// Which kind it is of, such as `Attachment` or `Link URL`.
        kind: String = "$type";
        /// The same, as a number.
        attachment_type: i64 = "$attachment_type";
        /// Where it stands, for a link.
        link_url: String = "$link_url";
        /// The record or note that it belongs to.
        parent: Lookup = "Parent_Id";
        /// The module of that.
        parent_module: String = "$se_module";
        /// Who it belongs to.
        owner: Lookup = "Owner";
        /// Who attached it.
        created_by: Lookup = "Created_By";
        /// Who changed it last.
        modified_by: Lookup = "Modified_By";
        /// Whether the user may change it.
        editable: bool = "$editable";
        /// What may be done with it, such as `full_access`.
        sharing_permission: String = "$sharing_permission";
        /// What became of it, such as `save`.
        state: String = "$state";
        /// When it was attached.
        created_time: Timestamp = "Created_Time";
        /// When it was last changed.
        modified_time: Timestamp = "Modified_Time";
    }
}

impl Attachment {
    /// How many bytes it has.
    ///
    /// # Errors
    /// Of kind [`Decode`](zcrm_core::ErrorKind::Decode) where it is no number.
    pub fn bytes(&self) -> Result<Option<u64>, Error> {
        crate::model::count_of(self.record(), "Size")
    }
}
