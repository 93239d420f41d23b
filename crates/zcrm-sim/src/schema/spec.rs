//! The definitions of modules and fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind::FieldKind;

/// A field of a module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FieldSpec {
    pub(crate) id: u64,
    pub(crate) api_name: String,
    pub(crate) label: String,
    pub(crate) kind: FieldKind,
    pub(crate) max_length: u32,
    pub(crate) mandatory: bool,
    pub(crate) unique: bool,
    pub(crate) read_only: bool,
    pub(crate) system: bool,
    /// Whether it is a custom field.
    pub(crate) custom: bool,
    pub(crate) values: Vec<String>,
    pub(crate) lookup: Option<String>,
    /// The value in a new record that has none.
    pub(crate) default: Option<Value>,
    /// Whether it holds an external id, by which `X-EXTERNAL` finds a record.
    pub(crate) external: bool,
    /// The columns of a subform. Without columns, its rows accept any members.
    pub(crate) columns: Vec<FieldSpec>,
}

impl FieldSpec {
    /// Creates a field with an API name, such as `Annual_Revenue`.
    #[must_use]
    pub fn new(api_name: impl Into<String>, kind: FieldKind) -> Self {
        let api_name = api_name.into();
        Self {
            id: 0,
            label: api_name.replace('_', " "),
            api_name,
            kind,
            max_length: kind.default_length(),
            mandatory: false,
            unique: false,
            read_only: kind.is_computed(),
            system: false,
            custom: false,
            values: Vec::new(),
            lookup: None,
            default: None,
            external: false,
            columns: Vec::new(),
        }
    }

    /// Creates a field that holds one of `values`.
    #[must_use]
    pub fn picklist<V: Into<String>>(
        api_name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let mut field = Self::new(api_name, FieldKind::Picklist);
        field.values = values.into_iter().map(Into::into).collect();
        field
    }

    /// Creates a field that points at a record of `module`.
    #[must_use]
    pub fn lookup(api_name: impl Into<String>, module: impl Into<String>) -> Self {
        let mut field = Self::new(api_name, FieldKind::Lookup);
        field.lookup = Some(module.into());
        field
    }

    /// Creates a field that points at records of `module`, each in a row with an id.
    #[must_use]
    pub fn multi_lookup(api_name: impl Into<String>, module: impl Into<String>) -> Self {
        let mut field = Self::new(api_name, FieldKind::MultiLookup);
        let column = Self::lookup(field.api_name.clone(), module).mandatory();
        field.lookup = column.lookup.clone();
        field.columns = vec![column];
        field
    }

    /// Creates a field with rows of the given columns.
    #[must_use]
    pub fn subform(
        api_name: impl Into<String>,
        columns: impl IntoIterator<Item = FieldSpec>,
    ) -> Self {
        let mut field = Self::new(api_name, FieldKind::Subform);
        field.columns = columns.into_iter().collect();
        field
    }

    /// Sets the value of the field in new records that have none.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Returns whether the field's stored value is shown unchanged.
    pub(crate) fn is_shown_as_stored(&self) -> bool {
        use FieldKind::{
            File, Image, Lookup, MultiLookup, MultiUserLookup, Owner, Participants, Subform, Tags,
            Taxes, Territories,
        };
        let named = matches!(
            self.kind,
            File | Image
                | Lookup
                | MultiLookup
                | MultiUserLookup
                | Owner
                | Participants
                | Subform
                | Tags
                | Taxes
                | Territories
        );
        !self.system && !named
    }

    /// Makes the field hold the record's id in another system. The header `X-EXTERNAL` finds a
    /// record by it.
    #[must_use]
    pub fn external(mut self) -> Self {
        self.external = true;
        self.unique = true;
        self
    }

    /// Makes the field mandatory: it must be given in an insert and cannot be cleared.
    #[must_use]
    pub fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    /// Makes the field unique: two records cannot have the same value, ignoring case.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Makes the field read-only: values sent by a client are ignored.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Sets the maximum length of the value, in characters.
    #[must_use]
    pub fn max_length(mut self, characters: u32) -> Self {
        self.max_length = characters;
        self
    }

    /// Sets the label shown to users. The default is the API name with spaces.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Assigns ids to the field and its columns.
    pub(crate) fn identify(&mut self, mut next: impl FnMut() -> u64) {
        self.id = next();
        for column in &mut self.columns {
            column.id = next();
        }
    }

    /// Marks the field as kept by the system: it is not stored among a record's values.
    pub(crate) fn system(mut self) -> Self {
        self.system = true;
        self
    }
}

