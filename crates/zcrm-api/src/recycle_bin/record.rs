//! Records in the recycle bin.

use zcrm_core::{Id, Timestamp};

use crate::{MetaRef, model::model};

model! {
    /// A record in the recycle bin.
    BinRecord {
        /// The record's id, under which it is restored.
        id: Option<Id> = "id";
        /// The name that the record had.
        display_name: Option<String> = "display_name";
        /// The record's module.
        module: Option<MetaRef> = "module";
        /// The owner of the record.
        owner: Option<MetaRef> = "owner";
        /// The user who deleted the record.
        deleted_by: Option<MetaRef> = "deleted_by";
        /// The time of the deletion.
        deleted_time: Option<Timestamp> = "deleted_time";
    }
}
