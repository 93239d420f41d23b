//! The token store on one file: `zcrm_oauthtokens.txt`, in a folder of your choice.
//!
//! [`FileStore`] keeps the tokens of any number of users, clients and environments, and any number
//! of processes of one machine may share it: each save replaces the file at once and survives a
//! crash and a power cut, readers never wait for writers, and a refresh holds a lock that only the
//! refreshes of the same user wait for.
//!
//! The file is JSON and belongs to its owner alone (mode 0600). Beside it lie empty lock files,
//! whose names begin with a dot; they hold nothing and may be deleted while no program runs.
//!
//! With the feature `ruby-marshal` a file of the Ruby SDK is read too, and stays in Ruby's format
//! when it is written, so that a Ruby program on the same file goes on working. That format holds
//! the user, both tokens and the expiry alone: it serves one client and one environment, in the
//! data centre of the configuration. `FileStore::migrate` turns it into zcrm's own format. Ruby
//! writes without a lock and in place, so its races with other programs stay what they were.
//!
//! Network file systems (NFS, SMB) are not supported: their locks and renames promise too little.
//! To share tokens between machines, use the MySQL store.
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
mod format;
mod format_error;
mod local_disk;
mod lock;
#[cfg(feature = "ruby-marshal")]
mod ruby;
#[cfg(feature = "ruby-marshal")]
mod single_client;
mod store;
#[cfg(test)]
mod tests;
mod token_file;

pub use store::FileStore;
