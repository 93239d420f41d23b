//! A user's tokens, and the key under which they are stored.

use std::fmt;

use chrono::{DateTime, Utc};
#[cfg(feature = "client")]
use zcrm_core::{BaseUrls, Error, Origin};
use zcrm_core::{Environment, ExposeSecret, SecretString, escaped_url};

/// The tokens of one user, as a store keeps them.
///
/// `Debug` shows no token.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use zcrm_oauth::StoredToken;
///
/// let expires: DateTime<Utc> = "2026-05-24T17:05:12Z".parse()?;
/// let token = StoredToken::new("1000.access", expires)
///     .with_refresh("1000.refresh")
///     .with_api_domain("https://www.zohoapis.eu");
/// assert!(!format!("{token:?}").contains("1000."));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredToken {
    /// The access token. Zoho's are valid for one hour.
    pub access: SecretString,
    /// The refresh token, which is valid until it is revoked. Some flows return none.
    pub refresh: Option<SecretString>,
    /// The time at which the access token expires.
    pub expires_at: DateTime<Utc>,
    /// The API server that Zoho named for this token, such as `https://www.zohoapis.eu`.
    pub api_domain: Option<String>,
    /// The accounts server that issued the tokens and can refresh them.
    pub accounts_server: Option<String>,
    /// The scopes of the token, separated by commas or spaces as received.
    pub scope: Option<String>,
}

impl StoredToken {
    /// Creates a token from an access token and its expiry.
    #[must_use]
    pub fn new(access: impl Into<String>, expires_at: DateTime<Utc>) -> Self {
        Self {
            access: SecretString::from(access.into()),
            refresh: None,
            expires_at,
            api_domain: None,
            accounts_server: None,
            scope: None,
        }
    }

    /// Adds the refresh token.
    #[must_use]
    pub fn with_refresh(mut self, refresh: impl Into<String>) -> Self {
        self.refresh = Some(SecretString::from(refresh.into()));
        self
    }

    /// Adds the API server that Zoho named.
    #[must_use]
    pub fn with_api_domain(mut self, origin: impl Into<String>) -> Self {
        self.api_domain = Some(origin.into());
        self
    }

    /// Adds the accounts server that issued the token.
    #[must_use]
    pub fn with_accounts_server(mut self, origin: impl Into<String>) -> Self {
        self.accounts_server = Some(origin.into());
        self
    }

    /// Adds the scopes.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Returns `true` if both have the same refresh token, so that they belong to one login.
    #[must_use]
    pub fn is_same_login(&self, other: &Self) -> bool {
        let exposed = |token: &Self| token.refresh.as_ref().map(|it| it.expose_secret().to_owned());
        exposed(self) == exposed(other)
    }

    /// Returns the accounts server that can refresh or revoke the token.
    #[cfg(feature = "client")]
    pub(crate) fn accounts_at(&self, base_urls: &BaseUrls) -> Result<Origin, Error> {
        base_urls.accounts_of(self.accounts_server.as_deref(), self.api_domain.as_deref())
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("access", &"[redacted]")
            .field("refresh", &self.refresh.as_ref().map(|_| "[redacted]"))
            .field("expires_at", &self.expires_at)
            .field("api_domain", &self.api_domain.as_deref().map(escaped_url))
            .field("accounts_server", &self.accounts_server.as_deref().map(escaped_url))
            .field("scope", &self.scope)
            .finish()
    }
}

/// The key under which a token is stored. One e-mail address may have several tokens: of two
/// clients, of a sandbox and production, or of two organisations.
///
/// ```
/// use zcrm_core::Environment;
/// use zcrm_oauth::TokenKey;
///
/// let key = TokenKey::new("patricia@example.com", "1000.CLIENT", Environment::Sandbox);
/// assert_eq!(key.user(), "patricia@example.com");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenKey {
    user: String,
    client_id: String,
    environment: Environment,
    organisation: Option<String>,
}

impl TokenKey {
    /// Creates the key of a user of one client in one environment. The user is compared exactly.
    #[must_use]
    pub fn new(
        user: impl Into<String>,
        client_id: impl Into<String>,
        environment: Environment,
    ) -> Self {
        Self { user: user.into(), client_id: client_id.into(), environment, organisation: None }
    }

    /// Adds the organisation.
    #[must_use]
    pub fn with_organisation(mut self, organisation: impl Into<String>) -> Self {
        self.organisation = Some(organisation.into());
        self
    }

    /// Returns the user identifier, usually an e-mail address.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the environment.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Returns the organisation, if the key has one.
    #[must_use]
    pub fn organisation(&self) -> Option<&str> {
        self.organisation.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::StoredToken;

    #[test]
    fn hides_tokens_in_debug() {
        let token =
            StoredToken::new("marked-access", DateTime::UNIX_EPOCH).with_refresh("marked-r");
        assert!(!format!("{token:?}").contains("marked"));
    }

    #[test]
    fn compares_logins_by_refresh_token() {
        let token = |access: &str| StoredToken::new(access, DateTime::UNIX_EPOCH);
        assert!(token("a").with_refresh("r").is_same_login(&token("b").with_refresh("r")));
        assert!(!token("a").with_refresh("r").is_same_login(&token("a").with_refresh("s")));
        assert!(!token("a").with_refresh("r").is_same_login(&token("a")));
    }
}
