//! What a login is made of.

use std::{fmt, time::Duration};

use zcrm_core::{DataCenter, Error, ExposeSecret, Origin, SecretString};

use super::{
    held::{Held, Issued},
    manager::Shared,
};
use crate::StoredToken;

/// What somebody logs in with: a grant token of Zoho's API console or of a redirect, a refresh
/// token from elsewhere, or tokens that were issued already. A text is a grant token.
///
/// `Debug` shows none of them.
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
    way: Way,
    server: Option<Origin>,
}

#[derive(Clone)]
enum Way {
    Code(SecretString),
    Refresh(SecretString),
    Tokens(Box<StoredToken>),
}

impl Grant {
    /// A refresh token that another program got, for the same client; without the spaces and line
    /// ends around it.
    #[must_use]
    pub fn refresh_token(token: impl Into<SecretString>) -> Self {
        let token: SecretString = token.into();
        Self { way: Way::Refresh(token.expose_secret().trim().into()), server: None }
    }

    /// Says which data centre issued it, where that is not the configured one.
    #[must_use]
    pub fn of(self, data_center: DataCenter) -> Self {
        self.at(data_center.accounts_origin())
    }

    /// The accounts server that issued it. It is not checked here: name none that came from
    /// outside.
    pub(super) fn at(mut self, server: Origin) -> Self {
        self.server = Some(server);
        self
    }

    /// The tokens that it gives, with the accounts server that gave them.
    pub(super) async fn redeem(self, shared: &Shared) -> Result<Redeemed, Error> {
        let server = self.server.unwrap_or_else(|| shared.base_urls.accounts_origin());
        let issued = match self.way {
            Way::Code(code) => shared.accounts.issue_by_grant(&code, &server).await?,
            Way::Refresh(refresh) => {
                let mut issued = shared.accounts.issue_by_refresh(&refresh, &server).await?;
                issued.token.refresh.get_or_insert(refresh);
                issued
            }
            Way::Tokens(token) => return Ok(Redeemed { token: *token, ends: None }),
        };
        Ok(Redeemed { token: issued.token, ends: Some(issued.ends) })
    }
}

/// What a grant gave.
pub(super) struct Redeemed {
    pub(super) token: StoredToken,
    /// When it ends, monotonic, where it was issued just now. Tokens that the caller gave are of an
    /// unknown age.
    ends: Option<Duration>,
}

impl Redeemed {
    /// The token as one in use.
    pub(super) fn held(&self, shared: &Shared) -> Result<Held, Error> {
        let token = self.token.clone();
        match self.ends {
            Some(ends) => Held::issued(shared, Issued { token, ends }),
            None => Held::stored(shared, token),
        }
    }
}

impl From<SecretString> for Grant {
    fn from(code: SecretString) -> Self {
        Self { way: Way::Code(code), server: None }
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

/// Tokens that were issued already, such as those that an
/// [`UnsavedToken`](crate::UnsavedToken) carries.
impl From<StoredToken> for Grant {
    fn from(token: StoredToken) -> Self {
        Self { way: Way::Tokens(Box::new(token)), server: None }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Code(_) => "a grant token",
            Way::Refresh(_) => "a refresh token",
            Way::Tokens(_) => "tokens",
        };
        f.debug_struct("Grant").field("way", &way).field("server", &self.server).finish()
    }
}
