//! The future of a layer that usually passes a call on unchanged.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::BoxFuture;

pin_project! {
    /// Either the inner service's future, or a boxed future that does more.
    ///
    /// Only a call for which the layer has work needs a box.
    #[must_use = "futures do nothing unless polled"]
    pub struct EitherFuture<F: Future> {
        #[pin]
        branch: Branch<F>,
    }
}

pin_project! {
    #[project = BranchProjection]
    enum Branch<F: Future> {
        Inner { #[pin] future: F },
        Boxed { future: BoxFuture<F::Output> },
    }
}

impl<F: Future> EitherFuture<F> {
    /// Wraps the future of the inner service.
    pub(super) fn inner(future: F) -> Self {
        Self { branch: Branch::Inner { future } }
    }

    /// Boxes a future that does more.
    pub(super) fn boxed(future: impl Future<Output = F::Output> + Send + 'static) -> Self {
        Self { branch: Branch::Boxed { future: Box::pin(future) } }
    }
}

impl<F: Future> Future for EitherFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().branch.project() {
            BranchProjection::Inner { future } => future.poll(cx),
            BranchProjection::Boxed { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F: Future> fmt::Debug for EitherFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EitherFuture").finish_non_exhaustive()
    }
}
