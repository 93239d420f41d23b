//! Fields of a module, as metadata.

use zcrm_core::{Id, Timestamp, words};

use super::field_details::{
    AutoNumber, CurrencyField, FieldAssociation, FieldConvertMapping, FieldCrypt, FieldEmailParser,
    FieldExternal, FieldHipaa, FieldOperations, FieldPrivacy, FieldProfile, FieldSharing,
    FieldTooltip, FieldViews, FormulaField, HistoryTracking, LookupField, MultiModuleLookup,
    MultiSelectLookup, PickListValue, RollupSummary, SubformField, TextArea, UniqueField,
};
use crate::{MetaRef, RawJson, model::model};

words! {
    /// What a field holds.
    DataType {
        TEXT = "text": "A line of text.";
        TEXTAREA = "textarea": "Text of several lines.";
        EMAIL = "email": "An e-mail address.";
        PHONE = "phone": "A telephone number.";
        WEBSITE = "website": "The address of a site.";
        PICKLIST = "picklist": "One of some words.";
        MULTISELECT_PICKLIST = "multiselectpicklist": "Several of some words.";
        DATE = "date": "A day.";
        DATETIME = "datetime": "An instant.";
        INTEGER = "integer": "A whole number.";
        BIGINT = "bigint": "A large whole number.";
        DOUBLE = "double": "A decimal number.";
        CURRENCY = "currency": "An amount of money.";
        PERCENT = "percent": "A number in per cent.";
        AUTO_NUMBER = "autonumber": "A number that Zoho counts up.";
        BOOLEAN = "boolean": "Yes or no.";
        FILE_UPLOAD = "fileupload": "Files.";
        IMAGE_UPLOAD = "imageupload": "Images.";
        PROFILE_IMAGE = "profileimage": "The record's photo.";
        LOOKUP = "lookup": "Another record.";
        USER_LOOKUP = "userlookup": "A user.";
        OWNER_LOOKUP = "ownerlookup": "The record's owner.";
        MULTISELECT_LOOKUP = "multiselectlookup": "Several other records.";
        MULTIUSER_LOOKUP = "multiuserlookup": "Several users.";
        SUBFORM = "subform": "Rows of their own fields.";
        FORMULA = "formula": "What is computed from other fields.";
        ROLLUP_SUMMARY = "rollup_summary": "What is computed from related records.";
        ADDRESS = "address": "The parts of an address.";
        EVENT_REMINDER = "event_reminder": "When an event is reminded of.";
        RECURRENCE = "RRULE": "How an activity recurs.";
        ALARM = "ALARM": "When an activity is reminded of.";
    }
}

