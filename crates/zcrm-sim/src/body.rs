//! The body of an answer: whole, or cut off in the middle.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// How often a cut body waits before it breaks off, so that what was sent is flushed first.
const FLUSH_TURNS: u8 = 8;

/// A body with at most one piece of data.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    data: Option<Bytes>,
    cut: bool,
    turns: u8,
}

impl AnswerBody {
    pub(crate) fn whole(data: Bytes) -> Self {
        Self { data: (!data.is_empty()).then_some(data), cut: false, turns: 0 }
    }

    /// Sends the first half of `data`, then breaks off.
    pub(crate) fn cut(data: &Bytes) -> Self {
        let half = data.slice(..data.len() / 2);
        Self { data: (!half.is_empty()).then_some(half), cut: true, turns: FLUSH_TURNS }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if !self.cut {
            return Poll::Ready(None);
        }
        if self.turns > 0 {
            self.turns -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("the body was cut on purpose"))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.data, self.cut) {
            (_, true) => SizeHint::default(),
            (Some(data), false) => SizeHint::with_exact(data.len() as u64),
            (None, false) => SizeHint::with_exact(0),
        }
    }
}
