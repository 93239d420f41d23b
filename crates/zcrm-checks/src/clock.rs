//! A clock that runs with the system's clock and can be set ahead of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use zcrm_core::{Clock, Sleep};
use zcrm_http::TokioClock;

/// The system's clock plus an offset, which all clones share.
#[derive(Clone, Debug)]
pub struct ShiftedClock {
    system: TokioClock,
    ahead: Arc<AtomicU64>,
}

impl ShiftedClock {
    /// Creates a clock without an offset.
    #[must_use]
    pub fn new() -> Self {
        Self { system: TokioClock::new(), ahead: Arc::default() }
    }

    /// Sets the offset to `seconds`.
    pub fn put_ahead(&self, seconds: u64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }

    fn ahead(&self) -> Duration {
        Duration::from_secs(self.ahead.load(Ordering::SeqCst))
    }
}

impl Default for ShiftedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> DateTime<Utc> {
        self.system.now() + self.ahead()
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic() + self.ahead()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.system.sleep(duration)
    }
}
