//! The metadata of a field.

use zcrm_core::{Id, Timestamp, words};

use super::field_details::{
    AutoNumber, ChildField, CurrencyField, FieldAssociation, FieldConvertMapping, FieldCrypt,
    FieldEmailParser, FieldExternal, FieldHipaa, FieldOperations, FieldPrivacy, FieldProfile,
    FieldRange, FieldSharing, FieldTooltip, FieldViews, FormulaField, HistoryTracking, LookupField,
    MultiModuleLookup, MultiSelectLookup, PickListValue, RollupSummary, SubformField, TextArea,
    UniqueField,
};
use crate::{MetaRef, RawJson, model::model};

words! {
    /// The type of a field's value.
    DataType {
        TEXT = "text": "Text on a single line.";
        TEXTAREA = "textarea": "Text on several lines.";
        EMAIL = "email": "An e-mail address.";
        PHONE = "phone": "A telephone number.";
        WEBSITE = "website": "The address of a website.";
        PICKLIST = "picklist": "One choice of a list.";
        MULTISELECT_PICKLIST = "multiselectpicklist": "Several choices of a list.";
        DATE = "date": "A date.";
        DATETIME = "datetime": "A date and time.";
        INTEGER = "integer": "A whole number.";
        BIGINT = "bigint": "A large whole number.";
        DOUBLE = "double": "A decimal number.";
        CURRENCY = "currency": "An amount of money.";
        PERCENT = "percent": "A percentage.";
        AUTO_NUMBER = "autonumber": "A number that Zoho increments.";
        BOOLEAN = "boolean": "A boolean.";
        FILE_UPLOAD = "fileupload": "Files.";
        IMAGE_UPLOAD = "imageupload": "Images.";
        PROFILE_IMAGE = "profileimage": "The record's photo.";
        LOOKUP = "lookup": "Another record.";
        USER_LOOKUP = "userlookup": "A user.";
        OWNER_LOOKUP = "ownerlookup": "The record's owner.";
        MULTISELECT_LOOKUP = "multiselectlookup": "Several other records.";
        MULTIUSER_LOOKUP = "multiuserlookup": "Several users.";
        SUBFORM = "subform": "The rows of a subform.";
        FORMULA = "formula": "A value computed from other fields.";
        ROLLUP_SUMMARY = "rollup_summary": "A value computed from related records.";
        ADDRESS = "address": "The parts of an address.";
        EVENT_REMINDER = "event_reminder": "The time of an event's reminder.";
        RECURRENCE = "RRULE": "The recurrence of an activity.";
        ALARM = "ALARM": "The time of an activity's reminder.";
    }
}

