//! Work in separate tasks, and application code that may panic.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use tokio::runtime::Handle;
use zcrm_core::{Error, ErrorKind, Outcome};

/// Returns the runtime of the caller.
pub(super) fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|error| {
        Error::config("no tokio runtime is running: call zcrm inside one").with_source(error)
    })
}

/// Runs `work` in its own task, so that it completes even if the caller stops waiting.
pub(super) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    runtime()?.spawn(work).await.map_err(|error| ended_early().with_source(error))?
}

/// Returns the error for a task that panicked or whose runtime ended.
pub(super) fn ended_early() -> Error {
    Error::new(ErrorKind::Other, Outcome::Unknown, "the task that fetched the token ended early")
}

/// Runs application code. Returns `None` if it panics.
///
/// Tokens that were just issued exist only in memory, and a panic must not lose them.
pub(super) async fn catch_panic<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
