//! A token store in one file: `zcrm_oauthtokens.txt`, in a folder of your choice.
//!
//! [`FileStore`] keeps the tokens of any number of users, clients and environments. Any number of
//! processes on one machine may share it. Each save replaces the file atomically and survives a
//! crash or a power cut. Readers never wait for writers. A refresh holds a lock that only refreshes
//! of the same user wait for.
//!
//! The file is JSON, and only its owner can read it (mode 0600). Empty lock files are in the same
//! folder; their names begin with a dot. You may delete them while no program uses the store.
//!
//! With the feature `ruby-marshal`, files of the Ruby SDK are read too. They stay in Ruby's format,
//! so a Ruby program can go on using the file. That format holds only the user, both tokens and the
//! expiry. So such a file serves one client and one environment, in the configured data centre.
//! `FileStore::migrate` converts it to zcrm's own format. Ruby writes without a lock and in place,
//! so its races with other programs remain.
//!
//! Network file systems (NFS, SMB) are not supported, because their locks and renames are not
//! reliable enough. To share tokens between machines, use the MySQL store.
//!
//! ```
//! use zcrm_core::Environment;
//! use zcrm_oauth::{StoredToken, TokenKey, TokenStore};
//! use zcrm_store_file::FileStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("tokens");
//! let store = FileStore::new(&folder);
//! let key = TokenKey::new("patricia@example.com", "1000.CLIENT", Environment::Production);
//! let token = StoredToken::new("1000.access", "2026-05-24T17:05:12Z".parse()?)
//!     .with_refresh("1000.refresh");
//! store.save(&key, &token).await?;
//! assert!(store.load(&key).await?.is_some_and(|loaded| loaded.is_same_login(&token)));
//! # Ok(())
//! # }
//! ```

mod disk;
mod document;
mod error;
mod file_locks;
mod format;
mod format_error;
mod leases;
mod local_disk;
mod lock;
mod replaced_file;
#[cfg(feature = "ruby-marshal")]
mod ruby;
#[cfg(feature = "ruby-marshal")]
mod single_client;
mod store;
#[cfg(test)]
mod tests;
mod token_file;

pub use leases::FileLeases;
pub use store::FileStore;
