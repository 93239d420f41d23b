//! Reading and replacing the token file. Everything here blocks.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use zcrm_oauth::{StoreError, StoredToken, TokenKey};

#[cfg(feature = "ruby-marshal")]
use crate::single_client::SingleClient;
use crate::{
    disk::{Attributes, Disk, PathState},
    error::{self, FileError},
    format::Tokens,
    format_error::FormatError,
    local_disk,
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
    #[cfg(feature = "ruby-marshal")]
    single_client: SingleClient,
}

impl TokenFile {
    pub(crate) fn new(path: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Self {
            path,
            disk,
            seen: AtomicBool::new(false),
            swept: AtomicBool::new(false),
            #[cfg(feature = "ruby-marshal")]
            single_client: SingleClient::default(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The token under `key`. Takes no lock: a file is replaced at once. `last` says that there is no
    /// further look at what another program may be writing.
    pub(crate) fn get(&self, key: &TokenKey, last: bool) -> Result<Option<StoredToken>, FileError> {
        let Some((file, tokens)) = self.read(last)? else {
            return Ok(None);
        };
        self.admit(&tokens, &file, Some(key))?;
        tokens.get(key).map_err(|what| FileError::malformed(&file, what))
    }

    /// All keys.
    pub(crate) fn keys(&self, last: bool) -> Result<Vec<TokenKey>, FileError> {
        let Some((file, tokens)) = self.read(last)? else {
            return Ok(Vec::new());
        };
        let keys = match &tokens {
            Tokens::Json(document) => document.keys(),
            #[cfg(feature = "ruby-marshal")]
            Tokens::Ruby(tokens) => {
                let (client, environment) = self.single_client.served().ok_or_else(|| {
                    StoreError::unsupported(
                        "listing the keys of a file in Ruby's format, which names no client, \
                         before a token of it was used",
                    )
                })?;
                tokens.users().map(|users| {
                    users.iter().map(|user| TokenKey::new(user, &client, environment)).collect()
                })
            }
        };
        keys.map_err(|what| FileError::malformed(&file, what))
    }

    /// The real path of the file, once its folder is there.
    pub(crate) fn settle(&self) -> Result<PathBuf, StoreError> {
        if self.find()? == PathState::NoFolder {
            let folder = self.path.parent().unwrap_or(Path::new(""));
            self.create_folders(folder)
                .map_err(|error| error::io("make the folder", folder, error))?;
        }
        match self.find()? {
            PathState::File(real) | PathState::Vacant(real) => Ok(real),
            _ => Err(gone(&self.path)),
        }
    }

    /// Changes the tokens, at once or not at all. The caller holds the write lock. `key` is the
    /// one that is changed, where it is one.
    pub(crate) fn update<T>(
        &self,
        key: Option<&TokenKey>,
        last: bool,
        change: impl FnOnce(&mut Tokens) -> Result<Changed<T>, FormatError>,
    ) -> Result<T, FileError> {
        let file = self.settle()?;
        let (mut tokens, attributes) = match self.read_at(&file, last)? {
            Some((tokens, attributes)) => (tokens, Some(attributes)),
            None => (Tokens::default(), None),
        };
        self.admit(&tokens, &file, key)?;
        let malformed = |what| FileError::malformed(&file, what);
        match change(&mut tokens).map_err(malformed)? {
            Changed::No(answer) => Ok(answer),
            Changed::Yes(answer) => {
                let bytes = tokens.to_bytes().map_err(malformed)?;
                self.replace(&file, attributes.as_ref(), &bytes)?;
                Ok(answer)
            }
        }
    }

    /// Refuses a key that this file cannot tell from others.
    #[cfg(feature = "ruby-marshal")]
    fn admit(
        &self,
        tokens: &Tokens,
        file: &Path,
        key: Option<&TokenKey>,
    ) -> Result<(), StoreError> {
        match (tokens, key) {
            (Tokens::Ruby(_), Some(key)) => self.single_client.bind(file, key),
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "ruby-marshal"))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as with Ruby's format")]
    fn admit(&self, _: &Tokens, _: &Path, _: Option<&TokenKey>) -> Result<(), StoreError> {
        Ok(())
    }

    /// The tokens and the real path of the file; `None` where there is no file.
    fn read(&self, last: bool) -> Result<Option<(PathBuf, Tokens)>, FileError> {
        match self.find()? {
            PathState::File(real) => {
                Ok(self.read_at(&real, last)?.map(|(tokens, _)| (real, tokens)))
            }
            _ => Ok(None),
        }
    }

    fn find(&self) -> Result<PathState, StoreError> {
        let found = self
            .disk
            .find(&self.path)
            .map_err(|error| error::io("look for the token file", &self.path, error))?;
        match found {
            PathState::NoFolder if self.seen.load(Ordering::Relaxed) => {
                return Err(gone(&self.path));
            }
            PathState::NoFolder => {}
            PathState::BrokenLink => {
                return Err(error::content(&self.path, "is a symbolic link that leads nowhere"));
            }
            PathState::File(_) | PathState::Vacant(_) => self.seen.store(true, Ordering::Relaxed),
        }
        Ok(found)
    }

    fn read_at(&self, file: &Path, last: bool) -> Result<Option<(Tokens, Attributes)>, FileError> {
        let content =
            self.disk.read(file).map_err(|error| error::io("read the token file", file, error))?;
        let Some(content) = content else {
            return Ok(None);
        };
        match Tokens::parse(&content.bytes, last) {
            Ok(tokens) => Ok(Some((tokens, content.attributes))),
            Err(what) => Err(FileError::malformed(file, what)),
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
            tracing::debug!(target: "zcrm::store", %error, "drafts of killed processes could not be removed");
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
