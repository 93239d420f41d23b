//! The clients of many users.

use zcrm_api::Api;
use zcrm_core::Error;
use zcrm_oauth::{AuthorizeUrl, DeviceLogin, Redirect, TokenKey, TokenManager};

/// The users of one application: logs them in and out, lists them, and returns a
/// [`Client`](crate::Client) for each.
///
/// The clients share connections. Limits are kept for each organisation, or for each user whose
/// organisation is not named ([`user_in_organisation`](Self::user_in_organisation)), so that one
/// cannot use up the limits of another. Created by
/// [`ClientBuilder::build_clients`](crate::ClientBuilder::build_clients).
///
/// ```no_run
/// use zcrm::prelude::*;
///
/// # async fn example(session: &str, redirect: &str) -> zcrm::Result<()> {
/// let clients = Client::builder().config(Config::from_file("zcrm.toml")?).build_clients()?;
///
/// // send the browser to Zoho …
/// let url = clients.authorize_url(&["ZohoCRM.modules.ALL"]).for_session(session)?;
/// // … and log its user in when it comes back to the redirect URI
/// let client = clients.login(clients.accept(session, redirect)?).await?;
/// println!("welcome, {}", client.tokens().key().user());
/// # let _ = url;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Clients {
    pub(crate) api: Api,
    pub(crate) manager: TokenManager,
}

impl Clients {
    pub(crate) fn new(api: Api, manager: TokenManager) -> Self {
        Self { api, manager }
    }

    /// Starts a login in a browser; see [`TokenManager::authorize_url`].
    pub fn authorize_url(&self, scopes: &[impl AsRef<str>]) -> AuthorizeUrl {
        self.manager.authorize_url(scopes)
    }

    /// Checks the redirect at the end of a login in a browser; see [`TokenManager::accept`].
    ///
    /// # Errors
    /// Returns an error if the state does not belong to the session, the user refused access, or
    /// the redirect is malformed.
    pub fn accept(&self, session: &str, redirect: &str) -> Result<Redirect, Error> {
        self.manager.accept(session, redirect)
    }

    /// Starts the login of a device without a browser; see [`TokenManager::device_login`].
    ///
    /// # Errors
    /// Returns an error if no scope is named, Zoho rejects the client, or the server cannot be
    /// reached.
    pub async fn device_login(&self, scopes: &[impl AsRef<str>]) -> Result<DeviceLogin, Error> {
        self.manager.device_login(scopes).await
    }

    /// Returns whether a login is stored for a user.
    ///
    /// # Errors
    /// An error of kind [`Store`](crate::ErrorKind::Store) if the store fails.
    pub async fn is_logged_in(&self, user: &str) -> Result<bool, Error> {
        self.manager.is_logged_in(user).await
    }

    /// Returns the keys of all users with a stored login.
    ///
    /// # Errors
    /// An error of kind [`Store`](crate::ErrorKind::Store) if the store fails or cannot list its keys.
    pub async fn users(&self) -> Result<Vec<TokenKey>, Error> {
        self.manager.users().await
    }

    /// Removes a user's tokens from the store, and returns whether there were any. They stay valid
    /// at Zoho until they are [revoked](zcrm_oauth::UserTokens::revoke).
    ///
    /// # Errors
    /// An error of kind [`Store`](crate::ErrorKind::Store) if the store fails.
    pub async fn logout(&self, user: &str) -> Result<bool, Error> {
        self.manager.logout(user).await
    }

    /// Returns the token manager.
    #[must_use]
    pub fn manager(&self) -> &TokenManager {
        &self.manager
    }
}
