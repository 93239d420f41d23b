//! The parts of the metadata of a field that only some fields have.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use zcrm_core::Id;

use crate::{
    Extra, MetaRef, RawJson,
    model::{
        self,
        members::{ModelField, ModelFields, Name},
        model,
    },
};

model! {
    /// A choice of a pick list field.
    PickListValue {
        /// The id of the choice.
        id: Option<Id> = "id";
        /// The text that is shown.
        display_value: Option<String> = "display_value";
        /// The value that a record holds.
        actual_value: Option<String> = "actual_value";
        /// The name that rules use.
        reference_value: Option<String> = "reference_value";
        /// Whether the choice is in use: `used` or `unused`.
        usage: Option<String> = "type";
        /// The position among the choices.
        sequence_number: Option<i64> = "sequence_number";
        /// The colour, such as `#57B1FD`.
        colour_code: Option<String> = "colour_code";
        /// Whether the choice is shown.
        show_value: Option<bool> = "show_value";
        /// The category of a deal in this stage: `Open`, `Closed Won` or `Closed Lost`.
        deal_category: Option<String> = "deal_category";
        /// The probability of a deal in this stage, in per cent.
        probability: Option<i64> = "probability";
        /// The forecast category of a deal in this stage.
        forecast_category: Option<MetaRef> = "forecast_category";
        /// The forecast category, as a word.
        forecast_type: Option<String> = "forecast_type";
        /// The JSON type of the value.
        expected_data_type: Option<String> = "expected_data_type";
        /// Zoho's system name of the choice.
        system_name: Option<String> = "sys_ref_name";
        /// The choices of dependent fields.
        maps: Vec<PickListMap> = "maps";
    }
}

model! {
    /// The choices of a dependent field that remain for a choice.
    PickListMap {
        /// The API name of the dependent field.
        api_name: String = "api_name";
        /// The remaining choices.
        pick_list_values: Vec<PickListValue> = "pick_list_values";
    }
}

model! {
    /// The target of a lookup field.
    LookupField {
        /// The id of the relation.
        id: Option<Id> = "id";
        /// The API name of the related list that the lookup creates.
        api_name: String = "api_name";
        /// The label of the related list.
        display_label: Option<String> = "display_label";
        /// The module that the lookup refers to.
        module: Option<MetaRef> = "module";
        /// Whether the filter is checked again when a record is edited.
        revalidate_filter_during_edit: Option<bool> = "revalidate_filter_during_edit";
        /// The filter of the lookup: an object with a query id and criteria.
        query_details: Option<RawJson> = "query_details";
        /// The fields that are shown of the referenced record.
        show_fields: Vec<RawJson> = "show_fields";
    }
}

model! {
    /// The targets of a lookup into several modules.
    MultiModuleLookup {
        /// The API name of the related list that the lookup creates.
        api_name: String = "api_name";
        /// The label of the related list.
        display_label: Option<String> = "display_label";
        /// The modules that the lookup refers to.
        modules: Vec<MetaRef> = "modules";
    }
}

model! {
    /// The target of a lookup of several records or users.
    MultiSelectLookup {
        /// The id of the relation.
        id: Option<Id> = "id";
        /// The API name of the related list that the lookup creates.
        api_name: String = "api_name";
        /// The label of the related list.
        display_label: Option<String> = "display_label";
        /// The module whose records link the two sides.
        linking_module: Option<MetaRef> = "linking_module";
        /// The module that the lookup refers to.
        connected_module: Option<MetaRef> = "connected_module";
        /// The field of the linking module that refers to the module of the lookup.
        lookup_api_name: Option<String> = "lookup_apiname";
        /// The field of the linking module that refers to the other module.
        connected_lookup_api_name: Option<String> = "connectedlookup_apiname";
        /// The field of the other module.
        connected_field_api_name: Option<String> = "connectedfield_apiname";
        /// Whether the referenced users may see the record.
        record_access: Option<bool> = "record_access";
        /// The linking module and its fields. Described by Zoho's OpenAPI files since 2026.
        linking_details: Option<LinkingDetails> = "linking_details";
        /// The target of the lookup. Described by Zoho's OpenAPI files since 2026.
        connected_details: Option<ConnectedDetails> = "connected_details";
        /// The related list that the lookup creates. Described by Zoho's OpenAPI files since 2026.
        related_list: Option<LookupRelatedList> = "related_list";
    }
}

model! {
    /// The module that links the two sides of a lookup of several records or users.
    LinkingDetails {
        /// The linking module.
        module: Option<MetaRef> = "module";
        /// The field that refers to the module of the lookup.
        lookup_field: Option<MetaRef> = "lookup_field";
        /// The field that refers to the other module.
        connected_lookup_field: Option<MetaRef> = "connected_lookup_field";
    }
}

