//! The store: the token file for many tasks and processes.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio::{runtime::Handle, sync::Mutex};
#[cfg(feature = "ruby-marshal")]
use zcrm_core::Environment;
use zcrm_core::{Clock, TokioClock};
use zcrm_oauth::{RefreshLock, StoreError, StoredToken, TokenKey, TokenStore};

use crate::{
    error::{self, FileError},
    format::Tokens,
    format_error::FormatError,
    local_disk::{self, LocalDisk},
    lock::{self, HeldLock},
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

/// How often, and how long apart, to look again at a file that another program, one that writes in
/// place, may be writing.
const LOOKS: u32 = 5;
const LOOK_PAUSE: Duration = Duration::from_millis(20);

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
            file: Arc::new(TokenFile::new(file, Arc::new(LocalDisk))),
            writing: Arc::default(),
            clock: Arc::new(TokioClock::new()),
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

    /// Turns a file in the format of the Ruby SDK into zcrm's own, for a client and an environment,
    /// which Ruby's does not name; says whether it was in Ruby's. After this the Ruby SDK can no
    /// longer read it, and the file keeps tokens of any client and environment.
    ///
    /// A token that Ruby left without a user is kept under the empty name.
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
    /// Where the file cannot be read, understood or written; it is then untouched.
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

    /// Changes the file under the write lock; `key` is the one that is changed, where it is one.
    /// Once begun, it is finished even if the caller gives up waiting.
    async fn change<T, F>(&self, key: Option<&TokenKey>, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Tokens) -> Result<Changed<T>, FormatError> + Send + Sync + 'static,
    {
        let queue = Arc::new(Arc::clone(&self.writing).lock_owned().await);
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
        let (key, held, change) = (key.cloned(), Arc::new(held), Arc::new(change));
        self.look(move |file, last| {
            let changed = file.update(key.as_ref(), last, &*change);
            // held until here, also where nobody waits for the answer any more
            let _ = (&held, &queue);
            changed
        })
        .await
    }

    /// Does `work` with the file, again where another program seems to be writing it; `work` learns
    /// whether it is the last time.
    async fn look<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&TokenFile, bool) -> Result<T, FileError> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        let mut looks = 1;
        loop {
            let (work, file) = (Arc::clone(&work), Arc::clone(&self.file));
            match blocking(move || Ok(work(&file, looks == LOOKS))).await? {
                Ok(done) => return Ok(done),
                Err(FileError { error, passing }) if !passing || looks == LOOKS => {
                    return Err(error);
                }
                Err(_) => {
                    looks += 1;
                    self.clock.sleep(LOOK_PAUSE).await;
                }
            }
        }
    }

    /// Where a lock file lies. Makes the folder where there is none.
    async fn lock_path(&self, suffix: &str) -> Result<PathBuf, StoreError> {
        let (file, suffix) = (Arc::clone(&self.file), suffix.to_owned());
        blocking(move || {
            let real = file.settle()?;
            local_disk::beside(&real, &suffix).map_err(|error| error::io("lock", &real, error))
        })
        .await
    }

    /// Takes a lock; `None` where `wait` passed before it was free.
    async fn take(
        &self,
        path: PathBuf,
        wait: Duration,
        longest: Duration,
    ) -> Result<Option<HeldLock>, StoreError> {
        let begin = self.clock.monotonic();
        let mut pause = PAUSE;
        loop {
            let path = path.clone();
            let held = blocking(move || {
                HeldLock::try_take(&path)
                    .map_err(|error| error::io("use the lock file", &path, error))
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
        let key = key.clone();
        self.look(move |file, last| file.get(&key, last)).await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let (own, token) = (key.clone(), token.clone());
        self.change(Some(key), move |tokens| tokens.put(&own, &token).map(Changed::Yes)).await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        let own = key.clone();
        self.change(Some(key), move |tokens| {
            let removed = tokens.remove(&own)?;
            Ok(if removed { Changed::Yes(true) } else { Changed::No(false) })
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.look(TokenFile::keys).await
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
