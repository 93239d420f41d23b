//! Layouts of a module, and their sections.

use zcrm_core::{Id, Timestamp};

use super::{field::FieldInfo, field_details::FieldTooltip};
use crate::{MetaRef, RawJson, model::model};

model! {
    /// A layout: which fields a record has, and in which sections.
    Layout {
        /// Its id.
        id: Option<Id> = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// Whether it is used: a word such as `active`, and a number in v2.
        status: Option<RawJson> = "status";
        /// Whether it is seen.
        visible: Option<bool> = "visible";
        /// How it is shown.
        display_type: Option<i64> = "display_type";
        /// Where it comes from.
        source: Option<String> = "source";
        /// Who made it.
        generated_type: Option<String> = "generated_type";
        /// For what it is: `view`, `create` or `edit`.
        mode: Option<String> = "mode";
        /// Whether more profiles see it than are told.
        has_more_profiles: Option<bool> = "has_more_profiles";
        /// Whether it has business cards.
        show_business_card: Option<bool> = "show_business_card";
        /// The user that it was made for.
        created_for: Option<MetaRef> = "created_for";
        /// Who made it.
        created_by: Option<MetaRef> = "created_by";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "modified_by";
        /// When it was made.
        created_time: Option<Timestamp> = "created_time";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "modified_time";
        /// How its subforms are shown.
        subform_properties: Option<SubformProperties> = "subform_properties";
        /// What its records become where they are converted.
        convert_mapping: Option<LayoutConvertMapping> = "convert_mapping";
        /// What the user may do with it.
        actions_allowed: Option<LayoutActions> = "actions_allowed";
        /// Its sections.
        sections: Vec<Section> = "sections";
        /// The profiles that see it.
        profiles: Vec<LayoutProfile> = "profiles";
    }
}

model! {
    /// A section of a layout.
    Section {
        /// Its id.
        id: Option<Id> = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// Its position among the others.
        sequence_number: Option<i64> = "sequence_number";
        /// How many columns it has.
        column_count: Option<i64> = "column_count";
        /// In which order the tabulator walks through it.
        tab_traversal: Option<RawJson> = "tab_traversal";
        /// Whether its fields are those of a subform.
        is_subform_section: Option<bool> = "isSubformSection";
        /// Who made it.
        generated_type: Option<String> = "generated_type";
        /// Whether it is used: `used` or `unused`.
        usage: Option<String> = "type";
        /// How its rows behave, for a subform.
        properties: Option<SectionProperties> = "properties";
        /// Its fields.
        fields: Vec<FieldInfo> = "fields";
    }
}

model! {
    /// How the rows of a subform behave.
    SectionProperties {
        /// Whether they can be put in another order.
        reorder_rows: Option<bool> = "reorder_rows";
        /// How many there may be.
        maximum_rows: Option<i64> = "maximum_rows";
        /// What explains them.
        tooltip: Option<FieldTooltip> = "tooltip";
    }
}

model! {
    /// How the subforms of a layout are shown.
    SubformProperties {
        /// Whether a column stays where the others move.
        pinned_column: Option<bool> = "pinned_column";
    }
}

model! {
    /// A profile that sees a layout.
    LayoutProfile {
        /// Its id.
        id: Option<Id> = "id";
        /// Its name.
        name: String = "name";
        /// Whether it sees this one first.
        is_default: Option<bool> = "default";
        /// The view that it sees first.
        default_view: Option<MetaRef> = "_default_view";
        /// The view that it sees first where records are assigned.
        default_assignment_view: Option<MetaRef> = "_default_assignment_view";
    }
}

model! {
    /// What a layout's records become where they are converted.
    LayoutConvertMapping {
        /// The layout of the contact.
        contacts: Option<LayoutConvertTarget> = "Contacts";
        /// The layout of the account.
        accounts: Option<LayoutConvertTarget> = "Accounts";
        /// The layout of the deal, and the fields that are asked for.
        deals: Option<LayoutConvertTarget> = "Deals";
        /// The layout of the invoice.
        invoices: Option<LayoutConvertTarget> = "Invoices";
        /// The layout of the sales order.
        sales_orders: Option<LayoutConvertTarget> = "SalesOrders";
    }
}

model! {
    /// The layout that a record gets where it is converted.
    LayoutConvertTarget {
        /// Its id.
        id: Option<Id> = "id";
        /// Its name.
        name: String = "name";
        /// The fields that are asked for.
        fields: Vec<FieldInfo> = "fields";
    }
}

model! {
    /// What the user may do with a layout.
    LayoutActions {
        /// Change it.
        edit: Option<bool> = "edit";
        /// Give it another name.
        rename: Option<bool> = "rename";
        /// Copy it.
        clone_layout: Option<bool> = "clone";
        /// Make it one of a smaller edition.
        downgrade: Option<bool> = "downgrade";
        /// Delete it.
        delete: Option<bool> = "delete";
        /// Take it out of use.
        deactivate: Option<bool> = "deactivate";
        /// Say who sees it.
        set_layout_permissions: Option<bool> = "set_layout_permissions";
    }
}
