//! The ledger of an import: which parts were begun, which jobs were created, and all outcomes.

use std::{
    fs::{File, TryLockError},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use zcrm_core::{Error, ErrorKind, Id, Outcome, escaped};

#[cfg(unix)]
use crate::save::folder_of;
use crate::save::{create_own, open_own};

/// The bytes that are reserved on disk before records are sent, for the outcomes of a call or the id
/// of a job: a disk that is full then would make known outcomes unknown.
const RESERVE: usize = 32 * 1024;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// By calls of 100 records.
    Calls,
    /// By bulk writes.
    Bulk,
}

/// The input and the options of an import. A ledger belongs to one import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) module: String,
    pub(super) action: String,
    pub(super) by: Option<String>,
    pub(super) ignore_empty: Option<bool>,
    pub(super) mode: Mode,
    pub(super) records: u64,
    pub(super) parts: u32,
    pub(super) digest: String,
}

/// The outcome of a record: status, id and errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry(pub(super) String, pub(super) Option<Id>, pub(super) Vec<EntryError>);

/// The code and the columns of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EntryError(pub(super) String, pub(super) Vec<String>);

/// A line of the ledger.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Event {
    Import(Header),
    /// The records of a part are sent now.
    Sending(u32),
    /// The job of a part was created.
    Created(u32, Id, DateTime<Utc>),
    /// The part was certainly not written, or may be sent again.
    Again(u32),
    Done(u32, Vec<Entry>),
}

/// The state of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartState {
    New,
    /// It may have been written: its answer was lost.
    Doubtful,
    Created(Id, DateTime<Utc>),
    /// The place of its outcomes in the ledger.
    Done(u64, usize),
}

/// The state of all parts, and the file that keeps it.
#[derive(Debug)]
pub(super) struct Ledger {
    parts: Vec<PartState>,
    file: Arc<File>,
    end: u64,
    /// How messages name the file.
    name: String,
}

impl Ledger {
    /// Opens the ledger of an import, or creates it. Without a path it ends with the process.
    pub(super) async fn open(path: Option<PathBuf>, header: Header) -> Result<Self, Error> {
        blocking(move || match path {
            Some(path) => Self::open_file(&path, &header),
            None => {
                let name = String::from("of this process");
                let file = tempfile::tempfile().map_err(|error| unwritable(&name, error))?;
                Self { parts: Vec::new(), file: Arc::new(file), end: 0, name }.begin(&header)
            }
        })
        .await
    }

