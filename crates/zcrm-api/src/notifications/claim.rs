//! A lease that is held, with the time that is left of it.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
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

    /// Does `work`, and renews the lease after each third of its term. Returns `None` if the lease has ended; the work
    /// is dropped then.
    pub(super) async fn hold<F: Future>(&mut self, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        loop {
            let third = self.clock.limit(self.term / 3);
            match select(work.as_mut(), third).await {
                Either::Left((output, _)) => return Some(output),
                Either::Right(_) => match self.extend().await {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(error) => {
                        tracing::debug!(target: "zcrm::api", %error, "a lease could not be renewed");
                        if self.left().is_zero() {
                            return None;
                        }
                    }
                },
            }
        }
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
