//! Leases: claims of one process of a fleet, which end by themselves.

#[cfg(feature = "conformance")]
pub mod conformance;
mod memory;
mod table;

use std::{fmt, time::Duration};

use async_trait::async_trait;

pub use memory::MemoryLeases;
pub use table::LeaseTable;

use crate::StoreError;

/// A store of leases, which the processes of a fleet share.
///
/// A lease is the claim of one process on a name, such as a notification channel. It ends after its
/// term, even if its holder is stopped, so that another process can continue its work. Each lease has a
/// [fencing number](Lease::fence), and a small value that only its holder can change and the next
/// holder reads.
///
/// A lease is not a lock: a holder that was stopped for longer than the term continues without knowing
/// that its lease has ended. So it passes its lease to each change, and the store refuses the change if
/// the lease has ended.
///
/// # The contract
///
/// - **One holder.** [`take`](Self::take) succeeds for one caller until the lease is released or its term
///   has passed.
/// - **Fencing.** Each success of `take` returns a fencing number that is greater than all earlier ones of
///   the name. [`renew`](Self::renew), [`write`](Self::write) and [`release`](Self::release) change
///   nothing and return `false` if the lease was released, has ended, or is not the newest one. This
///   holds even if no other process has taken it.
/// - **Time.** All callers of a store use one clock: that of the database, or that of the machine. If the
///   clock is set back, a lease lasts at most its term, and a second, from then on.
/// - **Values.** A value survives the end of its lease, a crash and a power cut, and is replaced
///   atomically. It may have up to 1 MiB. The value of a name without one is `None`.
/// - **Names.** Names are compared exactly, and have 1 to 255 bytes.
/// - **Errors.** A failure is an error. A store that cannot be read never says that a lease is free.
/// - **Threads.** No call blocks a thread of the runtime. A change that was started is finished even if
///   its caller stops waiting.
///
/// The feature `conformance` has a test suite for the contract: `lease::conformance`.
///
/// ```
/// use std::time::Duration;
/// use zcrm_core::lease::{LeaseStore, MemoryLeases};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_core::StoreError> {
/// # #[cfg(feature = "tokio")] {
/// # use std::sync::Arc;
/// # use zcrm_core::TokioClock;
/// let store = MemoryLeases::new(Arc::new(TokioClock::new()));
/// let minute = Duration::from_secs(60);
/// let Some(lease) = store.take("channel 7", minute).await? else { return Ok(()) };
/// assert!(store.take("channel 7", minute).await?.is_none());
///
/// assert!(store.write(&lease, "renewed at noon").await?);
/// store.release(&lease).await?;
/// let next = store.take("channel 7", minute).await?.expect("the lease is free");
/// assert_eq!(next.value(), Some("renewed at noon"));
/// assert!(next.fence() > lease.fence());
/// assert!(!store.write(&lease, "too late").await?);
/// # }
/// # Ok(())
/// # }
/// ```
#[async_trait]
pub trait LeaseStore: Send + Sync + fmt::Debug {
    /// Takes the lease of `name` for `term`, if it is free. Never waits for another holder.
    ///
    /// # Errors
    /// Returns an error if the name is empty or too long, or if the store fails. Another holder is not an
    /// error: the result is then `None`.
    async fn take(&self, name: &str, term: Duration) -> Result<Option<Lease>, StoreError>;

    /// Extends the lease to `term` from now. Returns `false` if it has ended.
    ///
    /// # Errors
    /// Returns an error if the store fails. The lease may then be extended or not.
    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError>;

    /// Replaces the value of the name. Returns `false` if the lease has ended.
    ///
    /// # Errors
    /// Returns an error if the value is too large, or if the store fails. In the second case the value may
    /// be replaced or not.
    async fn write(&self, lease: &Lease, value: &str) -> Result<bool, StoreError>;

    /// Ends the lease, so that another process can take it at once. Returns `false` if it has ended before.
    ///
    /// # Errors
    /// Returns an error if the store fails. The lease then ends with its term.
    async fn release(&self, lease: &Lease) -> Result<bool, StoreError>;

    /// Returns the value of a name, without a lease.
    ///
    /// # Errors
    /// Returns an error if the name is empty or too long, or if the store fails.
    async fn read(&self, name: &str) -> Result<Option<String>, StoreError>;
}

/// A lease that was taken, until its term ends. See [`LeaseStore`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a lease keeps other processes out until its term ends: release it"]
pub struct Lease {
    name: String,
    fence: u64,
    value: Option<String>,
}

impl Lease {
    /// Creates a lease, for an implementation of [`LeaseStore`].
    pub fn new(name: impl Into<String>, fence: u64, value: Option<String>) -> Self {
        Self { name: name.into(), fence, value }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the fencing number: it is greater than that of each earlier lease of the name.
    ///
    /// Pass it to other systems with each change, if they can refuse changes of a smaller number.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Returns the value as it was when the lease was taken.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

/// The largest number of bytes of a name, and of a value.
const MOST_NAME: usize = 255;
const MOST_VALUE: usize = 1 << 20;

/// Checks the name of a lease, for an implementation of [`LeaseStore`].
///
/// # Errors
/// Returns an error if the name is empty or has more than 255 bytes.
pub fn check_name(name: &str) -> Result<(), StoreError> {
    match name.len() {
        1..=MOST_NAME => Ok(()),
        bytes => Err(StoreError::new(format!(
            "invalid name of a lease with {bytes} bytes: expected 1 to {MOST_NAME}"
        ))),
    }
}

/// Checks the value of a lease, for an implementation of [`LeaseStore`].
///
/// # Errors
/// Returns an error if the value has more than 1 MiB.
pub fn check_value(lease: &Lease, value: &str) -> Result<(), StoreError> {
    match value.len() {
        0..=MOST_VALUE => Ok(()),
        bytes => Err(StoreError::new(format!(
            "the value of the lease `{}` has {bytes} bytes: a store keeps at most {MOST_VALUE}",
            lease.name
        ))),
    }
}
