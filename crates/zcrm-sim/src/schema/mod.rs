//! The modules of the organisation and their fields.

mod kind;
mod related_lists;
mod seed;
mod spec;
mod standard;

pub use kind::FieldKind;
pub(crate) use related_lists::{RelatedKind, RelatedListSpec, related_lists};
pub(crate) use seed::Seed;
pub(crate) use spec::Modules;
pub use spec::{FieldSpec, ModuleSpec};
pub(crate) use standard::standard_modules;
