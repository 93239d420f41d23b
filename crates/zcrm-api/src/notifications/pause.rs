//! A wait that ends early if a task is to stop.

use std::pin::Pin;

use futures_util::future::{Either, select};
use zcrm_core::Sleep;

/// Waits for `sleep`. Returns `true` if `stop` ends before.
pub(super) async fn ended_within<S: Future<Output = ()>>(stop: Pin<&mut S>, sleep: Sleep) -> bool {
    matches!(select(stop, sleep).await, Either::Left(_))
}
