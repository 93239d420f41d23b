//! The accounts server's time. The expiry of tokens is stored in this time, so that processes with
//! different clocks agree.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use zcrm_core::{Clock, Reply, server_time};

/// The largest difference between a `Date` and the local clock. With a larger one, the `Date` is
/// ignored.
const PLAUSIBLE: TimeDelta = TimeDelta::days(1);

/// The wall clock and the monotonic clock, read at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClockReading {
    wall: DateTime<Utc>,
    pub(super) monotonic: Duration,
}

impl ClockReading {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }

    /// Returns the time since the reading. The two clocks differ if the wall clock was set or the
    /// machine slept. The longer time is returned, so that no token is used for too long.
    fn elapsed(self, clock: &dyn Clock) -> TimeDelta {
        let now = Self::now(clock);
        let monotonic = now.monotonic.saturating_sub(self.monotonic);
        (now.wall - self.wall).max(TimeDelta::from_std(monotonic).unwrap_or(TimeDelta::zero()))
    }
}

/// The `Date` of the last answer, and the local time of its request.
#[derive(Debug, Default)]
pub(super) struct ServerTime(Mutex<Option<(DateTime<Utc>, ClockReading)>>);

impl ServerTime {
    /// Returns the server's current time, or the local time if the last answer had no `Date`.
    pub(super) fn now(&self, clock: &dyn Clock) -> DateTime<Utc> {
        let measured = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match measured {
            Some((date, at)) => date + at.elapsed(clock),
            None => clock.now(),
        }
    }

    /// Returns the `Date` of an answer, or the local time if it has none.
    ///
    /// Without a `Date`, that of an earlier answer is dropped, because the local clock may have
    /// been set since. `asked` is the start of the call. Counting from the start, a slow answer
    /// cannot extend the life of a token.
    pub(super) fn measure(&self, reply: &Reply, asked: ClockReading) -> DateTime<Utc> {
        let date =
            server_time(reply.headers()).filter(|date| (*date - asked.wall).abs() < PLAUSIBLE);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date.map(|date| (date, asked));
        date.unwrap_or_else(|| {
            tracing::warn!(
                target: "zcrm::oauth", "the accounts server's `Date` is missing or implausible: using the local clock"
            );
            asked.wall
        })
    }
}
