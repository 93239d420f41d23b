//! Roles.

use serde::Serialize;
use zcrm_core::{Id, Lookup, Timestamp, object};

use crate::{Api, GetItem, ListItems, WriteItem, ask::Ask, operations};

/// The roles of the organisation: [`Api::roles`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// for role in api.roles().list().all().await? {
///     println!("{:?} reports to {:?}", role.name()?, role.reporting_to()?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Roles {
    api: Api,
}

impl Roles {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Reads all roles; the list comes whole.
    pub fn list(&self) -> ListItems<Role> {
        ListItems::new(Ask::new(&self.api, &operations::ROLES_LIST))
    }

    /// Reads one role.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<Role> {
        GetItem::new(Ask::new(&self.api, &operations::ROLES_GET).path_id("role_id", id))
    }

    /// Makes a role.
    pub fn create(&self, role: &impl Serialize) -> WriteItem {
        WriteItem::row(Ask::new(&self.api, &operations::ROLES_CREATE), role)
    }

    /// Changes a role.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        let ask = Ask::new(&self.api, &operations::ROLES_UPDATE_ONE);
        WriteItem::row(ask.path_id("role_id", id), change)
    }

    /// Deletes a role; its users get the role of the id `transfer_to`.
    pub fn delete(&self, id: impl Into<Id>, transfer_to: impl Into<Id>) -> WriteItem {
        let (id, transfer_to) = (id.into(), transfer_to.into());
        let ask = Ask::new(&self.api, &operations::ROLES_DELETE_ONE).path_id("role_id", id);
        let ask = ask.check(transfer_to.check().map(drop));
        WriteItem::new(ask.query("transfer_to_id", transfer_to))
    }
}

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
