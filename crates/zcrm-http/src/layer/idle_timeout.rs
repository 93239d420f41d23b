//! The idle timeout of an answer's body.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use zcrm_core::{BoxError, Clock, Error, ErrorKind, Outcome, Sleep};

use crate::ResBody;

/// An answer's body that fails when no byte comes for too long, and whose errors are zcrm's.
pub(super) struct IdleTimeoutBody {
    inner: ResBody,
    idle: Option<(Duration, Arc<dyn Clock>)>,
    timer: Option<Sleep>,
}

impl IdleTimeoutBody {
    pub(super) fn new(inner: ResBody, idle: Option<(Duration, Arc<dyn Clock>)>) -> Self {
        Self { inner, idle, timer: None }
    }
}

impl Stream for IdleTimeoutBody {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Poll::Ready(piece) = Pin::new(&mut this.inner).poll_next(cx) {
            this.timer = None;
            return Poll::Ready(piece.map(|piece| {
                piece.map_err(|cause| {
                    let message = "the answer broke off before its end";
                    let error = Error::new(ErrorKind::Transport, Outcome::Unknown, message);
                    error.with_boxed_source(cause).into()
                })
            }));
        }
        let Some((idle, clock)) = &this.idle else { return Poll::Pending };
        let timer = this.timer.get_or_insert_with(|| clock.limit(*idle));
        timer.as_mut().poll(cx).map(|()| {
            let message = format!("the answer's body stood still for {} s", idle.as_secs_f64());
            Some(Err(Error::new(ErrorKind::Timeout, Outcome::Unknown, message).into()))
        })
    }
}
