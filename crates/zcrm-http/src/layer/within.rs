//! A future, for so long and no longer.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use zcrm_core::Clock;

/// The future's value, or `None` once `after` has passed.
pub(super) async fn within<F: Future>(
    after: Duration,
    clock: &dyn Clock,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = None;
    poll_fn(move |cx| {
        if let Poll::Ready(value) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(value));
        }
        // an answer that is there at once costs no timer
        let timer = timer.get_or_insert_with(|| clock.sleep(after));
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}
