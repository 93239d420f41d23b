//! The file that keeps the state of an export.

use std::{
    fs::{File, TryLockError},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use tokio::{sync::Mutex, task::spawn_blocking};
use zcrm_core::{Error, ErrorKind, Outcome};

use super::state::{ExportState, check_format};
use crate::save::{create_own, open_own, replace};

/// The largest checkpoint that is read, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The member of a checkpoint that all formats have.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The state of an export, in memory and on disk.
#[derive(Debug)]
pub(super) struct Checkpoint {
    state: Mutex<ExportState>,
    file: Option<CheckpointFile>,
}

#[derive(Clone, Debug)]
struct CheckpointFile {
    path: PathBuf,
    /// Locked while the export is open.
    _lock: Arc<File>,
}

impl Checkpoint {
    /// Creates a state that ends with the process.
    pub(super) fn in_memory(fresh: ExportState) -> Self {
        Self { state: Mutex::new(fresh), file: None }
    }

    /// Opens a checkpoint, or creates it if the file does not exist. Returns whether it was created.
    pub(super) async fn open(path: PathBuf, fresh: ExportState) -> Result<(Self, bool), Error> {
        blocking(move || {
            let lock = lock(&path)?;
            let stored = read(&path)?;
            let is_new = stored.is_none();
            let state = match stored {
                Some(stored) => stored.taken_up_by(&fresh)?,
                None => fresh,
            };
            // also shows that the path is writable before anything is paid
            write(&path, &state)?;
            let file = CheckpointFile { path, _lock: Arc::new(lock) };
            Ok((Self { state: Mutex::new(state), file: Some(file) }, is_new))
        })
        .await
    }

    /// Returns a copy of the state.
    pub(super) async fn state(&self) -> ExportState {
        self.state.lock().await.clone()
    }

    /// Changes the state, and writes it to disk before this returns.
    pub(super) async fn update<R>(
        &self,
        change: impl FnOnce(&mut ExportState) -> R,
    ) -> Result<R, Error> {
        let mut state = self.state.lock().await;
        let mut changed = state.clone();
        let value = change(&mut changed);
        if let Some(file) = &self.file {
            let (path, stored) = (file.path.clone(), changed.clone());
            blocking(move || write(&path, &stored)).await?;
        }
        *state = changed;
        Ok(value)
    }
}

/// Locks the checkpoint. The lock has a separate file, because the checkpoint is replaced.
fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let at = path.with_file_name(name);
    let file = match open_own(&at).map_err(|error| unwritable(path, error))? {
        Some(file) => file,
        None => match create_own(&at) {
            Ok(file) => file,
            // another process created it just now
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open_own(&at)
                .and_then(|file| file.ok_or(error))
                .map_err(|error| unwritable(path, error))?,
            Err(error) => return Err(unwritable(path, error)),
        },
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::input(format!(
            "the checkpoint `{}` is in use by another export: wait until it ends, or use another path",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(unwritable(path, error)),
    }
}

fn read(path: &Path) -> Result<Option<ExportState>, Error> {
    let invalid = |reason: &str| {
        Error::input(format!(
            "the checkpoint `{}` {reason}: remove it to begin the export again, which is paid again",
            path.display()
        ))
    };
    if std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let file = open_own(path).map_err(|error| unwritable(path, error))?;
    let file = file.ok_or_else(|| {
        invalid("is not a regular file that only this user can access (mode 0600)")
    })?;
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text).map_err(|error| unwritable(path, error))?;
    // a parse error may quote the query, which is people's data
    let Format { format } = serde_json::from_slice(&text).map_err(|_| invalid("is damaged"))?;
    check_format(format)?;
    serde_json::from_slice(&text).map(Some).map_err(|_| invalid("is damaged"))
}

/// Replaces the checkpoint. The lock of the checkpoint is held.
fn write(path: &Path, state: &ExportState) -> Result<(), Error> {
    let failed = |error| unwritable(path, error);
    let text = serde_json::to_vec(state).map_err(|error| failed(error.into()))?;
    replace(path, &text).map_err(failed)
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    let message = format!("the checkpoint `{}` cannot be read or written", path.display());
    Error::new(ErrorKind::Other, Outcome::NotSent, message).with_source(error)
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    spawn_blocking(work).await.unwrap_or_else(|error| {
        let message = "the task that writes the checkpoint ended early";
        Err(Error::new(ErrorKind::Other, Outcome::Local, message).with_source(error))
    })
}
