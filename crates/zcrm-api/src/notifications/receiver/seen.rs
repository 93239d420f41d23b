//! Stores of the notifications that were received, to drop duplicates.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use zcrm_core::{
    Clock, StoreError,
    lease::{LeaseStore, check_name},
};

use crate::notifications::{channel::stable_hash, claim::Claim};

/// The most keys of a store in memory, and of one of the 16 parts of a store of leases.
const MOST: usize = 5_000;
const PARTS: u64 = 16;

/// How long a part is held for a change, and how often it is asked for if another process holds it.
const TERM: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
const ATTEMPTS: u32 = 200;

/// A store of the notifications that were received, which the receivers of a fleet share.
///
/// [`MemorySeen`] is for one process, [`LeaseSeen`] for several.
#[async_trait]
pub trait SeenStore: Send + Sync + fmt::Debug {
    /// Notes a key, of at most 32 characters, for `keep`. Returns `false` if it was noted before. If several callers note
    /// the same key, one of them gets `true`.
    ///
    /// # Errors
    /// Returns an error if the store fails. The key may then be noted or not.
    async fn insert(&self, key: &str, keep: Duration) -> Result<bool, StoreError>;
}

/// The noted keys, with their ends in seconds since 1970.
#[derive(Default)]
struct Keys(BTreeMap<String, i64>);

impl Keys {
    fn insert(&mut self, key: &str, keep: Duration, now: DateTime<Utc>) -> bool {
        let seconds = now.timestamp();
        self.0.retain(|_, end| *end > seconds);
        if self.0.contains_key(key) {
            return false;
        }
        if self.0.len() >= MOST
            && let Some(first) = self.0.iter().min_by_key(|(_, end)| **end)
        {
            let first = first.0.clone();
            self.0.remove(&first);
        }
        let keep = TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX).num_seconds();
        self.0.insert(key.to_owned(), seconds.saturating_add(keep));
        true
    }
}

/// A store in memory, for one process. It keeps the newest 5,000 keys. Clones share their keys.
#[derive(Clone)]
pub struct MemorySeen {
    keys: Arc<Mutex<Keys>>,
    clock: Arc<dyn Clock>,
}

impl MemorySeen {
    /// Creates an empty store.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { keys: Arc::default(), clock }
    }
}

#[async_trait]
impl SeenStore for MemorySeen {
    async fn insert(&self, key: &str, keep: Duration) -> Result<bool, StoreError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.insert(key, keep, self.clock.now()))
    }
}

impl fmt::Debug for MemorySeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySeen").finish_non_exhaustive()
    }
}

/// A store for several processes, in the values of 16 leases.
///
/// Each key takes three calls of the store of leases. It keeps about the newest 80,000 keys. Two changes of the
/// same lease follow one another, so it is made for some tens of notifications in a second.
#[derive(Clone)]
pub struct LeaseSeen {
    leases: Arc<dyn LeaseStore>,
    name: String,
    clock: Arc<dyn Clock>,
}

impl LeaseSeen {
    /// Creates a store whose leases have names that begin with `name`, such as `notifications of app.example`.
    ///
    /// # Errors
    /// Returns an error if the name is empty or has more than 240 bytes.
    pub fn new(
        leases: Arc<dyn LeaseStore>,
        name: impl Into<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let name = name.into();
        check_name(&name)?;
        check_name(&part(&name, PARTS))?;
        Ok(Self { leases, name, clock })
    }
}

/// Returns the name of the lease of a part.
fn part(name: &str, number: u64) -> String {
    format!("{name} seen {number}")
}

#[async_trait]
impl SeenStore for LeaseSeen {
    async fn insert(&self, key: &str, keep: Duration) -> Result<bool, StoreError> {
        let name = part(&self.name, stable_hash(key.as_bytes()) % PARTS);
        for _ in 0..ATTEMPTS {
            let Some(claim) = Claim::take(&self.leases, &self.clock, &name, TERM).await? else {
                self.clock.sleep(PAUSE).await;
                continue;
            };
            // a value of another program counts as none
            let value = claim.value().and_then(|value| serde_json::from_str(value).ok());
            let mut keys = Keys(value.unwrap_or_default());
            let is_new = keys.insert(key, keep, self.clock.now());
            let text = serde_json::to_string(&keys.0).unwrap_or_default();
            let written = if is_new { claim.write(&text).await } else { Ok(true) };
            claim.release().await;
            if written? {
                return Ok(is_new);
            }
        }
        Err(StoreError::new(format!(
            "the lease `{name}` was not free within {} s: another process holds it",
            (PAUSE * ATTEMPTS).as_secs()
        )))
    }
}

impl fmt::Debug for LeaseSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseSeen").field("name", &self.name).finish_non_exhaustive()
    }
}
