//! Related lists of a module, as metadata.

use zcrm_core::Id;

use crate::{MetaRef, model::model};

model! {
    /// A list of records that stand in relation to one.
    RelatedList {
        /// Its id.
        id: Option<Id> = "id";
        /// Its API name, such as `Contact_Roles`.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// Its position among the others.
        sequence_number: Option<String> = "sequence_number";
        /// The module of its records: an API name alone in v2.
        module: Option<MetaRef> = "module";
        /// Which kind it is of, such as `default`.
        kind: Option<String> = "type";
        /// The end of the path that its records stand under.
        href: Option<String> = "href";
        /// What joining a record does.
        action: Option<String> = "action";
        /// Whether it is seen; later versions tell it as `status`.
        visible: Option<bool> = "visible";
        /// Whether it is seen: `visible`, `user_hidden` and the like.
        status: Option<String> = "status";
        /// The module on the other side of its records.
        connected_module: Option<MetaRef> = "connectedmodule";
        /// The module whose records join the two.
        linking_module: Option<MetaRef> = "linkingmodule";
        /// The field that it is sorted by.
        sort_by: Option<MetaRef> = "sort_by";
        /// Which end comes first: `asc` or `desc`.
        sort_order: Option<String> = "sort_order";
        /// Whether its order can be changed.
        customize_sort: Option<bool> = "customize_sort";
        /// Whether its fields can be changed.
        customize_fields: Option<bool> = "customize_fields";
        /// Whether its name can be changed.
        customize_display_label: Option<bool> = "customize_display_label";
        /// The fields that it shows.
        fields: Vec<MetaRef> = "fields";
    }
}
