//! The clock that a store polls its locks by, where none is given.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use zcrm_core::{Clock, Sleep};

/// The system's time and tokio's timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimerClock {
    start: Instant,
}

#[allow(
    clippy::disallowed_methods,
    reason = "the clock of a store that is given none: the one of zcrm-http would bring HTTP along"
)]
impl TimerClock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }

    fn since(start: Instant) -> Duration {
        start.elapsed()
    }

    fn wall() -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }

    fn timer(duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Clock for TimerClock {
    fn now(&self) -> DateTime<Utc> {
        Self::wall()
    }

    fn monotonic(&self) -> Duration {
        Self::since(self.start)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Self::timer(duration)
    }
}