/// A module of the organisation.
///
/// ```
/// use zcrm_sim::{FieldKind, FieldSpec, ModuleSpec};
///
/// let houses = ModuleSpec::new("Houses")
///     .field(FieldSpec::new("Name", FieldKind::Text).mandatory().unique())
///     .field(FieldSpec::picklist("State", ["new", "sold"]))
///     .field(FieldSpec::lookup("Seller", "Contacts"));
/// assert_eq!(houses.api_name(), "Houses");
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModuleSpec {
    pub(crate) id: u64,
    api_name: String,
    pub(crate) singular: String,
    pub(crate) plural: String,
    pub(crate) custom: bool,
    pub(crate) display_field: String,
    /// The fields that an upsert compares if the call names none.
    pub(crate) duplicate_check: Vec<String>,
    pub(crate) fields: Vec<FieldSpec>,
    /// The layouts' ids and names; a record without a layout has the first.
    pub(crate) layouts: Vec<(u64, String)>,
}

impl ModuleSpec {
    /// Creates a custom module.
    ///
    /// It has the fields of every module: `id`, `Owner`, `Created_By`, `Created_Time`,
    /// `Modified_By`, `Modified_Time`, `Tag` and `Layout`. Its display field is `Name` by default;
    /// see [`display_field`](Self::display_field).
    #[must_use]
    pub fn new(api_name: impl Into<String>) -> Self {
        let api_name = api_name.into();
        let plural = api_name.replace('_', " ");
        Self {
            id: 0,
            singular: plural.strip_suffix('s').unwrap_or(&plural).to_owned(),
            plural,
            api_name,
            custom: true,
            display_field: String::from("Name"),
            duplicate_check: Vec::new(),
            fields: system_fields(),
            layouts: vec![(0, String::from("Standard"))],
        }
    }

    /// Adds a layout in addition to `Standard`, which every module has.
    #[must_use]
    pub fn layout(mut self, name: impl Into<String>) -> Self {
        self.layouts.push((0, name.into()));
        self
    }

    /// Adds a field. It replaces a field of the same name.
    #[must_use]
    pub fn field(mut self, field: FieldSpec) -> Self {
        self.fields.retain(|known| known.api_name != field.api_name);
        self.fields.push(field);
        self
    }

    /// Sets the field whose value is a record's name in lookups.
    #[must_use]
    pub fn display_field(mut self, api_name: impl Into<String>) -> Self {
        self.display_field = api_name.into();
        self
    }

    /// Sets the fields that an upsert compares if the call names none.
    #[must_use]
    pub fn duplicate_check<V: Into<String>>(mut self, fields: impl IntoIterator<Item = V>) -> Self {
        self.duplicate_check = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the module's name in paths.
    #[must_use]
    pub fn api_name(&self) -> &str {
        &self.api_name
    }

    pub(crate) fn standard(mut self) -> Self {
        self.custom = false;
        self
    }

    pub(crate) fn find(&self, api_name: &str) -> Option<&FieldSpec> {
        self.fields.iter().find(|field| field.api_name == api_name)
    }

    pub(crate) fn find_mut(&mut self, api_name: &str) -> Option<&mut FieldSpec> {
        self.fields.iter_mut().find(|field| field.api_name == api_name)
    }

    /// Assigns ids to the module and its fields.
    pub(crate) fn identify(&mut self, mut next: impl FnMut() -> u64) {
        self.id = next();
        let custom = self.custom;
        self.fields.iter_mut().for_each(|field| field.custom |= custom && !field.system);
        for field in &mut self.fields {
            field.identify(&mut next);
        }
        for (id, _) in &mut self.layouts {
            *id = next();
        }
    }
}

/// The modules of an organisation by their API names.
pub(crate) type Modules = BTreeMap<String, Arc<ModuleSpec>>;

fn system_fields() -> Vec<FieldSpec> {
    vec![
        FieldSpec::new("id", FieldKind::BigInt).label("Record Id").read_only().system(),
        FieldSpec::new("Owner", FieldKind::Owner).system(),
        FieldSpec::new("Created_By", FieldKind::Owner).read_only().system(),
        FieldSpec::new("Modified_By", FieldKind::Owner).read_only().system(),
        FieldSpec::new("Created_Time", FieldKind::DateTime).read_only().system(),
        FieldSpec::new("Modified_Time", FieldKind::DateTime).read_only().system(),
        FieldSpec::new("Tag", FieldKind::Tags),
        FieldSpec::new("Layout", FieldKind::Layout),
    ]
}
