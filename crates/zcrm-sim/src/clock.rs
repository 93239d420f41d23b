//! The simulator's time: the only module that reads the system's clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, SubsecRound, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Which time a simulator starts from.
///
/// Any clock is moved forward by [`Simulator::advance`](crate::Simulator::advance).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ClockMode {
    /// The system's time, plus whatever was advanced.
    #[default]
    Real,
    /// A time that stands still until it is advanced.
    Frozen(DateTime<Utc>),
    /// The time of another clock, plus whatever was advanced: see [`ClockMode::following`].
    Following(FollowedClock),
}

impl ClockMode {
    /// The time that `now` gives, whenever it is asked: a clock that the client under test reads too, so
    /// that time passes for both at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), zcrm_sim::Error> {
    /// use std::{sync::{Arc, Mutex}, time::Duration};
    /// use zcrm_sim::{ClockMode, Simulator};
    ///
    /// // with zcrm: `let clock = ManualClock::skipping_waits();`, for the client, and here
    /// // `move || clock.now()` with a clone of it
    /// let clock: Arc<Mutex<chrono::DateTime<chrono::Utc>>> = Arc::default();
    /// let time = Arc::clone(&clock);
    /// let sim = Simulator::builder().clock(ClockMode::following(move || *time.lock().unwrap())).start().await?;
    /// *clock.lock().unwrap() += Duration::from_secs(3_600);
    /// assert_eq!(sim.now(), *clock.lock().unwrap());
    /// # Ok(())
    /// # }
    /// ```
    pub fn following(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self::Following(FollowedClock(Arc::new(now)))
    }
}

/// The clock that a simulator follows.
#[derive(Clone)]
pub struct FollowedClock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl fmt::Debug for FollowedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedClock").finish_non_exhaustive()
    }
}

/// How often a clock is looked at that does not say when it was moved, in real time.
const LOOK: Duration = Duration::from_millis(2);

/// The running form of a [`ClockMode`].
#[derive(Debug)]
pub(crate) struct SimClock {
    base: ClockMode,
    ahead_ms: AtomicI64,
    /// Told whenever the clock was moved.
    moved: Notify,
}

impl SimClock {
    pub(crate) fn new(base: ClockMode) -> Self {
        Self { base, ahead_ms: AtomicI64::new(0), moved: Notify::new() }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let base = match &self.base {
            ClockMode::Real => system_time(),
            ClockMode::Frozen(at) => *at,
            ClockMode::Following(source) => source.0(),
        };
        base.checked_add_signed(self.ahead()).unwrap_or(base)
    }

    /// How far this clock runs ahead of its base.
    pub(crate) fn ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.ahead_ms.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = span(by).num_milliseconds();
        let next = |ahead: i64| Some(ahead.saturating_add(by).min(LONGEST.num_milliseconds()));
        // It always gives a next value, so it cannot fail.
        let _ = self.ahead_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        self.moved.notify_waiters();
    }

    /// Goes back to that lead over the base.
    pub(crate) fn reset(&self, ahead: TimeDelta) {
        self.ahead_ms.store(ahead.num_milliseconds(), Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Returns once the clock shows that time, by itself or because it was advanced.
    pub(crate) async fn reached(&self, at: DateTime<Utc>) {
        loop {
            // Enlisted before the look at the clock, so that no move is missed.
            let moved = self.moved.notified();
            let left = (at - self.now()).to_std().unwrap_or_default();
            if left.is_zero() {
                return;
            }
            match self.base {
                ClockMode::Frozen(_) => moved.await,
                ClockMode::Real => system_time_passes(left, moved).await,
                ClockMode::Following(_) => system_time_passes(LOOK, moved).await,
            }
        }
    }
}

/// Returns after that time, or once the clock was moved.
#[allow(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
async fn system_time_passes(time: Duration, moved: Notified<'_>) {
    // Whichever comes first, the clock is read again.
    let _ = tokio::time::timeout(time, moved).await;
}

/// What a future comes to, unless it takes longer than that in real time: for peers that no frozen clock
/// can hurry.
#[allow(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}

/// Longer than any simulation, and far from the end of the calendar.
const LONGEST: TimeDelta = TimeDelta::days(365_000);

/// A span that can be added to any time that the simulator reaches.
pub(crate) fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(LONGEST).min(LONGEST)
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
fn system_time() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The offset of the organisation's time zone, in seconds: no daylight saving, and not UTC, so that
/// a reader that drops the offset is wrong at once.
const ORG_OFFSET_SECONDS: i32 = 5 * 3_600 + 30 * 60;

/// Zoho's form of an instant: seconds precision, the organisation's offset with a colon.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    let text = |at: DateTime<FixedOffset>| at.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    match FixedOffset::east_opt(ORG_OFFSET_SECONDS) {
        Some(offset) => text(at.with_timezone(&offset)),
        None => text(at.fixed_offset()),
    }
}

/// Reads an instant strictly in the form that [`stamp`] writes, with any offset.
///
/// Whether Zoho takes fractions of a second or a `Z` is not known; the stricter reading shows a
/// client that relies on it.
pub(crate) fn parse_stamp(text: &str) -> Option<DateTime<Utc>> {
    if text.len() != "2019-07-25T15:26:49+05:30".len() {
        return None;
    }
    let at = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%:z").ok()?;
    Some(at.with_timezone(&Utc))
}

/// The instant without its fraction of a second, as Zoho stores it.
pub(crate) fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}

/// The form of the `Date` header.
pub(crate) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_its_stamp_and_keeps_the_offset() {
        let at = parse_stamp("2026-01-31T12:00:00+00:00").unwrap();
        assert_eq!(stamp(at), "2026-01-31T17:30:00+05:30");
        assert_eq!(parse_stamp(&stamp(at)), Some(at));
    }

    #[test]
    fn fractions_and_zulu_are_refused() {
        assert_eq!(parse_stamp("2026-01-31T12:00:00Z"), None);
        assert_eq!(parse_stamp("2026-01-31T12:00:00.5+00:00"), None);
    }

    #[test]
    fn a_frozen_clock_moves_only_when_advanced() {
        let at = parse_stamp("2026-01-31T12:00:00+00:00").unwrap();
        let clock = SimClock::new(ClockMode::Frozen(at));
        assert_eq!(clock.now(), at);
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now() - at, TimeDelta::seconds(60));
    }
}
