//! The body of an answer: complete, in pieces with pauses, or truncated.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::connection::Breaker;

/// The number of polls before a truncated body ends, so that the data before it is flushed.
const FLUSH_TURNS: u8 = 8;

/// The maximum number of pieces of a slow body.
const PIECES: usize = 8;

/// A pause between two pieces.
pub(crate) type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body that is made while it is sent.
pub(crate) trait Chunks: std::fmt::Debug + Send + Sync {
    /// Returns the pieces of the body.
    fn chunks(&self) -> Box<dyn Iterator<Item = Bytes> + Send>;
}

enum BodyStep {
    Data(Bytes),
    Chunks(Box<dyn Iterator<Item = Bytes> + Send>),
    Pause(Pause),
    /// Waits for this many polls, then ends with an error or a reset.
    Break(u8, Option<Breaker>),
}

/// The rest of a body to send.
pub(crate) struct AnswerBody {
    steps: VecDeque<BodyStep>,
    /// The exact length, unless the headers give another one.
    exact: Option<u64>,
}

impl std::fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnswerBody").field("exact", &self.exact).finish_non_exhaustive()
    }
}

impl AnswerBody {
    pub(crate) fn whole(data: Bytes) -> Self {
        let exact = Some(data.len() as u64);
        Self { steps: data_steps(data).collect(), exact }
    }

    /// Creates a body that is made while it is sent, of unknown length. With `cut`, it ends after
    /// the first piece.
    pub(crate) fn made(chunks: &dyn Chunks, cut: Option<Option<Breaker>>) -> Self {
        let mut chunks = chunks.chunks();
        let steps = match cut {
            None => VecDeque::from([BodyStep::Chunks(chunks)]),
            Some(reset) => {
                let first = data_steps(chunks.next().unwrap_or_default());
                first.chain([BodyStep::Break(FLUSH_TURNS, reset)]).collect()
            }
        };
        Self { steps, exact: None }
    }

    /// Creates a body for headers with another length.
    pub(crate) fn mislabelled(data: Bytes) -> Self {
        Self { steps: data_steps(data).collect(), exact: None }
    }

    /// Creates a body that sends the first half of `data` and then ends.
    pub(crate) fn cut(data: &Bytes, reset: Option<Breaker>) -> Self {
        let half = data.slice(..data.len() / 2);
        let end = BodyStep::Break(FLUSH_TURNS, reset);
        Self { steps: data_steps(half).chain([end]).collect(), exact: None }
    }

    /// Creates a body that sends `data` in pieces, with a pause before each except the first.
    pub(crate) fn slow(mut data: Bytes, pause: impl Fn() -> Pause) -> Self {
        let exact = Some(data.len() as u64);
        let size = data.len().div_ceil(PIECES).max(1);
        let mut steps = VecDeque::new();
        while !data.is_empty() {
            if !steps.is_empty() {
                steps.push_back(BodyStep::Pause(pause()));
            }
            steps.push_back(BodyStep::Data(data.split_to(size.min(data.len()))));
        }
        Self { steps, exact }
    }
}

fn data_steps(data: Bytes) -> impl Iterator<Item = BodyStep> {
    (!data.is_empty()).then_some(BodyStep::Data(data)).into_iter()
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(BodyStep::Data(data)) => {
                    if let Some(left) = &mut self.exact {
                        *left = left.saturating_sub(data.len() as u64);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(BodyStep::Chunks(mut chunks)) => {
                    if let Some(data) = chunks.next() {
                        self.steps.push_front(BodyStep::Chunks(chunks));
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                }
                Some(BodyStep::Pause(mut pause)) => {
                    if pause.as_mut().poll(cx).is_pending() {
                        self.steps.push_front(BodyStep::Pause(pause));
                        return Poll::Pending;
                    }
                }
                Some(BodyStep::Break(0, None)) => {
                    return Poll::Ready(Some(Err(io::Error::other(
                        "the body was truncated by an injected failure",
                    ))));
                }
                Some(BodyStep::Break(0, Some(breaker))) => {
                    // The connection's task drops this body when it drops the socket.
                    breaker.reset();
                    return Poll::Pending;
                }
                Some(BodyStep::Break(turns, breaker)) => {
                    self.steps.push_front(BodyStep::Break(turns - 1, breaker));
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