model! {
    /// The target of a lookup of several records.
    ConnectedDetails {
        /// The module that the lookup refers to.
        module: Option<MetaRef> = "module";
        /// The field of that module that refers back.
        field: Option<MetaRef> = "field";
        /// The layouts that contain the field.
        layouts: Vec<MetaRef> = "layouts";
    }
}

model! {
    /// The related list that a lookup creates.
    LookupRelatedList {
        /// The id of the related list.
        id: Option<Id> = "id";
        /// The API name of the related list.
        api_name: String = "api_name";
        /// The label of the related list.
        display_label: Option<String> = "display_label";
    }
}

model! {
    /// The smallest and the largest value of a number field.
    FieldRange {
        /// The smallest value.
        from: Option<f64> = "from";
        /// The largest value.
        to: Option<f64> = "to";
    }
}

model! {
    /// A part of an address field.
    ChildField {
        /// The position among the parts.
        sequence_number: Option<i64> = "sequence_number";
        /// The field.
        field: Option<MetaRef> = "field";
    }
}

model! {
    /// The module of the rows of a subform.
    SubformField {
        /// The id of the module.
        id: Option<Id> = "id";
        /// The module.
        module: Option<MetaRef> = "module";
    }
}

model! {
    /// The rounding of amounts of money.
    CurrencyField {
        /// The rounding mode, such as `normal` or `round_up`.
        rounding_option: Option<String> = "rounding_option";
        /// The number of decimal places.
        precision: Option<i64> = "precision";
    }
}

model! {
    /// The formula of a computed field.
    FormulaField {
        /// The type of the result.
        return_type: Option<String> = "return_type";
        /// The expression.
        expression: Option<String> = "expression";
        /// Whether Zoho computes the value again without a change of the record. Described by Zoho's OpenAPI files since 2026.
        dynamic: Option<bool> = "dynamic";
        /// Whether a condition ends the computation. Described by Zoho's OpenAPI files since 2026.
        stop_compute_conditionally: Option<bool> = "stop_compute_conditionally";
    }
}

model! {
    /// A rollup over related records.
    RollupSummary {
        /// The type of the result.
        return_type: Option<String> = "return_type";
        /// The expression: an object with a function and a field.
        expression: Option<RawJson> = "expression";
        /// The module of the related records.
        based_on_module: Option<MetaRef> = "based_on_module";
        /// The related list of the records.
        related_list: Option<MetaRef> = "related_list";
        /// The value that the rollup is based on.
        rollup_based_on: Option<String> = "rollup_based_on";
    }
}

model! {
    /// The format of an auto-number field.
    AutoNumber {
        /// The text before the number.
        prefix: Option<String> = "prefix";
        /// The text after the number.
        suffix: Option<String> = "suffix";
        /// The first number.
        start_number: Option<i64> = "start_number";
        /// The number of digits of the first number.
        starting_number_length: Option<i64> = "starting_number_length";
    }
}

model! {
    /// The uniqueness rule of a field.
    UniqueField {
        /// Whether the comparison is case-sensitive.
        case_sensitive: Option<RawJson> = "casesensitive";
    }
}

model! {
    /// The encryption of a field.
    FieldCrypt {
        /// The mode of encryption.
        mode: Option<String> = "mode";
        /// A number that encodes the progress of the encryption.
        status: Option<i64> = "status";
        /// The database column at Zoho.
        column: Option<String> = "column";
        /// The database table at Zoho.
        table: Option<String> = "table";
        /// The users whom Zoho notifies.
        notify: Option<String> = "notify";
        /// The ids of the encrypted fields.
        field_ids: Vec<Id> = "encFldIds";
    }
}

model! {
    /// The restrictions on personal data in a field.
    FieldPrivacy {
        /// Whether API access to the data is restricted.
        restricted: Option<bool> = "restricted";
        /// Whether the data may be exported.
        export: Option<bool> = "export";
        /// The sensitivity of the data.
        kind: Option<String> = "type";
    }
}

model! {
    /// The restrictions on health data in a field.
    FieldHipaa {
        /// Whether API access to the data is restricted.
        restricted: Option<bool> = "restricted";
        /// Whether export of the data is restricted.
        restricted_in_export: Option<bool> = "restricted_in_export";
    }
}

model! {
    /// The settings of a field that holds ids of another system.
    FieldExternal {
        /// Whether the field is shown.
        show: Option<bool> = "show";
        /// The owner of the ids: `user` or `org`.
        kind: Option<String> = "type";
        /// Whether several fields may hold such ids.
        allow_multiple_config: Option<bool> = "allow_multiple_config";
    }
}

