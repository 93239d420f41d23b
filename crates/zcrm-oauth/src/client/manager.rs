//! The manager: one for a client, handing out the tokens of its users.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use zcrm_core::{Clock, Error, Site};

use super::{
    accounts::Accounts,
    user::{Slot, UserTokens},
};
use crate::{StoredToken, TokenKey, TokenStore};

/// Keeps the tokens of any number of users fresh, for one client and one site.
///
/// A refresh happens once: in a process all who need a token wait for the same call, and across
/// processes the store's [lock](TokenStore::lock) makes the others find the new token. Clones
/// share everything.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use zcrm_core::{DataCenter, Environment, Site};
/// use zcrm_http::{Connector, Stack, TokioClock};
/// use zcrm_oauth::{Accounts, ClientCredentials, MemoryStore, TokenManager};
///
/// # fn main() -> Result<(), zcrm_core::Error> {
/// let credentials =
///     ClientCredentials::new("1000.ABC", "secret".to_owned(), "https://localhost/callback")?;
/// let stack = Stack::new(Connector::builder().build()?);
/// let clock = Arc::new(TokioClock::new());
/// let accounts =
///     Accounts::new(credentials, stack.build_for_accounts(Duration::from_secs(20)), clock.clone());
/// let site = Site::new(DataCenter::EU, Environment::Production);
/// let manager = TokenManager::new(accounts, Arc::new(MemoryStore::new()), site, clock);
/// let tokens = manager.user("patricia@example.com")?;
/// # let _ = tokens;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokenManager {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) accounts: Accounts,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) site: Site,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) early: Duration,
    slots: Mutex<HashMap<TokenKey, Arc<Slot>>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("accounts", &self.accounts)
            .field("store", &self.store)
            .field("site", &self.site)
            .field("early", &self.early)
            .finish_non_exhaustive()
    }
}

impl TokenManager {
    /// A manager that refreshes 60 s before a token ends.
    #[must_use]
    pub fn new(
        accounts: Accounts,
        store: Arc<dyn TokenStore>,
        site: Site,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let early = Duration::from_secs(60);
        let slots = Mutex::default();
        Self { shared: Arc::new(Shared { accounts, store, site, clock, early, slots }) }
    }

    /// The same manager with another lead: how long before its end a token is refreshed. Inside
    /// that time the refresh runs beside the calls, which go on with the old token.
    #[must_use]
    pub fn refreshing_early(self, early: Duration) -> Self {
        let Shared { accounts, store, site, clock, .. } = &*self.shared;
        let shared = Shared {
            accounts: accounts.clone(),
            store: Arc::clone(store),
            site: site.clone(),
            clock: Arc::clone(clock),
            early,
            slots: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The tokens of a user. Cheap, and the same for the same user.
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) where `user` is empty.
    pub fn user(&self, user: &str) -> Result<UserTokens, Error> {
        if user.trim().is_empty() {
            return Err(Error::config(
                "the user is missing: name the e-mail address (`current_user_email`) under which \
                 the tokens are kept",
            ));
        }
        let client_id = self.shared.accounts.credentials().client_id();
        let key = TokenKey::new(user, client_id, self.shared.site.environment());
        let mut slots = self.shared.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(key.clone()).or_insert_with(|| Arc::new(Slot::new(key)));
        Ok(UserTokens::new(Arc::clone(&self.shared), Arc::clone(slot)))
    }

    /// The store that the tokens are kept in.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn TokenStore> {
        &self.shared.store
    }
}

/// Tokens that were issued and could not be saved. They exist only here: a grant token is spent by
/// its exchange.
///
/// It is the source of the error of an exchange whose save failed:
///
/// ```
/// use zcrm_core::Error;
/// use zcrm_oauth::UnsavedToken;
///
/// fn rescue(error: &Error) {
///     if let Some(unsaved) = UnsavedToken::of(error) {
///         let token = unsaved.token(); // save it elsewhere
/// #       let _ = token;
///     }
/// }
/// # rescue(&Error::config("x"));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("the tokens were issued, but not saved: {cause}")]
pub struct UnsavedToken {
    token: StoredToken,
    cause: crate::StoreError,
}

impl UnsavedToken {
    pub(super) fn new(token: StoredToken, cause: crate::StoreError) -> Self {
        Self { token, cause }
    }

    /// The unsaved tokens that an error carries.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// The tokens.
    #[must_use]
    pub fn token(&self) -> &StoredToken {
        &self.token
    }
}
