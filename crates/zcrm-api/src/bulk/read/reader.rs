//! Reads the rows of a result, in a separate thread.

use std::fs::File;

use csv::StringRecord;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Sender;
use zcrm_core::{Error, RecordError};

use super::{columns::Column, options::CsvOptions, row::Row};
use crate::{
    bulk::{
        archive::{Archive, broken, next_row},
        batches::Batch,
        position::BulkPosition,
    },
    metadata::FieldInfo,
};

/// The rows that are read at once, at most this many and this many bytes of cells.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: usize = 64 * 1024;

/// A row, and the id of its record if it has a number as its id.
pub(super) struct ReadRow<T> {
    pub(super) row: Result<T, Error>,
    pub(super) id: Option<u64>,
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
}

/// Reads all rows and sends them in batches. It ends early if the receiver is dropped.
pub(super) fn read_rows<T: DeserializeOwned>(source: Source, sender: &Sender<Batch<ReadRow<T>>>) {
    let end = read_all(source, sender);
    // the receiver is gone if the stream was dropped
    let _ = sender.blocking_send(Batch::End(end));
}

fn read_all<T: DeserializeOwned>(
    source: Source,
    sender: &Sender<Batch<ReadRow<T>>>,
) -> Result<(), Error> {
    let Source { file, fields, options, mut position, count } = source;
    position.row = 0;
    let mut archive = Archive::open(file, position.clone(), options.csv_bytes)?;
    let content = archive.content(options.row_bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(options.delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 * 1024)
        .from_reader(content);
    let mut cells = StringRecord::new();
    let mut columns = Vec::new();
    if next_row(&mut reader, &mut cells, &position)? {
        let column = |header| Column::new(header, &fields, options.separator);
        columns.extend(cells.iter().map(column));
    }
    let id_at = columns.iter().position(|column| &*column.name == "id");
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH_ROWS), 0);
    let result = loop {
        position.row = position.row.saturating_add(1);
        match next_row(&mut reader, &mut cells, &position) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
        if cells.len() != columns.len() {
            let what =
                format!("has a row of {} columns under a header of {}", cells.len(), columns.len());
            break Err(broken(&position, &what, None));
        }
        if position.row <= options.skip {
            continue;
        }
        bytes += cells.as_slice().len();
        let id = id_at.and_then(|at| cells.get(at)).and_then(|id| id.parse().ok());
        batch.push(ReadRow { row: read_row(&columns, &cells, &position), id });
        if batch.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
            bytes = 0;
            if sender.blocking_send(Batch::Items(full)).is_err() {
                return Ok(());
            }
        }
    };
    // the rows before a fault come first
    if !batch.is_empty() && sender.blocking_send(Batch::Items(batch)).is_err() {
        return Ok(());
    }
    result?;
    let rows = position.row.saturating_sub(1);
    match count.filter(|count| options.check_count && *count != rows) {
        Some(count) => {
            let what = format!("has {rows} rows, but the job's status says {count}");
            Err(broken(&position, &what, None))
        }
        None => Ok(()),
    }
}

fn read_row<T: DeserializeOwned>(
    columns: &[Column],
    cells: &StringRecord,
    position: &BulkPosition,
) -> Result<T, Error> {
    let row = Row::new(columns, cells);
    let read = row.read();
    read.map_err(|misfit| {
        let id = row.cell("id").filter(|id| !id.is_empty()).map(Into::into);
        let path = misfit.column.map_or_else(|| ".".to_owned(), String::from);
        let index = position.row.saturating_sub(1);
        let json = row.json().to_owned();
        let error = RecordError::does_not_fit(index, id, path, misfit.reason, json);
        Error::from_record(error).with_extension(position.clone())
    })
}