    fn open_file(path: &Path, header: &Header) -> Result<Self, Error> {
        let name = format!("`{}`", escaped(&path.to_string_lossy()));
        let fault = |error| unwritable(&name, error);
        let exists = path.symlink_metadata().is_ok();
        let file = match exists {
            true => open_own(path).map_err(fault)?.ok_or_else(|| {
                Error::input(format!(
                    "the ledger {name} is not a regular file that only this user can access (mode \
                     0600): use another path"
                ))
            })?,
            false => create_own(path).map_err(fault)?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::input(format!(
                    "the ledger {name} is in use by another import: wait until it ends"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        if !exists {
            #[cfg(unix)]
            File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(fault)?;
        }
        Self { parts: Vec::new(), file: Arc::new(file), end: 0, name: name.clone() }.begin(header)
    }

    /// Reads the file. The header of an empty one is written.
    fn begin(mut self, header: &Header) -> Result<Self, Error> {
        self.parts = vec![PartState::New; usize::try_from(header.parts).unwrap_or_default()];
        let mut lines = BufReader::new(&*self.file);
        let mut line = Vec::new();
        let mut found = None;
        let (mut events, mut end) = (Vec::new(), 0_u64);
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            let read = read.map_err(|error| unwritable(&self.name, error))?;
            // the last line is incomplete if the process was killed
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            let length = u64::try_from(read).unwrap_or(u64::MAX);
            match serde_json::from_slice(&line) {
                Ok(Event::Import(header)) if found.is_none() => found = Some(header),
                Ok(event) if found.is_some() => events.push(event.state(end, read)),
                _ => {
                    return Err(Error::input(format!(
                        "the ledger {} is damaged at byte {end}: restore it, because without it the \
                         import may write records again",
                        self.name
                    )));
                }
            }
            end = end.saturating_add(length);
        }
        self.file.set_len(end).map_err(|error| unwritable(&self.name, error))?;
        self.end = end;
        match found {
            None => {
                let line = line_of(&Event::Import(header.clone()))?;
                append(&self.file, self.end, &line, 0).map_err(|it| unwritable(&self.name, it))?;
                self.end = self.end.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
            }
            Some(found) if found == *header => {
                for (part, state) in events {
                    self.set(part, state);
                }
            }
            Some(found) => return Err(self.of_another(&found, header)),
        }
        Ok(self)
    }

    fn of_another(&self, found: &Header, header: &Header) -> Error {
        let same_input = (found.digest == header.digest, found.records == header.records);
        let what = match same_input {
            (true, true) => "has the same records, but other options",
            (_, true) => "has other records",
            (_, false) => "has another number of records",
        };
        Error::input(format!(
            "the ledger {} belongs to another import: it writes {} records of `{}` ({}, {:?}), and this \
             import, which writes {} records of `{}` ({}, {:?}), {what}: use another ledger, or the \
             same input and options",
            self.name,
            found.records,
            escaped(&found.module),
            escaped(&found.action),
            found.mode,
            header.records,
            escaped(&header.module),
            header.action,
            header.mode,
        ))
    }

    /// Returns the state of a part.
    pub(super) fn state(&self, part: u32) -> PartState {
        let at = usize::try_from(part).ok();
        at.and_then(|at| self.parts.get(at)).cloned().unwrap_or(PartState::New)
    }

    fn set(&mut self, part: u32, state: PartState) {
        let at = usize::try_from(part).ok();
        if let Some(known) = at.and_then(|at| self.parts.get_mut(at)) {
            *known = state;
        }
    }

    /// Adds a line. It is on disk when this returns.
    pub(super) async fn add(&mut self, event: Event) -> Result<(), Error> {
        let (file, end) = (Arc::clone(&self.file), self.end);
        let name = self.name.clone();
        let (line, event) = blocking(move || {
            let line = line_of(&event)?;
            let reserve = if matches!(event, Event::Sending(_)) { RESERVE } else { 0 };
            append(&file, end, &line, reserve).map_err(|error| unwritable(&name, error))?;
            Ok((line.len(), event))
        })
        .await?;
        let (part, state) = event.state(self.end, line);
        self.set(part, state);
        self.end = self.end.saturating_add(u64::try_from(line).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Reads the outcomes of a part that is done.
    pub(super) async fn outcomes(&self, at: u64, length: usize) -> Result<Vec<Entry>, Error> {
        let (file, name) = (Arc::clone(&self.file), self.name.clone());
        blocking(move || {
            let mut line = vec![0; length];
            let mut source = &*file;
            let read = source.seek(SeekFrom::Start(at)).and_then(|_| source.read_exact(&mut line));
            read.map_err(|error| unwritable(&name, error))?;
            match serde_json::from_slice(&line) {
                Ok(Event::Done(_, entries)) => Ok(entries),
                _ => Err(Error::input(format!("the ledger {name} was changed while it is in use"))),
            }
        })
        .await
    }
}

impl Event {
    /// Returns the part, and its state after this event, whose line is here.
    fn state(&self, at: u64, length: usize) -> (u32, PartState) {
        match self {
            Self::Import(_) => (u32::MAX, PartState::New),
            Self::Sending(part) => (*part, PartState::Doubtful),
            Self::Created(part, id, created) => (*part, PartState::Created(id.clone(), *created)),
            Self::Again(part) => (*part, PartState::New),
            Self::Done(part, _) => (*part, PartState::Done(at, length)),
        }
    }
}

fn line_of(event: &Event) -> Result<Vec<u8>, Error> {
    let mut line = serde_json::to_vec(event)
        .map_err(|error| Error::input("an outcome cannot be written").with_source(error))?;
    line.push(b'\n');
    Ok(line)
}

/// Appends a line durably, followed by room for the next one. If that fails, the file ends where it
/// did.
fn append(mut file: &File, end: u64, line: &[u8], reserve: usize) -> io::Result<()> {
    let mut text = line.to_vec();
    // the text after the last line break is ignored
    text.resize(line.len().saturating_add(reserve), b' ');
    let written = file
        .seek(SeekFrom::Start(end))
        .and_then(|_| file.write_all(&text))
        .and_then(|()| file.stream_position())
        .and_then(|after| file.set_len(after))
        .and_then(|()| file.sync_data());
    if written.is_err() {
        // an incomplete line is ignored, too
        let _ = file.set_len(end);
    }
    written
}

fn unwritable(name: &str, error: io::Error) -> Error {
    let message = format!("the ledger {name} cannot be read or written");
    Error::new(ErrorKind::Other, Outcome::NotSent, message).with_source(error)
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    spawn_blocking(work).await.unwrap_or_else(|error| {
        let message = "the task that writes the ledger ended early";
        Err(Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error))
    })
}
