//! Reads the rows of a result, in a separate thread.

use std::{
    fs::File,
    sync::{Arc, mpsc::Receiver},
};

use csv::StringRecord;
use tokio::sync::mpsc::Sender;
use zcrm_core::Error;

use super::{columns::Column, options::CsvOptions};
use crate::{
    bulk::{
        archive::{Archive, broken, next_row},
        batches::Message,
        position::BulkPosition,
    },
    metadata::FieldInfo,
};

/// The rows that are read at once, at most this many and this many bytes of cells.
const BATCH_ROWS: usize = 256;
pub(super) const BATCH_BYTES: usize = 64 * 1024;

/// Rows that were read at once.
#[derive(Default)]
pub(super) struct RowBatch {
    pub(super) columns: Arc<[Column]>,
    pub(super) rows: Vec<StringRecord>,
}

/// The facts that a result is read by.
pub(super) struct Source {
    /// The archive.
    pub(super) file: File,
    pub(super) fields: Vec<FieldInfo>,
    pub(super) options: CsvOptions,
    pub(super) position: BulkPosition,
    /// The number of rows that the job's status says.
    pub(super) count: Option<u64>,
    /// Rows that the consumer has read. Their memory is used again.
    pub(super) spent: Receiver<Vec<StringRecord>>,
}

/// Reads all rows and sends them in batches. It ends early if the receiver is dropped.
///
/// The consumer deserializes them: values that one thread allocates and another one frees would cost
/// more time than all other work.
pub(super) fn read_rows(source: Source, sender: &Sender<Message<RowBatch>>) {
    let end = read_all(source, sender);
    // the receiver is gone if the stream was dropped
    let _ = sender.blocking_send(Message::End(end));
}

fn read_all(source: Source, sender: &Sender<Message<RowBatch>>) -> Result<(), Error> {
    let Source { file, fields, options, mut position, count, spent } = source;
    position.row = 0;
    let mut archive = Archive::open(file, position.clone(), options.csv_bytes)?;
    let content = archive.content(options.row_bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(options.delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 * 1024)
        .from_reader(content);
    let mut header = StringRecord::new();
    next_row(&mut reader, &mut header, &position)?;
    let column = |header| Column::new(header, &fields, options.separator);
    let columns: Arc<[Column]> = header.iter().map(column).collect();
    let mut is_end = false;
    while !is_end {
        let mut rows = spent.try_recv().unwrap_or_default();
        let (mut filled, mut bytes) = (0, 0);
        let mut end = Ok(());
        while filled < BATCH_ROWS && bytes < BATCH_BYTES {
            if rows.len() == filled {
                rows.push(StringRecord::new());
            }
            let Some(row) = rows.get_mut(filled) else { break };
            position.row = position.row.saturating_add(1);
            match next_row(&mut reader, row, &position) {
                Ok(true) => {}
                ended => {
                    (is_end, end) = (true, ended.map(|_| ()));
                    break;
                }
            }
            if row.len() != columns.len() {
                let (cells, names) = (row.len(), columns.len());
                let what = format!("has a row of {cells} columns under a header of {names}");
                (is_end, end) = (true, Err(broken(&position, &what, None)));
                break;
            }
            if position.row > options.skip {
                bytes += row.as_slice().len();
                filled += 1;
            }
        }
        rows.truncate(filled);
        // the rows before a fault come first
        if !rows.is_empty() {
            let batch = RowBatch { columns: Arc::clone(&columns), rows };
            if sender.blocking_send(Message::Batch(batch)).is_err() {
                return Ok(());
            }
        }
        end?;
    }
    let rows = position.row.saturating_sub(1);
    match count.filter(|count| options.check_count && *count != rows) {
        Some(count) => {
            let what = format!("has {rows} rows, but the job's status says {count}");
            Err(broken(&position, &what, None))
        }
        None => Ok(()),
    }
}
