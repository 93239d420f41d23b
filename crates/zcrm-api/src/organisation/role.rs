//! Roles.

use zcrm_core::{Id, Timestamp};

use crate::{MetaRef, model::model};

model! {
    /// A role: the rank of a user in the organisation.
    Role {
        /// Its id.
        id, with_id: Option<Id> = "id";
        /// Its name.
        name, with_name: String = "name";
        /// Its name in the user's language.
        display_label: Option<String> = "display_label";
        /// What it is for.
        description, with_description: Option<String> = "description";
        /// The role above it; none for the topmost.
        reporting_to, with_reporting_to: Option<MetaRef> = "reporting_to";
        /// The user who answers for its forecasts.
        forecast_manager, with_forecast_manager: Option<MetaRef> = "forecast_manager";
        /// Whether users of the same role see each other's records.
        share_with_peers, with_share_with_peers: Option<bool> = "share_with_peers";
        /// Whether it is the role of administrators.
        admin_user: Option<bool> = "admin_user";
        /// Who made it.
        created_by: Option<MetaRef> = "created_by__s";
        /// Who changed it last.
        modified_by: Option<MetaRef> = "modified_by__s";
        /// When it was made.
        created_time: Option<Timestamp> = "created_time__s";
        /// When it was last changed.
        modified_time: Option<Timestamp> = "modified_time__s";
    }
}

impl Role {
    /// A new role of this name, below another.
    #[must_use]
    pub fn named(name: impl Into<String>, reporting_to: impl Into<Id>) -> Self {
        Self::default().with_name(name).with_reporting_to(MetaRef::to(reporting_to))
    }
}
