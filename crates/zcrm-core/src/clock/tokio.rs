//! The system's clock with tokio's timer (feature `tokio`).

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{Clock, Sleep};

/// The system's time with tokio's timer (feature `tokio`): the clock that clients use by default.
///
/// ```
/// use zcrm_core::{Clock, TokioClock};
///
/// let clock = TokioClock::new();
/// assert!(clock.now().timestamp() > 1_700_000_000);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Instant,
}

#[allow(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
impl TokioClock {
    /// Creates a clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    fn system() -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }

    fn since(start: Instant) -> Duration {
        start.elapsed()
    }

    fn timer(duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> DateTime<Utc> {
        Self::system()
    }

    fn monotonic(&self) -> Duration {
        Self::since(self.start)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Self::timer(duration)
    }
}
