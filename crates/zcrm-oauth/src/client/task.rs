//! Work that runs in a task of its own, and application code that may panic.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use tokio::runtime::Handle;
use zcrm_core::{Error, ErrorKind, Outcome};

/// The runtime of the caller.
pub(super) fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|error| {
        Error::config("zcrm must be used inside a tokio runtime").with_source(error)
    })
}

/// Runs `work` in its own task, so that it completes even if the caller stops waiting.
pub(super) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    runtime()?.spawn(work).await.map_err(|error| ended_early().with_source(error))?
}

/// The error for a task that panicked or whose runtime ended.
pub(super) fn ended_early() -> Error {
    Error::new(ErrorKind::Other, Outcome::Unknown, "the task that fetched the token ended early")
}

/// Runs application code; returns `None` if it panics. Tokens that were just issued exist in memory
/// only, and a panic must not lose them.
pub(super) async fn catch_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
