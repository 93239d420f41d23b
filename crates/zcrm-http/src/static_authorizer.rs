//! An authorizer with a fixed token.

use async_trait::async_trait;
use zcrm_core::{BoxError, Error, Origin};

use crate::{Authorization, Authorizer, Tenant};

/// An [`Authorizer`] that always returns the same authorisation.
///
/// It is for tests and for programs that get their access token elsewhere. It cannot refresh the
/// token, so a call whose token is refused fails.
///
/// ```
/// use zcrm_http::{Authorizer, StaticAuthorizer};
///
/// let authorizer = StaticAuthorizer::zoho("1000.token", "https://www.zohoapis.com".parse()?)?;
/// assert!(authorizer.cached().is_some());
/// # Ok::<(), zcrm_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticAuthorizer {
    authorization: Authorization,
    tenant: Option<Tenant>,
}

impl StaticAuthorizer {
    /// Creates an authorizer from an authorisation.
    #[must_use]
    pub fn new(authorization: Authorization) -> Self {
        Self { authorization, tenant: None }
    }

    /// Creates an authorizer from an access token for the API server `origin`.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if the token has
    /// characters that a header cannot hold.
    pub fn zoho(access_token: &str, origin: Origin) -> Result<Self, Error> {
        Ok(Self::new(Authorization::zoho(access_token, origin)?))
    }

    /// Sets the tenant whose limits the calls count against.
    #[must_use]
    pub fn with_tenant(mut self, tenant: Tenant) -> Self {
        self.tenant = Some(tenant);
        self
    }
}

#[async_trait]
impl Authorizer for StaticAuthorizer {
    fn cached(&self) -> Option<Authorization> {
        Some(self.authorization.clone())
    }

    async fn authorize(&self) -> Result<Authorization, BoxError> {
        Ok(self.authorization.clone())
    }

    async fn reject(&self, _refused: &Authorization) {}

    fn tenant(&self) -> Option<Tenant> {
        self.tenant.clone()
    }
}
