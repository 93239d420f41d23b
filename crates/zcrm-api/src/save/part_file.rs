//! The part file of an incomplete download, next to its destination.
//!
//! Nothing on disk is created or changed before a response with the file arrives. A part that an
//! earlier call kept is resumed only if it certainly belongs to this user: see
//! [`own_file::open_own`].

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, SeekFrom},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::{Builder, TempPath};
use tokio::{
    io::{AsyncSeekExt, AsyncWriteExt},
    task::spawn_blocking,
};
use zcrm_core::{Error, ErrorKind, Outcome, escaped};

use super::{destination, own_file, validator::Validator};

/// The number of bytes after which a part that is kept is synchronised to disk.
const CHECKPOINT: u64 = 32 * 1024 * 1024;

/// The text after the destination's name in the name of a named part, and its ending.
const MARK: &str = ".zcrm-";
const ENDING: &str = ".part";

/// The maximum size of the note of a part.
const LONGEST_NOTE: u64 = 64 * 1024;

/// The state of a part, which the note next to it stores.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct PartState {
    source: String,
    validator: Option<Validator>,
    total: Option<u64>,
    /// The number of bytes that certainly are on disk.
    bytes: u64,
}

/// The paths of a part that is kept for a later call.
#[derive(Clone)]
struct PartPaths {
    part: PathBuf,
    note: PathBuf,
}

/// A part file. It is deleted when dropped, unless it is kept for a later call.
pub(super) struct PartFile {
    target: PathBuf,
    keeping: Option<PartPaths>,
    /// The file, once it is open, and its path if it has one.
    file: Option<(tokio::fs::File, Option<TempPath>)>,
    state: PartState,
    length: u64,
    /// Whether bytes were written since the last checkpoint.
    changed: bool,
    /// Whether a part that is not kept has the destination's name in its own.
    is_named: bool,
}

impl PartFile {
    /// Finds the part of `target` that was kept for the same source, or prepares a new one. Changes
    /// nothing on disk.
    pub(super) async fn find(target: &Path, source: Option<&str>) -> Result<Self, Error> {
        let (target, source) = (target.to_owned(), source.map(str::to_owned));
        blocking(move || {
            destination::check(&target)?;
            let keeping = source.as_ref().map(|_| PartPaths::beside(&target));
            let mut part = Self::new(target, keeping, source.unwrap_or_default());
            part.take_up()?;
            Ok(part)
        })
        .await
    }

    /// Downloads into a file that is open, and has no destination.
    #[cfg(feature = "bulk")]
    pub(super) fn of_file(file: File) -> Self {
        let file = Some((file.into(), None));
        Self { file, ..Self::new(PathBuf::new(), None, String::new()) }
    }

    fn new(target: PathBuf, keeping: Option<PartPaths>, source: String) -> Self {
        let state = PartState { source, validator: None, total: None, bytes: 0 };
        let is_named = false;
        Self { target, keeping, file: None, state, length: 0, changed: false, is_named }
    }

    /// Names the part after the destination.
    pub(super) fn named(self, is_named: bool) -> Self {
        Self { is_named, ..self }
    }

    /// Opens the part that an earlier call kept.
    fn take_up(&mut self) -> Result<(), Error> {
        let Some(keeping) = self.keeping.clone() else { return Ok(()) };
        let unwritable = |error| destination::unwritable(&self.target, error);
        let Some(file) = own_file::open_own(&keeping.part).map_err(unwritable)? else {
            return Ok(());
        };
        self.lock(&file)?;
        if !own_file::is_at(&file, &keeping.part).map_err(unwritable)? {
            return Ok(());
        }
        let length = file.metadata().map_err(unwritable)?.len();
        let kept = read_note(&keeping.note).filter(|kept| {
            kept.source == self.state.source && kept.validator.is_some() && length >= kept.bytes
        });
        if let Some(kept) = kept {
            self.length = kept.bytes;
            self.state = kept;
        }
        self.file = Some((file.into(), Some(keeping.path()?)));
        Ok(())
    }

    /// Locks the part for this download.
    fn lock(&self, file: &File) -> Result<(), Error> {
        match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(destination::is_busy(&self.target)),
            Err(TryLockError::Error(error)) => Err(destination::unwritable(&self.target, error)),
        }
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

    /// Returns `true` if the rest of the file can be requested.
    pub(super) fn can_go_on(&self) -> bool {
        self.length > 0 && self.state.validator.is_some() && self.state.total.is_some()
    }

    /// Requests the complete file from now on. The bytes on disk are kept until it arrives.
    pub(super) fn forget(&mut self) {
        self.length = 0;
        self.state.validator = None;
        self.state.total = None;
    }

