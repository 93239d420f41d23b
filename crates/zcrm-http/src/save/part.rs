//! A file that is not complete yet, beside its place.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile, TempPath};
use tokio::{
    io::{AsyncSeekExt, AsyncWriteExt},
    task::spawn_blocking,
};
use zcrm_core::{Error, ErrorKind, Outcome};

use super::validator::Validator;

/// After so many bytes what was received is made sure of, where a later call may take it up.
const CHECKPOINT: u64 = 32 * 1024 * 1024;

/// What is known of a part, beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    source: String,
    validator: Option<Validator>,
    total: Option<u64>,
    /// So many bytes are on the disk for sure.
    bytes: u64,
}

/// The part. Where it is not kept, it goes when it is dropped.
pub(super) struct Part {
    target: PathBuf,
    path: TempPath,
    file: tokio::fs::File,
    /// Where the state is kept, if it is.
    note: Option<PathBuf>,
    state: State,
    length: u64,
}

impl Part {
    /// A new part of the file `target`, or the one that was kept for the same source.
    pub(super) async fn begin(target: &Path, source: Option<&str>) -> Result<Self, Error> {
        let (target, source) = (target.to_owned(), source.map(str::to_owned));
        blocking(move || match source {
            None => Self::temporary(target),
            Some(source) => Self::kept(target, source),
        })
        .await
    }

    fn temporary(target: PathBuf) -> Result<Self, Error> {
        let unwritable = |error| unwritable(&target, error);
        let (file, path) = Builder::new()
            .prefix(".zcrm-")
            .suffix(".part")
            .tempfile_in(folder(&target))
            .map_err(unwritable)?
            .into_parts();
        let state = State { source: String::new(), validator: None, total: None, bytes: 0 };
        Ok(Self { target, path, file: file.into(), note: None, state, length: 0 })
    }

    fn kept(target: PathBuf, source: String) -> Result<Self, Error> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = folder(&target).join(format!(".{name}.zcrm-part"));
        let note = folder(&target).join(format!(".{name}.zcrm-part.json"));
        let failed = |error| unwritable(&target, error);
        let mut file = open_own(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::input(format!(
                    "`{}` is being downloaded already: wait for that, or save under another name",
                    target.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let known = read_state(&note).filter(|state| {
            state.source == source
                && state.validator.is_some()
                && file.metadata().is_ok_and(|data| data.len() >= state.bytes)
        });
        let fresh = State { source, validator: None, total: None, bytes: 0 };
        let state = known.unwrap_or(fresh);
        file.set_len(state.bytes).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut path = TempPath::try_from_path(path).map_err(failed)?;
        path.disable_cleanup(true);
        let length = state.bytes;
        Ok(Self { target, path, file: file.into(), note: Some(note), state, length })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.state.total
    }

    pub(super) fn validator(&self) -> Option<&Validator> {
        self.state.validator.as_ref()
    }

    /// Whether the rest alone can be asked for.
    pub(super) fn can_go_on(&self) -> bool {
        self.length > 0 && self.state.validator.is_some() && self.state.total.is_some()
    }

    /// Begins anew, with another version of the file.
    pub(super) async fn restart(
        &mut self,
        validator: Option<Validator>,
        total: Option<u64>,
    ) -> Result<(), Error> {
        self.length = 0;
        self.state = State { validator, total, bytes: 0, source: self.state.source.clone() };
        // first the note, lest it speak of bytes of another version
        self.write_note().await?;
        self.file.set_len(0).await.map_err(failed)?;
        self.file.rewind().await.map(drop).map_err(failed)
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.file.write_all(piece).await.map_err(failed)?;
        self.length = self.length.saturating_add(piece.len() as u64);
        if self.note.is_some() && self.length.saturating_sub(self.state.bytes) >= CHECKPOINT {
            self.checkpoint().await?;
        }
        Ok(())
    }

    /// Makes sure of what was received.
    pub(super) async fn checkpoint(&mut self) -> Result<(), Error> {
        self.file.flush().await.map_err(failed)?;
        if self.note.is_some() {
            self.file.sync_data().await.map_err(failed)?;
            self.state.bytes = self.length;
            self.write_note().await?;
        }
        Ok(())
    }

    async fn write_note(&self) -> Result<(), Error> {
        let Some(note) = self.note.clone() else { return Ok(()) };
        let state = self.state.clone();
        blocking(move || {
            let text = serde_json::to_vec(&state).map_err(|error| failed(error.into()))?;
            let mut file = NamedTempFile::new_in(folder(&note)).map_err(failed)?;
            file.write_all(&text).map_err(failed)?;
            file.as_file().sync_data().map_err(failed)?;
            file.persist(&note).map_err(|error| failed(error.error))?;
            Ok(())
        })
        .await
    }

    /// Puts the complete file in its place, in that of another one only where it `replaces`.
    pub(super) async fn finish(mut self, replaces: bool) -> Result<(), Error> {
        self.file.flush().await.map_err(failed)?;
        self.file.sync_all().await.map_err(failed)?;
        let Self { target, path, note, .. } = self;
        blocking(move || {
            let placed = match replaces {
                true => path.persist(&target),
                false => path.persist_noclobber(&target),
            };
            placed.map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists if !replaces => is_taken(&target),
                _ => failed(error.error),
            })?;
            if let Some(note) = note {
                fs::remove_file(note).map_err(failed)?;
            }
            #[cfg(unix)]
            File::open(folder(&target)).and_then(|folder| folder.sync_all()).map_err(failed)?;
            Ok(())
        })
        .await
    }
}

/// The file of a part: a file of its own and no link, readable by its owner only.
fn open_own(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(data) if data.is_file() => return OpenOptions::new().read(true).write(true).open(path),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What the note says, if it can be understood.
fn read_state(note: &Path) -> Option<State> {
    let mut text = String::new();
    File::open(note).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(failed(io::Error::other(error))),
    }
}

/// What stands in the place of a file that replaces nothing.
pub(super) fn is_taken(target: &Path) -> Error {
    Error::input(format!(
        "there is a file `{}` already: take it away, save under another name, or over it",
        target.display()
    ))
}

fn unwritable(target: &Path, error: io::Error) -> Error {
    let message = format!("`{}` cannot be written: its folder must exist", target.display());
    Error::input(message).with_source(error)
}

fn failed(error: io::Error) -> Error {
    let message = "the file that is downloaded could not be written";
    Error::new(ErrorKind::Other, Outcome::Unknown, message).with_source(error)
}
