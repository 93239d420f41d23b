//! The store: the token file for many tasks and processes.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio::{runtime::Handle, sync::Mutex};
use zcrm_core::Clock;
use zcrm_oauth::{RefreshLock, StoreError, StoredToken, TokenKey, TokenStore};

use crate::{
    clock::TimerClock,
    error,
    format::{Malformed, Tokens},
    local::{self, Local},
    lock::{self, Held},
    token_file::{Changed, TokenFile},
};

/// The name of the token file.
const NAME: &str = "zcrm_oauthtokens.txt";

/// How long to wait for the lock of a write, which takes a millisecond or so.
const WRITE_WAIT: Duration = Duration::from_secs(10);

/// How long to pause between two tries to take a lock: at first, and at most.
const PAUSE: Duration = Duration::from_millis(1);
const WRITE_PAUSE: Duration = Duration::from_millis(8);
const REFRESH_PAUSE: Duration = Duration::from_millis(64);

/// Keeps tokens in one file, for any number of processes of this machine.
///
/// See the [crate](crate) for what it promises. Clones share everything. It must be used inside a
/// tokio runtime, and its work runs on the runtime's threads for blocking calls.
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
    /// Writers of this process queue here, so that only one of them polls the lock file.
    writing: Arc<Mutex<()>>,
    clock: Arc<dyn Clock>,
}

impl FileStore {
    /// A store on `zcrm_oauthtokens.txt` in the folder `path`; a path that ends in that name is
    /// the file itself. A relative path counts from where the process stands now.
    ///
    /// Nothing is touched yet: folder and file are made when first needed, for their owner alone
    /// (modes 0700 and 0600).
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let file = if path.ends_with(NAME) { path.to_owned() } else { path.join(NAME) };
        // it fails only where the process stands in no folder; then the first use says so
        let file = std::path::absolute(&file).unwrap_or(file);
        Self {
            file: Arc::new(TokenFile::new(file, Arc::new(Local))),
            writing: Arc::default(),
            clock: Arc::new(TimerClock::new()),
        }
    }

    /// The same store, which waits for locks by `clock`.
    ///
    /// Without this it waits by tokio's timer, and the runtime must have one.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The path of the token file, as it was given and made absolute.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Changes the file under the write lock. Once begun, it is finished even if the caller gives
    /// up waiting.
    async fn change<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tokens) -> Result<Changed<T>, Malformed> + Send + 'static,
    {
        let queue = Arc::clone(&self.writing).lock_owned().await;
        let path = self.lock_path(".lock").await?;
        let Some(held) = self.take(path.clone(), WRITE_WAIT, WRITE_PAUSE).await? else {
            return Err(StoreError::new(format!(
                "the token file `{}` could not be written for {} s: another process holds the \
                 lock `{}`, and may be stopped",
                self.path().display(),
                WRITE_WAIT.as_secs(),
                path.display()
            )));
        };
        let file = Arc::clone(&self.file);
        blocking(move || {
            let changed = file.update(change);
            drop((held, queue));
            changed
        })
        .await
    }

    /// Where a lock file lies. Makes the folder where there is none.
    async fn lock_path(&self, suffix: &str) -> Result<PathBuf, StoreError> {
        let (file, suffix) = (Arc::clone(&self.file), suffix.to_owned());
        blocking(move || {
            let real = file.settle()?;
            local::beside(&real, &suffix).map_err(|error| error::io("lock", &real, error))
        })
        .await
    }

    /// Takes a lock; `None` where `wait` passed before it was free.
    async fn take(
        &self,
        path: PathBuf,
        wait: Duration,
        longest: Duration,
    ) -> Result<Option<Held>, StoreError> {
        let begin = self.clock.monotonic();
        let mut pause = PAUSE;
        loop {
            let path = path.clone();
            let held = blocking(move || {
                Held::try_take(&path).map_err(|error| error::io("use the lock file", &path, error))
            })
            .await?;
            let passed = self.clock.monotonic().saturating_sub(begin);
            if held.is_some() || passed >= wait {
                return Ok(held);
            }
            self.clock.sleep(pause.min(wait.saturating_sub(passed))).await;
            pause = (pause * 2).min(longest);
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
        let (file, key) = (Arc::clone(&self.file), key.clone());
        blocking(move || match file.read()? {
            Some(tokens) => {
                tokens.get(&key).map_err(|Malformed(what)| error::content(file.path(), &what))
            }
            None => Ok(None),
        })
        .await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let (key, token) = (key.clone(), token.clone());
        self.change(move |tokens| tokens.put(&key, &token).map(Changed::Yes)).await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        let key = key.clone();
        self.change(move |tokens| {
            let removed = tokens.remove(&key)?;
            Ok(if removed { Changed::Yes(true) } else { Changed::No(false) })
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let file = Arc::clone(&self.file);
        blocking(move || match file.read()? {
            Some(tokens) => {
                tokens.keys().map_err(|Malformed(what)| error::content(file.path(), &what))
            }
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        let path = self.lock_path(&lock::refresh_suffix(key)).await?;
        let held = self.take(path, wait, REFRESH_PAUSE).await?;
        Ok(held.map(RefreshLock::new))
    }
}

/// Runs what blocks on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let runtime = Handle::try_current().map_err(error::runtime)?;
    runtime.spawn_blocking(work).await.map_err(error::runtime)?
}