    /// Starts again with the version of the file that a response holds.
    pub(super) async fn restart(
        &mut self,
        validator: Option<Validator>,
        total: Option<u64>,
    ) -> Result<(), Error> {
        if self.file.is_none() {
            self.create().await?;
        }
        self.length = 0;
        self.state = PartState { validator, total, bytes: 0, source: self.state.source.clone() };
        self.changed = true;
        // the note is written first, so that it never describes bytes of another version
        self.write_note().await?;
        self.cut().await
    }

    /// Continues at the end of the part.
    pub(super) async fn go_on(&mut self) -> Result<(), Error> {
        self.changed = true;
        // bytes after the last checkpoint are not certain
        self.cut().await
    }

    /// Truncates the file to the bytes that count.
    async fn cut(&mut self) -> Result<(), Error> {
        let length = self.length;
        let (file, target) = self.opened()?;
        let failed = |error| failed(target, error);
        file.flush().await.map_err(failed)?;
        file.set_len(length).await.map_err(failed)?;
        file.seek(SeekFrom::Start(length)).await.map(drop).map_err(failed)
    }

    /// Returns the file and its destination.
    fn opened(&mut self) -> Result<(&mut tokio::fs::File, &Path), Error> {
        match &mut self.file {
            Some((file, _)) => Ok((file, &self.target)),
            None => Err(not_open(&self.target)),
        }
    }

    async fn create(&mut self) -> Result<(), Error> {
        let (target, keeping, is_named) =
            (self.target.clone(), self.keeping.clone(), self.is_named);
        let made = blocking(move || match keeping {
            Some(keeping) => keeping.create(&target),
            None => temporary(&target, is_named).map(Some),
        });
        let (file, path) = match made.await? {
            Some(made) => made,
            // another file is in the way, so the part is not kept for later
            None => {
                self.keeping = None;
                let target = self.target.clone();
                blocking(move || temporary(&target, is_named)).await?
            }
        };
        if self.keeping.is_some() {
            self.lock(&file)?;
        }
        self.file = Some((file.into(), Some(path)));
        Ok(())
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let (file, target) = self.opened()?;
        file.write_all(piece).await.map_err(|error| failed(target, error))?;
        self.length = self.length.saturating_add(piece.len() as u64);
        self.changed = true;
        if self.keeping.is_some() && self.length.saturating_sub(self.state.bytes) >= CHECKPOINT {
            self.checkpoint().await?;
        }
        Ok(())
    }

    /// Synchronises the received bytes to disk, if there are new ones.
    pub(super) async fn checkpoint(&mut self) -> Result<(), Error> {
        if !self.changed {
            return Ok(());
        }
        let keeps = self.keeping.is_some();
        let (file, target) = self.opened()?;
        let failed = |error| failed(target, error);
        file.flush().await.map_err(failed)?;
        if keeps {
            file.sync_data().await.map_err(failed)?;
            self.state.bytes = self.length;
            self.write_note().await?;
        }
        self.changed = false;
        Ok(())
    }

    async fn write_note(&self) -> Result<(), Error> {
        let Some(PartPaths { note, .. }) = self.keeping.clone() else { return Ok(()) };
        let state = self.state.clone();
        blocking(move || {
            let failed = |error| failed(&note, error);
            let text = serde_json::to_vec(&state).map_err(|error| failed(error.into()))?;
            own_file::replace(&note, &text).map_err(failed)
        })
        .await
    }

    /// Returns the complete file, at its beginning.
    #[cfg(feature = "bulk")]
    pub(super) async fn into_file(mut self) -> Result<File, Error> {
        let (file, target) = self.opened()?;
        let failed = |error| failed(target, error);
        file.flush().await.map_err(failed)?;
        file.rewind().await.map_err(failed)?;
        match self.file {
            Some((file, _)) => Ok(file.into_std().await),
            None => Err(not_open(&self.target)),
        }
    }

