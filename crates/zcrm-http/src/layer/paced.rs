//! A body that may not stand still.

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

/// A body whose pauses are bounded, and whose errors are zcrm's.
pub(super) struct Paced {
    inner: ResBody,
    idle: Option<(Duration, Arc<dyn Clock>)>,
    timer: Option<Sleep>,
}

impl Paced {
    pub(super) fn new(inner: ResBody, idle: Option<(Duration, Arc<dyn Clock>)>) -> Self {
        Self { inner, idle, timer: None }
    }
}

impl Stream for Paced {
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