model! {
    /// The tooltip of a field or section.
    FieldTooltip {
        /// The way in which the tooltip is shown.
        name: String = "name";
        /// The text of the tooltip.
        value: Option<String> = "value";
    }
}

model! {
    /// The two fields that a field associates.
    FieldAssociation {
        /// The lookup field.
        lookup_field: Option<MetaRef> = "lookup_field";
        /// The field of the referenced record.
        related_field: Option<MetaRef> = "related_field";
    }
}

model! {
    /// The fields that receive a field's value when a lead is converted.
    FieldConvertMapping {
        /// The field of the contact.
        contacts: Option<MetaRef> = "Contacts";
        /// The field of the account.
        accounts: Option<MetaRef> = "Accounts";
        /// The field of the deal.
        deals: Option<MetaRef> = "Deals";
    }
}

model! {
    /// The support of a field by the email parser.
    FieldEmailParser {
        /// Whether the email parser can update the field.
        fields_update_supported: Option<bool> = "fields_update_supported";
        /// Whether the email parser can find or create records by the field.
        record_operations_supported: Option<bool> = "record_operations_supported";
    }
}

model! {
    /// The sharing permissions of the record of a field.
    FieldSharing {
        /// The status of a scheduled change of the sharing.
        scheduler_status: Option<String> = "scheduler_status";
        /// Whether the sharing can be configured.
        share_preference_enabled: Option<bool> = "share_preference_enabled";
        /// The permission, such as `read-only`.
        share_permission: Option<String> = "share_permission";
    }
}

model! {
    /// The type of a multi-line text field.
    TextArea {
        /// The type: `small`, `large` or `rich_text`.
        kind: Option<String> = "type";
    }
}

model! {
    /// A profile that sees a field.
    FieldProfile {
        /// The id of the profile.
        id: Option<Id> = "id";
        /// The name of the profile.
        name: String = "name";
        /// The permission: `read_write`, `read_only` or `hidden`.
        permission_type: Option<String> = "permission_type";
    }
}

model! {
    /// The operations that are allowed on a field, from the web and by the API.
    FieldOperations {
        /// Whether the field can be set when a record is created on the web.
        web_create: Option<bool> = "web_create";
        /// Whether the field can be updated on the web.
        web_update: Option<bool> = "web_update";
        /// Whether the field can be set when a record is created by the API.
        api_create: Option<bool> = "api_create";
        /// Whether the field can be updated by the API.
        api_update: Option<bool> = "api_update";
    }
}

model! {
    /// The pages that show a field.
    FieldViews {
        /// Whether the page of a record shows it.
        view: Option<bool> = "view";
        /// Whether the edit page shows it.
        edit: Option<bool> = "edit";
        /// Whether the create page shows it.
        create: Option<bool> = "create";
        /// Whether the quick create form shows it.
        quick_create: Option<bool> = "quick_create";
    }
}

impl RollupSummary {
    /// Returns the function that is applied, such as `sum`.
    #[must_use]
    pub fn function(&self) -> Option<String> {
        let expression = self.expression.as_ref()?.to_value();
        expression.get("function")?.as_str().map(str::to_owned)
    }
}

/// The history tracking of a field.
///
/// v2 sends a boolean, later versions an object.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HistoryTracking {
    /// Whether history is tracked.
    pub enabled: bool,
    /// The module that stores the history.
    pub module: Option<MetaRef>,
    /// The field that records the duration of each value.
    pub duration_configured_field: Option<MetaRef>,
    /// The members that no other field holds: unknown ones, null, or of an unexpected shape.
    pub extra: Extra,
}

impl ModelFields for HistoryTracking {
    const NAMES: &'static [Name] = &[
        Name { own: "module", older: None },
        Name { own: "duration_configured_field", older: None },
    ];

    fn fields(&self) -> (Vec<&dyn ModelField>, &Extra) {
        (vec![&self.module, &self.duration_configured_field], &self.extra)
    }

    fn fields_mut(&mut self) -> (Vec<&mut dyn ModelField>, &mut Extra) {
        (vec![&mut self.module, &mut self.duration_configured_field], &mut self.extra)
    }
}

impl<'de> Deserialize<'de> for HistoryTracking {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if let Ok(enabled) = serde_json::from_str(raw.get()) {
            return Ok(Self { enabled, ..Self::default() });
        }
        let history = model::from_object::<Self>(&raw).map_err(de::Error::custom)?;
        Ok(Self { enabled: true, ..history })
    }
}

impl Serialize for HistoryTracking {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self == (Self { enabled: self.enabled, ..Self::default() }) {
            true => self.enabled.serialize(serializer),
            false => model::serialize(self, serializer),
        }
    }
}
