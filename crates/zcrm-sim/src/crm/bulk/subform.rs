//! Subforms as modules.

use std::sync::Arc;

use crate::schema::{FieldKind, FieldSpec, ModuleSpec};
use crate::state::State;

/// The column with the record that a row belongs to.
pub(crate) const PARENT: &str = "Parent_Id";

/// A subform as bulk jobs see it: a module whose records are the rows.
#[derive(Debug)]
pub(crate) struct Subform {
    /// The module of the records that have the rows.
    pub(crate) parent: Arc<ModuleSpec>,
    /// The columns, and `Parent_Id`.
    pub(crate) module: ModuleSpec,
}

impl Subform {
    /// Finds a subform by the name of its field.
    pub(crate) fn find(state: &State, name: &str) -> Option<Self> {
        let subforms = state.modules.values().flat_map(|parent| {
            let fields = parent.fields.iter();
            fields.filter(|field| field.kind == FieldKind::Subform).map(move |one| (parent, one))
        });
        let (parent, field) = { subforms }.find(|(_, field)| field.api_name == name)?;
        let mut module = ModuleSpec::new(name);
        module.id = field.id;
        for column in &field.columns {
            module = module.field(column.clone());
        }
        let module = module.field(FieldSpec::lookup(PARENT, parent.api_name()));
        Some(Self { parent: Arc::clone(parent), module })
    }
}