model! {
    /// The metadata of a field.
    FieldInfo {
        /// The field's id.
        id: Option<Id> = "id";
        /// The field's API name, such as `Last_Name`.
        api_name: String = "api_name";
        /// The label of the field.
        label: String = "field_label";
        /// The label in the user's language.
        display_label: Option<String> = "display_label";
        /// The type of the field's value.
        data_type: Option<DataType> = "data_type";
        /// The JSON type of the value, such as `string`, `integer` or `jsonobject`.
        json_type: Option<String> = "json_type";
        /// The maximum number of characters or digits.
        length: Option<i64> = "length";
        /// The number of decimal places.
        decimal_place: Option<i64> = "decimal_place";
        /// The default value: text, or an object.
        default_value: Option<RawJson> = "default_value";
        /// Whether the organisation created the field.
        custom_field: Option<bool> = "custom_field";
        /// The origin of the field, such as `default`, `api` or `web`.
        created_source: Option<String> = "created_source";
        /// Whether the field is in use: `used` or `unused`.
        usage: Option<String> = "type";
        /// Whether Zoho requires a value.
        system_mandatory: Option<bool> = "system_mandatory";
        /// Whether the layout requires a value. Present only in a layout.
        required: Option<bool> = "required";
        /// Whether the field is read-only for the user.
        read_only: Option<bool> = "read_only";
        /// Whether the field is read-only for all users.
        field_read_only: Option<bool> = "field_read_only";
        /// Whether the field is visible.
        visible: Option<bool> = "visible";
        /// Whether a user's layouts can include the field.
        available_in_user_layout: Option<bool> = "available_in_user_layout";
        /// Whether the field is the display name of the record.
        display_field: Option<bool> = "display_field";
        /// Whether lists can be sorted by the field.
        sortable: Option<bool> = "sortable";
        /// Whether lists can be filtered by the field.
        filterable: Option<bool> = "filterable";
        /// Whether searches include the field.
        searchable: Option<bool> = "searchable";
        /// Whether a mass update can set the field.
        mass_update: Option<bool> = "mass_update";
        /// Whether webhooks can send the field.
        webhook: Option<bool> = "webhook";
        /// Whether business cards can show the field.
        businesscard_supported: Option<bool> = "businesscard_supported";
        /// Whether blueprints can use the field.
        blueprint_supported: Option<bool> = "blueprint_supported";
        /// Whether the field is virtual: it exists only in responses.
        virtual_field: Option<bool> = "virtual_field";
        /// Whether the field is static: it cannot be removed.
        static_field: Option<bool> = "static_field";
        /// Whether the number is written with separators.
        separator: Option<bool> = "separator";
        /// Whether the thousands of the number are separated.
        number_separator: Option<bool> = "number_separator";
        /// Whether the choices have colours.
        enable_colour_code: Option<bool> = "enable_colour_code";
        /// Whether Zoho set the colours of the choices.
        colour_code_enabled_by_system: Option<bool> = "colour_code_enabled_by_system";
        /// Whether the choices are sorted alphabetically.
        pick_list_values_sorted_lexically: Option<bool> = "pick_list_values_sorted_lexically";
        /// Whether the field holds health data (HIPAA).
        hipaa_compliance_enabled: Option<bool> = "hipaa_compliance_enabled";
        /// The position of the field among the other fields.
        sequence_number: Option<i64> = "sequence_number";
        /// The position of the field in the quick create form.
        quick_sequence_number: Option<String> = "quick_sequence_number";
        /// The section of the layout that contains the field. Present only in a layout.
        section_id: Option<i64> = "section_id";
        /// A number that encodes how the field is displayed.
        display_type: Option<i64> = "display_type";
        /// A number that encodes the input control of the field.
        ui_type: Option<i64> = "ui_type";
        /// A number that encodes where the field is displayed.
        show_type: Option<i64> = "show_type";
        /// A number that encodes the category of the field.
        category: Option<i64> = "category";
        /// The name of the database column at Zoho.
        column_name: Option<String> = "column_name";
        /// The name of an additional database column at Zoho.
        additional_column: Option<String> = "additional_column";
        /// The operations that are allowed on the field, from the web and by the API.
        operation_type: Option<FieldOperations> = "operation_type";
        /// The pages that show the field.
        view_type: Option<FieldViews> = "view_type";
        /// The history tracking of the field: an object, or a boolean in v2.
        history_tracking: Option<HistoryTracking> = "history_tracking";
        /// Whether history is tracked. Described by Zoho's OpenAPI files since 2026.
        history_tracking_enabled: Option<bool> = "history_tracking_enabled";
        /// The format in which the value is displayed. Described by Zoho's OpenAPI files since 2026.
        display_format: Option<String> = "display_format";
        /// The smallest and the largest value. Described by Zoho's OpenAPI files since 2026.
        range: Option<FieldRange> = "range";
        /// The address field that contains the field. Described by Zoho's OpenAPI files since 2026.
        parent_field: Option<MetaRef> = "parent_field";
        /// The parts of an address field. Described by Zoho's OpenAPI files since 2026.
        child_fields: Vec<ChildField> = "child_fields";
        /// The validation rule of the field. Present only in a layout.
        validation_rule: Option<RawJson> = "validation_rule";
        /// The time of the creation.
        created_time: Option<Timestamp> = "created_time";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "modified_time";
        /// The restrictions on health data in the field.
        hipaa_compliance: Option<FieldHipaa> = "hipaa_compliance";
        /// The module that the field is associated with.
        associated_module: Option<MetaRef> = "associated_module";
        /// The module of the field's rows.
        sub_module: Option<MetaRef> = "sub_module";
        /// The field that the value is taken from.
        refer_from_field: Option<MetaRef> = "refer_from_field";
        /// The target of a lookup.
        lookup: Option<LookupField> = "lookup";
        /// The targets of a lookup into several modules.
        multi_module_lookup: Option<MultiModuleLookup> = "multi_module_lookup";
        /// The target of a lookup of several records.
        multiselect_lookup: Option<MultiSelectLookup> = "multiselectlookup";
        /// The target of a lookup of several users.
        multiuser_lookup: Option<MultiSelectLookup> = "multiuserlookup";
        /// The module of the rows of a subform.
        subform: Option<SubformField> = "subform";
        /// The rounding of amounts.
        currency: Option<CurrencyField> = "currency";
        /// The formula of the field.
        formula: Option<FormulaField> = "formula";
        /// The rollup over related records.
        rollup_summary: Option<RollupSummary> = "rollup_summary";
        /// The format of an auto-number.
        auto_number: Option<AutoNumber> = "auto_number" or "autonumber";
        /// Present if values must be unique.
        unique: Option<UniqueField> = "unique";
        /// The encryption of the field.
        crypt: Option<FieldCrypt> = "crypt";
        /// The restrictions on personal data in the field.
        privacy: Option<FieldPrivacy> = "private";
        /// Present if the field holds ids of another system.
        external: Option<FieldExternal> = "external";
        /// The tooltip of the field.
        tooltip: Option<FieldTooltip> = "tooltip";
        /// The fields that the field associates.
        association_details: Option<FieldAssociation> = "association_details";
        /// The fields that receive the value when a lead is converted.
        convert_mapping: Option<FieldConvertMapping> = "convert_mapping";
        /// The support of the field by the email parser.
        email_parser: Option<FieldEmailParser> = "email_parser";
        /// The sharing permissions of the record.
        sharing_properties: Option<FieldSharing> = "sharing_properties";
        /// The type of a multi-line text.
        textarea: Option<TextArea> = "textarea";
        /// The global pick list that the choices come from.
        global_picklist: Option<MetaRef> = "common.picklist" or "global_picklist";
        /// The choices of the field.
        pick_list_values: Vec<PickListValue> = "pick_list_values";
        /// The choices for uploaded files.
        file_upload_options: Vec<PickListValue> = "file_upolad_optionlist";
        /// The modules that the field may refer to.
        allowed_modules: Vec<MetaRef> = "allowed_modules";
        /// The layouts that contain the field.
        layout_associations: Vec<MetaRef> = "layout_associations";
        /// The profiles that see the field.
        profiles: Vec<FieldProfile> = "profiles";
        /// The properties of the field that can be customised.
        customizable_properties: Vec<String> = "customizable_properties";
    }
}
