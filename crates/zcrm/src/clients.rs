//! The clients of many users.

use std::sync::Arc;

use zcrm_api::Api;
use zcrm_core::Error;
use zcrm_oauth::{AuthorizeUrl, DeviceLogin, Grant, Redirect, TokenKey, TokenManager, UserTokens};

use crate::{Client, whoami::WhoAmI};

/// One application and its users: logs them in, lists them, and gives a [`Client`] for each. They
/// share connections. Limits are kept for each organisation, or for each user whose organisation is not named
/// ([`user_of`](Self::user_in_organisation)): what one runs into costs another nothing. Made by
/// [`ClientBuilder::build_clients`](crate::ClientBuilder::build_clients).
///
/// ```no_run
/// use zcrm::prelude::*;
///
/// # async fn example(session: &str, redirect: &str) -> zcrm::Result<()> {
/// let clients = Client::builder().config(Config::from_file("zcrm.toml")?).build_clients()?;
///
/// // a browser is sent to Zoho, …
/// let url = clients.authorize_url(&["ZohoCRM.modules.ALL"]).for_session(session)?;
/// // … comes back to the redirect URI, and whoever sat there is logged in
/// let client = clients.login(clients.accept(session, redirect)?).await?;
/// println!("welcome, {}", client.tokens().key().user());
/// # let _ = url;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Clients {
    api: Api,
    manager: TokenManager,
}

impl Clients {
    pub(crate) fn new(api: Api, manager: TokenManager) -> Self {
        Self { api, manager }
    }

    fn client(&self, tokens: UserTokens) -> Client {
        Client::new(self.clone(), &self.api, tokens)
    }

    /// The client of a user. Cheap.
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config) where `user` is empty.
    pub fn user(&self, user: &str) -> Result<Client, Error> {
        Ok(self.client(self.manager.user(user)?))
    }

    /// The client of a user in one organisation, whose tokens are kept apart from those of the same
    /// user in another. Users of the same organisation share its limits.
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config) where `user` is empty.
    pub fn user_in_organisation(&self, user: &str, organisation: &str) -> Result<Client, Error> {
        Ok(self.client(self.manager.user_in_organisation(user, organisation)?))
    }

    /// A client without a user, by client credentials; see [`TokenManager::organisation`].
    ///
    /// # Errors
    /// Of kind [`Config`](crate::ErrorKind::Config) or [`Input`](crate::ErrorKind::Input) where the
    /// organisation or the scopes are missing.
    pub fn organisation(&self, soid: &str, scopes: &[impl AsRef<str>]) -> Result<Client, Error> {
        Ok(self.client(self.manager.organisation(soid, scopes)?))
    }

    /// Begins a login in a browser; see [`TokenManager::authorize_url`].
    pub fn authorize_url(&self, scopes: &[impl AsRef<str>]) -> AuthorizeUrl {
        self.manager.authorize_url(scopes)
    }

    /// Takes the redirect at the end of a login in a browser; see [`TokenManager::accept`].
    ///
    /// # Errors
    /// Where its state is not the session's, the person refused, or it is no such redirect.
    pub fn accept(&self, session: &str, redirect: &str) -> Result<Redirect, Error> {
        self.manager.accept(session, redirect)
    }

    /// Begins the login of a device without a browser; see [`TokenManager::device_login`].
    ///
    /// # Errors
    /// Where no scope is named, the client is wrong, or the server cannot be reached.
    pub async fn device_login(&self, scopes: &[impl AsRef<str>]) -> Result<DeviceLogin, Error> {
        self.manager.device_login(scopes).await
    }

    /// Logs in whoever a grant belongs to. Who that is tells Zoho's user info (scope
    /// `AaaServer.profile.READ`), else the CRM's current user (scope `ZohoCRM.users.READ`).
    ///
    /// # Errors
    /// As [`UserTokens::exchange`]. Where the exchange worked and the user could not be found out,
    /// the error carries the tokens ([`UnsavedToken`](crate::UnsavedToken)), and
    /// [`TokenFault::MissingScope`](crate::TokenFault::MissingScope) says that both scopes lack:
    /// name the user with [`user`](Self::user), and exchange the tokens there.
    pub async fn login(&self, grant: impl Into<Grant>) -> Result<Client, Error> {
        let lookup = Arc::new(WhoAmI::new(self.api.clone(), self.manager.clone()));
        Ok(self.client(self.manager.login_with(grant, lookup).await?))
    }

    /// Whether a token is stored for a user.
    ///
    /// # Errors
    /// Of kind [`Store`](crate::ErrorKind::Store) where the store fails.
    pub async fn is_logged_in(&self, user: &str) -> Result<bool, Error> {
        self.manager.is_logged_in(user).await
    }

    /// The keys of all users that have a token.
    ///
    /// # Errors
    /// Of kind [`Store`](crate::ErrorKind::Store) where the store fails, or cannot list.
    pub async fn users(&self) -> Result<Vec<TokenKey>, Error> {
        self.manager.users().await
    }

    /// Removes a user's tokens; says whether there were any. At Zoho they stay good until
    /// [revoked](UserTokens::revoke).
    ///
    /// # Errors
    /// Of kind [`Store`](crate::ErrorKind::Store) where the store fails.
    pub async fn logout(&self, user: &str) -> Result<bool, Error> {
        self.manager.logout(user).await
    }

    /// The manager of their tokens, for what is rarer.
    #[must_use]
    pub fn manager(&self) -> &TokenManager {
        &self.manager
    }
}
