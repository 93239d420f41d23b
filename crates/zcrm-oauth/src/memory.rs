//! A token store in memory.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use crate::{StoreError, StoredToken, TokenKey, TokenStore};

/// A token store in memory, for tests and for programs that log in at each start. The tokens,
/// including refresh tokens, are lost when the process ends.
///
/// ```
/// use zcrm_oauth::MemoryStore;
///
/// let store = MemoryStore::new();
/// # let _ = store;
/// ```
#[derive(Default)]
pub struct MemoryStore {
    tokens: Mutex<BTreeMap<TokenKey, StoredToken>>,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tokens(&self) -> MutexGuard<'_, BTreeMap<TokenKey, StoredToken>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("tokens", &self.tokens().len()).finish()
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.tokens().get(key).cloned())
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.tokens().insert(key.clone(), token.clone());
        Ok(())
    }

    async fn replace(
        &self,
        key: &TokenKey,
        old: &StoredToken,
        new: &StoredToken,
    ) -> Result<bool, StoreError> {
        let mut tokens = self.tokens();
        let stored = tokens.get_mut(key).filter(|stored| stored.is_same_login(old));
        Ok(stored.map(|stored| *stored = new.clone()).is_some())
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        Ok(self.tokens().remove(key).is_some())
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        Ok(self.tokens().keys().cloned().collect())
    }
}