model! {
    /// A field's metadata.
    FieldInfo {
        /// Its id.
        id: Option<Id> = "id";
        /// Its API name, such as `Last_Name`.
        api_name: String = "api_name";
        /// Its name for people.
        label: String = "field_label";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// What it holds.
        data_type: Option<DataType> = "data_type";
        /// As what of JSON it is sent: `string`, `integer`, `jsonobject` and the like.
        json_type: Option<String> = "json_type";
        /// How many characters or digits it takes.
        length: Option<i64> = "length";
        /// How many of its digits are decimals.
        decimal_place: Option<i64> = "decimal_place";
        /// What it holds at first: text, or an object.
        default_value: Option<RawJson> = "default_value";
        /// Whether the organisation made it.
        custom_field: Option<bool> = "custom_field";
        /// Who made it: `default`, `api`, `web` and the like.
        created_source: Option<String> = "created_source";
        /// Whether it is used: `used` or `unused`.
        usage: Option<String> = "type";
        /// Whether it must be filled, for Zoho's own reasons.
        system_mandatory: Option<bool> = "system_mandatory";
        /// Whether it must be filled, for those of its layout; only in a layout.
        required: Option<bool> = "required";
        /// Whether the user may not change it.
        read_only: Option<bool> = "read_only";
        /// Whether it cannot be changed.
        field_read_only: Option<bool> = "field_read_only";
        /// Whether it is seen.
        visible: Option<bool> = "visible";
        /// Whether a user's own layouts can have it.
        available_in_user_layout: Option<bool> = "available_in_user_layout";
        /// Whether it names the record.
        display_field: Option<bool> = "display_field";
        /// Whether lists can be sorted by it.
        sortable: Option<bool> = "sortable";
        /// Whether lists can be narrowed by it.
        filterable: Option<bool> = "filterable";
        /// Whether a search looks into it.
        searchable: Option<bool> = "searchable";
        /// Whether it can be changed in many records at once.
        mass_update: Option<bool> = "mass_update";
        /// Whether webhooks can send it.
        webhook: Option<bool> = "webhook";
        /// Whether business cards can show it.
        businesscard_supported: Option<bool> = "businesscard_supported";
        /// Whether blueprints can ask for it.
        blueprint_supported: Option<bool> = "blueprint_supported";
        /// Whether it exists in answers alone.
        virtual_field: Option<bool> = "virtual_field";
        /// Whether it is of a kind that cannot be removed.
        static_field: Option<bool> = "static_field";
        /// Whether its number is written with separators.
        separator: Option<bool> = "separator";
        /// Whether the thousands of its number are told apart.
        number_separator: Option<bool> = "number_separator";
        /// Whether its choices have colours.
        enable_colour_code: Option<bool> = "enable_colour_code";
        /// Whether Zoho itself gave its choices colours.
        colour_code_enabled_by_system: Option<bool> = "colour_code_enabled_by_system";
        /// Whether its choices stand in the order of the alphabet.
        pick_list_values_sorted_lexically: Option<bool> = "pick_list_values_sorted_lexically";
        /// Whether it holds health data.
        hipaa_compliance_enabled: Option<bool> = "hipaa_compliance_enabled";
        /// Its position among the others.
        sequence_number: Option<i64> = "sequence_number";
        /// Its position in the form of the quick create.
        quick_sequence_number: Option<String> = "quick_sequence_number";
        /// Which section of a layout it is in; only in a layout.
        section_id: Option<i64> = "section_id";
        /// How it is shown.
        display_type: Option<i64> = "display_type";
        /// How it is shown, by Zoho's own count.
        ui_type: Option<i64> = "ui_type";
        /// Where it is shown.
        show_type: Option<i64> = "show_type";
        /// Which kind it is of.
        category: Option<i64> = "category";
        /// Its name in Zoho's tables.
        column_name: Option<String> = "column_name";
        /// Another such name.
        additional_column: Option<String> = "additional_column";
        /// What may be done with it, and from where.
        operation_type: Option<FieldOperations> = "operation_type";
        /// Where it is seen.
        view_type: Option<FieldViews> = "view_type";
        /// What is kept of its history: an object, or yes and no in v2.
        history_tracking: Option<HistoryTracking> = "history_tracking";
        /// What its values must fulfil; only in a layout.
        validation_rule: Option<RawJson> = "validation_rule";
        /// When it was made.
        created_time: Option<Timestamp> = "created_time";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "modified_time";
        /// How health data in it is kept.
        hipaa_compliance: Option<FieldHipaa> = "hipaa_compliance";
        /// The module that it belongs to.
        associated_module: Option<MetaRef> = "associated_module";
        /// The module that its rows stand in.
        sub_module: Option<MetaRef> = "sub_module";
        /// The field that it is filled from.
        refer_from_field: Option<MetaRef> = "refer_from_field";
        /// What it refers to, for a lookup.
        lookup: Option<LookupField> = "lookup";
        /// What it refers to, for a lookup of several modules.
        multi_module_lookup: Option<MultiModuleLookup> = "multi_module_lookup";
        /// What it refers to, for several records.
        multiselect_lookup: Option<MultiSelectLookup> = "multiselectlookup";
        /// What it refers to, for several users.
        multiuser_lookup: Option<MultiSelectLookup> = "multiuserlookup";
        /// The module of its rows, for a subform.
        subform: Option<SubformField> = "subform";
        /// How its amounts are rounded.
        currency: Option<CurrencyField> = "currency";
        /// How it is computed.
        formula: Option<FormulaField> = "formula";
        /// What of its related records is computed.
        rollup_summary: Option<RollupSummary> = "rollup_summary";
        /// How it is counted up.
        auto_number: Option<AutoNumber> = "auto_number" or "autonumber";
        /// Whether two records may have the same.
        unique: Option<UniqueField> = "unique";
        /// How it is encrypted.
        crypt: Option<FieldCrypt> = "crypt";
        /// How people's data in it is kept.
        privacy: Option<FieldPrivacy> = "private";
        /// Whether it holds the ids of another system.
        external: Option<FieldExternal> = "external";
        /// What explains it.
        tooltip: Option<FieldTooltip> = "tooltip";
        /// Which fields it joins.
        association_details: Option<FieldAssociation> = "association_details";
        /// Which fields it goes to where a lead is converted.
        convert_mapping: Option<FieldConvertMapping> = "convert_mapping";
        /// What e-mails may do with it.
        email_parser: Option<FieldEmailParser> = "email_parser";
        /// Who may share its record.
        sharing_properties: Option<FieldSharing> = "sharing_properties";
        /// Which text it holds.
        textarea: Option<TextArea> = "textarea";
        /// The list that its choices come from, for all modules.
        global_picklist: Option<MetaRef> = "common.picklist" or "global_picklist";
        /// Its choices.
        pick_list_values: Vec<PickListValue> = "pick_list_values";
        /// The choices of what may be uploaded.
        file_upload_options: Vec<PickListValue> = "file_upolad_optionlist";
        /// The modules that it may refer to.
        allowed_modules: Vec<MetaRef> = "allowed_modules";
        /// The layouts that contain it.
        layout_associations: Vec<MetaRef> = "layout_associations";
        /// The profiles that see it.
        profiles: Vec<FieldProfile> = "profiles";
        /// What of it can be changed.
        customizable_properties: Vec<String> = "customizable_properties";
    }
}
