//! Requests for roles.

use serde::Serialize;
use zcrm_core::Id;

use super::role::Role;
use crate::list::{List, Whole};
use crate::request::{GetItem, Request, WriteItem};
use crate::{Api, operations};

/// The roles of the organisation: [`Api::roles`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// for role in api.roles().list().all().await? {
///     println!("{} reports to {:?}", role.name, role.reporting_to);
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

    /// Lists all roles in one page.
    pub fn list(&self) -> Request<List<Role>> {
        List::request(self.api.call(&operations::ROLES_LIST), Whole)
    }

    /// Reads one role.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Role>> {
        GetItem::request(self.api.call(&operations::ROLES_GET).path_id("role_id", id))
    }

    /// Creates a role.
    pub fn create(&self, role: &impl Serialize) -> Request<WriteItem> {
        WriteItem::row(self.api.call(&operations::ROLES_CREATE), role)
    }

    /// Updates a role.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let call = self.api.call(&operations::ROLES_UPDATE_ONE);
        WriteItem::row(call.path_id("role_id", id), change)
    }

    /// Deletes a role and moves its users to the role with the id `transfer_to`.
    pub fn delete(&self, id: impl Into<Id>, transfer_to: impl Into<Id>) -> Request<WriteItem> {
        let (id, transfer_to) = (id.into(), transfer_to.into());
        let call = self.api.call(&operations::ROLES_DELETE_ONE).path_id("role_id", id);
        let call = call.check(transfer_to.check().map(drop));
        WriteItem::request(call.param("transfer_to_id", transfer_to))
    }
}
