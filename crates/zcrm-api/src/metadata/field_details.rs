//! What belongs to fields of some kinds.

use serde_json::Value;
use zcrm_core::{Error, Id, object};

use crate::MetaRef;

object! {
    /// One of the choices of a field.
    PickListValue {
        /// Its id.
        id: Id = "id";
        /// How it is shown.
        display_value: String = "display_value";
        /// How it stands in a record.
        actual_value: String = "actual_value";
        /// Its name for rules.
        reference_value: String = "reference_value";
        /// Whether it is used: `used` or `unused`.
        usage: String = "type";
        /// Where it stands among the others.
        sequence_number: i64 = "sequence_number";
        /// Its colour, such as `#57B1FD`.
        colour_code: String = "colour_code";
        /// Whether it is shown.
        show_value: bool = "show_value";
        /// What a deal in this stage is: `Open`, `Closed Won` or `Closed Lost`.
        deal_category: String = "deal_category";
        /// How likely a deal in this stage is, in per cent.
        probability: i64 = "probability";
        /// What a deal in this stage counts as in forecasts.
        forecast_category: MetaRef = "forecast_category";
        /// The same, as a word.
        forecast_type: String = "forecast_type";
        /// As what of JSON it is sent.
        expected_data_type: String = "expected_data_type";
        /// Zoho's own name for it.
        system_name: String = "sys_ref_name";
    }
    lists {
        /// The choices of other fields that it leaves open.
        maps: PickListMap = "maps";
    }
}

object! {
    /// The choices of another field that a choice leaves open.
    PickListMap {
        /// The other field's API name.
        api_name: String = "api_name";
    }
    lists {
        /// The choices that are left.
        pick_list_values: PickListValue = "pick_list_values";
    }
}

object! {
    /// What a lookup refers to.
    LookupField {
        /// The id of the relation.
        id: Id = "id";
        /// The API name of the related list that it makes.
        api_name: String = "api_name";
        /// The name of that list for people.
        display_label: String = "display_label";
        /// The module that it refers to.
        module: MetaRef = "module";
        /// Whether what narrows it counts again for a change.
        revalidate_filter_during_edit: bool = "revalidate_filter_during_edit";
        /// What narrows it: an object with the id of a query and its criteria.
        query_details: Value = "query_details";
    }
    lists {
        /// What is shown of the record that it refers to.
        show_fields: Value = "show_fields";
    }
}

object! {
    /// What a lookup of several modules refers to.
    MultiModuleLookup {
        /// The API name of the related list that it makes.
        api_name: String = "api_name";
        /// The name of that list for people.
        display_label: String = "display_label";
    }
    lists {
        /// The modules that it refers to.
        modules: MetaRef = "modules";
    }
}

object! {
    /// What a lookup of several records or users refers to.
    MultiSelectLookup {
        /// The id of the relation.
        id: Id = "id";
        /// The API name of the related list that it makes.
        api_name: String = "api_name";
        /// The name of that list for people.
        display_label: String = "display_label";
        /// The module whose records join the two.
        linking_module: MetaRef = "linking_module";
        /// The module that it refers to.
        connected_module: MetaRef = "connected_module";
        /// The field of the linking module that refers to this one.
        lookup_api_name: String = "lookup_apiname";
        /// The field of the linking module that refers to the other.
        connected_lookup_api_name: String = "connectedlookup_apiname";
        /// The field of the other module.
        connected_field_api_name: String = "connectedfield_apiname";
        /// Whether those that it names may see the record.
        record_access: bool = "record_access";
    }
    parts {
        /// The module whose records join the two, and its fields, as Zoho's files of 2026 have them.
        linking_details: LinkingDetails = "linking_details";
        /// What it refers to, as Zoho's files of 2026 have it.
        connected_details: ConnectedDetails = "connected_details";
        /// The related list that it makes, as Zoho's files of 2026 have it.
        related_list: LookupRelatedList = "related_list";
    }
}

object! {
    /// The module whose records join the two sides of a lookup of several records or users.
    LinkingDetails {
        /// The module.
        module: MetaRef = "module";
        /// Its field that refers to the module of the lookup.
        lookup_field: MetaRef = "lookup_field";
        /// Its field that refers to the other module.
        connected_lookup_field: MetaRef = "connected_lookup_field";
    }
}

object! {
    /// What a lookup of several records refers to.
    ConnectedDetails {
        /// The module.
        module: MetaRef = "module";
        /// The field of that module that refers back.
        field: MetaRef = "field";
    }
    lists {
        /// The layouts that the field is in.
        layouts: MetaRef = "layouts";
    }
}

object! {
    /// The related list that a lookup makes.
    LookupRelatedList {
        /// Its id.
        id: Id = "id";
        /// Its API name.
        api_name: String = "api_name";
        /// Its name for people.
        display_label: String = "display_label";
    }
}

object! {
    /// The module of a subform's rows.
    SubformField {
        /// Its id.
        id: Id = "id";
        /// The module.
        module: MetaRef = "module";
    }
}

object! {
    /// How amounts of money are rounded.
    CurrencyField {
        /// To which side, such as `normal` or `round_up`.
        rounding_option: String = "rounding_option";
        /// To how many decimals.
        precision: i64 = "precision";
    }
}

object! {
    /// How a field is computed.
    FormulaField {
        /// What comes out.
        return_type: String = "return_type";
        /// The formula.
        expression: String = "expression";
    }
}

object! {
    /// What of related records is computed.
    RollupSummary {
        /// What comes out.
        return_type: String = "return_type";
        /// How: an object with a function and a field.
        expression: Value = "expression";
        /// The module of the related records.
        based_on_module: MetaRef = "based_on_module";
        /// The related list that they stand in.
        related_list: MetaRef = "related_list";
        /// What it goes by.
        rollup_based_on: String = "rollup_based_on";
    }
}

