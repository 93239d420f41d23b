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
        limit: Duration,
        clock: C,
        timer: Option<Sleep>,
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
    Within { work, limit, clock, timer: None }
}

impl<F, C> Within<F, C> {
    /// Returns the time limit.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Restarts the time limit, for work that may continue after it has passed.
    pub fn restart(self: Pin<&mut Self>) {
        *self.project().timer = None;
    }
}

impl<F, C> Future for Within<F, C>
where
    F: Future,
    C: Deref<Target: Clock>,
{
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = self.project();
        if let Poll::Ready(value) = this.work.poll(cx) {
            return Poll::Ready(Some(value));
        }
        let timer = this.timer.get_or_insert_with(|| this.clock.limit(*this.limit));
        timer.as_mut().poll(cx).map(|()| None)
    }
}

impl<F, C> fmt::Debug for Within<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("limit", &self.limit).finish_non_exhaustive()
    }
}
