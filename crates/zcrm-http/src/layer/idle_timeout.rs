//! The idle timeout of an answer's body.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use zcrm_core::{BoxError, Clock, Error, ErrorKind, Outcome, TimeLimit};

use crate::ResBody;

/// An answer's body that fails if no byte arrives for too long. Its errors are zcrm's.
pub(super) struct IdleTimeoutBody {
    inner: ResBody,
    idle: Option<TimeLimit<Arc<dyn Clock>>>,
}

impl IdleTimeoutBody {
    pub(super) fn new(inner: ResBody, idle: Option<(Duration, Arc<dyn Clock>)>) -> Self {
        Self { inner, idle: idle.map(|(idle, clock)| TimeLimit::new(idle, clock)) }
    }
}

impl Stream for IdleTimeoutBody {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Poll::Ready(piece) = Pin::new(&mut this.inner).poll_next(cx) {
            if let Some(idle) = &mut this.idle {
                idle.restart();
            }
            return Poll::Ready(piece.map(|piece| {
                piece.map_err(|cause| {
                    let message = "the answer was interrupted before it was complete";
                    let error = Error::new(ErrorKind::Transport, Outcome::Unknown, message);
                    error.with_boxed_source(cause).into()
                })
            }));
        }
        let Some(idle) = &mut this.idle else { return Poll::Pending };
        idle.poll_elapsed(cx).map(|()| {
            let seconds = idle.limit().as_secs_f64();
            let message = format!("no byte of the answer arrived for {seconds} s (idle timeout)");
            Some(Err(Error::new(ErrorKind::Timeout, Outcome::Unknown, message).into()))
        })
    }
}
