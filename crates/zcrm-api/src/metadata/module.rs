//! The metadata of a module.

use zcrm_core::{Id, Timestamp, words};

use super::{custom_view::CustomView, field::FieldInfo, layout::Layout, related_list::RelatedList};
use crate::{MetaRef, RawJson, model::model};

words! {
    /// The origin of a module.
    GeneratedType {
        DEFAULT = "default": "A standard module of Zoho CRM.";
        CUSTOM = "custom": "A custom module of the organisation.";
        WEB = "web": "A web page that the organisation added as a module.";
        LINKING = "linking": "A module that links the records of two modules.";
        SUBFORM = "subform": "A module that holds the rows of a subform.";
    }
}

words! {
    /// The status of a module (from v5 on).
    ModuleStatus {
        VISIBLE = "visible": "The module is visible.";
        USER_HIDDEN = "user_hidden": "A user has hidden the module.";
        SYSTEM_HIDDEN = "system_hidden": "Zoho has hidden the module.";
        SCHEDULED_FOR_DELETION = "scheduled_for_deletion": "The module is scheduled for deletion.";
    }
}

model! {
    /// The metadata of a module.
    ModuleInfo {
        /// The module's id.
        id: Option<Id> = "id";
        /// The module's API name, such as `Leads`.
        api_name: String = "api_name";
        /// The module's name in Zoho CRM.
        module_name: Option<String> = "module_name";
        /// The label of one record.
        singular_label: Option<String> = "singular_label";
        /// The label of several records.
        plural_label: Option<String> = "plural_label";
        /// The label of one record before translation. Described by Zoho's OpenAPI files since 2026.
        actual_singular_label: Option<String> = "actual_singular_label";
        /// The label of several records before translation. Described by Zoho's OpenAPI files since 2026.
        actual_plural_label: Option<String> = "actual_plural_label";
        /// The users who see the module: `org_based` or `team_based`. Described by Zoho's OpenAPI files since 2026.
        access_type: Option<String> = "access_type";
        /// The class of the module, for modules of Zoho's orchestration: `ENTITIES` or
        /// `CONFIGURATION_ENTITIES`. Described by Zoho's OpenAPI files since 2026.
        module_type: Option<String> = "module_type";
        /// The product that defines the module, such as `crm` or `marketplace_plugin`. Described by Zoho's OpenAPI files since 2026.
        source: Option<String> = "source";
        /// Whether lookups can refer to the module. Described by Zoho's OpenAPI files since 2026.
        lookupable: Option<bool> = "lookupable";
        /// The description of the module.
        description: Option<String> = "description";
        /// The origin of the module.
        generated_type: Option<GeneratedType> = "generated_type";
        /// The status of the module (from v5 on).
        status: Option<ModuleStatus> = "status";
        /// Whether the module is visible. From v5 on use `status`.
        visible: Option<bool> = "visible";
        /// The number of user types that see the module.
        visibility: Option<i64> = "visibility";
        /// The position among the modules.
        sequence_number: Option<i64> = "sequence_number";
        /// Whether the API supports the module.
        api_supported: Option<bool> = "api_supported";
        /// Whether the user may view records.
        viewable: Option<bool> = "viewable";
        /// Whether the user may create records.
        creatable: Option<bool> = "creatable";
        /// Whether the user may edit records.
        editable: Option<bool> = "editable";
        /// Whether the user may delete records.
        deletable: Option<bool> = "deletable";
        /// Whether records can be converted to records of other modules.
        convertable: Option<bool> = "convertable";
        /// Whether the module supports quick create.
        quick_create: Option<bool> = "quick_create";
        /// Whether deleted records go to the recycle bin.
        recycle_bin_on_delete: Option<bool> = "recycle_bin_on_delete";
        /// Whether the module is shown as a tab.
        show_as_tab: Option<bool> = "show_as_tab";
        /// Whether the module is in a sub-menu.
        presence_sub_menu: Option<bool> = "presence_sub_menu";
        /// Whether the module has a sub-menu.
        sub_menu_available: Option<bool> = "sub_menu_available";
        /// Whether lists can be filtered.
        filter_supported: Option<bool> = "filter_supported";
        /// Whether the list is filtered by default.
        filter_status: Option<bool> = "filter_status";
        /// Whether the global search includes the module.
        search_supported: Option<bool> = "common.search_supported" or "global_search_supported";
        /// Whether records can be shown as a kanban board.
        kanban_view_supported: Option<bool> = "kanban_view_supported";
        /// Whether the list is shown as a kanban board.
        kanban_view: Option<bool> = "kanban_view";
        /// Whether records can be shown as a chart.
        chart_view_supported: Option<bool> = "chart_view_supported";
        /// Whether the list is shown as a chart.
        chart_view: Option<bool> = "chart_view";
        /// Whether Zia analyses the module.
        zia_view: Option<bool> = "zia_view";
        /// Whether records have a feed of their activity.
        feeds_required: Option<bool> = "feeds_required";
        /// Whether records can trigger automations.
        triggers_supported: Option<bool> = "triggers_supported";
        /// Whether scoring rules can score records.
        scoring_supported: Option<bool> = "scoring_supported";
        /// Whether web forms can create records.
        webform_supported: Option<bool> = "webform_supported";
        /// Whether records can follow a blueprint.
        blueprint_supported: Option<bool> = "isBlueprintSupported";
        /// Whether the module has e-mail templates.
        email_template_supported: Option<bool> = "emailTemplate_support";
        /// Whether the email parser can create records.
        email_parser_supported: Option<bool> = "email_parser_supported";
        /// Whether the module has inventory templates.
        inventory_template_supported: Option<bool> = "inventory_template_supported";
        /// Whether earlier states of records are tracked.
        track_current_data: Option<bool> = "track_current_data";
        /// The maximum number of fields on a business card.
        business_card_field_limit: Option<i64> = "business_card_field_limit";
        /// The number of records per page of a list.
        per_page: Option<i64> = "per_page";
        /// The number of profiles that see the module.
        profile_count: Option<i64> = "profile_count";
        /// Whether there are more profiles than those listed.
        has_more_profiles: Option<bool> = "has_more_profiles";
        /// The URL of a web module.
        web_link: Option<String> = "web_link";
        /// The activity badge of the module: whether its records count as activities.
        activity_badge: Option<String> = "activity_badge";
        /// The display of the records in lookups: an object with `fields`.
        lookup_field_properties: Option<RawJson> = "lookup_field_properties";
        /// The display of the module as a subform: an object with `fields`.
        static_subform_properties: Option<RawJson> = "static_subform_properties";
        /// The user who last modified the module.
        modified_by: Option<MetaRef> = "modified_by";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "modified_time";
        /// The parent module, for example of a subform.
        parent_module: Option<MetaRef> = "parent_module";
        /// The field that is the display name of records.
        display_field: Option<MetaRef> = "display_field";
        /// The territory that sees the module.
        territory: Option<ModuleTerritory> = "territory";
        /// The user's default view. Present only if a single module is read.
        custom_view: Option<CustomView> = "custom_view";
        /// The display of the module's related list in other modules.
        related_list_properties: Option<RelatedListProperties> = "related_list_properties";
        /// The profiles that see the module.
        profiles: Vec<MetaRef> = "profiles";
        /// The arguments of the page of a web module.
        arguments: Vec<ModuleArgument> = "arguments";
        /// The fields of the module, if Zoho sends them.
        fields: Vec<FieldInfo> = "fields";
        /// The layouts of the module, if Zoho sends them.
        layouts: Vec<Layout> = "layouts";
        /// The related lists of the module, if Zoho sends them.
        related_lists: Vec<RelatedList> = "related_lists";
        /// The fields of business cards.
        business_card_fields: Vec<MetaRef> = "business_card_fields";
        /// The fields that a search shows.
        search_layout_fields: Vec<MetaRef> = "search_layout_fields";
        /// The fields that other modules fill from this module.
        default_mapping_fields: Vec<MetaRef> = "default_mapping_fields";
        /// The layouts that contain the module.
        layout_associations: Vec<MetaRef> = "layout_associations";
        /// The states of the module's fields.
        field_states: Vec<String> = "$field_states";
        /// The `$` members of records.
        properties: Vec<String> = "$properties";
        /// The `$` members that records have on demand.
        on_demand_properties: Vec<String> = "$on_demand_properties";
    }
}

model! {
    /// A territory that sees a module.
    ModuleTerritory {
        /// The territory's id.
        id: Option<Id> = "id";
        /// The territory's name.
        name: String = "name";
        /// Whether subordinate territories are included.
        subordinates: Option<bool> = "subordinates";
    }
}

model! {
    /// An argument of the page of a web module.
    ModuleArgument {
        /// The name of the argument.
        name: String = "name";
        /// The value of the argument.
        value: Option<String> = "value";
    }
}

model! {
    /// The display of a module's related list in other modules.
    RelatedListProperties {
        /// The field that the related list is sorted by.
        sort_by: Option<MetaRef> = "sort_by";
        /// The direction of the sort: `asc` or `desc`.
        sort_order: Option<String> = "sort_order";
        /// The fields that the related list shows.
        fields: Vec<MetaRef> = "fields";
    }
}
