//! The organisation, and its users, roles, profiles, taxes, currencies and variables.

mod currencies;
mod currency;
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

pub use currencies::Currencies;
pub use currency::{AvailableCurrency, Currency, CurrencyFormat};
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
    /// Returns a handle to the organisation itself.
    ///
    /// ```no_run
    /// # async fn example(api: zcrm_api::Api) -> Result<(), zcrm_core::Error> {
    /// let org = api.org().get().await?;
    /// println!("{:?} uses {:?}", org.company_name, org.currency);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn org(&self) -> OrganizationHandle {
        OrganizationHandle::new(self.clone())
    }

    /// Returns a handle to the users of the organisation.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self.clone())
    }

    /// Returns a handle to the roles of the organisation.
    #[must_use]
    pub fn roles(&self) -> Roles {
        Roles::new(self.clone())
    }

    /// Returns a handle to the profiles of the organisation and their permissions.
    #[must_use]
    pub fn profiles(&self) -> Profiles {
        Profiles::new(self.clone())
    }

    /// Returns a handle to the taxes of the organisation.
    #[must_use]
    pub fn taxes(&self) -> Taxes {
        Taxes::new(self.clone())
    }

    /// Returns a handle to the currencies of the organisation.
    #[must_use]
    pub fn currencies(&self) -> Currencies {
        Currencies::new(self.clone())
    }

    /// Returns a handle to the variables of the organisation.
    #[must_use]
    pub fn variables(&self) -> Variables {
        Variables::new(self.clone())
    }

    /// Returns a handle to the groups of the organisation's variables.
    #[must_use]
    pub fn variable_groups(&self) -> VariableGroups {
        VariableGroups::new(self.clone())
    }
}