object! {
    /// How a field is counted up.
    AutoNumber {
        /// What stands before the number.
        prefix: String = "prefix";
        /// What stands behind it.
        suffix: String = "suffix";
        /// The first number.
        start_number: i64 = "start_number";
        /// How many digits the first number has.
        starting_number_length: i64 = "starting_number_length";
    }
}

object! {
    /// Whether two records may have the same in a field.
    UniqueField {
        /// Whether capital letters count.
        case_sensitive: Value = "casesensitive";
    }
}

object! {
    /// How a field is encrypted.
    FieldCrypt {
        /// How.
        mode: String = "mode";
        /// How far it is.
        status: i64 = "status";
        /// Zoho's column for it.
        column: String = "column";
        /// Zoho's table for it.
        table: String = "table";
        /// Whom Zoho tells of it.
        notify: String = "notify";
    }
    lists {
        /// The ids of the fields.
        field_ids: Id = "encFldIds";
    }
}

object! {
    /// How people's data in a field is kept.
    FieldPrivacy {
        /// Whether calls may not read it.
        restricted: bool = "restricted";
        /// Whether it may be exported.
        export: bool = "export";
        /// How private it is.
        kind: String = "type";
    }
}

object! {
    /// How health data in a field is kept.
    FieldHipaa {
        /// Whether calls may not read it.
        restricted: bool = "restricted";
        /// Whether it may not be exported.
        restricted_in_export: bool = "restricted_in_export";
    }
}

object! {
    /// Whether a field holds the ids of another system.
    FieldExternal {
        /// Whether it is shown.
        show: bool = "show";
        /// Whose ids they are: `user` or `org`.
        kind: String = "type";
        /// Whether more than one field may.
        allow_multiple_config: bool = "allow_multiple_config";
    }
}

object! {
    /// What explains a field.
    FieldTooltip {
        /// How it is shown.
        name: String = "name";
        /// What it says.
        value: String = "value";
    }
}

/// What is kept of a field's history.
///
/// v2 sends yes or no, later versions an object.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryTracking {
    /// Whether anything is kept.
    pub enabled: bool,
    /// The module that it is kept in.
    pub module: Option<MetaRef>,
    /// The field that says how long each value stood.
    pub duration_configured_field: Option<MetaRef>,
}

impl<'de> serde::Deserialize<'de> for HistoryTracking {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Enabled(bool),
            Object { module: Option<MetaRef>, duration_configured_field: Option<MetaRef> },
        }

        Ok(match Wire::deserialize(deserializer)? {
            Wire::Enabled(enabled) => {
                Self { enabled, module: None, duration_configured_field: None }
            }
            Wire::Object { module, duration_configured_field } => {
                Self { enabled: true, module, duration_configured_field }
            }
        })
    }
}

object! {
    /// Which fields a field joins.
    FieldAssociation {
        /// The field that looks up.
        lookup_field: MetaRef = "lookup_field";
        /// The field of the record that is looked up.
        related_field: MetaRef = "related_field";
    }
}

object! {
    /// Which fields a field goes to where a lead is converted.
    FieldConvertMapping {
        /// That of the contact.
        contacts: MetaRef = "Contacts";
        /// That of the account.
        accounts: MetaRef = "Accounts";
        /// That of the deal.
        deals: MetaRef = "Deals";
    }
}

object! {
    /// What e-mails may do with a field.
    FieldEmailParser {
        /// Change it.
        fields_update_supported: bool = "fields_update_supported";
        /// Find and make records by it.
        record_operations_supported: bool = "record_operations_supported";
    }
}

object! {
    /// Who may share a field's record.
    FieldSharing {
        /// Whether that is being changed.
        scheduler_status: String = "scheduler_status";
        /// Whether it can be said at all.
        share_preference_enabled: bool = "share_preference_enabled";
        /// What may be done with it, such as `read-only`.
        share_permission: String = "share_permission";
    }
}

object! {
    /// Which text a field of several lines holds.
    TextArea {
        /// Which: `small`, `large` or `rich_text`.
        kind: String = "type";
    }
}

object! {
    /// A profile that sees a field.
    FieldProfile {
        /// Its id.
        id: Id = "id";
        /// Its name.
        name: String = "name";
        /// What it may do: `read_write`, `read_only` or `hidden`.
        permission_type: String = "permission_type";
    }
}

object! {
    /// What may be done with a field, and from where.
    FieldOperations {
        /// Filled in a new record, on Zoho's pages.
        web_create: bool = "web_create";
        /// Changed, on Zoho's pages.
        web_update: bool = "web_update";
        /// Filled in a new record, by a call.
        api_create: bool = "api_create";
        /// Changed, by a call.
        api_update: bool = "api_update";
    }
}

object! {
    /// Where a field is seen.
    FieldViews {
        /// In a record.
        view: bool = "view";
        /// Where a record is changed.
        edit: bool = "edit";
        /// Where a record is made.
        create: bool = "create";
        /// Where a record is made in one step.
        quick_create: bool = "quick_create";
    }
}

impl RollupSummary {
    /// The function that is applied, such as `sum`.
    ///
    /// # Errors
    /// Of kind [`Decode`](zcrm_core::ErrorKind::Decode) where it has another shape.
    pub fn function(&self) -> Result<Option<String>, Error> {
        let expression = self.expression()?;
        Ok(expression.and_then(|it| it.get("function")?.as_str().map(str::to_owned)))
    }
}
