//! The token store, each of whose calls ends: one that hangs or panics fails.

use std::{fmt, sync::Arc, time::Duration};

use zcrm_core::{Clock, within};

use super::unwound::unless_it_panics;
use crate::{RefreshLock, StoreError, StoredToken, TokenKey, TokenStore};

/// How long one call of the store may take; a lock that much longer than it was told to wait.
const LIMIT: Duration = Duration::from_secs(10);

/// A store whose calls have a limit. Nothing that others wait for may wait without one.
pub(super) struct BoundedStore {
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
}

impl BoundedStore {
    pub(super) fn new(store: Arc<dyn TokenStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    pub(super) fn store(&self) -> &Arc<dyn TokenStore> {
        &self.store
    }

    pub(super) async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.bounded("load", LIMIT, self.store.load(key)).await
    }

    pub(super) async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.bounded("save", LIMIT, self.store.save(key, token)).await
    }

    pub(super) async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        self.bounded("delete", LIMIT, self.store.delete(key)).await
    }

    pub(super) async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.bounded("keys", LIMIT, self.store.keys()).await
    }

    pub(super) async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        self.bounded("lock", wait.saturating_add(LIMIT), self.store.lock(key, wait)).await
    }

    pub(super) async fn release(&self, lock: RefreshLock) -> Result<(), StoreError> {
        self.bounded("release", LIMIT, lock.release()).await
    }

    async fn bounded<T>(
        &self,
        call: &str,
        limit: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let failed = match within(limit, &*self.clock, unless_it_panics(work)).await {
            Some(Some(ended)) => return ended,
            Some(None) => format!("the token store panicked in `{call}`"),
            None => {
                let limit = limit.as_secs();
                format!("the token store did not finish `{call}` within {limit} s")
            }
        };
        Err(StoreError::new(failed))
    }
}

impl fmt::Debug for BoundedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}
