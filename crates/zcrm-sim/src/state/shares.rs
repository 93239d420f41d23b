//! The users, groups and roles that records are shared with.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The sharing of a record with a user, a group or a role, or with everybody.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Share {
    /// Whether the record is shared with everybody.
    pub(crate) public: bool,
    /// `users`, `groups` or `roles`; empty if the record is shared with everybody.
    pub(crate) kind: String,
    /// The id of the user, the group or the role.
    pub(crate) with: String,
    pub(crate) permission: String,
    pub(crate) related: bool,
    pub(crate) by: String,
    pub(crate) at: DateTime<Utc>,
}
