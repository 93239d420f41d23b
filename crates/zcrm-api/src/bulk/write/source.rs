//! The records of a bulk write: an iterator, a stream, or a CSV.

use std::{future::Future, io::Read, pin::Pin};

use csv::StringRecord;
use futures_core::Stream;
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::sync::mpsc::{Sender, channel};
use zcrm_core::Error;

use super::{pack::Packer, part::Packed};
use crate::bulk::thread;

/// The records that are passed to the thread at once.
const BATCH: usize = 256;

type Packing = Pin<Box<dyn Future<Output = Result<Packed, Error>> + Send>>;

/// The records, before they are read.
pub(super) struct Source(Box<dyn FnOnce(Packer) -> Packing + Send>);

impl Source {
    /// Reads records from an iterator, in a separate thread.
    pub(super) fn rows<R, I>(rows: I) -> Self
    where
        R: Serialize,
        I: Iterator<Item = R> + Send + 'static,
    {
        Self::in_thread(move |packer, is_wanted| {
            for row in rows {
                if !is_wanted() {
                    break;
                }
                packer.push(&row)?;
            }
            Ok(())
        })
    }

    /// Reads records from a stream. Its first error ends the bulk write before anything is sent.
    pub(super) fn stream<R, S>(rows: S) -> Self
    where
        R: Serialize + Send + 'static,
        S: Stream<Item = Result<R, Error>> + Send + 'static,
    {
        Self(Box::new(move |packer| {
            Box::pin(async move {
                let (batches, mut received) = channel::<Vec<R>>(1);
                let pack = in_thread(packer, move |packer, _| {
                    while let Some(batch) = received.blocking_recv() {
                        for row in batch {
                            packer.push(&row)?;
                        }
                    }
                    Ok(())
                });
                let feed = async move {
                    let mut rows = std::pin::pin!(rows.ready_chunks(BATCH));
                    while let Some(chunk) = rows.next().await {
                        let batch = chunk.into_iter().collect::<Result<Vec<R>, Error>>()?;
                        // the thread has ended with an error
                        if batches.send(batch).await.is_err() {
                            break;
                        }
                    }
                    Ok(())
                };
                let (packed, fed) = futures_util::future::join(pack, feed).await;
                fed.and(packed)
            })
        }))
    }

    /// Reads records from a CSV whose first row is a header, in a separate thread.
    pub(super) fn csv(csv: impl Read + Send + 'static) -> Self {
        Self::in_thread(move |packer, is_wanted| {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .buffer_capacity(64 * 1024)
                .from_reader(csv);
            let mut cells = StringRecord::new();
            let mut next = |packer: &Packer, cells: &mut StringRecord| {
                reader.read_record(cells).map_err(|error| {
                    let what = match error.kind() {
                        csv::ErrorKind::Io(_) => "the CSV cannot be read",
                        csv::ErrorKind::Utf8 { .. } => "the CSV is not UTF-8",
                        _ => "the CSV is invalid",
                    };
                    packer.wrong(what).with_source(error)
                })
            };
            if !next(packer, &mut cells)? {
                return Err(Error::input("the CSV is empty: its first row must be a header"));
            }
            packer.set_header(&without_mark(&cells))?;
            while is_wanted() && next(packer, &mut cells)? {
                packer.push_cells(&cells)?;
            }
            Ok(())
        })
    }

    fn in_thread(
        work: impl FnOnce(&mut Packer, &dyn Fn() -> bool) -> Result<(), Error> + Send + 'static,
    ) -> Self {
        Self(Box::new(move |packer| Box::pin(in_thread(packer, work))))
    }

    /// Reads and packs all records.
    pub(super) async fn pack(self, packer: Packer) -> Result<Packed, Error> {
        (self.0)(packer).await
    }
}

/// Packs in a thread. `work` learns whether the result is still wanted.
async fn in_thread(
    mut packer: Packer,
    work: impl FnOnce(&mut Packer, &dyn Fn() -> bool) -> Result<(), Error> + Send + 'static,
) -> Result<Packed, Error> {
    let mut packed = thread::spawn(move |sender: &Sender<Result<Packed, Error>>| {
        let done = work(&mut packer, &|| !sender.is_closed()).and_then(|()| packer.finish());
        // the receiver is gone if the request was dropped
        let _ = sender.blocking_send(done);
    })?;
    packed.recv().await.unwrap_or_else(|| Err(thread::died("packs records")))
}

/// Returns the header without a byte order mark.
fn without_mark(header: &StringRecord) -> StringRecord {
    header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect()
}
