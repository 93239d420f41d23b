//! The locks of a file that several processes replace.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard},
};
use zcrm_core::Clock;
use zcrm_oauth::StoreError;

use crate::{error, local_disk, lock::HeldLock, replaced_file::ReplacedFile};

/// The longest wait for the lock of a write, which is held for about a millisecond.
const WRITE_WAIT: Duration = Duration::from_secs(10);

/// The first pause between two attempts to take a lock, and the longest pause of a write.
const PAUSE: Duration = Duration::from_millis(1);
const WRITE_PAUSE: Duration = Duration::from_millis(8);

/// The locks of a file. Clones share all state.
#[derive(Clone)]
pub(crate) struct FileLocks {
    file: Arc<ReplacedFile>,
    /// The queue of this process's writers, so that only one of them polls the lock file.
    writing: Arc<Mutex<()>>,
    clock: Arc<dyn Clock>,
}

/// The permission to replace the file, until it is dropped.
pub(crate) struct WriteLock {
    _held: HeldLock,
    _queue: OwnedMutexGuard<()>,
}

impl FileLocks {
    pub(crate) fn new(file: Arc<ReplacedFile>, clock: Arc<dyn Clock>) -> Self {
        Self { file, writing: Arc::default(), clock }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn set_clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
    }

    /// Waits for the write lock.
    pub(crate) async fn write(&self) -> Result<WriteLock, StoreError> {
        let queue = Arc::clone(&self.writing).lock_owned().await;
        let path = self.path(".lock").await?;
        match self.take(path.clone(), WRITE_WAIT, WRITE_PAUSE).await? {
            Some(held) => Ok(WriteLock { _held: held, _queue: queue }),
            None => Err(StoreError::new(format!(
                "the {} `{}` could not be written within {} s: another process, which may be stopped, \
                 holds the lock `{}`",
                self.file.kind(),
                self.file.path().display(),
                WRITE_WAIT.as_secs(),
                path.display()
            ))),
        }
    }

    /// Returns the path of a lock file. Creates the folder if it does not exist.
    pub(crate) async fn path(&self, suffix: &str) -> Result<PathBuf, StoreError> {
        let (file, suffix) = (Arc::clone(&self.file), suffix.to_owned());
        blocking(move || {
            let real = file.prepare()?;
            local_disk::lock_path(&real, &suffix).map_err(|error| error::io("lock", &real, error))
        })
        .await
    }

    /// Takes a lock. Returns `None` if it was not free within `wait`.
    pub(crate) async fn take(
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

/// Runs blocking work on a thread for blocking calls.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let runtime = Handle::try_current().map_err(error::runtime)?;
    runtime.spawn_blocking(work).await.map_err(error::runtime)?
}
