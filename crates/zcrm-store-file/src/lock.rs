//! Locks across processes, on files in the token file's folder.
//!
//! The kernel releases such a lock when its holder dies. The token file itself cannot be locked,
//! because each save replaces it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use zcrm_oauth::{Release, StoreError, TokenKey};

use crate::local_disk;

/// A lock file that is held. Dropping it releases it.
#[derive(Debug)]
pub(crate) struct HeldLock {
    file: File,
    path: PathBuf,
}

impl HeldLock {
    /// Takes the lock if it is free. Never waits.
    pub(crate) fn try_take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // if another process deleted the file between the two steps, the lock has no effect
            if is_at(&file, path)? {
                return Ok(Some(Self { file, path: path.to_owned() }));
            }
        }
    }
}

#[async_trait]
impl Release for HeldLock {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.file.unlock().map_err(|error| crate::error::io("unlock", &self.path, error))
    }
}

/// Returns the suffix of a key's refresh lock.
///
/// It is the same for all processes and versions, and does not contain the user's name.
pub(crate) fn refresh_suffix(key: &TokenKey) -> String {
    let parts = [
        key.user(),
        key.client_id(),
        key.environment().as_str(),
        key.organisation().unwrap_or_default(),
    ];
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    format!(".{:032x}.lock", fnv(&text))
}

/// The 128-bit FNV-1a hash.
fn fnv(bytes: &[u8]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    const START: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    bytes.iter().fold(START, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME))
}

/// Opens the lock file, or creates it for the owner of the folder, so that an administrator's lock
/// file locks no program out.
fn open(path: &Path) -> io::Result<File> {
    loop {
        match options(false).open(path) {
            Ok(file) if file.metadata()?.is_file() => return Ok(file),
            Ok(_) => return Err(io::Error::other("it is not a regular file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        match options(true).open(path) {
            Ok(file) => {
                local_disk::give_to_owner_of_folder(&file, path);
                return Ok(file);
            }
            // another process was faster; a broken link fails in the first step
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn options(new: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(new);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // do not follow a link or wait for a pipe that another user put here
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        options.mode(0o600).custom_flags(flags);
    }
    options
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let held = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(found) => Ok(found.dev() == held.dev() && found.ino() == held.ino()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    // the standard library cannot compare files here; lock files must not be deleted while in use
    Ok(true)
}

#[cfg(test)]
mod tests {
    use zcrm_core::Environment;
    use zcrm_oauth::TokenKey;

    use super::{fnv, refresh_suffix};

    #[test]
    fn computes_the_published_fnv_hash() {
        assert_eq!(fnv(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn names_a_lock_for_each_key_without_the_user() {
        let key = |user: &str, client: &str| TokenKey::new(user, client, Environment::Production);
        let keys = [
            key("patricia@example.com", "c"),
            key("patricia@example.comc", ""),
            key("patricia@example.com", "d"),
            key("patricia@example.com", "c").with_organisation("7"),
            TokenKey::new("patricia@example.com", "c", Environment::Sandbox),
        ];
        let names: std::collections::BTreeSet<String> = keys.iter().map(refresh_suffix).collect();
        assert_eq!(names.len(), keys.len());
        assert!(names.iter().all(|name| !name.contains("patricia")));
    }
}
