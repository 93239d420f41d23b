//! Roles of users.

use zcrm_core::{Id, Timestamp};

use crate::{MetaRef, model::model};

model! {
    /// A role: the position of users in the organisation's hierarchy.
    Role {
        /// The role's id.
        id, with_id: Option<Id> = "id";
        /// The role's name.
        name, with_name: String = "name";
        /// The role's API name. Described by Zoho's OpenAPI files since 2026.
        api_name: Option<String> = "api_name";
        /// The role's name in the user's language.
        display_label: Option<String> = "display_label";
        /// The description of the role.
        description, with_description: Option<String> = "description";
        /// The role above; `None` for the topmost role.
        reporting_to, with_reporting_to: Option<MetaRef> = "reporting_to";
        /// The user who manages the forecasts of the role.
        forecast_manager, with_forecast_manager: Option<MetaRef> = "forecast_manager";
        /// Whether users with the same role see each other's records.
        share_with_peers, with_share_with_peers: Option<bool> = "share_with_peers";
        /// Whether the role is the administrators' role.
        admin_user: Option<bool> = "admin_user";
        /// The user who created the role.
        created_by: Option<MetaRef> = "created_by__s";
        /// The user who last modified the role.
        modified_by: Option<MetaRef> = "modified_by__s";
        /// The time of the creation.
        created_time: Option<Timestamp> = "created_time__s";
        /// The time of the last modification.
        modified_time: Option<Timestamp> = "modified_time__s";
    }
}

impl Role {
    /// Creates a role with this name, below another role.
    #[must_use]
    pub fn named(name: impl Into<String>, reporting_to: impl Into<Id>) -> Self {
        Self::default().with_name(name).with_reporting_to(MetaRef::to(reporting_to))
    }
}
