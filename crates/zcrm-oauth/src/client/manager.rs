//! The manager: one for a client, handing out the tokens of its users.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use zcrm_core::{BaseUrls, Clock, Error, escaped};

use super::{
    accounts::Accounts,
    authorize::States,
    bounded::BoundedStore,
    entries::Entries,
    fault::TokenFault,
    observer::{Events, TokenObserver},
    renewal,
    slot::Source,
    user::UserTokens,
};
use crate::{StoredToken, TokenKey, TokenStore};

/// Keeps the tokens of any number of users fresh, for one client and one base_urls.
///
/// A refresh happens once: in a process all who need a token wait for the same call, and across
/// processes the store's [lock](TokenStore::lock) makes the others find the new token. Clones
/// share everything.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use zcrm_core::{DataCenter, Environment, BaseUrls};
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
/// let base_urls = BaseUrls::new(DataCenter::EU, Environment::Production);
/// let manager = TokenManager::new(accounts, Arc::new(MemoryStore::new()), base_urls, clock);
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
    pub(super) store: BoundedStore,
    pub(super) base_urls: BaseUrls,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) early: Duration,
    events: Option<Arc<Events>>,
    /// The logins in browsers that are under way.
    pub(super) states: States,
    entries: Mutex<Entries>,
}

impl Shared {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the application's observer, if there is one.
    pub(super) fn tell(
        &self,
        key: &TokenKey,
        event: impl FnOnce(&dyn TokenObserver, &TokenKey) + Send + 'static,
    ) {
        if let Some(events) = &self.events {
            let key = key.clone();
            events.tell(move |observer| event(observer, &key));
        }
    }

    /// Tells it that no fresh token could be had, and why.
    pub(super) fn tell_failure(&self, key: &TokenKey, error: &Error) {
        use TokenFault::{DeadRefreshToken, NoRefreshToken, NotLoggedIn};
        let error = error.clone();
        self.tell(key, move |observer, key| match TokenFault::of(&error) {
            _ if error.is_throttled() => observer.throttled(key, error.retry_after()),
            Some(DeadRefreshToken | NoRefreshToken | NotLoggedIn) => observer.dead(key, &error),
            _ => observer.failed(key, &error),
        });
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("accounts", &self.accounts)
            .field("store", &self.store)
            .field("base_urls", &self.base_urls)
            .field("early", &self.early)
            .field("users", &self.entries().len())
            .finish_non_exhaustive()
    }
}

impl TokenManager {
    /// A manager that refreshes 60 s before a token ends.
    #[must_use]
    pub fn new(
        accounts: Accounts,
        store: Arc<dyn TokenStore>,
        base_urls: BaseUrls,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::of(Shared {
            accounts,
            store: BoundedStore::new(store, Arc::clone(&clock)),
            base_urls,
            clock,
            early: Duration::from_secs(60),
            events: None,
            states: States::default(),
            entries: Mutex::default(),
        })
    }

    fn of(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// The same manager with something changed. It knows of no user yet.
    fn changed(&self, change: impl FnOnce(&mut Shared)) -> Self {
        let Shared { accounts, store, base_urls, clock, early, events, .. } = &*self.shared;
        let mut shared = Shared {
            accounts: accounts.clone(),
            store: BoundedStore::new(Arc::clone(store.store()), Arc::clone(clock)),
            base_urls: base_urls.clone(),
            clock: Arc::clone(clock),
            early: *early,
            events: events.as_ref().map(|events| events.again()),
            states: States::default(),
            entries: Mutex::default(),
        };
        change(&mut shared);
        Self::of(shared)
    }

    /// The same manager with another lead: how long before its end a token is refreshed. Inside
    /// that time the refresh runs beside the calls, which go on with the old token.
    #[must_use]
    pub fn refreshing_early(self, early: Duration) -> Self {
        self.changed(|shared| shared.early = early)
    }

    /// The same manager, telling `observer` what becomes of the tokens.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn TokenObserver>) -> Self {
        self.changed(|shared| shared.events = Some(Events::new(observer)))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The tokens of a user. Cheap, and the same for the same user.
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) where `user` is empty.
    pub fn user(&self, user: &str) -> Result<UserTokens, Error> {
        self.slot(self.key(user, None)?, Source::Login)
    }

