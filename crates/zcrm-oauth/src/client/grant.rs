//! The credentials of a login.

use std::{fmt, time::Duration};

use zcrm_core::{DataCenter, Error, ExposeSecret, Origin, SecretString};

use super::{active_token::ActiveToken, context::TokenContext, issued_token::IssuedToken};
use crate::StoredToken;

/// A grant token (authorization code) from Zoho's API console or from a redirect.
///
/// It can be used once, within a few minutes; the console shows how many.
///
/// `Debug` does not show it.
///
/// ```
/// use zcrm_oauth::GrantToken;
///
/// let grant = GrantToken::new("1000.grant");
/// assert!(!format!("{grant:?}").contains("1000."));
/// ```
#[derive(Clone)]
#[doc(alias = "authorization_code")]
pub struct GrantToken(SecretString);

impl GrantToken {
    /// Creates a grant token from its text.
    pub fn new(token: impl Into<SecretString>) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for GrantToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantToken([redacted])")
    }
}

/// The credentials of a login: a grant token, a refresh token from another program, or tokens that
/// were already issued. A string becomes a grant token.
///
/// `Debug` does not show them.
///
/// ```
/// use zcrm_core::DataCenter;
/// use zcrm_oauth::Grant;
///
/// let console = Grant::from("1000.grant");
/// let european = Grant::refresh_token("1000.refresh").of(DataCenter::EU);
/// assert!(!format!("{console:?}{european:?}").contains("1000."));
/// ```
#[derive(Clone)]
pub struct Grant {
    kind: GrantKind,
    server: Option<Origin>,
}

#[derive(Clone)]
enum GrantKind {
    Code(SecretString),
    Refresh(SecretString),
    Tokens(Box<StoredToken>),
}

impl Grant {
    /// Creates a grant from a refresh token that another program received for the same client.
    /// White space around it is removed.
    #[must_use]
    pub fn refresh_token(token: impl Into<SecretString>) -> Self {
        let token: SecretString = token.into();
        Self { kind: GrantKind::Refresh(token.expose_secret().trim().into()), server: None }
    }

    /// Sets the data centre that issued the grant, if it is not the configured one.
    #[must_use]
    pub fn of(self, data_center: DataCenter) -> Self {
        self.at(data_center.accounts_origin())
    }

    /// Sets the accounts server that issued the grant. It is not checked here, so it must not come
    /// from untrusted input.
    pub(super) fn at(mut self, server: Origin) -> Self {
        self.server = Some(server);
        self
    }

    /// Exchanges the grant for tokens.
    pub(super) async fn redeem(self, context: &TokenContext) -> Result<RedeemedGrant, Error> {
        let server = self.server.unwrap_or_else(|| context.base_urls.accounts_origin());
        let issued = match self.kind {
            GrantKind::Code(code) => context.accounts.issue_by_grant(&code, &server).await?,
            GrantKind::Refresh(refresh) => {
                let mut issued = context.accounts.issue_by_refresh(&refresh, &server).await?;
                issued.token.refresh.get_or_insert(refresh);
                issued
            }
            GrantKind::Tokens(token) => return Ok(RedeemedGrant { token: *token, ends: None }),
        };
        Ok(RedeemedGrant { token: issued.token, ends: Some(issued.ends) })
    }
}

/// The tokens of a redeemed grant.
pub(super) struct RedeemedGrant {
    pub(super) token: StoredToken,
    /// The monotonic time at which the token expires, if it was just issued. The age of tokens that
    /// the caller passed is unknown.
    ends: Option<Duration>,
}

impl RedeemedGrant {
    /// Returns the active token.
    pub(super) fn active_token(&self, context: &TokenContext) -> Result<ActiveToken, Error> {
        let token = self.token.clone();
        match self.ends {
            Some(ends) => ActiveToken::from_issued(context, IssuedToken { token, ends }),
            None => ActiveToken::from_stored(context, token),
        }
    }
}

impl From<GrantToken> for Grant {
    fn from(token: GrantToken) -> Self {
        token.0.into()
    }
}

impl From<SecretString> for Grant {
    fn from(code: SecretString) -> Self {
        Self { kind: GrantKind::Code(code), server: None }
    }
}

impl From<String> for Grant {
    fn from(code: String) -> Self {
        SecretString::from(code).into()
    }
}

impl From<&str> for Grant {
    fn from(code: &str) -> Self {
        SecretString::from(code).into()
    }
}

/// Creates a grant from tokens that were already issued, such as those in an
/// [`UnsavedToken`](crate::UnsavedToken).
impl From<StoredToken> for Grant {
    fn from(token: StoredToken) -> Self {
        Self { kind: GrantKind::Tokens(Box::new(token)), server: None }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            GrantKind::Code(_) => "a grant token",
            GrantKind::Refresh(_) => "a refresh token",
            GrantKind::Tokens(_) => "tokens",
        };
        f.debug_struct("Grant").field("kind", &kind).field("server", &self.server).finish()
    }
}
