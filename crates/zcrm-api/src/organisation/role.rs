//! Roles.

use zcrm_core::{Id, Lookup, Timestamp, object};

object! {
    /// A role: where a user stands in the organisation.
    Role {
        /// Its id.
        id, with_id: Id = "id";
        /// Its name.
        name, with_name: String = "name";
        /// Its name in the user's language.
        display_label: String = "display_label";
        /// What it is for.
        description, with_description: String = "description";
        /// The role above it; none for the topmost.
        reporting_to, with_reporting_to: Lookup = "reporting_to";
        /// The user who answers for its forecasts.
        forecast_manager, with_forecast_manager: Lookup = "forecast_manager";
        /// Whether users of the same role see each other's records.
        share_with_peers, with_share_with_peers: bool = "share_with_peers";
        /// Whether it is the role of administrators.
        admin_user: bool = "admin_user";
        /// Who made it.
        created_by: Lookup = "created_by__s";
        /// Who changed it last.
        modified_by: Lookup = "modified_by__s";
        /// When it was made.
        created_time: Timestamp = "created_time__s";
        /// When it was last changed.
        modified_time: Timestamp = "modified_time__s";
    }
}

impl Role {
    /// A new role of this name, below another.
    #[must_use]
    pub fn named(name: impl Into<String>, reporting_to: impl Into<Id>) -> Self {
        Self::default().with_name(name).with_reporting_to(Lookup::to(reporting_to))
    }
}
