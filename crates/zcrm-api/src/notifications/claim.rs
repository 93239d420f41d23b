//! A lease that is held, with the time that is left of it.

use std::{sync::Arc, time::Duration};

use zcrm_core::{
    Clock, StoreError,
    lease::{Lease, LeaseStore},
};

/// A lease that was taken. It is over when the store says so, and at the latest when its term has passed by
/// the clock of this process.
#[derive(Debug)]
pub(super) struct Claim {
    store: Arc<dyn LeaseStore>,
    clock: Arc<dyn Clock>,
    term: Duration,
    lease: Lease,
    /// The time before the last call that began a term.
    since: Duration,
}

impl Claim {
    /// Takes the lease, if it is free.
    pub(super) async fn take(
        store: &Arc<dyn LeaseStore>,
        clock: &Arc<dyn Clock>,
        name: &str,
        term: Duration,
    ) -> Result<Option<Self>, StoreError> {
        // the term may begin at any moment of the call
        let since = clock.monotonic();
        let lease = store.take(name, term).await?;
        let (store, clock) = (Arc::clone(store), Arc::clone(clock));
        Ok(lease.map(|lease| Self { store, clock, term, lease, since }))
    }

    /// Returns the value that the holder before has written.
    pub(super) fn value(&self) -> Option<&str> {
        self.lease.value()
    }

    pub(super) fn fence(&self) -> u64 {
        self.lease.fence()
    }

    /// Returns the time for which the lease is surely held.
    pub(super) fn left(&self) -> Duration {
        self.term.saturating_sub(self.clock.monotonic().saturating_sub(self.since))
    }

    /// Begins a new term. Returns `false` if the lease has ended.
    pub(super) async fn extend(&mut self) -> Result<bool, StoreError> {
        let since = self.clock.monotonic();
        let held = self.store.renew(&self.lease, self.term).await?;
        if held {
            self.since = since;
        }
        Ok(held)
    }

    /// Replaces the value. Returns `false` if the lease has ended: nothing is changed then.
    pub(super) async fn write(&self, value: &str) -> Result<bool, StoreError> {
        self.store.write(&self.lease, value).await
    }

    /// Ends the lease, so that another process can take it at once. If that fails, it ends with its term.
    pub(super) async fn release(self) {
        if let Err(error) = self.store.release(&self.lease).await {
            tracing::debug!(target: "zcrm::api", %error, "a lease could not be released");
        }
    }
}
