//! Reading and replacing the token file. Everything here blocks.

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
    disk::{Attributes, Disk, Found},
    error,
    format::{Malformed, Tokens},
    local,
};

/// A token file, by the path that was given for it.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// Whether the folder was there before: one that vanishes is not one that is not there yet.
    seen: AtomicBool,
    /// Whether what killed processes left behind was removed.
    swept: AtomicBool,
}

impl TokenFile {
    pub(crate) fn new(path: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Self { path, disk, seen: AtomicBool::new(false), swept: AtomicBool::new(false) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The tokens; `None` where there is no file. Takes no lock: a file is replaced at once.
    pub(crate) fn read(&self) -> Result<Option<Tokens>, StoreError> {
        match self.find()? {
            Found::File(real) => Ok(self.read_at(&real)?.map(|(tokens, _)| tokens)),
            _ => Ok(None),
        }
    }

    /// The real path of the file, once its folder is there.
    pub(crate) fn settle(&self) -> Result<PathBuf, StoreError> {
        if self.find()? == Found::NoFolder {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            self.create_folders(folder)
                .map_err(|error| error::io("make the folder", folder, error))?;
        }
        match self.find()? {
            Found::File(real) | Found::Vacant(real) => Ok(real),
            _ => Err(gone(&self.path)),
        }
    }

    /// Changes the tokens, at once or not at all. The caller holds the write lock.
    pub(crate) fn update<T>(
        &self,
        change: impl FnOnce(&mut Tokens) -> Result<Changed<T>, Malformed>,
    ) -> Result<T, StoreError> {
        let file = self.settle()?;
        let (mut tokens, attributes) = match self.read_at(&file)? {
            Some((tokens, attributes)) => (tokens, Some(attributes)),
            None => (Tokens::empty(), None),
        };
        let malformed = |Malformed(what)| error::content(&file, &what);
        match change(&mut tokens).map_err(malformed)? {
            Changed::No(answer) => Ok(answer),
            Changed::Yes(answer) => {
                let bytes = tokens.to_bytes().map_err(malformed)?;
                self.replace(&file, attributes.as_ref(), &bytes)?;
                Ok(answer)
            }
        }
    }

    fn find(&self) -> Result<Found, StoreError> {
        let found = self
            .disk
            .find(&self.path)
            .map_err(|error| error::io("look for the token file", &self.path, error))?;
        match found {
            Found::NoFolder if self.seen.load(Ordering::Relaxed) => return Err(gone(&self.path)),
            Found::NoFolder => {}
            Found::BrokenLink => {
                return Err(error::content(&self.path, "is a symbolic link that leads nowhere"));
            }
            Found::File(_) | Found::Vacant(_) => self.seen.store(true, Ordering::Relaxed),
        }
        Ok(found)
    }

    fn read_at(&self, file: &Path) -> Result<Option<(Tokens, Attributes)>, StoreError> {
        let content =
            self.disk.read(file).map_err(|error| error::io("read the token file", file, error))?;
        let Some(content) = content else {
            return Ok(None);
        };
        match Tokens::parse(&content.bytes) {
            Ok(tokens) => Ok(Some((tokens, content.attributes))),
            Err(Malformed(what)) => Err(error::content(file, &what)),
        }
    }

    fn replace(
        &self,
        file: &Path,
        attributes: Option<&Attributes>,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let folder = file.parent().unwrap_or(Path::new(""));
        if !self.swept.swap(true, Ordering::Relaxed)
            && let Err(error) = self.disk.sweep(file)
        {
            tracing::debug!(%error, "drafts of killed processes could not be removed");
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
        write().map_err(|error| error::io("write the token file", file, error))?;
        // the new tokens can be read by now, but a power cut could bring back the old ones
        self.disk
            .sync_folder(folder)
            .map_err(|error| error::io("bring the folder to the disk:", folder, error))
    }

    /// Makes the folder and those above it, each for the owner alone, and each safe on the disk.
    fn create_folders(&self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder
            .ancestors()
            .take_while(|folder| {
                !folder.as_os_str().is_empty()
                    && matches!(self.disk.find(folder), Ok(Found::Vacant(_) | Found::NoFolder))
            })
            .collect();
        for folder in missing.into_iter().rev() {
            self.disk.create_folder(folder)?;
            let (above, _) = local::split(folder)?;
            self.disk.sync_folder(above)?;
        }
        Ok(())
    }
}

/// Whether the tokens were changed, and the answer.
pub(crate) enum Changed<T> {
    Yes(T),
    No(T),
}

fn gone(path: &Path) -> StoreError {
    let folder = path.parent().unwrap_or(path);
    error::io(
        "use the folder",
        folder,
        io::Error::new(io::ErrorKind::NotFound, "the folder was there before"),
    )
}
