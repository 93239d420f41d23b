//! The organisation: its data, users, roles, profiles, taxes and variables.

mod org;
mod organization;
mod profile;
mod profiles;
mod role;
mod roles;
mod tax;
mod taxes;
mod user;
mod users;
mod variable;
mod variables;

pub use org::OrganizationHandle;
pub use organization::{HierarchyPreferences, LicenseDetails, Organization};
pub use profile::{Permission, Profile, ProfileCategory, ProfileKind, ProfileSection, ProfileView};
pub use profiles::Profiles;
pub use role::Role;
pub use roles::Roles;
pub use tax::{OrgTax, OrgTaxes, TaxPreference};
pub use taxes::Taxes;
pub use user::{TabTheme, User, UserCustomization, UserKind, UserStatus, UserTerritory, UserTheme};
pub use users::{UserHandle, Users};
pub use variable::{Variable, VariableGroup, VariableKind};
pub use variables::{VariableGroupBy, VariableGroups, Variables};

use crate::Api;

impl Api {
    /// The organisation itself.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let org = api.org().get().await?;
    /// println!("{:?} counts in {:?}", org.company_name, org.currency);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn org(&self) -> OrganizationHandle {
        OrganizationHandle::new(self.clone())
    }

    /// The users of the organisation.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self.clone())
    }

    /// The roles of the organisation.
    #[must_use]
    pub fn roles(&self) -> Roles {
        Roles::new(self.clone())
    }

    /// The profiles of the organisation, with what each permits.
    #[must_use]
    pub fn profiles(&self) -> Profiles {
        Profiles::new(self.clone())
    }

    /// The taxes of the organisation, as its inventory uses them.
    #[must_use]
    pub fn taxes(&self) -> Taxes {
        Taxes::new(self.clone())
    }

    /// The variables of the organisation.
    #[must_use]
    pub fn variables(&self) -> Variables {
        Variables::new(self.clone())
    }

    /// The groups that the organisation's variables are in.
    #[must_use]
    pub fn variable_groups(&self) -> VariableGroups {
        VariableGroups::new(self.clone())
    }
}
