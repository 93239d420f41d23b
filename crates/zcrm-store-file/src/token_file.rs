//! Reading and replacing of the token file. All functions block.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use zcrm_oauth::{StoreError, StoredToken, TokenKey};

#[cfg(feature = "ruby-marshal")]
use crate::single_client::SingleClient;
use crate::{
    disk::{Disk, FileContent},
    error::FileError,
    format::Tokens,
    format_error::FormatError,
    replaced_file::ReplacedFile,
};

/// A token file.
#[derive(Debug)]
pub(crate) struct TokenFile {
    file: Arc<ReplacedFile>,
    #[cfg(feature = "ruby-marshal")]
    single_client: SingleClient,
}

impl TokenFile {
    pub(crate) fn new(path: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Self {
            file: Arc::new(ReplacedFile::new("token file", path, disk)),
            #[cfg(feature = "ruby-marshal")]
            single_client: SingleClient::default(),
        }
    }

    pub(crate) fn file(&self) -> &Arc<ReplacedFile> {
        &self.file
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

    /// Changes the tokens atomically. The caller must hold the write lock. `key` is the changed
    /// key, if it is one key.
    pub(crate) fn update<T>(
        &self,
        key: Option<&TokenKey>,
        last: bool,
        change: impl FnOnce(&mut Tokens) -> Result<Changed<T>, FormatError>,
    ) -> Result<T, FileError> {
        let file = self.file.prepare()?;
        let malformed = |what| FileError::malformed(&file, what);
        let (mut tokens, attributes) = match self.file.read_at(&file)? {
            Some(FileContent { bytes, attributes }) => {
                (Tokens::parse(&bytes, last).map_err(malformed)?, Some(attributes))
            }
            None => (Tokens::default(), None),
        };
        self.check_client(&tokens, &file, key)?;
        match change(&mut tokens).map_err(malformed)? {
            Changed::No(answer) => Ok(answer),
            Changed::Yes(answer) => {
                let bytes = tokens.to_bytes().map_err(malformed)?;
                self.file.replace(&file, attributes.as_ref(), &bytes)?;
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
        let Some((file, content)) = self.file.read()? else { return Ok(None) };
        match Tokens::parse(&content.bytes, last) {
            Ok(tokens) => Ok(Some((file, tokens))),
            Err(what) => Err(FileError::malformed(&file, what)),
        }
    }
}

/// The answer of a change, and whether the tokens were changed.
pub(crate) enum Changed<T> {
    Yes(T),
    No(T),
}
