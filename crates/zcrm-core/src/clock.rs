//! The clock: zcrm takes the time only from an injected [`Clock`].

#[cfg(feature = "tokio")]
mod tokio;
mod within;

use std::{fmt, future::Future, pin::Pin, time::Duration};

use chrono::{DateTime, Utc};

/// The future that [`Clock::sleep`] returns; it completes when the time has passed.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// A source of time.
///
/// `TokioClock` (feature `tokio`) reads the system's time; `ManualClock` (feature `test-util`) moves
/// only when a test moves it.
///
/// ```
/// # #[cfg(feature = "test-util")] {
/// use std::time::Duration;
/// use zcrm_core::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!((clock.now() - before).num_seconds(), 60);
/// # }
/// ```
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the wall clock's time in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Returns the time since a fixed moment that the clock chose; it never decreases.
    fn monotonic(&self) -> Duration;

    /// Returns a future that completes once `duration` has passed.
    fn sleep(&self, duration: Duration) -> Sleep;

    /// Returns a future that completes when the time limit `duration` of some work has passed.
    ///
    /// It is the same as [`sleep`](Self::sleep), except on a clock for tests that skips the waits
    /// between attempts and keeps the time limit of each attempt.
    fn limit(&self, duration: Duration) -> Sleep {
        self.sleep(duration)
    }
}

#[cfg(feature = "tokio")]
pub use self::tokio::TokioClock;
#[cfg(any(test, feature = "test-util"))]
pub use manual::ManualClock;
pub use within::{TimeLimit, Within, within};

