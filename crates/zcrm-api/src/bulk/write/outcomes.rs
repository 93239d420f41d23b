//! The outcomes of a bulk write as a stream.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    vec,
};

use futures_core::Stream;
use tokio::sync::mpsc::Receiver;
use zcrm_core::Error;

use super::{
    job::{BulkWriteJob, BulkWriteResult},
    outcome::BulkOutcome,
    reader::read_outcomes,
    status::BulkWriteStatus,
};
use crate::bulk::{
    batches::{Batches, Message},
    position::BulkPosition,
    spool::download,
    thread::spawn,
};

/// A stream of the outcomes of records: [`BulkWriteJobs::outcomes`](super::BulkWriteJobs::outcomes)
/// and [`BulkWriteResult::outcomes`].
///
/// The outcomes of a job's records come first, in the caller's order, followed by those of their
/// children. Each is joined to its record by its position, and verified by the first three columns,
/// which Zoho repeats.
///
/// An error is about one job, names it with a [`BulkPosition`], and ends its outcomes. The stream
/// continues with the next job. If not all jobs were created, that error is the last item.
///
/// | fault | kind |
/// | --- | --- |
/// | the result is not available (any more) | [`NotFound`](zcrm_core::ErrorKind::NotFound) |
/// | a damaged archive, other files, rows or columns than were sent | [`Decode`](zcrm_core::ErrorKind::Decode) |
/// | the disk | [`Other`](zcrm_core::ErrorKind::Other) |
/// | the errors of [`BulkWriteJob::wait`] | as there |
#[must_use = "a stream does nothing until it is polled"]
pub struct BulkOutcomes {
    pending: VecDeque<Pending>,
    reading: Option<Reading>,
    last: Option<Error>,
}

/// The job whose outcomes are read.
struct Reading {
    position: BulkPosition,
    batches: Batches<Vec<BulkOutcome>>,
    batch: vec::IntoIter<BulkOutcome>,
}

/// A job whose outcomes are not read yet.
pub(super) struct Pending {
    pub(super) job: BulkWriteJob,
    /// The status, if the job has ended.
    pub(super) status: Option<BulkWriteStatus>,
}

impl BulkOutcomes {
    pub(super) fn new(pending: VecDeque<Pending>, last: Option<Error>) -> Self {
        Self { pending, reading: None, last }
    }

    /// Returns the next outcome, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<BulkOutcome, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns all outcomes, or the first error. The outcomes must fit into memory.
    ///
    /// # Errors
    /// Returns the first error of the stream.
    pub async fn collect(mut self) -> Result<Vec<BulkOutcome>, Error> {
        let mut outcomes = Vec::new();
        while let Some(outcome) = self.next().await {
            outcomes.push(outcome?);
        }
        Ok(outcomes)
    }
}

impl BulkWriteResult {
    /// Downloads the result, and returns the outcome of each record, in the caller's order, followed
    /// by those of its children.
    pub fn outcomes(&self) -> BulkOutcomes {
        let (job, status) = (self.job().clone(), Some(self.status().clone()));
        BulkOutcomes::new(VecDeque::from([Pending { job, status }]), None)
    }
}

/// Waits for the job, downloads its result, and begins to read it.
async fn open(pending: Pending) -> Result<Receiver<Message<Vec<BulkOutcome>>>, Error> {
    let Pending { job, status } = pending;
    let status = match status {
        Some(status) => status,
        None => job.wait().send().await?.status().clone(),
    };
    let position = job.position(0);
    let address = status.download_url.as_deref().unwrap_or_default();
    let file = download(job.download(address)?, &position, job.folder()).await?;
    let handle = Arc::clone(job.shared_handle());
    spawn(move |sender| read_outcomes(file, &handle, position, sender))
}

impl Stream for BulkOutcomes {
    type Item = Result<BulkOutcome, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(reading) = &mut this.reading {
                if let Some(outcome) = reading.batch.next() {
                    return Poll::Ready(Some(Ok(outcome)));
                }
                match ready!(reading.batches.poll_next(cx, &reading.position)) {
                    Some(Ok(batch)) => reading.batch = batch.into_iter(),
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => this.reading = None,
                }
                continue;
            }
            match this.pending.pop_front() {
                Some(pending) => {
                    let position = pending.job.position(0);
                    let batches = Batches::new(open(pending));
                    let batch = Vec::new().into_iter();
                    this.reading = Some(Reading { position, batches, batch });
                }
                None => return Poll::Ready(this.last.take().map(Err)),
            }
        }
    }
}

impl fmt::Debug for BulkOutcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkOutcomes").field("jobs", &self.pending.len()).finish_non_exhaustive()
    }
}
