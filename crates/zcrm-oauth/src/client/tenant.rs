//! The tenant of a user, whose limits the user's calls count against.

use zcrm_http::Tenant;

use super::token_source::TokenSource;
use crate::TokenKey;

/// Returns the organisation if the key or the client credentials name it, or else the user.
pub(super) fn tenant_of(key: &TokenKey, source: &TokenSource) -> Tenant {
    let organisation = match source {
        // service and organisation
        TokenSource::ClientCredentials { .. } => {
            Some(key.user().rsplit('.').next().unwrap_or_default())
        }
        TokenSource::Login => key.organisation(),
    };
    let (kind, name) = match organisation {
        Some(organisation) => ("organisation", organisation),
        None => ("user", key.user()),
    };
    Tenant::new(&format!("{kind} {name} of {} in {}", key.client_id(), key.environment()))
}

#[cfg(test)]
mod tests {
    use zcrm_core::Environment;

    use super::{TokenSource, tenant_of};
    use crate::TokenKey;

    fn key(user: &str, environment: Environment) -> TokenKey {
        TokenKey::new(user, "1000.CLIENT", environment)
    }

    #[test]
    fn treats_the_users_of_one_organisation_as_one_tenant() {
        let tenant = |user, organisation: &str| {
            let key = key(user, Environment::Production).with_organisation(organisation);
            tenant_of(&key, &TokenSource::Login)
        };
        assert_eq!(tenant("pat@example.com", "1234"), tenant("charles@example.com", "1234"));
        assert_ne!(tenant("pat@example.com", "1234"), tenant("pat@example.com", "5678"));
        let client = TokenSource::ClientCredentials { scopes: Vec::new() };
        let own = tenant_of(&key("ZohoCRM.1234", Environment::Production), &client);
        assert_eq!(own, tenant("pat@example.com", "1234"));
    }

    #[test]
    fn treats_each_user_without_an_organisation_as_a_tenant() {
        let tenant = |user, environment| tenant_of(&key(user, environment), &TokenSource::Login);
        let production = Environment::Production;
        assert_eq!(tenant("pat@example.com", production), tenant("pat@example.com", production));
        assert_ne!(
            tenant("pat@example.com", production),
            tenant("charles@example.com", production)
        );
        let sandbox = Environment::Sandbox;
        assert_ne!(tenant("pat@example.com", production), tenant("pat@example.com", sandbox));
        let named = key("pat@example.com", production).with_organisation("pat@example.com");
        assert_ne!(tenant_of(&named, &TokenSource::Login), tenant("pat@example.com", production));
    }
}
