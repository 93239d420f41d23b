//! Requests for profiles and their permissions.

use serde::Serialize;
use zcrm_core::Id;

use super::profile::Profile;
use crate::list::{List, Whole};
use crate::request::{Acknowledge, GetItem, Request, WriteItem};
use crate::{Api, operations};

/// The profiles of the organisation: [`Api::profiles`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let profile = api.profiles().get("3652397000000026011").await?;
/// for permission in &profile.permissions {
///     println!("{}: {:?}", permission.name, permission.enabled);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Profiles {
    api: Api,
}

impl Profiles {
    pub(super) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Lists all profiles in one page, without their permissions.
    pub fn list(&self) -> Request<List<Profile>> {
        List::request(self.api.call(&operations::PROFILES_LIST), Whole)
    }

    /// Reads one profile with its permissions.
    pub fn get(&self, id: impl Into<Id>) -> Request<GetItem<Profile>> {
        GetItem::request(self.api.call(&operations::PROFILES_GET).path_id("id", id))
    }

    /// Creates a profile with the permissions of another one. `profile` has the new name and
    /// description.
    pub fn create_from(&self, id: impl Into<Id>, profile: &impl Serialize) -> Request<WriteItem> {
        WriteItem::row(self.api.call(&operations::PROFILES_CLONE).path_id("id", id), profile)
    }

    /// Updates a profile or its permissions.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> Request<WriteItem> {
        let call = self.api.call(&operations::PROFILES_UPDATE_ONE);
        WriteItem::row(call.path_id("id", id), change)
    }

    /// Deletes a profile and moves its users to the profile with the id `transfer_to`.
    pub fn delete(&self, id: impl Into<Id>, transfer_to: impl Into<Id>) -> Request<Acknowledge> {
        let (id, transfer_to) = (id.into(), transfer_to.into());
        let call = self.api.call(&operations::PROFILES_DELETE_ONE).path_id("id", id);
        let call = call.check(transfer_to.check().map(drop));
        Acknowledge::request(call.param("transfer_to", transfer_to))
    }
}
