//! A value for each tenant, which is dropped when the tenant is idle.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::Tenant;

/// A value is kept for this long after a tenant's last call, and for at most twice as long.
pub(super) const IDLE: Duration = Duration::from_secs(600);

/// The clock is read once in this many lookups.
const LOOKUPS_PER_SWEEP: u32 = 1024;

/// One value for each tenant. A value that was not used for [`IDLE`] is dropped, unless it is [in
/// use](Retain::in_use). The tenant then starts with a new value.
pub(super) struct PerTenant<T> {
    map: Mutex<Map<T>>,
    count: AtomicUsize,
}

/// A value that is kept for a tenant.
pub(super) trait Retain {
    /// Returns `true` if the value must stay although no call used it for a while.
    fn in_use(&self) -> bool {
        false
    }
}

struct Map<T> {
    entries: HashMap<Tenant, TenantEntry<T>, BuildHasherDefault<PrecomputedHasher>>,
    lookups: u32,
    swept: Duration,
}

struct TenantEntry<T> {
    value: T,
    /// Whether the value was used since the last sweep.
    used: bool,
}

/// Returns the hash that a [`Tenant`] has computed already.
#[derive(Default)]
struct PrecomputedHasher(u64);

impl Hasher for PrecomputedHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl<T: Retain> PerTenant<T> {
    /// Returns `true` if there are no values. It takes no lock.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Calls `work` with the tenant's value, which `new` creates if necessary. `now` is the
    /// time of a monotonic clock.
    #[inline]
    pub(super) fn with<R>(
        &self,
        tenant: &Tenant,
        now: impl FnOnce() -> Duration,
        new: impl FnOnce() -> T,
        work: impl FnOnce(&mut T) -> R,
    ) -> R {
        let mut map = self.map();
        map.lookups = map.lookups.wrapping_add(1);
        if !map.lookups.is_multiple_of(LOOKUPS_PER_SWEEP)
            && let Some(entry) = map.entries.get_mut(tenant)
        {
            entry.used = true;
            return work(&mut entry.value);
        }
        map.sweep(now());
        let new = || TenantEntry { value: new(), used: true };
        let entry = map.entries.entry(tenant.clone()).or_insert_with(new);
        entry.used = true;
        let result = work(&mut entry.value);
        self.count.store(map.entries.len(), Ordering::Relaxed);
        result
    }

    /// Calls `work` with the tenant's value, if there is one. This does not count as a use.
    pub(super) fn peek<R>(&self, tenant: &Tenant, work: impl FnOnce(&T) -> R) -> Option<R> {
        self.map().entries.get(tenant).map(|entry| work(&entry.value))
    }

    /// Changes the tenant's value, if there is one, and drops it unless `keep` returns `true`.
    pub(super) fn retain(&self, tenant: &Tenant, keep: impl FnOnce(&mut T) -> bool) {
        let mut map = self.map();
        let Some(entry) = map.entries.get_mut(tenant) else { return };
        entry.used = true;
        if !keep(&mut entry.value) {
            map.entries.remove(tenant);
            self.count.store(map.entries.len(), Ordering::Relaxed);
        }
    }

    /// Calls `work` with each value.
    pub(super) fn each(&self, mut work: impl FnMut(&T)) {
        self.map().entries.values().for_each(|entry| work(&entry.value));
    }

    fn map(&self) -> MutexGuard<'_, Map<T>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Retain> Map<T> {
    fn sweep(&mut self, now: Duration) {
        if now.saturating_sub(self.swept) < IDLE {
            return;
        }
        self.swept = now;
        self.entries.retain(|_, entry| mem::take(&mut entry.used) || entry.value.in_use());
        self.entries.shrink_to(self.entries.len().saturating_mul(2));
    }
}

impl<T> Default for PerTenant<T> {
    fn default() -> Self {
        let map = Map { entries: HashMap::default(), lookups: 0, swept: Duration::ZERO };
        Self { map: Mutex::new(map), count: AtomicUsize::new(0) }
    }
}

impl<T> fmt::Debug for PerTenant<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerTenant")
            .field("count", &self.count.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{IDLE, LOOKUPS_PER_SWEEP, PerTenant, Retain};
    use crate::Tenant;

    struct Value(Arc<()>);

    impl Retain for Value {
        fn in_use(&self) -> bool {
            Arc::strong_count(&self.0) > 1
        }
    }

    fn use_it(kept: &PerTenant<Value>, name: &str, now: Duration) -> Arc<()> {
        let new = || Value(Arc::default());
        kept.with(&Tenant::new(name), || now, new, |value| Arc::clone(&value.0))
    }

    fn count(kept: &PerTenant<Value>) -> usize {
        let mut count = 0;
        kept.each(|_| count += 1);
        count
    }

    #[test]
    fn keeps_one_value_for_each_tenant() {
        let kept = PerTenant::default();
        let one = use_it(&kept, "a", Duration::ZERO);
        assert!(Arc::ptr_eq(&one, &use_it(&kept, "a", Duration::ZERO)));
        assert!(!Arc::ptr_eq(&one, &use_it(&kept, "b", Duration::ZERO)));
    }

    #[test]
    fn drops_idle_tenants_when_others_call() {
        let kept = PerTenant::default();
        let held = use_it(&kept, "held", Duration::ZERO);
        for hour in 0..50 {
            for user in 0..100 {
                let now = Duration::from_secs(3_600 * hour);
                use_it(&kept, &format!("{user} of {hour}"), now);
            }
        }
        assert!(count(&kept) <= 201, "{}", count(&kept));
        assert!(Arc::ptr_eq(&held, &use_it(&kept, "held", IDLE)), "in use from the start");
    }

    #[test]
    fn drops_idle_tenants_when_only_one_calls() {
        let kept = PerTenant::default();
        for user in 0..100 {
            use_it(&kept, &user.to_string(), Duration::ZERO);
        }
        for round in 1..=3 {
            for _ in 0..LOOKUPS_PER_SWEEP {
                use_it(&kept, "7", IDLE * round);
            }
        }
        assert_eq!(count(&kept), 1);
    }
}
