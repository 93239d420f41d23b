//! The rows of a result as a stream.

use std::{
    fmt,
    future::poll_fn,
    marker::PhantomData,
    pin::Pin,
    sync::mpsc::{Sender, channel},
    task::{Context, Poll, ready},
};

use csv::StringRecord;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use zcrm_core::Error;

use super::{
    job::BulkJob,
    options::{CsvOptions, Types},
    reader::{BATCH_BYTES, RowBatch, Source, read_rows},
    row::read_row,
};
use crate::{
    bulk::{batches::Batches, position::BulkPosition, spool::download, thread::spawn},
    metadata::FieldInfo,
};

/// A stream of the rows of a result: [`BulkResult::stream`](super::BulkResult::stream).
///
/// The archive is first downloaded to a temporary file, so a slow consumer does not keep a
/// connection open, and an interrupted download does not repeat a row. The rows are then unpacked in
/// a thread, some hundred at a time, with constant memory. Dropping the stream ends both, and the file
/// vanishes. An archive that Zoho sends incompletely is downloaded up to three times.
///
/// A row that does not fit `T` is an error of kind [`Record`](zcrm_core::ErrorKind::Record), and the stream
/// continues. Any other error ends the stream after the rows before it:
///
/// | fault | kind |
/// | --- | --- |
/// | the result is not available (any more) | [`NotFound`](zcrm_core::ErrorKind::NotFound) |
/// | a damaged archive, not exactly one file in it, a row with another number of columns than the header, fewer rows than the job's status says, a limit of [`CsvOptions`] | [`Decode`](zcrm_core::ErrorKind::Decode) |
/// | the disk | [`Other`](zcrm_core::ErrorKind::Other) |
///
/// Each error has a [`BulkPosition`]. So a stream ends without an error only after the last row.
#[must_use = "a stream does nothing until it is polled"]
pub struct BulkRows<T> {
    batches: Batches<RowBatch>,
    batch: RowBatch,
    /// The number of the batch's rows that were returned.
    returned: usize,
    /// Takes the rows of batches that were returned to the caller, for the reader to use again.
    spent: Sender<Vec<StringRecord>>,
    position: BulkPosition,
    row: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + Send + 'static> BulkRows<T> {
    pub(super) fn new(job: BulkJob<T>, count: Option<u64>, options: CsvOptions) -> Self {
        let position = job.position(options.skip.saturating_add(1));
        let from = position.clone();
        let (spent, unused) = channel();
        let opening = async move {
            let fields = fields(&job, &options).await?;
            let file = download(job.download(), &from, options.folder.as_deref()).await?;
            let source = Source { file, fields, options, position: from, count, spent: unused };
            spawn(move |sender| read_rows(source, sender))
        };
        Self {
            batches: Batches::new(opening),
            batch: RowBatch::default(),
            returned: 0,
            spent,
            position,
            row: PhantomData,
        }
    }

    /// Returns the next row, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns all rows, or the first error. The rows must fit into memory.
    ///
    /// # Errors
    /// Returns the first error of the stream.
    pub async fn collect(mut self) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await {
            rows.push(row?);
        }
        Ok(rows)
    }
}

impl<T> BulkRows<T> {
    /// Returns the position of the next row.
    ///
    /// [`CsvOptions::skip_rows`] with one less than its `row` continues there.
    #[must_use]
    pub fn position(&self) -> &BulkPosition {
        &self.position
    }

    /// Returns the id of the last row that was returned, if it has a number as its id.
    pub(in crate::bulk) fn last_id(&self) -> Option<u64> {
        let row = self.batch.rows.get(self.returned.checked_sub(1)?)?;
        let at = self.batch.columns.iter().position(|column| &*column.name == "id")?;
        row.get(at)?.parse().ok()
    }

    /// Continues with another batch, and returns the memory of the last one to the reader.
    fn begin(&mut self, batch: RowBatch) {
        let mut last = std::mem::replace(&mut self.batch, batch).rows;
        self.returned = 0;
        // a long row would keep its memory
        last.retain(|row| row.as_slice().len() < BATCH_BYTES);
        // the reader may have ended
        let _ = self.spent.send(last);
    }
}

/// Returns the fields that give the types of the columns.
async fn fields<T>(job: &BulkJob<T>, options: &CsvOptions) -> Result<Vec<FieldInfo>, Error> {
    match &options.types {
        Types::Metadata => {
            let records = job.records();
            records.api().module(records.module()).fields().list().all().await
        }
        Types::Given(fields) => Ok(fields.clone()),
        Types::Untyped => Ok(Vec::new()),
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for BulkRows<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.returned == this.batch.rows.len() {
            match ready!(this.batches.poll_next(cx, &this.position)) {
                Some(Ok(batch)) => this.begin(batch),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let RowBatch { columns, rows } = &this.batch;
        let row = rows.get(this.returned).map(|cells| read_row(columns, cells, &this.position));
        this.returned += 1;
        this.position.row = this.position.row.saturating_add(1);
        Poll::Ready(row)
    }
}

/// No field is pinned structurally.
impl<T> Unpin for BulkRows<T> {}

impl<T> fmt::Debug for BulkRows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkRows").field("position", &self.position).finish_non_exhaustive()
    }
}
