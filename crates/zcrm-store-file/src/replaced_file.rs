//! A file that is replaced at each change, in a folder that is created when it is needed. All functions
//! block.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use zcrm_oauth::StoreError;

use crate::{
    disk::{Attributes, Disk, FileContent, PathState},
    error, local_disk,
};

/// A file, by the path that the caller gave.
#[derive(Debug)]
pub(crate) struct ReplacedFile {
    /// The kind of file in messages, such as "token file".
    kind: &'static str,
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// Whether the folder existed before. A folder that vanished is an error; one that is not
    /// created yet is not.
    seen: AtomicBool,
    /// Whether drafts of killed processes were removed.
    swept: AtomicBool,
}

impl ReplacedFile {
    pub(crate) fn new(kind: &'static str, path: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Self { kind, path, disk, seen: AtomicBool::new(false), swept: AtomicBool::new(false) }
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the real path of the file. Creates its folder if necessary.
    pub(crate) fn prepare(&self) -> Result<PathBuf, StoreError> {
        if self.find()? == PathState::NoFolder {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            self.create_folders(folder)
                .map_err(|error| error::io("create the folder", folder, error))?;
        }
        match self.find()? {
            PathState::File(real) | PathState::Vacant(real) => Ok(real),
            _ => Err(gone(&self.path)),
        }
    }

    /// Returns the real path and the content of the file, or `None` if there is no file.
    pub(crate) fn read(&self) -> Result<Option<(PathBuf, FileContent)>, StoreError> {
        match self.find()? {
            PathState::File(real) => Ok(self.read_at(&real)?.map(|content| (real, content))),
            _ => Ok(None),
        }
    }

    /// Returns the content of the file at its real path.
    pub(crate) fn read_at(&self, file: &Path) -> Result<Option<FileContent>, StoreError> {
        let content = self.disk.read(file);
        content.map_err(|error| error::io(&format!("read the {}", self.kind), file, error))
    }

    /// Replaces the file atomically. The caller must hold the write lock.
    pub(crate) fn replace(
        &self,
        file: &Path,
        attributes: Option<&Attributes>,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let folder = file.parent().unwrap_or(Path::new(""));
        if !self.swept.swap(true, Ordering::Relaxed)
            && let Err(error) = self.disk.sweep(file)
        {
            tracing::debug!(target: "zcrm::store", %error, "could not remove the drafts of killed processes");
        }
        let write = || {
            let mut draft = self.disk.draft(file)?;
            draft.write(bytes)?;
            if let Some(attributes) = attributes {
                draft.adopt(attributes)?;
            }
            draft.sync()?;
            draft.put(file)
        };
        write().map_err(|error| error::io(&format!("write the {}", self.kind), file, error))?;
        // the new content is readable now, but after a power cut the old one could return
        self.disk
            .sync_folder(folder)
            .map_err(|error| error::io("flush to the disk the folder", folder, error))
    }

    fn find(&self) -> Result<PathState, StoreError> {
        let found = self.disk.find(&self.path).map_err(|error| {
            error::io(&format!("look for the {}", self.kind), &self.path, error)
        })?;
        match found {
            PathState::NoFolder if self.seen.load(Ordering::Relaxed) => {
                return Err(gone(&self.path));
            }
            PathState::NoFolder => {}
            PathState::BrokenLink => {
                return Err(error::content(
                    self.kind,
                    &self.path,
                    "is a symbolic link to a path that does not exist",
                ));
            }
            PathState::File(_) | PathState::Vacant(_) => self.seen.store(true, Ordering::Relaxed),
        }
        Ok(found)
    }

    /// Creates the folder and missing folders above it, and flushes each to the disk.
    fn create_folders(&self, folder: &Path) -> io::Result<()> {
        let mut missing = Vec::new();
        for folder in folder.ancestors().filter(|it| it.parent().is_some()) {
            match self.disk.find(folder)? {
                PathState::Vacant(_) | PathState::NoFolder => missing.push(folder),
                PathState::File(_) | PathState::BrokenLink => break,
            }
        }
        for folder in missing.into_iter().rev() {
            self.disk.create_folder(folder)?;
            let (above, _) = local_disk::split(folder)?;
            self.disk.sync_folder(above)?;
        }
        Ok(())
    }
}

fn gone(path: &Path) -> StoreError {
    let folder = path.parent().unwrap_or(path);
    error::io(
        "use the folder",
        folder,
        io::Error::new(io::ErrorKind::NotFound, "the folder existed before"),
    )
}
