//! The suite against stores that keep the contract, and against stores that break one rule each.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;

use super::{Broken, Suite};
use crate::{MemoryStore, RefreshLock, StoreError, StoredToken, TokenKey, TokenStore};

async fn run(suite: Suite, store: impl TokenStore + 'static) -> Result<(), Broken> {
    let store: Arc<dyn TokenStore> = Arc::new(store);
    suite
        .run(|| {
            let store = Arc::clone(&store);
            async move { Ok(store) }
        })
        .await
}

/// The defect of a faulty store.
#[derive(Clone, Copy, Debug, PartialEq)]
enum StoreDefect {
    Nothing,
    IgnoresCase,
    ByUserOnly,
    KeepsOldScope,
    LosesUpdates,
    DeletesReturnTrue,
    HalfWritten,
    ListsNothing,
    ShowsTokens,
    CutsLongTokens,
    NeverExcludes,
    NeverUnlocks,
}

struct Faulty {
    wrong: StoreDefect,
    tokens: Mutex<BTreeMap<TokenKey, StoredToken>>,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl Faulty {
    fn new(wrong: StoreDefect) -> Self {
        Self { wrong, tokens: Mutex::default(), lock: Arc::default() }
    }

    fn tokens(&self) -> MutexGuard<'_, BTreeMap<TokenKey, StoredToken>> {
        self.tokens.lock().unwrap()
    }

    fn key(&self, key: &TokenKey) -> TokenKey {
        match self.wrong {
            StoreDefect::IgnoresCase => {
                TokenKey::new(key.user().to_lowercase(), key.client_id(), key.environment())
            }
            StoreDefect::ByUserOnly => super::fixtures::key(key.user()),
            _ => key.clone(),
        }
    }
}

impl std::fmt::Debug for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.wrong == StoreDefect::ShowsTokens {
            let tokens = self.tokens();
            return f.debug_list().entries(tokens.values().map(super::fixtures::shown)).finish();
        }
        f.write_str("Faulty")
    }
}

