//! Reads the outcomes in a result, and verifies that they are those of the records that were sent.

use std::{fs::File, io::Read, sync::Arc};

use csv::StringRecord;
use tokio::sync::mpsc::Sender;
use zcrm_core::{Error, Id};

use super::{
    checksum::Checksum,
    handle::{BulkWriteHandle, SentFile},
    outcome::{BulkChildPosition, BulkOutcome, BulkRowStatus, errors},
};
use crate::bulk::{
    archive::{Archive, Content, broken, next_row},
    batches::Message,
    position::BulkPosition,
};

/// The outcomes that are sent at once.
const BATCH: usize = 256;

/// The size of the CSV that is accepted, and of one row, in bytes.
const CSV_BYTES: u64 = 4 * 1024 * 1024 * 1024;
const ROW_BYTES: u64 = 64 * 1024 * 1024;

/// The columns after the repeated ones, by Zoho's page on results.
const OUTCOME: [&str; 3] = ["STATUS", "RECORD_ID", "ERRORS"];

/// Reads all outcomes and sends them in batches. It ends early if the receiver is dropped.
pub(super) fn read_outcomes(
    file: File,
    handle: &Arc<BulkWriteHandle>,
    position: BulkPosition,
    sender: &Sender<Message<Vec<BulkOutcome>>>,
) {
    let end = read_all(file, handle, position, sender);
    // the receiver is gone if the stream was dropped
    let _ = sender.blocking_send(Message::End(end));
}

fn read_all(
    file: File,
    handle: &BulkWriteHandle,
    position: BulkPosition,
    sender: &Sender<Message<Vec<BulkOutcome>>>,
) -> Result<(), Error> {
    let mut archive = Archive::open_any(file, position.clone(), CSV_BYTES)?;
    let names = archive.names();
    for sent in &handle.files {
        let place = match &names {
            Some(names) => place_of(sent, names, handle.files.len(), &position)?,
            // without its directory, an archive has one file that can be read
            None => 0,
        };
        let content = archive.content_of(place, ROW_BYTES)?;
        if !read_file(content, sent, handle.first, position.clone(), sender)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Returns the place of a file's result. It is named after the module and the file.
fn place_of(
    sent: &SentFile,
    names: &[String],
    files: usize,
    position: &BulkPosition,
) -> Result<usize, Error> {
    if names.len() != files {
        let what = format!("contains {} files, but {files} were sent", names.len());
        return Err(broken(position, &what, None));
    }
    if files == 1 {
        return Ok(0);
    }
    let is_of = |name: &String| {
        let name = name.rsplit('/').next().unwrap_or_default();
        name.strip_prefix(sent.module.as_str()).is_some_and(|rest| {
            rest.starts_with(['-', '.']) || rest.strip_prefix('_') == Some(&sent.module)
        })
    };
    names.iter().position(is_of).ok_or_else(|| {
        broken(position, &format!("has no file for the module `{}`", sent.module), None)
    })
}

/// Reads the outcomes of one file. Returns `false` if the receiver is gone.
fn read_file<R: Read>(
    content: Content<R>,
    sent: &SentFile,
    first: u64,
    mut position: BulkPosition,
    sender: &Sender<Message<Vec<BulkOutcome>>>,
) -> Result<bool, Error> {
    position.row = 0;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 * 1024)
        .from_reader(content);
    let mut cells = StringRecord::new();
    next_row(&mut reader, &mut cells, &position)?;
    let echoed = cells.len().saturating_sub(OUTCOME.len());
    let is_header = |(name, expected): (&str, &&str)| name.trim() == *expected;
    if cells.len() < OUTCOME.len() || !cells.iter().skip(echoed).zip(&OUTCOME).all(is_header) {
        let what = "has a header whose last columns are not STATUS, RECORD_ID and ERRORS";
        return Err(broken(&position, what, None));
    }
    let mut batch = Vec::with_capacity(BATCH);
    let mut children = Children::default();
    let read = loop {
        position.row = position.row.saturating_add(1);
        match next_row(&mut reader, &mut cells, &position) {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            Err(error) => break Err(error),
        }
        match outcome(&cells, echoed, sent, first, &position, &mut children) {
            Ok(outcome) => batch.push(outcome),
            Err(error) => break Err(error),
        }
        if batch.len() >= BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if sender.blocking_send(Message::Batch(full)).is_err() {
                return Ok(false);
            }
        }
    };
    // the outcomes before a fault come first
    if !batch.is_empty() && sender.blocking_send(Message::Batch(batch)).is_err() {
        return Ok(false);
    }
    read?;
    let (rows, expected) = (position.row.saturating_sub(1), sent.sums.0.len());
    match u64::try_from(expected).is_ok_and(|expected| expected == rows) {
        true => Ok(true),
        false => {
            let what = format!("has {rows} rows, but {expected} were sent: the others are unknown");
            Err(broken(&position, &what, None))
        }
    }
}

/// The parent of the last child, and the number of its children so far.
#[derive(Debug, Default)]
struct Children(Option<(u32, u64)>);

impl Children {
    /// Returns the index of the next child among those of its parent.
    fn next(&mut self, parent: u32) -> u64 {
        let index = match self.0 {
            Some((last, index)) if last == parent => index.saturating_add(1),
            _ => 0,
        };
        self.0 = Some((parent, index));
        index
    }
}

fn outcome(
    cells: &StringRecord,
    echoed: usize,
    sent: &SentFile,
    first: u64,
    position: &BulkPosition,
    children: &mut Children,
) -> Result<BulkOutcome, Error> {
    if cells.len() != echoed + OUTCOME.len() {
        let what = format!(
            "has a row of {} columns under a header of {}",
            cells.len(),
            echoed + OUTCOME.len()
        );
        return Err(broken(position, &what, None));
    }
    let row = position.row.saturating_sub(1);
    let place = usize::try_from(row).unwrap_or(usize::MAX);
    let Some(sum) = sent.sums.0.get(place) else {
        let what = format!("has more than the {} rows that were sent", sent.sums.0.len());
        return Err(broken(position, &what, None));
    };
    let is_child = sent.parents.is_some();
    if Checksum::of(cells.iter().take(echoed), is_child) != *sum {
        let what = "names another record than was sent in this row, so its outcomes cannot be joined \
                    to the records";
        return Err(broken(position, what, None));
    }
    let (index, child) = match &sent.parents {
        None => (first.saturating_add(row), None),
        Some(parents) => {
            let parent = parents.0.get(place).copied().unwrap_or_default();
            let index = children.next(parent);
            let child = BulkChildPosition { module: sent.module.clone(), index };
            (first.saturating_add(u64::from(parent)), Some(child))
        }
    };
    let cell = |place: usize| cells.get(echoed + place).unwrap_or_default().trim();
    let id = Some(cell(1)).filter(|id| !id.is_empty()).map(Id::from);
    let status = BulkRowStatus::from(cell(0).to_ascii_lowercase().as_str());
    Ok(BulkOutcome { index, child, status, id, errors: errors(cell(2)) })
}
