//! A store of leases in memory.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{Lease, LeaseStore, LeaseTable, check_name, check_value};
use crate::{Clock, StoreError};

/// A store of leases in memory, for a program that runs in one process and for tests. Its values are lost
/// when the process ends. Clones share their leases.
#[derive(Clone)]
pub struct MemoryLeases {
    table: Arc<Mutex<LeaseTable>>,
    clock: Arc<dyn Clock>,
}

impl MemoryLeases {
    /// Creates an empty store. Terms end by the wall clock of `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { table: Arc::default(), clock }
    }

    fn table(&self) -> MutexGuard<'_, LeaseTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LeaseStore for MemoryLeases {
    async fn take(&self, name: &str, term: Duration) -> Result<Option<Lease>, StoreError> {
        check_name(name)?;
        Ok(self.table().take(name, self.clock.now(), term))
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError> {
        Ok(self.table().renew(lease, self.clock.now(), term))
    }

    async fn write(&self, lease: &Lease, value: &str) -> Result<bool, StoreError> {
        check_value(lease, value)?;
        Ok(self.table().write(lease, self.clock.now(), value))
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        Ok(self.table().release(lease, self.clock.now()))
    }

    async fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        check_name(name)?;
        Ok(self.table().read(name).map(str::to_owned))
    }
}

impl fmt::Debug for MemoryLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLeases").finish_non_exhaustive()
    }
}
