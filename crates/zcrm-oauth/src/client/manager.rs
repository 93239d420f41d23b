//! The token manager of one client and all its users.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use zcrm_core::{Error, escaped};

use super::{
    context::TokenContext, entries::Entries, fault::store_error, states::States,
    token_source::TokenSource, user::UserTokens,
};
use crate::{TokenKey, TokenStore};

/// Manages and refreshes the tokens of any number of users, for one client in one environment.
///
/// All callers in a process wait for the same refresh. Across processes, the store's
/// [lock](TokenStore::lock) lets the other processes find the new token. Clones share everything.
///
/// ```
/// use zcrm_core::DataCenter;
/// use zcrm_oauth::{MemoryStore, TokenManager};
///
/// # fn main() -> Result<(), zcrm_core::Error> {
/// let manager = TokenManager::builder("1000.ABC", "secret")
///     .redirect_uri("https://example.com/callback")
///     .data_center(DataCenter::EU)
///     .store(MemoryStore::new())
///     .build()?;
/// let tokens = manager.user("patricia@example.com")?;
/// # let _ = tokens;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "refresh")]
#[derive(Clone)]
pub struct TokenManager {
    context: Arc<TokenContext>,
    users: Arc<UserCache>,
}

/// The state of the users of a manager.
#[derive(Default)]
struct UserCache {
    entries: Mutex<Entries>,
    /// The logins in browsers that are in progress.
    states: States,
}

impl TokenManager {
    /// Creates a manager without users.
    pub(super) fn new(context: TokenContext) -> Self {
        Self { context: Arc::new(context), users: Arc::default() }
    }

    pub(super) fn context(&self) -> &Arc<TokenContext> {
        &self.context
    }

    pub(super) fn states(&self) -> &States {
        &self.users.states
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.users.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the tokens of a user. The call is cheap, and handles of the same user share their
    /// state.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if `user` is empty.
    pub fn user(&self, user: &str) -> Result<UserTokens, Error> {
        self.tokens_of(self.key(user, None)?, TokenSource::Login)
    }

    /// Returns the tokens of a user in one organisation. They are stored separately from those of
    /// the same user in other organisations.
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if `user` is empty.
    pub fn user_in_organisation(
        &self,
        user: &str,
        organisation: &str,
    ) -> Result<UserTokens, Error> {
        self.tokens_of(self.key(user, Some(organisation))?, TokenSource::Login)
    }

    /// Returns the tokens of an organisation, using the client credentials flow without a user.
    ///
    /// An expired token is fetched again instead of refreshed. The tokens are stored under `soid`,
    /// which is service and organisation id, such as `ZohoCRM.12345678`.
    ///
    /// ```no_run
    /// # fn example(manager: zcrm_oauth::TokenManager) -> zcrm_core::Result<()> {
    /// let tokens = manager.organisation("ZohoCRM.12345678", &["ZohoCRM.modules.ALL"])?;
    /// # let _ = tokens;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind [`Config`](zcrm_core::ErrorKind::Config) if `soid` is empty, and of
    /// kind [`Input`](zcrm_core::ErrorKind::Input) if no scope is given or if the same organisation
    /// is in use with other scopes.
    #[doc(alias = "client_credentials")]
    pub fn organisation(
        &self,
        soid: &str,
        scopes: &[impl AsRef<str>],
    ) -> Result<UserTokens, Error> {
        let scopes = vec![super::scopes::listed(scopes)?];
        self.tokens_of(self.key(soid, None)?, TokenSource::ClientCredentials { scopes })
    }

    fn key(&self, user: &str, organisation: Option<&str>) -> Result<TokenKey, Error> {
        if user.trim().is_empty() {
            return Err(Error::config(
                "the user is missing: set the e-mail address (`current_user_email`) under which \
                 the tokens are stored",
            ));
        }
        let client_id = self.context.accounts.credentials().client_id();
        let key = TokenKey::new(user, client_id, self.context.base_urls.environment());
        Ok(match organisation {
            Some(organisation) => key.with_organisation(organisation),
            None => key,
        })
    }

    fn tokens_of(&self, key: TokenKey, source: TokenSource) -> Result<UserTokens, Error> {
        let entry = self.entries().get_or_insert(&self.context, key.clone(), &source);
        if entry.source != source {
            return Err(Error::input(format!(
                "the tokens of `{}` are already in use with other scopes or by another flow",
                escaped(key.user())
            )));
        }
        Ok(UserTokens::new(Arc::clone(&self.context), entry))
    }

    /// Returns `true` if a login is stored for a user.
    ///
    /// # Errors
    /// Returns the errors of [`user`](Self::user), and an error of kind
    /// [`Store`](zcrm_core::ErrorKind::Store) if the store fails.
    pub async fn is_logged_in(&self, user: &str) -> Result<bool, Error> {
        self.user(user)?.is_logged_in().await
    }

    /// Returns the keys of all users of this client in this environment that have a stored login.
    ///
    /// # Errors
    /// Returns an error of kind [`Store`](zcrm_core::ErrorKind::Store) if the store fails or cannot
    /// list keys.
    pub async fn users(&self) -> Result<Vec<TokenKey>, Error> {
        let client_id = self.context.accounts.credentials().client_id();
        let environment = self.context.base_urls.environment();
        let mut keys = self.context.store.keys().await.map_err(store_error)?;
        keys.retain(|key| key.client_id() == client_id && key.environment() == environment);
        keys.sort();
        Ok(keys)
    }

    /// Removes a user's tokens from the store. Returns `true` if there were any.
    ///
    /// The tokens stay valid at Zoho until they are [revoked](UserTokens::revoke).
    ///
    /// # Errors
    /// Returns the errors of [`user`](Self::user), and an error of kind
    /// [`Store`](zcrm_core::ErrorKind::Store) if the store fails.
    pub async fn logout(&self, user: &str) -> Result<bool, Error> {
        self.user(user)?.logout().await
    }

    /// Returns the store of the tokens.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn TokenStore> {
        self.context.store.store()
    }
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenManager")
            .field("context", &self.context)
            .field("users", &self.entries().len())
            .finish()
    }
}
