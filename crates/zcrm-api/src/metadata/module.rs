//! Modules, as metadata.

use serde_json::Value;
use zcrm_core::{Id, Lookup, Timestamp, object, words};

use super::{custom_view::CustomView, field::FieldInfo, layout::Layout, related_list::RelatedList};
use crate::MetaRef;

words! {
    /// Who made a module.
    GeneratedType {
        DEFAULT = "default": "Zoho.";
        CUSTOM = "custom": "The organisation.";
        WEB = "web": "The organisation, as a page of the web.";
        LINKING = "linking": "Zoho, to join two modules.";
        SUBFORM = "subform": "Zoho, for the rows of a subform.";
    }
}

words! {
    /// Whether a module can be used (from v5 on).
    ModuleStatus {
        VISIBLE = "visible": "It can.";
        USER_HIDDEN = "user_hidden": "A user hid it.";
        SYSTEM_HIDDEN = "system_hidden": "Zoho hid it.";
        SCHEDULED_FOR_DELETION = "scheduled_for_deletion": "It will be deleted.";
    }
}

object! {
    /// What a module is, as Zoho tells it.
    ModuleInfo {
        /// Its id.
        id: Id = "id";
        /// Its API name, such as `Leads`.
        api_name: String = "api_name";
        /// The name that Zoho gave it.
        module_name: String = "module_name";
        /// Its name for one record.
        singular_label: String = "singular_label";
        /// Its name for many.
        plural_label: String = "plural_label";
        /// What it is for.
        description: String = "description";
        /// Who made it.
        generated_type: GeneratedType = "generated_type";
        /// Whether it can be used (from v5 on).
        status: ModuleStatus = "status";
        /// Whether it is seen; v5 and later tell it as `status`.
        visible: bool = "visible";
        /// By how many kinds of users it is seen.
        visibility: i64 = "visibility";
        /// Where it stands among the others.
        sequence_number: i64 = "sequence_number";
        /// Whether calls can read it at all.
        api_supported: bool = "api_supported";
        /// Whether the user may see its records.
        viewable: bool = "viewable";
        /// Whether the user may make records.
        creatable: bool = "creatable";
        /// Whether the user may change records.
        editable: bool = "editable";
        /// Whether the user may delete records.
        deletable: bool = "deletable";
        /// Whether its records can be made into others.
        convertable: bool = "convertable";
        /// Whether its records can be made in one step from elsewhere.
        quick_create: bool = "quick_create";
        /// Whether deleted records go to the recycle bin.
        recycle_bin_on_delete: bool = "recycle_bin_on_delete";
        /// Whether it stands among the tabs.
        show_as_tab: bool = "show_as_tab";
        /// Whether it stands in the small menu.
        presence_sub_menu: bool = "presence_sub_menu";
        /// Whether it has a small menu.
        sub_menu_available: bool = "sub_menu_available";
        /// Whether its lists can be narrowed.
        filter_supported: bool = "filter_supported";
        /// Whether a list of it is narrowed at first.
        filter_status: bool = "filter_status";
        /// Whether the search over all modules looks into it.
        search_supported: bool = "common.search_supported" or "global_search_supported";
        /// Whether its lists can stand as boards.
        kanban_view_supported: bool = "kanban_view_supported";
        /// Whether a list of it stands as a board.
        kanban_view: bool = "kanban_view";
        /// Whether its lists can stand as charts.
        chart_view_supported: bool = "chart_view_supported";
        /// Whether a list of it stands as a chart.
        chart_view: bool = "chart_view";
        /// Whether Zia looks at it.
        zia_view: bool = "zia_view";
        /// Whether its records show what goes on.
        feeds_required: bool = "feeds_required";
        /// Whether rules can be set off by its records.
        triggers_supported: bool = "triggers_supported";
        /// Whether rules can score its records.
        scoring_supported: bool = "scoring_supported";
        /// Whether forms on the web can make its records.
        webform_supported: bool = "webform_supported";
        /// Whether its records can follow a blueprint.
        blueprint_supported: bool = "isBlueprintSupported";
        /// Whether it has templates for e-mails.
        email_template_supported: bool = "emailTemplate_support";
        /// Whether e-mails can make its records.
        email_parser_supported: bool = "email_parser_supported";
        /// Whether it has templates for inventory.
        inventory_template_supported: bool = "inventory_template_supported";
        /// Whether it keeps what its records were.
        track_current_data: bool = "track_current_data";
        /// How many fields its business cards show at most.
        business_card_field_limit: i64 = "business_card_field_limit";
        /// How many records a page of its lists shows.
        per_page: i64 = "per_page";
        /// How many profiles see it.
        profile_count: i64 = "profile_count";
        /// Whether more profiles see it than are told.
        has_more_profiles: bool = "has_more_profiles";
        /// The address of its page, for modules of the web.
        web_link: String = "web_link";
        /// Whether its records count as activities.
        activity_badge: String = "activity_badge";
        /// What is shown where its records are looked up: an object with `fields`.
        lookup_field_properties: Value = "lookup_field_properties";
        /// What is shown of it as a subform: an object with `fields`.
        static_subform_properties: Value = "static_subform_properties";
        /// Who changed it last.
        modified_by: Lookup = "modified_by";
        /// When it was last changed.
        modified_time: Timestamp = "modified_time";
    }
    parts {
        /// The module that it belongs to, as a subform does.
        parent_module: MetaRef = "parent_module";
        /// The field that names its records.
        display_field: MetaRef = "display_field";
        /// The territory that it is seen in.
        territory: ModuleTerritory = "territory";
        /// The view that the user sees first; only where one module is asked for.
        custom_view: CustomView = "custom_view";
        /// How its related list is shown in other modules.
        related_list_properties: RelatedListProperties = "related_list_properties";
    }
    lists {
        /// The profiles that see it.
        profiles: ModuleProfile = "profiles";
        /// What its page of the web is given.
        arguments: ModuleArgument = "arguments";
        /// Its fields, where Zoho tells them.
        fields: FieldInfo = "fields";
        /// Its layouts, where Zoho tells them.
        layouts: Layout = "layouts";
        /// Its related lists, where Zoho tells them.
        related_lists: RelatedList = "related_lists";
        /// The fields of its business cards.
        business_card_fields: MetaRef = "business_card_fields";
        /// The fields that a search shows.
        search_layout_fields: MetaRef = "search_layout_fields";
        /// The fields that other modules fill from it.
        default_mapping_fields: MetaRef = "default_mapping_fields";
        /// The layouts that it stands in.
        layout_associations: MetaRef = "layout_associations";
        /// The states of its fields.
        field_states: String = "$field_states";
        /// The `$` members of its records.
        properties: String = "$properties";
        /// The `$` members that its records have where they are asked for.
        on_demand_properties: String = "$on_demand_properties";
    }
}

object! {
    /// A profile that sees a module.
    ModuleProfile {
        /// Its id.
        id: Id = "id";
        /// Its name.
        name: String = "name";
    }
}

object! {
    /// A territory that a module is seen in.
    ModuleTerritory {
        /// Its id.
        id: Id = "id";
        /// Its name.
        name: String = "name";
        /// Whether the territories below it count.
        subordinates: bool = "subordinates";
    }
}

object! {
    /// What a module's page of the web is given.
    ModuleArgument {
        /// Its name.
        name: String = "name";
        /// Its value.
        value: String = "value";
    }
}

object! {
    /// How a module's related list is shown in other modules.
    RelatedListProperties {
        /// The field that it is sorted by.
        sort_by: MetaRef = "sort_by";
        /// Which end comes first: `asc` or `desc`.
        sort_order: String = "sort_order";
    }
    lists {
        /// The fields that it shows.
        fields: MetaRef = "fields";
    }
}
