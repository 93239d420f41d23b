//! Reading and replacing of the token file. All functions block.

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

/// A token file, by the path that the caller gave.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    /// Whether the folder existed before. A folder that vanished is an error; one that is not
    /// created yet is not.
    seen: AtomicBool,
    /// Whether drafts of killed processes were removed.
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

    /// Returns the token under `key`. It takes no lock, because files are replaced atomically.
    ///
    /// `last` says that this is the last attempt to read a file that another program may be
    /// writing.
    pub(crate) fn get(&self, key: &TokenKey, last: bool) -> Result<Option<StoredToken>, FileError> {
        let Some((file, tokens)) = self.read(last)? else {
            return Ok(None);
        };
        self.check_client(&tokens, &file, Some(key))?;
        tokens.get(key).map_err(|what| FileError::malformed(&file, what))
    }

    /// Returns all keys.
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
                        "listing the keys of a file in Ruby's format, which does not name the client, \
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

    /// Changes the tokens atomically. The caller must hold the write lock. `key` is the changed
    /// key, if it is one key.
    pub(crate) fn update<T>(
        &self,
        key: Option<&TokenKey>,
        last: bool,
        change: impl FnOnce(&mut Tokens) -> Result<Changed<T>, FormatError>,
    ) -> Result<T, FileError> {
        let file = self.prepare()?;
        let (mut tokens, attributes) = match self.read_at(&file, last)? {
            Some((tokens, attributes)) => (tokens, Some(attributes)),
            None => (Tokens::default(), None),
        };
        self.check_client(&tokens, &file, key)?;
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

    /// Refuses a key that this file cannot distinguish from others.
    #[cfg(feature = "ruby-marshal")]
    fn check_client(
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
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the signature for Ruby's format"
    )]
    fn check_client(&self, _: &Tokens, _: &Path, _: Option<&TokenKey>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Returns the real path and the tokens of the file, or `None` if there is no file.
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
                return Err(error::content(
                    &self.path,
                    "is a symbolic link to a path that does not exist",
                ));
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
        write().map_err(|error| error::io("write the token file", file, error))?;
        // the new tokens are readable now, but after a power cut the old ones could return
        self.disk
            .sync_folder(folder)
            .map_err(|error| error::io("flush to the disk the folder", folder, error))
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

/// The answer of a change, and whether the tokens were changed.
pub(crate) enum Changed<T> {
    Yes(T),
    No(T),
}

fn gone(path: &Path) -> StoreError {
    let folder = path.parent().unwrap_or(path);
    error::io(
        "use the folder",
        folder,
        io::Error::new(io::ErrorKind::NotFound, "the folder existed before"),
    )
}