    /// The tokens of a user in one organisation, kept apart from those in another.
    ///
    /// # Errors
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) where `user` is empty.
    pub fn user_of(&self, user: &str, organisation: &str) -> Result<UserTokens, Error> {
        self.slot(self.key(user, Some(organisation))?, Source::Login)
    }

    /// The tokens of an organisation without a user, by client credentials: nobody logs in, and the
    /// access token is fetched again where a refresh would be. They are kept under `soid`, service
    /// and organisation id, such as `ZohoCRM.12345678`.
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
    /// Of kind [`Config`](zcrm_core::ErrorKind::Config) where `soid` is empty,
    /// [`Input`](zcrm_core::ErrorKind::Input) where no scope is named, or where the same
    /// organisation is in use with other scopes.
    pub fn organisation(
        &self,
        soid: &str,
        scopes: &[impl AsRef<str>],
    ) -> Result<UserTokens, Error> {
        let scopes = vec![super::scopes::listed(scopes)?];
        self.slot(self.key(soid, None)?, Source::Client { scopes })
    }

    fn key(&self, user: &str, organisation: Option<&str>) -> Result<TokenKey, Error> {
        if user.trim().is_empty() {
            return Err(Error::config(
                "the user is missing: name the e-mail address (`current_user_email`) under which \
                 the tokens are kept",
            ));
        }
        let client_id = self.shared.accounts.credentials().client_id();
        let key = TokenKey::new(user, client_id, self.shared.base_urls.environment());
        Ok(match organisation {
            Some(organisation) => key.with_organisation(organisation),
            None => key,
        })
    }

    fn slot(&self, key: TokenKey, source: Source) -> Result<UserTokens, Error> {
        let slot = self.shared.entries().entry(&self.shared, key.clone(), &source);
        if slot.source != source {
            return Err(Error::input(format!(
                "the tokens of `{}` are in use already with other scopes, or by another flow",
                escaped(key.user())
            )));
        }
        Ok(UserTokens::new(Arc::clone(&self.shared), slot))
    }

    /// Whether a token is stored for a user.
    ///
    /// # Errors
    /// As [`user`](Self::user), and of kind [`Store`](zcrm_core::ErrorKind::Store) where the store
    /// fails.
    pub async fn is_token_generated(&self, user: &str) -> Result<bool, Error> {
        self.user(user)?.is_generated().await
    }

    /// The keys of all users of this client in this environment that have a token.
    ///
    /// # Errors
    /// Of kind [`Store`](zcrm_core::ErrorKind::Store) where the store fails, or cannot list.
    pub async fn users(&self) -> Result<Vec<TokenKey>, Error> {
        let client_id = self.shared.accounts.credentials().client_id();
        let environment = self.shared.base_urls.environment();
        let mut keys = self.shared.store.keys().await.map_err(renewal::store)?;
        keys.retain(|key| key.client_id() == client_id && key.environment() == environment);
        keys.sort();
        Ok(keys)
    }

    /// Removes a user's tokens; says whether there were any. At Zoho they stay good until
    /// [revoked](UserTokens::revoke).
    ///
    /// # Errors
    /// As [`user`](Self::user), and of kind [`Store`](zcrm_core::ErrorKind::Store) where the store
    /// fails.
    pub async fn remove(&self, user: &str) -> Result<bool, Error> {
        self.user(user)?.forget().await
    }

    /// The store that the tokens are kept in.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn TokenStore> {
        self.shared.store.store()
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
#[error("the tokens were issued, but not saved")]
pub struct UnsavedToken {
    token: StoredToken,
    #[source]
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
