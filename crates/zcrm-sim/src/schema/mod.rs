//! The modules of the organisation and their fields.

mod metadata;
mod spec;
mod standard;

pub(crate) use metadata::{field_json, module_json};
pub use spec::{FieldKind, FieldSpec, ModuleSpec};
pub(crate) use standard::standard_modules;
