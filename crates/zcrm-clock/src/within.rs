//! A future, for so long and no longer.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use zcrm_core::Clock;

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
pub async fn within<F: Future>(limit: Duration, clock: &dyn Clock, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut timer = None;
    poll_fn(move |cx| {
        if let Poll::Ready(value) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        let timer = timer.get_or_insert_with(|| clock.sleep(limit));
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}
