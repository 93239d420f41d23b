//! The outcomes of an import as a stream.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    vec,
};

use futures_core::Stream;
use tokio::sync::mpsc::Receiver;
use zcrm_core::Error;

use super::report::ImportReport;
use crate::bulk::write::outcome::BulkOutcome;

type Driving = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A stream of the outcomes of an import: [`Request::outcomes`](crate::Request::outcomes).
///
/// Each record has one outcome, in the caller's order; those of an earlier run come from the ledger.
/// An error ends the stream. The same import with the same ledger then continues.
#[must_use = "a stream does nothing until it is polled"]
pub struct ImportOutcomes {
    /// The import, until it has ended.
    driving: Option<Driving>,
    received: Receiver<Vec<BulkOutcome>>,
    buffer: vec::IntoIter<BulkOutcome>,
    report: Arc<Mutex<ImportReport>>,
}

impl ImportOutcomes {
    pub(super) fn new(
        driving: Driving,
        received: Receiver<Vec<BulkOutcome>>,
        report: Arc<Mutex<ImportReport>>,
    ) -> Self {
        Self { driving: Some(driving), received, buffer: Vec::new().into_iter(), report }
    }

    /// Returns the next outcome, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<BulkOutcome, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns the counts and costs so far.
    #[must_use]
    pub fn report(&self) -> ImportReport {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Stream for ImportOutcomes {
    type Item = Result<BulkOutcome, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(outcome) = this.buffer.next() {
                return Poll::Ready(Some(Ok(outcome)));
            }
            if let Poll::Ready(Some(outcomes)) = this.received.poll_recv(cx) {
                this.buffer = outcomes.into_iter();
                continue;
            }
            let Some(driving) = &mut this.driving else { return Poll::Ready(None) };
            // the import sends the outcomes that are received above
            let ended = match driving.as_mut().poll(cx) {
                Poll::Ready(ended) => ended,
                Poll::Pending if this.received.is_empty() => return Poll::Pending,
                Poll::Pending => continue,
            };
            this.driving = None;
            if let Err(error) = ended {
                // the outcomes before the error come first
                let rest = std::iter::from_fn(|| this.received.try_recv().ok());
                let rest: Vec<BulkOutcome> = rest.flatten().collect();
                if rest.is_empty() {
                    return Poll::Ready(Some(Err(error)));
                }
                this.buffer = rest.into_iter();
                this.driving = Some(Box::pin(std::future::ready(Err(error))));
            }
        }
    }
}

impl fmt::Debug for ImportOutcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportOutcomes").field("report", &self.report()).finish_non_exhaustive()
    }
}
