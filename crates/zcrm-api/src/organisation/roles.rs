//! Roles.

use serde::Serialize;
use zcrm_core::Id;

use super::role::Role;
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
