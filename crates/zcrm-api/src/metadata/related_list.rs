//! The metadata of a related list.

use zcrm_core::Id;

use crate::{MetaRef, model::model};

model! {
    /// The metadata of a related list, which holds the records related to a record.
    RelatedList {
        /// The related list's id.
        id: Option<Id> = "id";
        /// The related list's API name, such as `Contact_Roles`.
        api_name: String = "api_name";
        /// The related list's name.
        name: String = "name";
        /// The related list's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The related list's position among the others.
        sequence_number: Option<String> = "sequence_number";
        /// The module of the related records; an API name in v2.
        module: Option<MetaRef> = "module";
        /// The kind of related list, such as `default`.
        kind: Option<String> = "type";
        /// The last part of the path of the related records.
        href: Option<String> = "href";
        /// The action that adds a record.
        action: Option<String> = "action";
        /// Whether the related list is visible. Later versions use `status`.
        visible: Option<bool> = "visible";
        /// The visibility of the related list, such as `visible` or `user_hidden`.
        status: Option<String> = "status";
        /// The module on the other side of the relation.
        connected_module: Option<MetaRef> = "connectedmodule";
        /// The module whose records link the two modules.
        linking_module: Option<MetaRef> = "linkingmodule";
        /// The field that the related list is sorted by.
        sort_by: Option<MetaRef> = "sort_by";
        /// The direction of the sort: `asc` or `desc`.
        sort_order: Option<String> = "sort_order";
        /// Whether the sort order can be changed.
        customize_sort: Option<bool> = "customize_sort";
        /// Whether the shown fields can be changed.
        customize_fields: Option<bool> = "customize_fields";
        /// Whether the display label can be changed.
        customize_display_label: Option<bool> = "customize_display_label";
        /// The operations that the related list allows. Described by Zoho's OpenAPI files since 2026.
        record_operations: Option<RecordOperations> = "record_operations";
        /// The fields that the related list shows.
        fields: Vec<MetaRef> = "fields";
    }
}

model! {
    /// The operations that a related list allows on its records.
    RecordOperations {
        /// Whether records can be created.
        create: Option<bool> = "create";
        /// Whether records can be edited.
        edit: Option<bool> = "edit";
        /// Whether several records can be edited at once.
        bulk_edit: Option<bool> = "bulk_edit";
        /// Whether records can be deleted.
        delete: Option<bool> = "delete";
        /// Whether existing records can be added.
        assign: Option<bool> = "assign";
        /// Whether records can be removed from the list.
        disassociate: Option<bool> = "disassociate";
    }
}
