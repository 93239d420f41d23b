//! Modules, as metadata.

use zcrm_core::{Id, Timestamp, words};

use super::{custom_view::CustomView, field::FieldInfo, layout::Layout, related_list::RelatedList};
use crate::{MetaRef, RawJson, model::model};

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

model! {
    /// A module's metadata.
    ModuleInfo {
        /// Its id.
        id: Option<Id> = "id";
        /// Its API name, such as `Leads`.
        api_name: String = "api_name";
        /// The name that Zoho gave it.
        module_name: Option<String> = "module_name";
        /// Its name for one record.
        singular_label: Option<String> = "singular_label";
        /// Its name for many.
        plural_label: Option<String> = "plural_label";
        /// What it is for.
        description: Option<String> = "description";
        /// Who made it.
        generated_type: Option<GeneratedType> = "generated_type";
        /// Whether it can be used (from v5 on).
        status: Option<ModuleStatus> = "status";
        /// Whether it is seen; v5 and later tell it as `status`.
        visible: Option<bool> = "visible";
        /// By how many kinds of users it is seen.
        visibility: Option<i64> = "visibility";
        /// Its position among the others.
        sequence_number: Option<i64> = "sequence_number";
        /// Whether calls can read it at all.
        api_supported: Option<bool> = "api_supported";
        /// Whether the user may see its records.
        viewable: Option<bool> = "viewable";
        /// Whether the user may make records.
        creatable: Option<bool> = "creatable";
        /// Whether the user may change records.
        editable: Option<bool> = "editable";
        /// Whether the user may delete records.
        deletable: Option<bool> = "deletable";
        /// Whether its records can be made into others.
        convertable: Option<bool> = "convertable";
        /// Whether its records can be made in one step from elsewhere.
        quick_create: Option<bool> = "quick_create";
        /// Whether deleted records go to the recycle bin.
        recycle_bin_on_delete: Option<bool> = "recycle_bin_on_delete";
        /// Whether it is one of the tabs.
        show_as_tab: Option<bool> = "show_as_tab";
        /// Whether it is in the small menu.
        presence_sub_menu: Option<bool> = "presence_sub_menu";
        /// Whether it has a small menu.
        sub_menu_available: Option<bool> = "sub_menu_available";
        /// Whether its lists can be narrowed.
        filter_supported: Option<bool> = "filter_supported";
        /// Whether a list of it is narrowed at first.
        filter_status: Option<bool> = "filter_status";
        /// Whether the search over all modules looks into it.
        search_supported: Option<bool> = "common.search_supported" or "global_search_supported";
        /// Whether its lists can stand as boards.
        kanban_view_supported: Option<bool> = "kanban_view_supported";
        /// Whether a list of it is shown as a board.
        kanban_view: Option<bool> = "kanban_view";
        /// Whether its lists can stand as charts.
        chart_view_supported: Option<bool> = "chart_view_supported";
        /// Whether a list of it is shown as a chart.
        chart_view: Option<bool> = "chart_view";
        /// Whether Zia looks at it.
        zia_view: Option<bool> = "zia_view";
        /// Whether its records show what goes on.
        feeds_required: Option<bool> = "feeds_required";
        /// Whether rules can be set off by its records.
        triggers_supported: Option<bool> = "triggers_supported";
        /// Whether rules can score its records.
        scoring_supported: Option<bool> = "scoring_supported";
        /// Whether forms on the web can make its records.
        webform_supported: Option<bool> = "webform_supported";
        /// Whether its records can follow a blueprint.
        blueprint_supported: Option<bool> = "isBlueprintSupported";
        /// Whether it has templates for e-mails.
        email_template_supported: Option<bool> = "emailTemplate_support";
        /// Whether e-mails can make its records.
        email_parser_supported: Option<bool> = "email_parser_supported";
        /// Whether it has templates for inventory.
        inventory_template_supported: Option<bool> = "inventory_template_supported";
        /// Whether it keeps what its records were.
        track_current_data: Option<bool> = "track_current_data";
        /// How many fields its business cards show at most.
        business_card_field_limit: Option<i64> = "business_card_field_limit";
        /// How many records a page of its lists shows.
        per_page: Option<i64> = "per_page";
        /// How many profiles see it.
        profile_count: Option<i64> = "profile_count";
        /// Whether more profiles see it than are told.
        has_more_profiles: Option<bool> = "has_more_profiles";
        /// The address of its page, for modules of the web.
        web_link: Option<String> = "web_link";
        /// Whether its records count as activities.
        activity_badge: Option<String> = "activity_badge";
        /// What is shown where its records are looked up: an object with `fields`.
        lookup_field_properties: Option<RawJson> = "lookup_field_properties";
        /// What is shown of it as a subform: an object with `fields`.
        static_subform_properties: Option<RawJson> = "static_subform_properties";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "modified_by";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "modified_time";
        /// The module that it belongs to, as a subform does.
        parent_module: Option<MetaRef> = "parent_module";
        /// The field that names its records.
        display_field: Option<MetaRef> = "display_field";
        /// The territory that it is seen in.
        territory: Option<ModuleTerritory> = "territory";
        /// The view that the user sees first; only where one module is asked for.
        custom_view: Option<CustomView> = "custom_view";
        /// How its related list is shown in other modules.
        related_list_properties: Option<RelatedListProperties> = "related_list_properties";
        /// The profiles that see it.
        profiles: Vec<MetaRef> = "profiles";
        /// What its page of the web is given.
        arguments: Vec<ModuleArgument> = "arguments";
        /// Its fields, if Zoho sends them.
        fields: Vec<FieldInfo> = "fields";
        /// Its layouts, if Zoho sends them.
        layouts: Vec<Layout> = "layouts";
        /// Its related lists, if Zoho sends them.
        related_lists: Vec<RelatedList> = "related_lists";
        /// The fields of its business cards.
        business_card_fields: Vec<MetaRef> = "business_card_fields";
        /// The fields that a search shows.
        search_layout_fields: Vec<MetaRef> = "search_layout_fields";
        /// The fields that other modules fill from it.
        default_mapping_fields: Vec<MetaRef> = "default_mapping_fields";
        /// The layouts that contain it.
        layout_associations: Vec<MetaRef> = "layout_associations";
        /// The states of its fields.
        field_states: Vec<String> = "$field_states";
        /// The `$` members of its records.
        properties: Vec<String> = "$properties";
        /// The `$` members that its records have where they are asked for.
        on_demand_properties: Vec<String> = "$on_demand_properties";
    }
}

model! {
    /// A territory that a module is seen in.
    ModuleTerritory {
        /// Its id.
        id: Option<Id> = "id";
        /// Its name.
        name: String = "name";
        /// Whether the territories below it count.
        subordinates: Option<bool> = "subordinates";
    }
}

model! {
    /// What a module's page of the web is given.
    ModuleArgument {
        /// Its name.
        name: String = "name";
        /// Its value.
        value: Option<String> = "value";
    }
}

model! {
    /// How a module's related list is shown in other modules.
    RelatedListProperties {
        /// The field that it is sorted by.
        sort_by: Option<MetaRef> = "sort_by";
        /// Which end comes first: `asc` or `desc`.
        sort_order: Option<String> = "sort_order";
        /// The fields that it shows.
        fields: Vec<MetaRef> = "fields";
    }
}
