//! Layouts of a module, and their sections.

use serde_json::Value;
use zcrm_core::{Id, Lookup, Timestamp, object};

use super::{field::FieldInfo, field_details::FieldTooltip};
use crate::MetaRef;

object! {
    /// A layout: which fields a record has, and in which sections.
    Layout {
        /// Its id.
        id: Id = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// Whether it is used: a word such as `active`, and a number in v2.
        status: Value = "status";
        /// Whether it is seen.
        visible: bool = "visible";
        /// How it is shown.
        display_type: i64 = "display_type";
        /// Where it comes from.
        source: String = "source";
        /// Who made it.
        generated_type: String = "generated_type";
        /// For what it is: `view`, `create` or `edit`.
        mode: String = "mode";
        /// Whether more profiles see it than are told.
        has_more_profiles: bool = "has_more_profiles";
        /// Whether it has business cards.
        show_business_card: bool = "show_business_card";
        /// The user that it was made for.
        created_for: Lookup = "created_for";
        /// Who made it.
        created_by: Lookup = "created_by";
        /// Who changed it last.
        modified_by: Lookup = "modified_by";
        /// When it was made.
        created_time: Timestamp = "created_time";
        /// When it was last changed.
        modified_time: Timestamp = "modified_time";
    }
    parts {
        /// How its subforms are shown.
        subform_properties: SubformProperties = "subform_properties";
        /// What its records become where they are converted.
        convert_mapping: LayoutConvertMapping = "convert_mapping";
        /// What the user may do with it.
        actions_allowed: LayoutActions = "actions_allowed";
    }
    lists {
        /// Its sections.
        sections: Section = "sections";
        /// The profiles that see it.
        profiles: LayoutProfile = "profiles";
    }
}

object! {
    /// A section of a layout.
    Section {
        /// Its id.
        id: Id = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name.
        name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// Where it stands among the others.
        sequence_number: i64 = "sequence_number";
        /// How many columns it has.
        column_count: i64 = "column_count";
        /// In which order the tabulator walks through it.
        tab_traversal: Value = "tab_traversal";
        /// Whether its fields are those of a subform.
        is_subform_section: bool = "isSubformSection";
        /// Who made it.
        generated_type: String = "generated_type";
        /// Whether it is used: `used` or `unused`.
        usage: String = "type";
    }
    parts {
        /// How its rows behave, for a subform.
        properties: SectionProperties = "properties";
    }
    lists {
        /// Its fields.
        fields: FieldInfo = "fields";
    }
}

object! {
    /// How the rows of a subform behave.
    SectionProperties {
        /// Whether they can be put in another order.
        reorder_rows: bool = "reorder_rows";
        /// How many there may be.
        maximum_rows: i64 = "maximum_rows";
        /// What explains them.
        tooltip: FieldTooltip = "tooltip";
    }
}

object! {
    /// How the subforms of a layout are shown.
    SubformProperties {
        /// Whether a column stays where the others move.
        pinned_column: bool = "pinned_column";
    }
}

object! {
    /// A profile that sees a layout.
    LayoutProfile {
        /// Its id.
        id: Id = "id";
        /// Its name.
        name: String = "name";
        /// Whether it sees this one first.
        is_default: bool = "default";
        /// The view that it sees first.
        default_view: MetaRef = "_default_view";
        /// The view that it sees first where records are assigned.
        default_assignment_view: MetaRef = "_default_assignment_view";
    }
}

object! {
    /// What a layout's records become where they are converted.
    LayoutConvertMapping {
        /// The layout of the contact.
        contacts: LayoutConvertTarget = "Contacts";
        /// The layout of the account.
        accounts: LayoutConvertTarget = "Accounts";
        /// The layout of the deal, and the fields that are asked for.
        deals: LayoutConvertTarget = "Deals";
        /// The layout of the invoice.
        invoices: LayoutConvertTarget = "Invoices";
        /// The layout of the sales order.
        sales_orders: LayoutConvertTarget = "SalesOrders";
    }
}

object! {
    /// The layout that a record gets where it is converted.
    LayoutConvertTarget {
        /// Its id.
        id: Id = "id";
        /// Its name.
        name: String = "name";
    }
    lists {
        /// The fields that are asked for.
        fields: FieldInfo = "fields";
    }
}

object! {
    /// What the user may do with a layout.
    LayoutActions {
        /// Change it.
        edit: bool = "edit";
        /// Give it another name.
        rename: bool = "rename";
        /// Copy it.
        clone_layout: bool = "clone";
        /// Make it one of a smaller edition.
        downgrade: bool = "downgrade";
        /// Delete it.
        delete: bool = "delete";
        /// Take it out of use.
        deactivate: bool = "deactivate";
        /// Say who sees it.
        set_layout_permissions: bool = "set_layout_permissions";
    }
}
