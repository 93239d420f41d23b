//! Profiles and what they permit.

use serde::Serialize;
use zcrm_core::{Error, Id};

use super::profile::Profile;
use crate::{Api, GetItem, ListItems, WriteItem, ask::Ask, operations};

/// The profiles of the organisation: [`Api::profiles`].
///
/// ```no_run
/// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
/// let profile = api.profiles().get("3652397000000026011").send().await?;
/// for permission in profile.permissions()? {
///     println!("{:?}: {:?}", permission.name()?, permission.enabled()?);
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

    /// Reads all profiles, without their permissions; the list comes whole.
    pub fn list(&self) -> ListItems<Profile> {
        ListItems::new(Ask::new(&self.api, &operations::PROFILES_LIST))
    }

    /// Reads one profile with its permissions.
    pub fn get(&self, id: impl Into<Id>) -> GetItem<Profile> {
        GetItem::new(Ask::new(&self.api, &operations::PROFILES_GET).path_id("id", id))
    }

    /// Makes a profile that permits what another does; `profile` says its name and description.
    pub fn create_from(&self, id: impl Into<Id>, profile: &impl Serialize) -> WriteItem {
        WriteItem::row(Ask::new(&self.api, &operations::PROFILES_CLONE).path_id("id", id), profile)
    }

    /// Changes a profile, or what it permits.
    pub fn update(&self, id: impl Into<Id>, change: &impl Serialize) -> WriteItem {
        let ask = Ask::new(&self.api, &operations::PROFILES_UPDATE_ONE);
        WriteItem::row(ask.path_id("id", id), change)
    }

    /// Deletes a profile; its users get the profile of the id `transfer_to`.
    ///
    /// # Errors
    /// Where Zoho refused it, of kind [`Input`](zcrm_core::ErrorKind::Input) before anything is
    /// sent, or of the call.
    pub async fn delete(&self, id: impl Into<Id>, transfer_to: impl Into<Id>) -> Result<(), Error> {
        let (id, transfer_to) = (id.into(), transfer_to.into());
        let ask = Ask::new(&self.api, &operations::PROFILES_DELETE_ONE).path_id("id", id);
        let ask = ask.check(transfer_to.check().map(drop));
        ask.query("transfer_to", transfer_to).done().await
    }
}