struct Unlock(#[expect(dead_code, reason = "held, not read")] tokio::sync::OwnedMutexGuard<()>);

#[async_trait]
impl crate::Release for Unlock {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl TokenStore for Faulty {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.tokens().get(&self.key(key)).cloned())
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let (key, mut token) = (self.key(key), token.clone());
        match self.wrong {
            StoreDefect::KeepsOldScope => {
                let old = self.tokens().get(&key).and_then(|old| old.scope.clone());
                token.scope = token.scope.or(old);
            }
            StoreDefect::LosesUpdates => {
                let mut copy = self.tokens().clone();
                tokio::task::yield_now().await;
                copy.insert(key, token);
                *self.tokens() = copy;
                return Ok(());
            }
            StoreDefect::HalfWritten => {
                self.tokens().remove(&key);
                tokio::task::yield_now().await;
            }
            StoreDefect::CutsLongTokens => {
                use zcrm_core::ExposeSecret as _;
                let cut: String = token.access.expose_secret().chars().take(100).collect();
                token.access = cut.into();
            }
            _ => {}
        }
        self.tokens().insert(key, token);
        Ok(())
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        let there = self.tokens().remove(&self.key(key)).is_some();
        Ok(there || self.wrong == StoreDefect::DeletesReturnTrue)
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        if self.wrong == StoreDefect::ListsNothing {
            return Ok(Vec::new());
        }
        Ok(self.tokens().keys().cloned().collect())
    }

    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        if self.wrong == StoreDefect::NeverExcludes {
            return Ok(Some(RefreshLock::open()));
        }
        if key.user().starts_with('b') {
            return Ok(Some(RefreshLock::open()));
        }
        let guard = match Arc::clone(&self.lock).try_lock_owned() {
            Ok(guard) => guard,
            Err(_) if wait < Duration::from_secs(1) || self.wrong == StoreDefect::NeverUnlocks => {
                return Ok(None);
            }
            Err(_) => Arc::clone(&self.lock).lock_owned().await,
        };
        if self.wrong == StoreDefect::NeverUnlocks {
            std::mem::forget(guard);
            return Ok(Some(RefreshLock::open()));
        }
        Ok(Some(RefreshLock::new(Unlock(guard))))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepts_the_memory_store() {
    run(Suite::new().without_lock(), MemoryStore::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepts_a_complete_store() {
    run(Suite::new(), Faulty::new(StoreDefect::Nothing)).await.unwrap();
}

#[tokio::test]
async fn finds_each_broken_rule() {
    for (wrong, rule) in [
        (StoreDefect::IgnoresCase, "each user has a separate token"),
        (StoreDefect::ByUserOnly, "each member of the key counts"),
        (StoreDefect::KeepsOldScope, "a save replaces the entire old token"),
        (StoreDefect::LosesUpdates, "a save keeps other users' tokens"),
        (StoreDefect::DeletesReturnTrue, "a token that was never saved is absent"),
        (StoreDefect::HalfWritten, "a reader sees one complete token"),
        (StoreDefect::ListsNothing, "the keys are listed or unsupported"),
        (StoreDefect::ShowsTokens, "`Debug` shows no token"),
        (StoreDefect::CutsLongTokens, "a long token is kept or refused"),
        (StoreDefect::NeverExcludes, "a lock excludes other holders of its key only"),
        (StoreDefect::NeverUnlocks, "dropping a lock releases it"),
    ] {
        let broken = run(Suite::new(), Faulty::new(wrong)).await.unwrap_err();
        let rules: Vec<&str> = broken.rules().map(|(rule, _)| rule).collect();
        assert!(rules.contains(&rule), "{wrong:?}: {broken}");
        assert!(broken.to_string().contains(rule));
    }
}

#[tokio::test]
async fn requires_a_store_by_user_to_refuse_other_keys() {
    let broken =
        run(Suite::new().by_user_only(), Faulty::new(StoreDefect::ByUserOnly)).await.unwrap_err();
    let rules: Vec<&str> = broken.rules().map(|(rule, _)| rule).collect();
    assert_eq!(rules[0], "another client or environment is refused", "{broken}");
}

/// A store that keeps the contract except for one call, which blocks its thread.
#[derive(Debug)]
struct Sleeping {
    store: Faulty,
    call: &'static str,
}

impl Sleeping {
    #[allow(clippy::disallowed_methods, reason = "the suite must detect a blocked thread")]
    fn may_sleep(&self, call: &str) {
        if self.call == call {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A lock that blocks its thread when it is released or dropped.
struct Slow(RefreshLock, bool, bool);

#[async_trait]
impl crate::Release for Slow {
    #[allow(clippy::disallowed_methods, reason = "the suite must detect a blocked thread")]
    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.2 = false;
        std::mem::replace(&mut self.0, RefreshLock::open()).release().await
    }
}

impl Drop for Slow {
    #[allow(clippy::disallowed_methods, reason = "the suite must detect a blocked thread")]
    fn drop(&mut self) {
        if self.2 {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[async_trait]
impl TokenStore for Sleeping {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.may_sleep("load");
        self.store.load(key).await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        // after a pause, because each poll is measured and not only the first
        tokio::task::yield_now().await;
        self.may_sleep("save");
        self.store.save(key, token).await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        self.may_sleep("delete");
        self.store.delete(key).await
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.may_sleep("keys");
        self.store.keys().await
    }

    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        self.may_sleep("lock");
        let lock = self.store.lock(key, wait).await?;
        if lock.is_none() {
            self.may_sleep("lock that is held");
        }
        let (release, drop) = (self.call == "release", self.call == "drop of a lock");
        Ok(lock.map(|lock| RefreshLock::new(Slow(lock, release, drop))))
    }
}

#[tokio::test]
async fn notices_a_store_that_blocks_its_thread() {
    for (call, rule) in [
        ("load", "no call blocks a thread of the runtime"),
        ("save", "no call blocks a thread of the runtime"),
        ("delete", "no call blocks a thread of the runtime"),
        ("keys", "no call blocks a thread of the runtime"),
        ("lock", "no lock blocks a thread of the runtime"),
        ("lock that is held", "no lock blocks a thread of the runtime"),
        ("release", "no lock blocks a thread of the runtime"),
        ("drop of a lock", "no lock blocks a thread of the runtime"),
    ] {
        let store = Sleeping { store: Faulty::new(StoreDefect::Nothing), call };
        let broken = run(Suite::new(), store).await.unwrap_err();
        let found: Vec<_> = broken.rules().collect();
        assert_eq!(found.len(), 1, "{call}: {broken}");
        assert_eq!(found[0].0, rule, "{call}");
        assert!(found[0].1.contains(&format!("`{call}`")), "{call}: {broken}");
    }
}
