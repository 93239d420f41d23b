//! A cache of the field names of modules.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The time after which the fields of a module are read again, because they may have changed.
const AGE: Duration = Duration::from_secs(3_600);

/// The field names of modules, as one user sees them.
#[derive(Debug, Default)]
pub(crate) struct FieldCache(Mutex<HashMap<String, CachedNames>>);

#[derive(Debug)]
pub(crate) struct CachedNames {
    pub(crate) names: Arc<[String]>,
    /// The time of the read, by the monotonic clock.
    pub(crate) at: Duration,
}

impl CachedNames {
    pub(crate) fn is_new(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) < AGE
    }
}

impl FieldCache {
    pub(crate) fn known(&self) -> MutexGuard<'_, HashMap<String, CachedNames>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
