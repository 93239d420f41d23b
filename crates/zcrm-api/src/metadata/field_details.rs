//! What belongs to fields of some kinds.

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
    /// One of the choices of a field.
    PickListValue {
        /// Its id.
        id: Option<Id> = "id";
        /// How it is shown.
        display_value: Option<String> = "display_value";
        /// How it stands in a record.
        actual_value: Option<String> = "actual_value";
        /// Its name for rules.
        reference_value: Option<String> = "reference_value";
        /// Whether it is used: `used` or `unused`.
        usage: Option<String> = "type";
        /// Its position among the others.
        sequence_number: Option<i64> = "sequence_number";
        /// Its colour, such as `#57B1FD`.
        colour_code: Option<String> = "colour_code";
        /// Whether it is shown.
        show_value: Option<bool> = "show_value";
        /// What a deal in this stage is: `Open`, `Closed Won` or `Closed Lost`.
        deal_category: Option<String> = "deal_category";
        /// How likely a deal in this stage is, in per cent.
        probability: Option<i64> = "probability";
        /// What a deal in this stage counts as in forecasts.
        forecast_category: Option<MetaRef> = "forecast_category";
        /// The same, as a word.
        forecast_type: Option<String> = "forecast_type";
        /// As what of JSON it is sent.
        expected_data_type: Option<String> = "expected_data_type";
        /// Zoho's own name for it.
        system_name: Option<String> = "sys_ref_name";
        /// The choices of other fields that it leaves open.
        maps: Vec<PickListMap> = "maps";
    }
}

model! {
    /// The choices of another field that a choice leaves open.
    PickListMap {
        /// The other field's API name.
        api_name: String = "api_name";
        /// The choices that are left.
        pick_list_values: Vec<PickListValue> = "pick_list_values";
    }
}

model! {
    /// What a lookup refers to.
    LookupField {
        /// The id of the relation.
        id: Option<Id> = "id";
        /// The API name of the related list that it makes.
        api_name: String = "api_name";
        /// The name of that list for people.
        display_label: Option<String> = "display_label";
        /// The module that it refers to.
        module: Option<MetaRef> = "module";
        /// Whether what narrows it counts again for a change.
        revalidate_filter_during_edit: Option<bool> = "revalidate_filter_during_edit";
        /// What narrows it: an object with the id of a query and its criteria.
        query_details: Option<RawJson> = "query_details";
        /// What is shown of the record that it refers to.
        show_fields: Vec<RawJson> = "show_fields";
    }
}

model! {
    /// What a lookup of several modules refers to.
    MultiModuleLookup {
        /// The API name of the related list that it makes.
        api_name: String = "api_name";
        /// The name of that list for people.
        display_label: Option<String> = "display_label";
        /// The modules that it refers to.
        modules: Vec<MetaRef> = "modules";
    }
}

model! {
    /// What a lookup of several records or users refers to.
    MultiSelectLookup {
        /// The id of the relation.
        id: Option<Id> = "id";
        /// The API name of the related list that it makes.
        api_name: String = "api_name";
        /// The name of that list for people.
        display_label: Option<String> = "display_label";
        /// The module whose records join the two.
        linking_module: Option<MetaRef> = "linking_module";
        /// The module that it refers to.
        connected_module: Option<MetaRef> = "connected_module";
        /// The field of the linking module that refers to this one.
        lookup_api_name: Option<String> = "lookup_apiname";
        /// The field of the linking module that refers to the other.
        connected_lookup_api_name: Option<String> = "connectedlookup_apiname";
        /// The field of the other module.
        connected_field_api_name: Option<String> = "connectedfield_apiname";
        /// Whether those that it names may see the record.
        record_access: Option<bool> = "record_access";
        /// The module whose records join the two, and its fields, as Zoho's files of 2026 have them.
        linking_details: Option<LinkingDetails> = "linking_details";
        /// What it refers to, as Zoho's files of 2026 have it.
        connected_details: Option<ConnectedDetails> = "connected_details";
        /// The related list that it makes, as Zoho's files of 2026 have it.
        related_list: Option<LookupRelatedList> = "related_list";
    }
}

model! {
    /// The module whose records join the two sides of a lookup of several records or users.
    LinkingDetails {
        /// The module.
        module: Option<MetaRef> = "module";
        /// Its field that refers to the module of the lookup.
        lookup_field: Option<MetaRef> = "lookup_field";
        /// Its field that refers to the other module.
        connected_lookup_field: Option<MetaRef> = "connected_lookup_field";
    }
}

model! {
    /// What a lookup of several records refers to.
    ConnectedDetails {
        /// The module.
        module: Option<MetaRef> = "module";
        /// The field of that module that refers back.
        field: Option<MetaRef> = "field";
        /// The layouts that the field is in.
        layouts: Vec<MetaRef> = "layouts";
    }
}

model! {
    /// The related list that a lookup makes.
    LookupRelatedList {
        /// Its id.
        id: Option<Id> = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name for people.
        display_label: Option<String> = "display_label";
    }
}

model! {
    /// The module of a subform's rows.
    SubformField {
        /// Its id.
        id: Option<Id> = "id";
        /// The module.
        module: Option<MetaRef> = "module";
    }
}

model! {
    /// How amounts of money are rounded.
    CurrencyField {
        /// To which side, such as `normal` or `round_up`.
        rounding_option: Option<String> = "rounding_option";
        /// To how many decimals.
        precision: Option<i64> = "precision";
    }
}

model! {
    /// How a field is computed.
    FormulaField {
        /// What comes out.
        return_type: Option<String> = "return_type";
        /// The formula.
        expression: Option<String> = "expression";
    }
}

