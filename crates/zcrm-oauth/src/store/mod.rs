//! Token stores: the contract, and a test suite for it (feature `conformance`).

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

use std::{fmt, time::Duration};

use async_trait::async_trait;
pub use zcrm_core::StoreError;

use crate::{StoredToken, TokenKey};

/// Stores the tokens of users. A custom store implements [`load`](Self::load), [`save`](Self::save)
/// and [`delete`](Self::delete); the other methods have defaults.
///
/// # The contract
///
/// - **Keys.** A token is stored under the entire [`TokenKey`], compared exactly: case, spaces,
///   client, environment and organisation count. A store that can use only the user as the key serves
///   one client and one environment, and refuses all others with an error. It never returns or
///   overwrites a token of another client or environment.
/// - **Tokens.** The store keeps access token, refresh token and expiry (at least to the
///   millisecond). If possible, it also keeps API domain, accounts server and scope. Without the
///   accounts server, a refresh after a restart goes to the data centre of the API domain, or to the
///   configured one. The store refuses a value that it cannot keep completely; it never truncates.
/// - **Atomicity.** A save replaces the entire old token. A reader sees the old token or the new
///   one, even after a crash. Concurrent writers never undo each other's changes to other users.
/// - **Errors.** A failure is an error that says what to do and contains no token. A store that
///   cannot be read never answers "no token".
/// - **Threads.** No call blocks a thread of the runtime. A write that was started is finished even
///   if its caller stops waiting.
///
/// The feature `conformance` has a test suite for the contract, including races:
/// `store::conformance`.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex};
/// use async_trait::async_trait;
/// use zcrm_oauth::{StoreError, StoredToken, TokenKey, TokenStore};
///
/// #[derive(Debug, Default)]
/// struct CustomStore(Mutex<HashMap<TokenKey, StoredToken>>);
///
/// impl CustomStore {
///     fn map(&self) -> std::sync::MutexGuard<'_, HashMap<TokenKey, StoredToken>> {
///         self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
///     }
/// }
///
/// #[async_trait]
/// impl TokenStore for CustomStore {
///     async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
///         Ok(self.map().get(key).cloned())
///     }
///     async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
///         self.map().insert(key.clone(), token.clone());
///         Ok(())
///     }
///     async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
///         Ok(self.map().remove(key).is_some())
///     }
/// }
/// ```
#[async_trait]
pub trait TokenStore: Send + Sync + fmt::Debug {
    /// Returns the token under `key`, or `None` if there is no token.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read or its content is invalid.
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError>;

    /// Inserts or replaces the token under `key` atomically: a reader sees the old token or the new
    /// one, even after a crash.
    ///
    /// # Errors
    /// Returns an error if the token could not be written. The old token is then kept.
    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError>;

    /// Replaces the token `old` under `key` by `new`, unless the store now holds another
    /// [login](StoredToken::is_same_login) or none. Returns `true` if it did.
    ///
    /// A refresh saves its token with this method, so that a process that was stopped during a refresh does
    /// not undo a login or a logout of another process. The default loads and then saves; a store that can
    /// do both in one step should.
    ///
    /// # Errors
    /// Returns an error if the token could not be read or written. The old token is then kept.
    async fn replace(
        &self,
        key: &TokenKey,
        old: &StoredToken,
        new: &StoredToken,
    ) -> Result<bool, StoreError> {
        match self.load(key).await? {
            Some(stored) if stored.is_same_login(old) => self.save(key, new).await.map(|()| true),
            _ => Ok(false),
        }
    }

    /// Removes the token under `key`. Returns `true` if there was one.
    ///
    /// # Errors
    /// Returns an error if the token could not be removed.
    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError>;

    /// Returns all keys that have a token.
    ///
    /// # Errors
    /// Returns an [unsupported](StoreError::is_unsupported) error if the store cannot list its
    /// keys, which is the default.
    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        Err(StoreError::unsupported("listing its keys"))
    }

    /// Locks `key` across processes for a refresh, and waits up to `wait`. Returns `None` if it was
    /// not free in time.
    ///
    /// The lock is released if its holder dies. It is independent of the locks of other keys, and
    /// does not block [`load`](Self::load) or [`save`](Self::save).
    ///
    /// [`TokenManager`](crate::TokenManager) takes the lock, loads again, refreshes only if the
    /// token is still stale, saves, and releases the lock. If it cannot get the lock in time, it
    /// continues without it. The worst case is one additional access token.
    ///
    /// The default lock excludes no other holder. It suits a store that only one process uses,
    /// because within a process [`TokenManager`](crate::TokenManager) refreshes only once anyway.
    ///
    /// # Errors
    /// Returns an error if the store fails. A lock held by another process is not an error.
    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        let _ = (key, wait);
        Ok(Some(RefreshLock::open()))
    }
}

/// A lock on the refresh of a key. [`release`](Self::release) releases it; dropping it is the fallback.
#[must_use = "the lock is released when this is dropped"]
pub struct RefreshLock(Option<Box<dyn Release>>);

/// Releases the lock of a store. Dropping the value must release the lock, too.
#[async_trait]
pub trait Release: Send + Sync {
    /// Releases the lock.
    ///
    /// # Errors
    /// Returns an error if the store fails. The lock then ends with the holder's connection or
    /// process.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

impl RefreshLock {
    /// Creates a lock from the release of a custom store.
    pub fn new(release: impl Release + 'static) -> Self {
        Self(Some(Box::new(release)))
    }

    /// Creates a lock that excludes no other holder.
    pub fn open() -> Self {
        Self(None)
    }

    /// Releases the lock.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub async fn release(self) -> Result<(), StoreError> {
        match self.0 {
            Some(release) => release.release().await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for RefreshLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "RefreshLock(held)" } else { "RefreshLock(open)" })
    }
}