#[cfg(any(test, feature = "test-util"))]
mod manual {
    use std::{
        future::Future,
        pin::Pin,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
        task::{Context, Poll, Waker},
        time::Duration,
    };

    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Clock, Sleep};

    /// A clock that a test moves by hand (feature `test-util`). Clones share their time.
    ///
    /// It starts at 2026-01-01T00:00:00Z.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zcrm_core::{Clock, ManualClock};
    ///
    /// let clock = ManualClock::new();
    /// assert_eq!(clock.monotonic(), Duration::ZERO);
    /// clock.advance(Duration::from_secs(3600));
    /// assert_eq!(clock.monotonic(), Duration::from_secs(3600));
    /// ```
    #[derive(Debug, Clone, Default)]
    pub struct ManualClock {
        state: Arc<Mutex<ClockState>>,
    }

    #[derive(Debug, Default)]
    struct ClockState {
        elapsed: Duration,
        jumps: bool,
        /// Whether time limits do not complete by themselves although sleeps do.
        keeps_limits: bool,
        slept: Vec<Duration>,
        wakers: Vec<(Duration, Waker)>,
    }

    impl ManualClock {
        /// Creates a clock that moves only when [`advance`](Self::advance) is called.
        #[must_use]
        pub fn new() -> Self {
            Self::default()
        }

        /// Creates a clock on which every sleep completes immediately and moves the clock by its
        /// duration.
        ///
        /// Use it for code that waits between attempts.
        #[must_use]
        pub fn jumping() -> Self {
            let clock = Self::default();
            clock.state().jumps = true;
            clock
        }

        /// Creates a clock on which every sleep completes immediately and moves the clock by its
        /// duration, but time limits do not.
        ///
        /// A time limit ([`Clock::limit`]) completes when the clock has moved that far. Use this
        /// clock for a client of a real server: its retries are immediate, and its timeouts still
        /// apply. A simulator can use the same clock, so that a token expires on both sides at the
        /// same time.
        ///
        /// ```
        /// # use std::time::Duration;
        /// # use zcrm_core::{Clock, ManualClock};
        /// # async fn example() {
        /// let clock = ManualClock::skipping_waits();
        /// let deadline = clock.limit(Duration::from_secs(60));
        /// clock.sleep(Duration::from_secs(5)).await; // immediately
        /// assert_eq!(clock.monotonic(), Duration::from_secs(5));
        /// clock.advance(Duration::from_secs(55));
        /// deadline.await; // completes only now
        /// # }
        /// ```
        #[must_use]
        pub fn skipping_waits() -> Self {
            let clock = Self::jumping();
            clock.state().keeps_limits = true;
            clock
        }

        /// Returns a function that reads this clock, for a simulator that follows it.
        ///
        /// ```
        /// # use std::time::Duration;
        /// # use zcrm_core::{Clock, ManualClock};
        /// let clock = ManualClock::new();
        /// let now = clock.reader();
        /// clock.advance(Duration::from_secs(60));
        /// assert_eq!(now(), clock.now());
        /// ```
        pub fn reader(&self) -> impl Fn() -> DateTime<Utc> + Send + Sync + 'static {
            let clock = self.clone();
            move || clock.now()
        }

        /// Moves the clock by `by` and wakes the sleeps that have ended.
        pub fn advance(&self, by: Duration) {
            let due: Vec<Waker> = {
                let mut state = self.state();
                state.elapsed = state.elapsed.saturating_add(by);
                let elapsed = state.elapsed;
                let (due, later) =
                    state.wakers.drain(..).partition::<Vec<_>, _>(|(at, _)| *at <= elapsed);
                state.wakers = later;
                due.into_iter().map(|(_, waker)| waker).collect()
            };
            due.into_iter().for_each(Waker::wake);
        }

        /// Returns the durations of all sleeps so far, in order.
        #[must_use]
        pub fn slept(&self) -> Vec<Duration> {
            self.state().slept.clone()
        }

        fn state(&self) -> MutexGuard<'_, ClockState> {
            self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> DateTime<Utc> {
            let start = DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default();
            let passed = TimeDelta::from_std(self.monotonic()).ok();
            let now = passed.and_then(|passed| start.checked_add_signed(passed));
            now.unwrap_or(DateTime::<Utc>::MAX_UTC)
        }

        fn monotonic(&self) -> Duration {
            self.state().elapsed
        }

        fn sleep(&self, duration: Duration) -> Sleep {
            let until = {
                let mut state = self.state();
                state.slept.push(duration);
                state.elapsed.saturating_add(duration)
            };
            if self.state().jumps {
                self.advance(duration);
            }
            Box::pin(Until { clock: self.clone(), until })
        }

        fn limit(&self, duration: Duration) -> Sleep {
            let until = {
                let state = self.state();
                if !state.keeps_limits {
                    drop(state);
                    return self.sleep(duration);
                }
                state.elapsed + duration
            };
            Box::pin(Until { clock: self.clone(), until })
        }
    }

    struct Until {
        clock: ManualClock,
        until: Duration,
    }

    impl Future for Until {
        type Output = ();

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            let mut state = self.clock.state();
            if state.elapsed >= self.until {
                return Poll::Ready(());
            }
            state.wakers.push((self.until, cx.waker().clone()));
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        task::{Context, Poll, Waker},
        time::Duration,
    };

    use super::{Clock, ManualClock};

    #[test]
    fn ends_a_sleep_when_its_time_has_passed() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep(Duration::from_secs(10));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        clock.advance(Duration::from_secs(9));
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Pending);
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn skips_waits_and_keeps_limits() {
        let clock = ManualClock::skipping_waits();
        let mut cx = Context::from_waker(Waker::noop());
        let mut limit = clock.limit(Duration::from_secs(10));
        assert_eq!(limit.as_mut().poll(&mut cx), Poll::Pending);
        for _ in 0..9 {
            let mut sleep = clock.sleep(Duration::from_secs(1));
            assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(()));
        }
        assert_eq!(limit.as_mut().poll(&mut cx), Poll::Pending);
        clock.advance(Duration::from_secs(1));
        assert_eq!(limit.as_mut().poll(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn skips_sleeps_and_records_their_durations() {
        let clock = ManualClock::jumping();
        let mut sleep = clock.sleep(Duration::from_secs(7));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(()));
        assert_eq!(clock.monotonic(), Duration::from_secs(7));
        assert_eq!(clock.slept(), [Duration::from_secs(7)]);
    }
}
