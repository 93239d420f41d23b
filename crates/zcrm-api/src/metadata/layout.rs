//! The metadata of a layout and its sections.

use zcrm_core::{Id, Timestamp};

use super::{field::FieldInfo, field_details::FieldTooltip};
use crate::{MetaRef, RawJson, model::model};

model! {
    /// A layout: the fields of a record and their sections.
    Layout {
        /// The layout's id.
        id: Option<Id> = "id";
        /// The layout's API name.
        api_name: String = "api_name";
        /// The layout's name.
        name: String = "name";
        /// The layout's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The status of the layout: a word such as `active`, or a number in v2.
        status: Option<RawJson> = "status";
        /// Whether the layout is visible.
        visible: Option<bool> = "visible";
        /// A number that encodes how the layout is displayed.
        display_type: Option<i64> = "display_type";
        /// The source of the layout.
        source: Option<String> = "source";
        /// The origin of the layout.
        generated_type: Option<String> = "generated_type";
        /// The purpose of the layout: `view`, `create` or `edit`.
        mode: Option<String> = "mode";
        /// Whether there are more profiles than those listed.
        has_more_profiles: Option<bool> = "has_more_profiles";
        /// Whether the layout shows business cards.
        show_business_card: Option<bool> = "show_business_card";
        /// The user that the layout was created for.
        created_for: Option<MetaRef> = "created_for";
        /// The user who created the layout.
        created_by: Option<MetaRef> = "created_by";
        /// The user who last modified the layout.
        modified_by: Option<MetaRef> = "modified_by";
        /// The time of the creation.
        created_time: Option<Timestamp> = "created_time";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "modified_time";
        /// The display of the layout's subforms.
        subform_properties: Option<SubformProperties> = "subform_properties";
        /// The layouts of the records that a conversion creates.
        convert_mapping: Option<LayoutConvertMapping> = "convert_mapping";
        /// The actions that are allowed to the user.
        actions_allowed: Option<LayoutActions> = "actions_allowed";
        /// The sections of the layout.
        sections: Vec<Section> = "sections";
        /// The profiles that see the layout.
        profiles: Vec<LayoutProfile> = "profiles";
    }
}

model! {
    /// A section of a layout.
    Section {
        /// The section's id.
        id: Option<Id> = "id";
        /// The section's API name.
        api_name: String = "api_name";
        /// The section's name.
        name: String = "name";
        /// The section's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The position among the sections.
        sequence_number: Option<i64> = "sequence_number";
        /// The number of columns.
        column_count: Option<i64> = "column_count";
        /// The order in which the tab key visits the fields.
        tab_traversal: Option<RawJson> = "tab_traversal";
        /// Whether the section is a subform.
        is_subform_section: Option<bool> = "isSubformSection";
        /// The origin of the section.
        generated_type: Option<String> = "generated_type";
        /// Whether the section is in use: `used` or `unused`.
        usage: Option<String> = "type";
        /// The properties of a subform's rows.
        properties: Option<SectionProperties> = "properties";
        /// The fields of the section.
        fields: Vec<FieldInfo> = "fields";
    }
}

model! {
    /// The properties of the rows of a subform.
    SectionProperties {
        /// Whether the rows can be reordered.
        reorder_rows: Option<bool> = "reorder_rows";
        /// The maximum number of rows.
        maximum_rows: Option<i64> = "maximum_rows";
        /// The tooltip of the section.
        tooltip: Option<FieldTooltip> = "tooltip";
    }
}

model! {
    /// Settings for the display of the subforms of a layout.
    SubformProperties {
        /// Whether a column is pinned.
        pinned_column: Option<bool> = "pinned_column";
    }
}

model! {
    /// A profile that sees a layout.
    LayoutProfile {
        /// The profile's id.
        id: Option<Id> = "id";
        /// The profile's name.
        name: String = "name";
        /// Whether the layout is the default of the profile.
        is_default: Option<bool> = "default";
        /// The default view of the profile.
        default_view: Option<MetaRef> = "_default_view";
        /// The default view of the profile for assignments.
        default_assignment_view: Option<MetaRef> = "_default_assignment_view";
    }
}

model! {
    /// The layouts of the records that a conversion creates.
    LayoutConvertMapping {
        /// The layout of the contact.
        contacts: Option<LayoutConvertTarget> = "Contacts";
        /// The layout of the account.
        accounts: Option<LayoutConvertTarget> = "Accounts";
        /// The layout of the deal, and its required fields.
        deals: Option<LayoutConvertTarget> = "Deals";
        /// The layout of the invoice.
        invoices: Option<LayoutConvertTarget> = "Invoices";
        /// The layout of the sales order.
        sales_orders: Option<LayoutConvertTarget> = "SalesOrders";
    }
}

model! {
    /// The layout of a record that a conversion creates.
    LayoutConvertTarget {
        /// The id of the layout.
        id: Option<Id> = "id";
        /// The name of the layout.
        name: String = "name";
        /// The fields that the conversion asks for.
        fields: Vec<FieldInfo> = "fields";
    }
}

model! {
    /// The actions on a layout that are allowed to the user.
    LayoutActions {
        /// Whether the user may edit the layout.
        edit: Option<bool> = "edit";
        /// Whether the user may rename the layout.
        rename: Option<bool> = "rename";
        /// Whether the user may clone the layout.
        clone_layout: Option<bool> = "clone";
        /// Whether the user may downgrade the layout.
        downgrade: Option<bool> = "downgrade";
        /// Whether the user may delete the layout.
        delete: Option<bool> = "delete";
        /// Whether the user may deactivate the layout.
        deactivate: Option<bool> = "deactivate";
        /// Whether the user may set the permissions of the layout.
        set_layout_permissions: Option<bool> = "set_layout_permissions";
    }
}
