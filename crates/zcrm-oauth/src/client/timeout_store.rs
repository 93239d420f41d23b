//! The token store with a timeout for each call. A call that hangs or panics fails.

use std::{fmt, sync::Arc, time::Duration};

use zcrm_core::{Clock, within};

use super::task::catch_panic;
use crate::{RefreshLock, StoreError, StoredToken, TokenKey, TokenStore};

/// The timeout of one call to the store. A lock may take this time in addition to its `wait`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A [`TokenStore`] whose calls always end, because other callers wait for them.
pub(super) struct TimeoutStore {
    store: Arc<dyn TokenStore>,
    clock: Arc<dyn Clock>,
}

impl TimeoutStore {
    pub(super) fn new(store: Arc<dyn TokenStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    pub(super) fn store(&self) -> &Arc<dyn TokenStore> {
        &self.store
    }

    pub(super) async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.limited("load", TIMEOUT, self.store.load(key)).await
    }

    pub(super) async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.limited("save", TIMEOUT, self.store.save(key, token)).await
    }

    pub(super) async fn replace(
        &self,
        key: &TokenKey,
        old: &StoredToken,
        new: &StoredToken,
    ) -> Result<bool, StoreError> {
        self.limited("replace", TIMEOUT, self.store.replace(key, old, new)).await
    }

    pub(super) async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        self.limited("delete", TIMEOUT, self.store.delete(key)).await
    }

    pub(super) async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.limited("keys", TIMEOUT, self.store.keys()).await
    }

    pub(super) async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        self.limited("lock", wait.saturating_add(TIMEOUT), self.store.lock(key, wait)).await
    }

    pub(super) async fn release(&self, lock: RefreshLock) -> Result<(), StoreError> {
        self.limited("release", TIMEOUT, lock.release()).await
    }

    async fn limited<T>(
        &self,
        call: &str,
        timeout: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let failed = match within(timeout, &*self.clock, catch_panic(work)).await {
            Some(Some(ended)) => return ended,
            Some(None) => format!("the token store panicked in `{call}`"),
            None => {
                let timeout = timeout.as_secs();
                format!("the token store did not finish `{call}` within {timeout} s")
            }
        };
        Err(StoreError::new(failed))
    }
}

impl fmt::Debug for TimeoutStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}
