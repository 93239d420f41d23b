//! The token store on one file, for many tasks and processes.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
#[cfg(feature = "ruby-marshal")]
use zcrm_core::Environment;
use zcrm_core::{Clock, TokioClock};
use zcrm_oauth::{RefreshLock, StoreError, StoredToken, TokenKey, TokenStore};

use crate::{
    error::FileError,
    file_locks::{FileLocks, blocking},
    format::Tokens,
    format_error::FormatError,
    local_disk::LocalDisk,
    lock,
    token_file::{Changed, TokenFile},
};

/// The name of the token file.
const NAME: &str = "zcrm_oauthtokens.txt";

/// The longest pause between two attempts to take the lock of a refresh.
const REFRESH_PAUSE: Duration = Duration::from_millis(64);

/// The number of attempts to read a file that another program may be writing in place, and the
/// pause between them.
const ATTEMPTS: u32 = 5;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(20);

/// A token store in one file, for any number of processes on this machine.
///
/// See the [crate](crate) for its guarantees. Clones share all state. It must be used inside a tokio
/// runtime; its file operations run on the runtime's threads for blocking calls.
///
/// ```
/// use zcrm_store_file::FileStore;
///
/// let store = FileStore::new("/var/lib/app/tokens");
/// assert!(store.path().ends_with("tokens/zcrm_oauthtokens.txt"));
/// let same = FileStore::new("/var/lib/app/tokens/zcrm_oauthtokens.txt");
/// assert_eq!(store.path(), same.path());
/// ```
#[derive(Clone)]
pub struct FileStore {
    file: Arc<TokenFile>,
    locks: FileLocks,
}

impl FileStore {
    /// Creates a store on `zcrm_oauthtokens.txt` in the folder `path`. A path that ends in that
    /// name is the path of the file itself. A relative path is relative to the current folder of
    /// the process.
    ///
    /// It does not access the disk. The folder and the file are created when they are first needed,
    /// and only their owner can access them (modes 0700 and 0600).
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let file = if path.ends_with(NAME) { path.to_owned() } else { path.join(NAME) };
        // this fails only if the process has no current folder; the first use then reports it
        let file = std::path::absolute(&file).unwrap_or(file);
        let file = TokenFile::new(file, Arc::new(LocalDisk));
        let locks = FileLocks::new(Arc::clone(file.file()), Arc::new(TokioClock::new()));
        Self { file: Arc::new(file), locks }
    }

    /// Sets the clock by which the store waits for locks.
    ///
    /// By default it waits by tokio's timer, which the runtime must have enabled.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.locks.set_clock(clock);
        self
    }

    /// Returns the absolute path of the token file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.file().path()
    }

    /// Converts a file of the Ruby SDK to zcrm's own format. Returns `true` if it was in Ruby's
    /// format.
    ///
    /// Ruby's format does not name the client and environment of its tokens, so they are arguments
    /// here. After the conversion the Ruby SDK cannot read the file any more, and the file can hold
    /// tokens of any client and environment. A token without a user is kept under the empty name.
    ///
    /// ```
    /// use zcrm_core::Environment;
    /// use zcrm_store_file::FileStore;
    ///
    /// # async fn run() -> Result<(), zcrm_oauth::StoreError> {
    /// let store = FileStore::new("/var/lib/app/tokens");
    /// let migrated = store.migrate("1000.CLIENT", Environment::Production).await?;
    /// # let _ = migrated;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, understood or written. The file is then
    /// unchanged.
    #[cfg(feature = "ruby-marshal")]
    pub async fn migrate(
        &self,
        client_id: &str,
        environment: Environment,
    ) -> Result<bool, StoreError> {
        let client_id = client_id.to_owned();
        self.change(None, move |tokens| {
            let Tokens::Ruby(ruby) = tokens else {
                return Ok(Changed::No(false));
            };
            let mut migrated = Tokens::default();
            for user in ruby.users()? {
                if let Some(token) = ruby.get(&user)? {
                    migrated.put(&TokenKey::new(user, &client_id, environment), &token)?;
                }
            }
            *tokens = migrated;
            Ok(Changed::Yes(true))
        })
        .await
    }

    /// Changes the file under the write lock. `key` is the changed key, if it is one key.
    ///
    /// A change that has begun is completed even if the caller stops waiting.
    async fn change<T, F>(&self, key: Option<&TokenKey>, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Tokens) -> Result<Changed<T>, FormatError> + Send + Sync + 'static,
    {
        let (key, lock, change) =
            (key.cloned(), Arc::new(self.locks.write().await?), Arc::new(change));
        self.attempt(move |file, last| {
            let changed = file.update(key.as_ref(), last, &*change);
            // held until here, even if the caller stopped waiting
            let _ = &lock;
            changed
        })
        .await
    }

    /// Calls `work` with the file, and again if another program seems to be writing it. `work` learns
    /// whether it is the last attempt.
    async fn attempt<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&TokenFile, bool) -> Result<T, FileError> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        let mut attempts = 1;
        loop {
            let (work, file) = (Arc::clone(&work), Arc::clone(&self.file));
            match blocking(move || Ok(work(&file, attempts == ATTEMPTS))).await? {
                Ok(done) => return Ok(done),
                Err(FileError { error, transient }) if !transient || attempts == ATTEMPTS => {
                    return Err(error);
                }
                Err(_) => {
                    attempts += 1;
                    self.locks.clock().sleep(ATTEMPT_PAUSE).await;
                }
            }
        }
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.path()).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        let key = key.clone();
        self.attempt(move |file, last| file.get(&key, last)).await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let (changed, token) = (key.clone(), token.clone());
        self.change(Some(key), move |tokens| tokens.put(&changed, &token).map(Changed::Yes)).await
    }

    async fn replace(
        &self,
        key: &TokenKey,
        old: &StoredToken,
        new: &StoredToken,
    ) -> Result<bool, StoreError> {
        let (changed, old, new) = (key.clone(), old.clone(), new.clone());
        self.change(Some(key), move |tokens| {
            if !tokens.get(&changed)?.is_some_and(|stored| stored.is_same_login(&old)) {
                return Ok(Changed::No(false));
            }
            tokens.put(&changed, &new).map(|()| Changed::Yes(true))
        })
        .await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        let changed = key.clone();
        self.change(Some(key), move |tokens| {
            let removed = tokens.remove(&changed)?;
            Ok(if removed { Changed::Yes(true) } else { Changed::No(false) })
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.attempt(TokenFile::keys).await
    }

    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        let path = self.locks.path(&lock::refresh_suffix(key)).await?;
        let held = self.locks.take(path, wait, REFRESH_PAUSE).await?;
        Ok(held.map(RefreshLock::new))
    }
}
