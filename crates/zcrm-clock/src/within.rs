//! A future, for so long and no longer.

use std::{
    fmt,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use zcrm_core::{Clock, Sleep};

pin_project! {
    /// What [`within`] makes.
    #[must_use = "futures do nothing unless polled"]
    pub struct Within<F, C> {
        #[pin]
        work: F,
        limit: Duration,
        clock: C,
        timer: Option<Sleep>,
    }
}

/// What `work` gives, or `None` once `limit` has passed on `clock`. The work goes first: what is
/// ready at once costs no timer, and on a clock whose sleeps end at once it is at least begun.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::{future::pending, time::Duration};
/// use zcrm_clock::within;
/// use zcrm_core::ManualClock;
///
/// let clock = ManualClock::jumping();
/// let minute = Duration::from_secs(60);
/// assert_eq!(within(minute, &clock, async { 7 }).await, Some(7));
/// assert_eq!(within(minute, &clock, pending::<u8>()).await, None);
/// # }
/// ```
pub fn within<F, C>(limit: Duration, clock: C, work: F) -> Within<F, C>
where
    F: Future,
    C: Deref<Target: Clock>,
{
    Within { work, limit, clock, timer: None }
}

impl<F, C> Within<F, C> {
    /// The time that the work has.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Begins the time anew, once it has passed: for work that may go on.
    pub fn again(self: Pin<&mut Self>) {
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
