//! Tenants, whose limits calls count against.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Weak},
};

/// The owner of the limits that a call counts against: an organisation, or its user if the
/// organisation is not known.
///
/// Zoho counts concurrent calls and API credits for each organisation. So the layers keep separate
/// limits for each tenant, and one tenant's calls do not affect another's.
///
/// The tenant comes from the request's authorizer
/// ([`Authorizer::tenant`](crate::Authorizer::tenant)). Two tenants with the same name are equal.
/// Requests without an authorizer share one tenant.
///
/// ```
/// use http::Extensions;
/// use zcrm_http::Tenant;
///
/// assert_eq!(Tenant::new("org 1234"), Tenant::new("org 1234"));
/// assert_ne!(Tenant::new("org 1234"), Tenant::new("org 5678"));
/// assert_eq!(Tenant::of(&Extensions::new()), Tenant::default());
/// ```
#[derive(Clone, Default)]
pub struct Tenant {
    /// The hash of the name, computed once because each call looks it up.
    hash: u64,
    name: TenantName,
}

#[derive(Clone, Default)]
enum TenantName {
    /// The tenant of all requests that are sent without a token.
    #[default]
    Absent,
    Text(Arc<str>),
    /// An authorizer that names no tenant. Its address is not reused while this value exists.
    Authorizer(Weak<dyn Send + Sync>),
}

impl Tenant {
    /// Creates a tenant from a name, which must be the same for all users of one organisation and
    /// different for different organisations.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self { hash: hasher.finish(), name: TenantName::Text(name.into()) }
    }

    /// Creates a tenant for an authorizer that names none, from its address.
    pub(crate) fn of_address(authorizer: Weak<dyn Send + Sync>) -> Self {
        let mut hasher = DefaultHasher::new();
        authorizer.as_ptr().cast::<()>().addr().hash(&mut hasher);
        Self { hash: hasher.finish(), name: TenantName::Authorizer(authorizer) }
    }
}

impl PartialEq for Tenant {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
            && match (&self.name, &other.name) {
                (TenantName::Absent, TenantName::Absent) => true,
                (TenantName::Text(one), TenantName::Text(other)) => {
                    Arc::ptr_eq(one, other) || one == other
                }
                (TenantName::Authorizer(one), TenantName::Authorizer(other)) => {
                    one.as_ptr().cast::<()>() == other.as_ptr().cast::<()>()
                }
                _ => false,
            }
    }
}

impl Eq for Tenant {}

impl Hash for Tenant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name: &dyn fmt::Debug = match &self.name {
            TenantName::Absent => &"no authorizer",
            TenantName::Text(name) => name,
            TenantName::Authorizer(_) => &"an authorizer",
        };
        f.debug_tuple("Tenant").field(name).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Extensions;

    use super::Tenant;
    use crate::{AuthorizedBy, Authorizer, StaticAuthorizer};

    fn of(authorizer: &Arc<dyn Authorizer>) -> Tenant {
        let mut extensions = Extensions::new();
        extensions.insert(AuthorizedBy(Arc::clone(authorizer)));
        Tenant::of(&extensions)
    }

    fn fixed(tenant: Option<&'static str>) -> Arc<dyn Authorizer> {
        let origin = "https://www.zohoapis.com".parse().unwrap();
        let authorizer = StaticAuthorizer::zoho("1000.a", origin).unwrap();
        match tenant {
            Some(name) => Arc::new(authorizer.with_tenant(Tenant::new(name))),
            None => Arc::new(authorizer),
        }
    }

    #[test]
    fn uses_the_name_that_the_authorizer_returns() {
        let (one, same, other) = (fixed(Some("a")), fixed(Some("a")), fixed(Some("b")));
        assert_eq!(of(&one), of(&same));
        assert_ne!(of(&one), of(&other));
        assert_eq!(of(&one), Tenant::new("a"));
    }

    #[test]
    fn treats_an_authorizer_without_a_name_as_one_tenant() {
        let (one, other) = (fixed(None), fixed(None));
        assert_eq!(of(&one), of(&one));
        assert_ne!(of(&one), of(&other));
        assert_ne!(of(&one), Tenant::default());
    }

    #[test]
    fn never_equals_an_authorizer_that_was_dropped() {
        let one = fixed(None);
        let before = of(&one);
        drop(one);
        for _ in 0..100 {
            assert_ne!(of(&fixed(None)), before);
        }
    }
}
