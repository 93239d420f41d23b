//! The accepted notifications.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use tokio::sync::mpsc;

use super::notification::Notification;

/// A stream of the notifications that a [`Receiver`](super::Receiver) has accepted. It ends when the receiver and its
/// clones are dropped.
///
/// If it is dropped, the receiver answers 503.
#[must_use = "the receiver answers 503 once its notifications are not read"]
pub struct NotificationStream {
    queue: mpsc::Receiver<Notification>,
}

impl NotificationStream {
    pub(super) fn new(queue: mpsc::Receiver<Notification>) -> Self {
        Self { queue }
    }

    /// Returns the next notification, or `None` at the end. Like `StreamExt::next`, but without an import.
    pub async fn next(&mut self) -> Option<Notification> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for NotificationStream {
    type Item = Notification;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Notification>> {
        self.queue.poll_recv(cx)
    }
}

impl fmt::Debug for NotificationStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotificationStream").field("waiting", &self.queue.len()).finish()
    }
}
