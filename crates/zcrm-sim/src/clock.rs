//! The simulator's clock: the only module that reads the system's clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The clock that a simulator starts with.
///
/// [`Simulator::advance`](crate::Simulator::advance) moves any clock forward.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ClockMode {
    /// The system's time, plus the time advanced.
    #[default]
    Real,
    /// A fixed time that changes only when it is advanced.
    Frozen(DateTime<Utc>),
    /// The time of another clock, plus the time advanced; see [`ClockMode::following`].
    Following(FollowedClock),
}

impl ClockMode {
    /// Follows the clock that `now` reads.
    ///
    /// If the client under test reads the same clock, time passes for both together.
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

/// A clock that a simulator follows.
#[derive(Clone)]
pub struct FollowedClock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl fmt::Debug for FollowedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedClock").finish_non_exhaustive()
    }
}

/// How often a followed clock is polled, in real time.
const LOOK: Duration = Duration::from_millis(2);

/// The running clock of a [`ClockMode`].
#[derive(Debug)]
pub(crate) struct SimClock {
    base: ClockMode,
    ahead_ms: AtomicI64,
    /// Notified whenever the clock is moved.
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

    /// Returns the offset of this clock from its base.
    pub(crate) fn ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.ahead_ms.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = span(by).num_milliseconds();
        let next = |ahead: i64| Some(ahead.saturating_add(by).min(LONGEST.num_milliseconds()));
        // The closure always returns a value, so this cannot fail.
        let _ = self.ahead_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        self.moved.notify_waiters();
    }

    /// Sets the offset from the base to `ahead`.
    pub(crate) fn reset(&self, ahead: TimeDelta) {
        self.ahead_ms.store(ahead.num_milliseconds(), Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Returns once the clock has reached `at`, by itself or because it was advanced.
    pub(crate) async fn reached(&self, at: DateTime<Utc>) {
        loop {
            // Registered before the clock is read, so that no move is missed.
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

/// Returns after `time`, or once the clock is moved.
#[allow(clippy::disallowed_methods, reason = "this is the clock that all other code reads")]
async fn system_time_passes(time: Duration, moved: Notified<'_>) {
    // In both cases the caller reads the clock again.
    let _ = tokio::time::timeout(time, moved).await;
}

/// Returns the future's output, or `None` after `limit` of real time. It limits peers that a frozen
/// clock cannot.
#[allow(clippy::disallowed_methods, reason = "this is the clock that all other code reads")]
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}

/// Longer than any simulation, and far from the calendar's end.
const LONGEST: TimeDelta = TimeDelta::days(365_000);

/// Converts to a duration that can be added to any time of the simulator.
pub(crate) fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(LONGEST).min(LONGEST)
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that all other code reads")]
fn system_time() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// The UTC offset of the organisation's time zone, in seconds. It has no daylight saving and is not
/// UTC, so that a reader that drops the offset fails immediately.
const ORG_OFFSET_SECONDS: i32 = 5 * 3_600 + 30 * 60;

/// Formats a time as Zoho does: whole seconds, the organisation's offset with a colon.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    let text = |at: DateTime<FixedOffset>| at.format("%Y-%m-%dT%H:%M:%S%:z").to_string();
    match FixedOffset::east_opt(ORG_OFFSET_SECONDS) {
        Some(offset) => text(at.with_timezone(&offset)),
        None => text(at.fixed_offset()),
    }
}

/// Returns the instant of a time in the organisation's zone.
pub(crate) fn in_organisation(local: NaiveDateTime) -> Option<DateTime<Utc>> {
    let offset = FixedOffset::east_opt(ORG_OFFSET_SECONDS)?;
    Some(local.and_local_timezone(offset).single()?.to_utc())
}

/// Parses a time strictly in the format of [`stamp`], with any offset.
///
/// It is not known whether Zoho accepts fractions of a second or a `Z`. The strict parser exposes
/// clients that rely on them.
pub(crate) fn parse_stamp(text: &str) -> Option<DateTime<Utc>> {
    if text.len() != "2019-07-25T15:26:49+05:30".len() {
        return None;
    }
    let at = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%:z").ok()?;
    Some(at.with_timezone(&Utc))
}

/// Formats a time as the recycle bin does: in UTC.
pub(crate) fn utc_stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Parses a time in the format of [`utc_stamp`].
pub(crate) fn parse_utc_stamp(text: &str) -> Option<DateTime<Utc>> {
    let at = text.strip_suffix('Z')?;
    parse_stamp(&format!("{at}+00:00"))
}

/// Returns the time without its fraction of a second, as Zoho stores it.
pub(crate) fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}

/// Formats a time for the `Date` header.
pub(crate) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_parses_a_time_with_its_offset() {
        let at = parse_stamp("2026-01-31T12:00:00+00:00").unwrap();
        assert_eq!(stamp(at), "2026-01-31T17:30:00+05:30");
        assert_eq!(parse_stamp(&stamp(at)), Some(at));
    }

    #[test]
    fn rejects_fractions_and_zulu_times() {
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
