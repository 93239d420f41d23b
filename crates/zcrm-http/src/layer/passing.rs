//! The future of a layer that mostly passes calls on.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::BoxFuture;

pin_project! {
    /// The inner service's future as it is, or one that does more and lies on the heap: a layer
    /// costs what it does.
    #[must_use = "futures do nothing unless polled"]
    pub struct Passing<F: Future> {
        #[pin]
        way: Way<F>,
    }
}

pin_project! {
    #[project = WayProjection]
    enum Way<F: Future> {
        Straight { #[pin] future: F },
        Around { future: BoxFuture<F::Output> },
    }
}

impl<F: Future> Passing<F> {
    /// Nothing is done.
    pub(super) fn straight(future: F) -> Self {
        Self { way: Way::Straight { future } }
    }

    /// Something is.
    pub(super) fn around(future: impl Future<Output = F::Output> + Send + 'static) -> Self {
        Self { way: Way::Around { future: Box::pin(future) } }
    }
}

impl<F: Future> Future for Passing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().way.project() {
            WayProjection::Straight { future } => future.poll(cx),
            WayProjection::Around { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F: Future> fmt::Debug for Passing<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passing").finish_non_exhaustive()
    }
}
