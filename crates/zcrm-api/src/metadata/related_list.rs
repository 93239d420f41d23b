//! Related lists of a module, as metadata.

use zcrm_core::{Id, object};

use crate::MetaRef;

object! {
    /// A list of records that stand in relation to one.
    RelatedList {
        /// Its id.
        id: Id = "id";
        /// Its API name, such as `Contact_Roles`.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// Where it stands among the others.
        sequence_number: String = "sequence_number";
        /// The module of its records: an API name alone in v2.
        module: MetaRef = "module";
        /// Which kind it is of, such as `default`.
        kind: String = "type";
        /// The end of the path that its records stand under.
        href: String = "href";
        /// What joining a record does.
        action: String = "action";
        /// Whether it is seen; later versions tell it as `status`.
        visible: bool = "visible";
        /// Whether it is seen: `visible`, `user_hidden` and the like.
        status: String = "status";
        /// The module on the other side of its records.
        connected_module: MetaRef = "connectedmodule";
        /// The module whose records join the two.
        linking_module: MetaRef = "linkingmodule";
        /// The field that it is sorted by.
        sort_by: MetaRef = "sort_by";
        /// Which end comes first: `asc` or `desc`.
        sort_order: String = "sort_order";
        /// Whether its order can be changed.
        customize_sort: bool = "customize_sort";
        /// Whether its fields can be changed.
        customize_fields: bool = "customize_fields";
        /// Whether its name can be changed.
        customize_display_label: bool = "customize_display_label";
    }
    lists {
        /// The fields that it shows.
        fields: MetaRef = "fields";
    }
}
