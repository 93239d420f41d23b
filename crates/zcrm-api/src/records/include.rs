//! Filters by a property of records.

/// Filters records by a boolean property: only those that have it, only those that lack it, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a boolean property has only these three filters")]
pub enum Include {
    /// Only records that have the property.
    Only,
    /// Only records that do not have the property.
    No,
    /// Records with and without the property.
    Also,
}

impl Include {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Only => "true",
            Self::No => "false",
            Self::Also => "both",
        }
    }
}
