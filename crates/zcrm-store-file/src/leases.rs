//! The store of leases in one file.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zcrm_core::{
    Clock, TokioClock,
    lease::{Lease, LeaseStore, LeaseTable, check_name, check_value},
};
use zcrm_oauth::StoreError;

use crate::{
    disk::FileContent,
    error,
    file_locks::{FileLocks, blocking},
    local_disk::LocalDisk,
    replaced_file::ReplacedFile,
};

/// The name of the file, and its kind in messages.
const NAME: &str = "zcrm_leases.json";
const KIND: &str = "file of leases";

/// The version of the format.
const CURRENT: u64 = 1;

/// The leases of any number of processes on this machine, in one file.
///
/// It keeps the [contract](LeaseStore) of leases: each change replaces the file atomically and survives a
/// crash or a power cut. Terms end by the wall clock of the machine. Only the owner of the file can read it
/// (mode 0600). Network file systems are not supported; to share leases between machines, use the MySQL
/// store.
///
/// Clones share all state. It must be used inside a tokio runtime.
///
/// ```
/// use std::time::Duration;
/// use zcrm_core::lease::LeaseStore;
/// use zcrm_store_file::FileLeases;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), zcrm_core::StoreError> {
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let folder = folder.path();
/// let leases = FileLeases::new(folder);
/// if let Some(lease) = leases.take("nightly export", Duration::from_secs(60)).await? {
///     leases.write(&lease, "finished").await?;
///     leases.release(&lease).await?;
/// }
/// assert_eq!(leases.read("nightly export").await?.as_deref(), Some("finished"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FileLeases {
    file: Arc<ReplacedFile>,
    locks: FileLocks,
    clock: Arc<dyn Clock>,
}

/// The content of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    zcrm_leases: u64,
    leases: LeaseTable,
}

impl FileLeases {
    /// Creates a store on `zcrm_leases.json` in the folder `path`. A path that ends in that name is the path of
    /// the file itself. A relative path is relative to the current folder of the process.
    ///
    /// It does not access the disk. The folder and the file are created when they are first needed.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let file = if path.ends_with(NAME) { path.to_owned() } else { path.join(NAME) };
        // this fails only if the process has no current folder; the first use then reports it
        let file = std::path::absolute(&file).unwrap_or(file);
        let file = Arc::new(ReplacedFile::new(KIND, file, Arc::new(LocalDisk)));
        let locks = FileLocks::new(Arc::clone(&file), Arc::new(TokioClock::new()));
        Self { file, locks, clock: Arc::new(TokioClock::new()) }
    }

    /// Sets the clock by which terms end. All processes that share the file must have the same time.
    ///
    /// The short waits for the lock of a write go by tokio's timer, which the runtime must have enabled.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Returns the absolute path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Changes the leases under the write lock. The file is written if `change` changes them.
    ///
    /// A change that has begun is completed even if the caller stops waiting.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut LeaseTable, DateTime<Utc>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let lock = self.locks.write().await?;
        // after the wait for the lock
        let now = self.clock.now();
        let file = Arc::clone(&self.file);
        blocking(move || {
            let real = file.prepare()?;
            let (before, attributes) = match file.read_at(&real)? {
                Some(FileContent { bytes, attributes }) => {
                    (parse(&real, &bytes)?, Some(attributes))
                }
                None => (LeaseTable::default(), None),
            };
            let mut leases = before.clone();
            let answer = change(&mut leases, now);
            if leases != before {
                let document = Document { zcrm_leases: CURRENT, leases };
                let mut bytes = serde_json::to_vec_pretty(&document)
                    .map_err(|_| error::content(KIND, &real, "cannot be written as JSON"))?;
                bytes.push(b'\n');
                file.replace(&real, attributes.as_ref(), &bytes)?;
            }
            // held until here, even if the caller stopped waiting
            drop(lock);
            Ok(answer)
        })
        .await
    }
}

/// Reads a content. serde's messages may quote a value, so only the position is used.
fn parse(path: &Path, bytes: &[u8]) -> Result<LeaseTable, StoreError> {
    #[derive(Deserialize)]
    struct Version {
        zcrm_leases: u64,
    }
    let place = |error: &serde_json::Error| {
        let what = if error.is_eof() { "is cut off" } else { "is not a file of leases" };
        format!("{what} (line {}, column {})", error.line(), error.column())
    };
    let invalid = |error: serde_json::Error| error::content(KIND, path, &place(&error));
    let Version { zcrm_leases } = serde_json::from_slice(bytes).map_err(invalid)?;
    if zcrm_leases != CURRENT {
        return Err(error::content(
            KIND,
            path,
            &format!(
                "has version {zcrm_leases}, but this program supports only version {CURRENT}: use the same \
                 version of the program everywhere"
            ),
        ));
    }
    let document: Document = serde_json::from_slice(bytes).map_err(invalid)?;
    Ok(document.leases)
}

#[async_trait]
impl LeaseStore for FileLeases {
    async fn take(&self, name: &str, term: Duration) -> Result<Option<Lease>, StoreError> {
        check_name(name)?;
        let name = name.to_owned();
        self.change(move |leases, now| leases.take(&name, now, term)).await
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.change(move |leases, now| leases.renew(&lease, now, term)).await
    }

    async fn write(&self, lease: &Lease, value: &str) -> Result<bool, StoreError> {
        check_value(lease, value)?;
        let (lease, value) = (lease.clone(), value.to_owned());
        self.change(move |leases, now| leases.write(&lease, now, &value)).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.change(move |leases, now| leases.release(&lease, now)).await
    }

    async fn read(&self, name: &str) -> Result<Option<String>, StoreError> {
        check_name(name)?;
        let (file, name) = (Arc::clone(&self.file), name.to_owned());
        blocking(move || match file.read()? {
            Some((real, content)) => {
                Ok(parse(&real, &content.bytes)?.read(&name).map(str::to_owned))
            }
            None => Ok(None),
        })
        .await
    }
}

impl fmt::Debug for FileLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLeases").field("path", &self.path()).finish_non_exhaustive()
    }
}
