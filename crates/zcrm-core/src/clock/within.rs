//! A future with a time limit.

use std::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;

use super::{Clock, Sleep};

pin_project! {
    /// A future with a time limit; see [`within`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Within<F, C> {
        #[pin]
        work: F,
        limit: TimeLimit<C>,
    }
}

/// Runs `work` with a time limit: returns its output, or `None` if `limit` passes on `clock` first.
///
/// The work is polled before the timer. Work that is ready immediately starts no timer, and work on
/// a clock whose sleeps end immediately is polled at least once.
///
/// ```
/// # #[cfg(feature = "test-util")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::{future::pending, time::Duration};
/// use zcrm_core::{ManualClock, within};
///
/// let clock = ManualClock::jumping();
/// let minute = Duration::from_secs(60);
/// assert_eq!(within(minute, &clock, async { 7 }).await, Some(7));
/// assert_eq!(within(minute, &clock, pending::<u8>()).await, None);
/// # }
/// # #[cfg(not(feature = "test-util"))]
/// # fn main() {}
/// ```
pub fn within<F, C>(limit: Duration, clock: C, work: F) -> Within<F, C>
where
    F: Future,
    C: Deref<Target: Clock>,
{
    Within { work, limit: TimeLimit::new(limit, clock) }
}

impl<F, C> Future for Within<F, C>
where
    F: Future,
    C: Deref<Target: Clock>,
{
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = self.project();
        match this.work.poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => this.limit.poll_elapsed(cx).map(|()| None),
        }
    }
}

impl<F, C> fmt::Debug for Within<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// A time limit on a clock, for futures that poll their work themselves; others use [`within`].
///
/// It starts when it is first polled, so that work which is ready at once starts no timer.
///
/// ```
/// # #[cfg(feature = "test-util")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::{future::poll_fn, task::Poll, time::Duration};
/// use zcrm_core::{ManualClock, TimeLimit};
///
/// let clock = ManualClock::new();
/// let mut limit = TimeLimit::new(Duration::from_secs(60), &clock);
/// poll_fn(|cx| Poll::Ready(assert!(limit.poll_elapsed(cx).is_pending()))).await;
/// clock.advance(Duration::from_secs(60));
/// poll_fn(|cx| limit.poll_elapsed(cx)).await;
/// # }
/// # #[cfg(not(feature = "test-util"))]
/// # fn main() {}
/// ```
pub struct TimeLimit<C> {
    limit: Duration,
    clock: C,
    timer: Option<Sleep>,
}

impl<C> TimeLimit<C> {
    /// Creates a limit that starts when it is first polled.
    pub fn new(limit: Duration, clock: C) -> Self {
        Self { limit, clock, timer: None }
    }

    /// Returns the time limit.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Restarts the limit when it is next polled.
    pub fn restart(&mut self) {
        self.timer = None;
    }
}

impl<C: Deref<Target: Clock>> TimeLimit<C> {
    /// Waits until the time has passed since the first poll, or since the first poll after
    /// [`restart`](Self::restart).
    pub fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| self.clock.limit(self.limit));
        timer.as_mut().poll(cx)
    }
}

impl<C> fmt::Debug for TimeLimit<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeLimit").field("limit", &self.limit).finish_non_exhaustive()
    }
}