model! {
    /// What of related records is computed.
    RollupSummary {
        /// What comes out.
        return_type: Option<String> = "return_type";
        /// How: an object with a function and a field.
        expression: Option<RawJson> = "expression";
        /// The module of the related records.
        based_on_module: Option<MetaRef> = "based_on_module";
        /// The related list that they stand in.
        related_list: Option<MetaRef> = "related_list";
        /// What it goes by.
        rollup_based_on: Option<String> = "rollup_based_on";
    }
}

model! {
    /// How a field is counted up.
    AutoNumber {
        /// What stands before the number.
        prefix: Option<String> = "prefix";
        /// What stands behind it.
        suffix: Option<String> = "suffix";
        /// The first number.
        start_number: Option<i64> = "start_number";
        /// How many digits the first number has.
        starting_number_length: Option<i64> = "starting_number_length";
    }
}

model! {
    /// Whether two records may have the same in a field.
    UniqueField {
        /// Whether capital letters count.
        case_sensitive: Option<RawJson> = "casesensitive";
    }
}

model! {
    /// How a field is encrypted.
    FieldCrypt {
        /// How.
        mode: Option<String> = "mode";
        /// How far it is.
        status: Option<i64> = "status";
        /// Zoho's column for it.
        column: Option<String> = "column";
        /// Zoho's table for it.
        table: Option<String> = "table";
        /// Whom Zoho tells of it.
        notify: Option<String> = "notify";
        /// The ids of the fields.
        field_ids: Vec<Id> = "encFldIds";
    }
}

model! {
    /// How people's data in a field is kept.
    FieldPrivacy {
        /// Whether calls may not read it.
        restricted: Option<bool> = "restricted";
        /// Whether it may be exported.
        export: Option<bool> = "export";
        /// How private it is.
        kind: Option<String> = "type";
    }
}

model! {
    /// How health data in a field is kept.
    FieldHipaa {
        /// Whether calls may not read it.
        restricted: Option<bool> = "restricted";
        /// Whether it may not be exported.
        restricted_in_export: Option<bool> = "restricted_in_export";
    }
}

model! {
    /// Whether a field holds the ids of another system.
    FieldExternal {
        /// Whether it is shown.
        show: Option<bool> = "show";
        /// Whose ids they are: `user` or `org`.
        kind: Option<String> = "type";
        /// Whether more than one field may.
        allow_multiple_config: Option<bool> = "allow_multiple_config";
    }
}

model! {
    /// What explains a field.
    FieldTooltip {
        /// How it is shown.
        name: String = "name";
        /// What it says.
        value: Option<String> = "value";
    }
}

model! {
    /// Which fields a field joins.
    FieldAssociation {
        /// The field that looks up.
        lookup_field: Option<MetaRef> = "lookup_field";
        /// The field of the record that is looked up.
        related_field: Option<MetaRef> = "related_field";
    }
}

model! {
    /// Which fields a field goes to where a lead is converted.
    FieldConvertMapping {
        /// That of the contact.
        contacts: Option<MetaRef> = "Contacts";
        /// That of the account.
        accounts: Option<MetaRef> = "Accounts";
        /// That of the deal.
        deals: Option<MetaRef> = "Deals";
    }
}

model! {
    /// What e-mails may do with a field.
    FieldEmailParser {
        /// Change it.
        fields_update_supported: Option<bool> = "fields_update_supported";
        /// Find and make records by it.
        record_operations_supported: Option<bool> = "record_operations_supported";
    }
}

model! {
    /// Who may share a field's record.
    FieldSharing {
        /// Whether that is being changed.
        scheduler_status: Option<String> = "scheduler_status";
        /// Whether it can be said at all.
        share_preference_enabled: Option<bool> = "share_preference_enabled";
        /// What may be done with it, such as `read-only`.
        share_permission: Option<String> = "share_permission";
    }
}

model! {
    /// Which text a field of several lines holds.
    TextArea {
        /// Which: `small`, `large` or `rich_text`.
        kind: Option<String> = "type";
    }
}

model! {
    /// A profile that sees a field.
    FieldProfile {
        /// Its id.
        id: Option<Id> = "id";
        /// Its name.
        name: String = "name";
        /// What it may do: `read_write`, `read_only` or `hidden`.
        permission_type: Option<String> = "permission_type";
    }
}

model! {
    /// What may be done with a field, and from where.
    FieldOperations {
        /// Filled in a new record, on Zoho's pages.
        web_create: Option<bool> = "web_create";
        /// Changed, on Zoho's pages.
        web_update: Option<bool> = "web_update";
        /// Filled in a new record, by a call.
        api_create: Option<bool> = "api_create";
        /// Changed, by a call.
        api_update: Option<bool> = "api_update";
    }
}

model! {
    /// Where a field is seen.
    FieldViews {
        /// In a record.
        view: Option<bool> = "view";
        /// Where a record is changed.
        edit: Option<bool> = "edit";
        /// Where a record is made.
        create: Option<bool> = "create";
        /// Where a record is made in one step.
        quick_create: Option<bool> = "quick_create";
    }
}

impl RollupSummary {
    /// The function that is applied, such as `sum`.
    #[must_use]
    pub fn function(&self) -> Option<String> {
        let expression = self.expression.as_ref()?.to_value();
        expression.get("function")?.as_str().map(str::to_owned)
    }
}

/// What is kept of a field's history.
///
/// v2 sends yes or no, later versions an object.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HistoryTracking {
    /// Whether anything is kept.
    pub enabled: bool,
    /// The module that it is kept in.
    pub module: Option<MetaRef>,
    /// The field that says how long each value was there.
    pub duration_configured_field: Option<MetaRef>,
    /// The members that no other field holds: unknown, of another shape, or null.
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
