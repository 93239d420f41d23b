//! A runtime on which one seed gives one history: one thread, a paused clock, and a seeded order of waking.

use std::{io, time::Duration};

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

/// Creates the runtime of a history.
///
/// # Errors
/// Returns an error if the program was built without `--cfg tokio_unstable`, or if the runtime cannot be built.
pub(crate) fn seeded(seed: u64) -> io::Result<Runtime> {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
    #[cfg(not(tokio_unstable))]
    let _ = seed;
    builder.build()
}

/// Whether this build can repeat a history: tokio wakes the waiters of a channel in a random order, whose seed
/// can only be set with `--cfg tokio_unstable`.
pub(crate) const REPEATS: bool = cfg!(tokio_unstable);

/// The paused time of a history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeline(Instant);

impl Timeline {
    /// Starts at the current time of the runtime.
    #[allow(clippy::disallowed_methods, reason = "the runtime's time is the simulated time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    #[allow(clippy::disallowed_methods, reason = "the runtime's time is the simulated time")]
    pub(crate) fn elapsed(self) -> Duration {
        Instant::now().saturating_duration_since(self.0)
    }

    /// Waits until a time has passed. Nothing waits for real.
    #[allow(clippy::disallowed_methods, reason = "the runtime's time is the simulated time")]
    pub(crate) async fn sleep(self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// Runs a future until a time has passed, and drops it then.
    #[allow(clippy::disallowed_methods, reason = "the runtime's time is the simulated time")]
    pub(crate) async fn within<T>(
        self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::time::timeout(limit, work).await.ok()
    }
}
