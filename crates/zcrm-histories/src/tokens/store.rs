//! A model of a token store that several processes share, with locks that end with their holder.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use zcrm_oauth::{RefreshLock, Release, StoreError, StoredToken, TokenKey, TokenStore};

use super::{plan::StoreFault, plant::Plant, store_state::StoreState, world::World};
use crate::process::Life;

/// The pause between two attempts to take a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(400);

/// The store as one process sees it.
pub(crate) struct SharedStore {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
    pub(crate) life: Life,
    /// The token as it was before the lock, for a planted fault.
    pub(crate) before_lock: std::sync::Mutex<Option<Option<StoredToken>>>,
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore").field("process", &self.process).finish_non_exhaustive()
    }
}

/// When a call that fails does so.
enum Failure {
    Before,
    After,
}

impl SharedStore {
    /// Waits as long as a call takes. Returns whether it fails.
    async fn begin(&self) -> Option<Failure> {
        self.world.wait_a_little().await;
        let fault = self.world.store().fault;
        let failure = match fault {
            Some(StoreFault::Slow) => {
                let wait = self.world.chance().u64(0..4000);
                self.world.timeline.sleep(Duration::from_millis(wait)).await;
                None
            }
            Some(StoreFault::Errors) => Some(()),
            Some(StoreFault::SomeErrors) => self.world.chance().bool().then_some(()),
            Some(StoreFault::NoLocks) | None => None,
        };
        self.world.pass(self.process, &self.life).await;
        failure.map(|()| match self.world.chance().u32(0..4) {
            0 => Failure::After,
            _ => Failure::Before,
        })
    }

    async fn call<T>(
        &self,
        what: &str,
        effect: impl FnOnce(&mut StoreState) -> T,
    ) -> Result<T, StoreError> {
        let failed = || StoreError::new(format!("the simulated store failed in {what}"));
        let failure = self.begin().await;
        if matches!(failure, Some(Failure::Before)) {
            return Err(failed());
        }
        let answer = effect(&mut self.world.store());
        self.world.wait_a_little().await;
        self.world.pass(self.process, &self.life).await;
        if failure.is_some() {
            return Err(failed());
        }
        Ok(answer)
    }

    fn before_lock(&self) -> std::sync::MutexGuard<'_, Option<Option<StoredToken>>> {
        self.before_lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Returns whether a planted fault changes saved tokens.
    fn changes_saves(&self) -> bool {
        use Plant::{LostRefreshToken, LostSave, OtherUser};
        matches!(self.world.plant, Some(LostRefreshToken | LostSave | OtherUser))
    }

    fn is_planted(&self, plant: Plant) -> bool {
        self.world.plant == Some(plant)
    }
}

#[async_trait]
impl TokenStore for SharedStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        if self.is_planted(Plant::NoSecondRead)
            && let Some(token) = self.before_lock().take()
        {
            return Ok(token);
        }
        let loaded = self.call("load", |store| store.tokens.get(key).cloned()).await;
        match loaded {
            Err(_) if self.is_planted(Plant::EmptyOnError) => Ok(None),
            loaded => loaded,
        }
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let mut token = token.clone();
        if self.is_planted(Plant::LostRefreshToken) && self.world.store().tokens.contains_key(key) {
            token.refresh = None;
        }
        let is_lost = self.is_planted(Plant::LostSave) && self.world.chance().u32(0..4) == 0;
        let is_other = self.is_planted(Plant::OtherUser);
        self.call("save", |store| {
            if is_lost {
                return;
            }
            if is_other && let Some(other) = store.tokens.keys().find(|it| *it != key).cloned() {
                store.tokens.insert(other, token.clone());
            }
            store.tokens.insert(key.clone(), token);
        })
        .await?;
        self.world.record(format_args!(
            "store: process {} saved the token of {}",
            self.process,
            key.user()
        ));
        Ok(())
    }

    async fn replace(
        &self,
        key: &TokenKey,
        old: &StoredToken,
        new: &StoredToken,
    ) -> Result<bool, StoreError> {
        if self.is_planted(Plant::LoadThenSave) || self.changes_saves() {
            return match self.load(key).await? {
                Some(stored) if stored.is_same_login(old) => {
                    self.save(key, new).await.map(|()| true)
                }
                _ => Ok(false),
            };
        }
        let replaced = self
            .call("replace", |store| {
                let stored = store.tokens.get_mut(key).filter(|stored| stored.is_same_login(old));
                stored.map(|stored| *stored = new.clone()).is_some()
            })
            .await?;
        self.world.record(format_args!(
            "store: process {} replaced the token of {}: {replaced}",
            self.process,
            key.user()
        ));
        Ok(replaced)
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        let keeps = self.is_planted(Plant::KeptLogin);
        let deleted = self
            .call("delete", |store| match keeps {
                true => store.tokens.contains_key(key),
                false => store.tokens.remove(key).is_some(),
            })
            .await?;
        self.world.record(format_args!(
            "store: process {} deleted the token of {}: {deleted}",
            self.process,
            key.user()
        ));
        Ok(deleted)
    }

    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        if self.is_planted(Plant::NoLock) {
            return Ok(Some(RefreshLock::open()));
        }
        *self.before_lock() = None;
        if self.world.store().fault == Some(StoreFault::NoLocks) {
            self.world.wait_a_little().await;
            self.world.pass(self.process, &self.life).await;
            return Err(StoreError::new("the simulated store has no locks"));
        }
        let token = self.world.store().tokens.get(key).cloned();
        let until = self.world.now() + wait;
        loop {
            let process = self.process;
            let held = self
                .call("lock", |store| {
                    let number = store.take(key, process)?;
                    Some(Held {
                        world: Arc::clone(&self.world),
                        life: self.life.clone(),
                        key: key.clone(),
                        number,
                    })
                })
                .await?;
            if let Some(held) = held {
                *self.before_lock() = Some(token);
                self.world.record(format_args!("store: process {process} locked {}", key.user()));
                return Ok(Some(RefreshLock::new(held)));
            }
            if self.world.now() >= until {
                return Ok(None);
            }
            self.world.timeline.sleep(LOCK_PAUSE).await;
        }
    }
}

struct Held {
    world: Arc<World>,
    life: Life,
    key: TokenKey,
    number: u64,
}

#[async_trait]
impl Release for Held {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.world.wait_a_little().await;
        self.life.check().await;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.world.plant != Some(Plant::KeptLock) {
            self.world.store().release(&self.key, self.number);
        }
    }
}