    /// Renames the complete file to its destination. An existing file is an error unless `replaces`
    /// is set.
    pub(super) async fn finish(mut self, replaces: bool) -> Result<(), Error> {
        let (opened, to) = self.opened()?;
        opened.flush().await.map_err(|error| failed(to, error))?;
        opened.sync_all().await.map_err(|error| failed(to, error))?;
        let Self { target, file, keeping, .. } = self;
        let Some((file, Some(path))) = file else { return Ok(()) };
        let file = file.into_std().await;
        blocking(move || {
            let failed = |error| failed(&target, error);
            destination::check(&target)?;
            if !own_file::is_at(&file, &path).map_err(failed)? {
                let message = "the part file was removed or replaced while it was being written";
                return Err(Error::new(ErrorKind::Other, Outcome::Local, message));
            }
            let placed = match replaces {
                true => path.persist(&target),
                false => path.persist_noclobber(&target),
            };
            placed.map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists if !replaces => destination::is_taken(&target),
                _ => failed(error.error),
            })?;
            // the download is complete, so later failures are only logged
            if let Some(PartPaths { note, .. }) = keeping
                && let Err(error) = fs::remove_file(note)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(target: "zcrm::api", %error, "the note of a part file could not be removed");
            }
            #[cfg(unix)]
            if let Err(error) =
                File::open(destination::folder(&target)).and_then(|folder| folder.sync_all())
            {
                // some file systems do not support this, and the folder may not be readable
                tracing::warn!(target: "zcrm::api", %error, "the folder of a saved file could not be synchronised");
            }
            Ok(())
        })
        .await
    }
}

impl PartPaths {
    fn beside(target: &Path) -> Self {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let folder = destination::folder(target);
        Self {
            part: folder.join(format!(".{name}.zcrm-part")),
            note: folder.join(format!(".{name}.zcrm-part.json")),
        }
    }

    /// Returns the part's path, which is not deleted when dropped.
    fn path(&self) -> Result<TempPath, Error> {
        let path = TempPath::try_from_path(self.part.clone());
        let mut path = path.map_err(|error| failed(&self.part, error))?;
        path.disable_cleanup(true);
        Ok(path)
    }

    /// Creates the part. Returns `None` if another file is in its place and cannot be removed.
    fn create(&self, target: &Path) -> Result<Option<(File, TempPath)>, Error> {
        let own = own_file::open_own(&self.part).map_err(|error| failed(target, error))?;
        if own.is_some() {
            // another download began in the meantime
            return Err(destination::is_busy(target));
        }
        let removed = fs::remove_file(&self.part);
        match own_file::create_own(&self.part) {
            Ok(file) => Ok(Some((file, self.path()?))),
            Err(error) => {
                let removed = removed.err().map(|error| error.to_string());
                tracing::warn!(
                    target: "zcrm::api",
                    path = %escaped(&self.part.to_string_lossy()), %error, removed,
                    "the part file of a download cannot be kept for a later call"
                );
                Ok(None)
            }
        }
    }
}

/// Creates a part that is not kept. If it is named, [`remove_abandoned`] finds it after a crash.
fn temporary(target: &Path, is_named: bool) -> Result<(File, TempPath), Error> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let prefix = if is_named { format!(".{name}{MARK}") } else { ".zcrm-".to_owned() };
    let made = Builder::new()
        .prefix(&prefix)
        .suffix(ENDING)
        .tempfile_in(destination::folder(target))
        .map_err(|error| destination::unwritable(target, error))?;
    let (file, path) = made.into_parts();
    if is_named && let Err(error) = file.try_lock() {
        tracing::debug!(target: "zcrm::api", %error, "a part file is not locked, and is kept after a crash");
    }
    Ok((file, path))
}

/// Removes the named parts that killed processes left in a folder, for the destinations that are
/// selected by their names. A part that is being written, or that may belong to another user, is kept.
#[cfg(feature = "bulk")]
pub(crate) fn remove_abandoned(
    folder: &Path,
    is_selected: impl Fn(&str) -> bool,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let inner = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(ENDING));
        let target = inner.and_then(|inner| inner.rsplit_once(MARK)).map(|(target, _)| target);
        if target.is_some_and(&is_selected)
            && let Some(file) = own_file::open_own(&path)?
            && file.try_lock().is_ok()
            && own_file::is_at(&file, &path)?
        {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Reads the note of a part, if it belongs to this user and is valid.
fn read_note(note: &Path) -> Option<PartState> {
    let mut text = Vec::new();
    own_file::open_own(note).ok()??.take(LONGEST_NOTE).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            let message = "the task that writes a file ended early";
            Err(Error::new(ErrorKind::Other, Outcome::Unknown, message).with_source(error))
        }
    }
}

fn failed(target: &Path, error: io::Error) -> Error {
    let message = match target.as_os_str().is_empty() {
        true => "the temporary file of a download could not be written".to_owned(),
        false => format!("`{}` could not be written", escaped(&target.to_string_lossy())),
    };
    Error::new(ErrorKind::Other, Outcome::Unknown, message).with_source(error)
}

fn not_open(target: &Path) -> Error {
    failed(target, io::Error::other("the part file is not open"))
}
