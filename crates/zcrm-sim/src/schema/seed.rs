//! Seed files: the additions to an organisation's standard modules, as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::kind::FieldKind;
use super::spec::{FieldSpec, ModuleSpec};

/// The content of a seed file. Unknown members are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Seed {
    /// E-mail addresses.
    pub(crate) users: Vec<String>,
    user_fields: Vec<SeedField>,
    modules: Vec<SeedModule>,
    /// Custom fields of existing modules.
    fields: BTreeMap<String, Vec<SeedField>>,
    /// The number of generated records per module, in production.
    pub(crate) records: BTreeMap<String, usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedModule {
    api_name: String,
    #[serde(default)]
    singular: Option<String>,
    #[serde(default)]
    plural: Option<String>,
    #[serde(default)]
    display_field: Option<String>,
    #[serde(default)]
    duplicate_check: Vec<String>,
    /// Layouts in addition to the standard one.
    #[serde(default)]
    layouts: Vec<String>,
    fields: Vec<SeedField>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedField {
    api_name: String,
    #[serde(rename = "type", deserialize_with = "kind")]
    kind: FieldKind,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    length: Option<u32>,
    #[serde(default)]
    mandatory: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    external: bool,
    #[serde(default)]
    values: Vec<String>,
    /// The module that a lookup points at.
    #[serde(default)]
    module: Option<String>,
    #[serde(default)]
    default: Option<Value>,
    /// The columns of a subform.
    #[serde(default)]
    columns: Vec<SeedField>,
}

/// Zoho's name of a data type.
fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FieldKind, D::Error> {
    let name = String::deserialize(deserializer)?;
    FieldKind::named(&name).ok_or_else(|| de::Error::custom(format!("unknown field type `{name}`")))
}

impl SeedField {
    fn spec(self) -> FieldSpec {
        let mut field = match (self.kind, self.module) {
            (FieldKind::MultiLookup, Some(module)) => {
                FieldSpec::multi_lookup(self.api_name, module)
            }
            (kind, module) => {
                let mut field = FieldSpec::new(self.api_name, kind);
                field.lookup = module;
                field
            }
        };
        if let Some(label) = self.label {
            field = field.label(label);
        }
        if let Some(length) = self.length {
            field = field.max_length(length);
        }
        if self.external {
            field = field.external();
        }
        field.mandatory = self.mandatory;
        field.unique |= self.unique;
        field.read_only |= self.read_only;
        field.values = self.values;
        field.default = self.default;
        if field.kind == FieldKind::Subform {
            field.columns = self.columns.into_iter().map(Self::spec).collect();
        }
        field
    }
}

impl SeedModule {
    fn spec(self) -> ModuleSpec {
        let mut module = ModuleSpec::new(self.api_name);
        module.singular = self.singular.unwrap_or(module.singular);
        module.plural = self.plural.unwrap_or(module.plural);
        if let Some(field) = self.display_field {
            module = module.display_field(field);
        }
        module = module.duplicate_check(self.duplicate_check);
        module = self.layouts.into_iter().fold(module, ModuleSpec::layout);
        self.fields.into_iter().map(SeedField::spec).fold(module, ModuleSpec::field)
    }
}

impl Seed {
    pub(crate) fn take_modules(&mut self) -> impl Iterator<Item = ModuleSpec> {
        std::mem::take(&mut self.modules).into_iter().map(SeedModule::spec)
    }

    pub(crate) fn take_user_fields(&mut self) -> impl Iterator<Item = FieldSpec> {
        std::mem::take(&mut self.user_fields).into_iter().map(SeedField::spec)
    }

    /// Takes the custom fields, each with its module's name.
    pub(crate) fn take_fields(&mut self) -> impl Iterator<Item = (String, FieldSpec)> {
        let fields = std::mem::take(&mut self.fields).into_iter();
        fields.flat_map(|(module, fields)| {
            fields.into_iter().map(move |field| (module.clone(), field.spec()))
        })
    }
}
