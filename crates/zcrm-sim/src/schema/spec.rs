//! The description of a module and of its fields.

use serde::{Deserialize, Serialize};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// Several lines of text.
    Textarea,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// The address of a website.
    Website,
    /// One of several values.
    Picklist,
    /// Some of several values.
    MultiPicklist,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// An instant with its offset.
    DateTime,
    /// A whole number of up to nine digits.
    Integer,
    /// A whole number that is sent as a string.
    BigInt,
    /// A number.
    Double,
    /// An amount of money.
    Currency,
    /// A percentage.
    Percent,
    /// Yes or no.
    Boolean,
    /// A record of another module.
    Lookup,
    /// The user who owns the record, or another user.
    Owner,
    /// Rows that belong to the record.
    Subform,
    /// Labels on the record.
    Tags,
    /// A value of any shape that is kept as it is, such as a reminder.
    Other,
}

impl FieldKind {
    /// Zoho's `data_type`.
    pub(crate) fn data_type(self) -> &'static str {
        match self {
            Self::Text | Self::Tags | Self::Other => "text",
            Self::Textarea => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Website => "website",
            Self::Picklist => "picklist",
            Self::MultiPicklist => "multiselectpicklist",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Integer => "integer",
            Self::BigInt => "bigint",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Boolean => "boolean",
            Self::Lookup => "lookup",
            Self::Owner => "ownerlookup",
            Self::Subform => "subform",
        }
    }

    /// Zoho's `json_type`.
    pub(crate) fn json_type(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Double | Self::Currency | Self::Percent => "double",
            Self::Boolean => "boolean",
            Self::Lookup | Self::Owner | Self::Other => "jsonobject",
            Self::MultiPicklist | Self::Subform | Self::Tags => "jsonarray",
            _ => "string",
        }
    }

    /// The name of the type in an `expected_data_type`.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Lookup | Self::Owner => "jsonobject",
            Self::MultiPicklist | Self::Subform | Self::Tags => "jsonarray",
            other => other.data_type(),
        }
    }

    /// The longest value of a field that does not say otherwise, in characters.
    fn default_length(self) -> u32 {
        match self {
            Self::Textarea => 32_000,
            Self::Phone => 30,
            Self::Email => 100,
            Self::Website => 450,
            Self::Integer => 9,
            Self::Double | Self::Currency => 16,
            Self::Percent => 5,
            Self::BigInt => 18,
            Self::Text | Self::Picklist | Self::Owner | Self::Lookup => 120,
            _ => 50,
        }
    }
}

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
    pub(crate) values: Vec<String>,
    pub(crate) lookup: Option<String>,
}

impl FieldSpec {
    /// A field of that API name, such as `Annual_Revenue`.
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
            read_only: false,
            system: false,
            values: Vec::new(),
            lookup: None,
        }
    }

    /// A field with one of `values`.
    #[must_use]
    pub fn picklist<V: Into<String>>(
        api_name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let mut field = Self::new(api_name, FieldKind::Picklist);
        field.values = values.into_iter().map(Into::into).collect();
        field
    }

    /// A field that points at a record of `module`.
    #[must_use]
    pub fn lookup(api_name: impl Into<String>, module: impl Into<String>) -> Self {
        let mut field = Self::new(api_name, FieldKind::Lookup);
        field.lookup = Some(module.into());
        field
    }

    /// Must be given when a record is made, and cannot be cleared.
    #[must_use]
    pub fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    /// Two records cannot have the same value, whatever its case.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// What a client writes to it is ignored.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// The longest value, in characters.
    #[must_use]
    pub fn max_length(mut self, characters: u32) -> Self {
        self.max_length = characters;
        self
    }

    /// The label that people see; by default the API name with spaces.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Kept by the system itself: not stored among a record's values.
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
    /// What an upsert looks at if the call does not say.
    pub(crate) duplicate_check: Vec<String>,
    pub(crate) fields: Vec<FieldSpec>,
}

impl ModuleSpec {
    /// A custom module. It has the fields that every module has: `id`, `Owner`, `Created_By`,
    /// `Created_Time`, `Modified_By`, `Modified_Time` and `Tag`. Its display field is `Name`
    /// unless [`display_field`](Self::display_field) says otherwise.
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
        }
    }

    /// Adds a field, in the place of one of the same name if there is one.
    #[must_use]
    pub fn field(mut self, field: FieldSpec) -> Self {
        self.fields.retain(|known| known.api_name != field.api_name);
        self.fields.push(field);
        self
    }

    /// The field whose value stands for a record in lookups.
    #[must_use]
    pub fn display_field(mut self, api_name: impl Into<String>) -> Self {
        self.display_field = api_name.into();
        self
    }

    /// The fields that an upsert compares if the call names none.
    #[must_use]
    pub fn duplicate_check<V: Into<String>>(mut self, fields: impl IntoIterator<Item = V>) -> Self {
        self.duplicate_check = fields.into_iter().map(Into::into).collect();
        self
    }

    /// The module's name in paths.
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

    /// Gives ids to the module and its fields.
    pub(crate) fn identify(&mut self, mut next: impl FnMut() -> u64) {
        self.id = next();
        for field in &mut self.fields {
            field.id = next();
        }
    }
}

fn system_fields() -> Vec<FieldSpec> {
    vec![
        FieldSpec::new("id", FieldKind::BigInt).label("Record Id").read_only().system(),
        FieldSpec::new("Owner", FieldKind::Owner).system(),
        FieldSpec::new("Created_By", FieldKind::Owner).read_only().system(),
        FieldSpec::new("Modified_By", FieldKind::Owner).read_only().system(),
        FieldSpec::new("Created_Time", FieldKind::DateTime).read_only().system(),
        FieldSpec::new("Modified_Time", FieldKind::DateTime).read_only().system(),
        FieldSpec::new("Tag", FieldKind::Tags),
    ]
}
