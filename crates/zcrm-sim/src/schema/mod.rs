//! The modules of the organisation and their fields.

mod kind;
mod members;
mod metadata;
mod related;
mod seed;
mod spec;
mod standard;

pub use kind::FieldKind;
pub(crate) use metadata::{field_json, module_json};
pub(crate) use related::{RelatedKind, RelatedListSpec, related_lists};
pub(crate) use seed::Seed;
pub use spec::{FieldSpec, ModuleSpec};
pub(crate) use standard::standard_modules;
