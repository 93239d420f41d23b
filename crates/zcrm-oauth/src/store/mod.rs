//! Where tokens are kept: the contract, and a suite that checks it (feature `conformance`).

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use zcrm_core::escaped;

use crate::{StoredToken, TokenKey};

/// Keeps the tokens of users. Your own store implements [`load`](Self::load),
/// [`save`](Self::save) and [`delete`](Self::delete); the rest has defaults.
///
/// # The contract
///
/// - **Keys.** A token is kept by the whole [`TokenKey`], compared exactly: case, spaces, client,
///   environment and organisation count. A store that can keep tokens by the user alone serves one
///   client and one environment, and refuses every other with an error: a token stored for another
///   client or environment is never answered and never overwritten.
/// - **Tokens.** It keeps access token, refresh token and expiry (to the millisecond at least), and
///   where it can also API domain, accounts server and scope: without the accounts server, a refresh
///   after a restart goes to the data centre of the API domain, or to the configured one. What it
///   cannot keep whole it refuses; it never cuts.
/// - **At once or not at all.** A save replaces all of the old token. A reader sees the old token or
///   the new one, also after a crash; two writers never undo each other's users.
/// - **Errors.** What it cannot do is an error that says what to do and holds no token. It never
///   answers "no token" because it could not look.
/// - **Threads.** It never blocks a thread of the runtime, and a write that was begun is finished
///   even if its caller gives up.
///
/// The feature `conformance` has a suite of tests for all this, with its races:
/// `store::conformance`.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex};
/// use async_trait::async_trait;
/// use zcrm_oauth::{StoreError, StoredToken, TokenKey, TokenStore};
///
/// #[derive(Debug, Default)]
/// struct Mine(Mutex<HashMap<TokenKey, StoredToken>>);
///
/// impl Mine {
///     fn map(&self) -> std::sync::MutexGuard<'_, HashMap<TokenKey, StoredToken>> {
///         self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
///     }
/// }
///
/// #[async_trait]
/// impl TokenStore for Mine {
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
    /// The token under `key`, or `None` where there is none.
    ///
    /// # Errors
    /// Where the store cannot be read, or what it holds cannot be understood.
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError>;

    /// Inserts or replaces the token under `key`, at once or not at all: a reader sees the old
    /// token or the new one, also after a crash.
    ///
    /// # Errors
    /// Where it could not be written; the old token is then still there.
    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError>;

    /// Removes the token under `key`; says whether there was one.
    ///
    /// # Errors
    /// Where it could not be removed.
    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError>;

    /// All keys that hold a token.
    ///
    /// # Errors
    /// [Unsupported](StoreError::is_unsupported) unless the store can list them.
    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        Err(StoreError::unsupported("listing its keys"))
    }

    /// A lease on `key` across processes, for the length of a refresh. `None` where `wait` passed
    /// before it was free. It is released if its holder dies. It never waits for the lease of
    /// another key, and hinders neither [`load`](Self::load) nor [`save`](Self::save).
    ///
    /// [`TokenManager`](crate::TokenManager) takes the lease, loads again, refreshes only if the
    /// token is still stale, saves, and gives the lease back. Where it gets none in time it goes on
    /// without: the worst case is one access token more.
    ///
    /// The default is a lock that excludes no other holder. It suits a store that a single process uses,
    /// because within a process [`TokenManager`](crate::TokenManager) refreshes once by itself.
    ///
    /// # Errors
    /// Where the store fails; a lock that is held by another is no error.
    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        let _ = (key, wait);
        Ok(Some(RefreshLock::open()))
    }
}

/// A lease on a key's refresh, given back by [`release`](Self::release); dropping it is the
/// fallback.
#[must_use = "the lock is given back when this is dropped"]
pub struct RefreshLock(Option<Box<dyn Release>>);

/// How a store gives a lease back. Dropping the implementor must free the lease too.
#[async_trait]
pub trait Release: Send + Sync {
    /// Gives the lease back.
    ///
    /// # Errors
    /// Where the store fails; the lease then ends with the holder's connection or process.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

impl RefreshLock {
    /// A lease of a store's own.
    pub fn new(release: impl Release + 'static) -> Self {
        Self(Some(Box::new(release)))
    }

    /// Makes a lease that excludes no other holder.
    pub fn open() -> Self {
        Self(None)
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// Where the store fails.
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

/// A failure of a token store. Its text names the place and what to do, and no token.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    message: String,
    unsupported: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// A failure. Control characters in the text are escaped.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        let message = escaped(&message.into()).in_full().to_string();
        Self { message, unsupported: false, source: None }
    }

    /// The cause, for an error that repeats the message.
    #[cfg(feature = "client")]
    pub(crate) fn into_source(self) -> Option<Arc<dyn StdError + Send + Sync>> {
        self.source
    }

    /// Something that this kind of store does not do.
    #[must_use]
    pub fn unsupported(what: &str) -> Self {
        Self { unsupported: true, ..Self::new(format!("this token store does not support {what}")) }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Whether the store does not do this at all.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.unsupported
    }
}
