//! A change of a module.

use crate::records::DeletedRecord;

/// A change of a module: [`Records::changes_since`](crate::Records::changes_since).
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "records are the usual case, and are moved once")]
#[non_exhaustive]
pub enum Change<T> {
    /// The record in its present form. It is new, changed, restored, converted, or was returned before.
    Put(T),
    /// The record was deleted, or merged into another one: then it has no name.
    Deleted(DeletedRecord),
}
