//! The accounts server's time, in which the end of a token is stored: processes whose clocks
//! differ then agree on it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use http::header::DATE;
use zcrm_core::{Clock, Reply};

/// A `Date` further than this from the own clock is believed to be wrong, and not the clock.
const PLAUSIBLE: TimeDelta = TimeDelta::days(1);

/// A moment of this process, by both of its clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant {
    wall: DateTime<Utc>,
    pub(super) monotonic: Duration,
}

impl Instant {
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }

    /// How much time has passed since then. The clocks part where the wall clock was set, or where
    /// the machine slept: the longer time counts, so that no token is believed to live too long.
    fn elapsed(self, clock: &dyn Clock) -> TimeDelta {
        let now = Self::now(clock);
        let monotonic = now.monotonic.saturating_sub(self.monotonic);
        (now.wall - self.wall).max(TimeDelta::from_std(monotonic).unwrap_or(TimeDelta::zero()))
    }
}

/// The server's time of the last answer that told it, and the moment that belongs to it.
#[derive(Debug, Default)]
pub(super) struct ServerTime(Mutex<Option<(DateTime<Utc>, Instant)>>);

impl ServerTime {
    /// Now, by the server's clock; by ours where the last answer did not tell its time.
    pub(super) fn now(&self, clock: &dyn Clock) -> DateTime<Utc> {
        let measured = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match measured {
            Some((date, at)) => date + at.elapsed(clock),
            None => clock.now(),
        }
    }

    /// When the server made this answer, by its clock, and by ours where it does not say so. What
    /// an older answer told is forgotten then: our clock may have been set meanwhile.
    /// `asked` is when the call began: counted from there, no answer's delay makes a token look
    /// younger.
    pub(super) fn measure(&self, reply: &Reply, asked: Instant) -> DateTime<Utc> {
        let told = reply.headers().get(DATE).and_then(|date| {
            let date = DateTime::parse_from_rfc2822(date.to_str().ok()?).ok()?;
            Some(date.to_utc()).filter(|date| (*date - asked.wall).abs() < PLAUSIBLE)
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = told.map(|date| (date, asked));
        told.unwrap_or_else(|| {
            tracing::warn!(
                "the accounts server's `Date` is absent or implausible: going by the own clock"
            );
            asked.wall
        })
    }
}
