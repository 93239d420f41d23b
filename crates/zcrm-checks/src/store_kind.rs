//! The token store that a check uses.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use zcrm_core::{Clock, Environment};
use zcrm_oauth::{TokenKey, TokenStore};
use zcrm_store_file::FileStore;

use zcrm_core::BoxError;

use crate::mysql;

/// The client whose tokens the checks store.
const CLIENT: &str = "1000.CHECKS";

/// A kind of store, with its data in a separate folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreKind {
    /// The file store.
    File,
    /// The file store on a file in the format of the Ruby SDK.
    Ruby,
    /// The MySQL store, on a table that was migrated.
    MySql,
    /// The MySQL store on the table of the Ruby SDK.
    MySqlRuby,
}

impl FromStr for StoreKind {
    type Err = BoxError;

    fn from_str(text: &str) -> Result<Self, BoxError> {
        match text {
            "file" => Ok(Self::File),
            "ruby" => Ok(Self::Ruby),
            "mysql" => Ok(Self::MySql),
            "mysql-ruby" => Ok(Self::MySqlRuby),
            _ => Err(format!(
                "unknown store `{text}`: expected `file`, `ruby`, `mysql` or `mysql-ruby`"
            )
            .into()),
        }
    }
}

impl StoreKind {
    /// Returns the name for the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Ruby => "ruby",
            Self::MySql => "mysql",
            Self::MySqlRuby => "mysql-ruby",
        }
    }

    /// Creates the empty storage.
    ///
    /// # Errors
    /// Returns an error if the folder or the database is not writable.
    pub async fn prepare(self, folder: &Path) -> Result<(), BoxError> {
        match self {
            Self::File => Ok(()),
            // an empty array
            Self::Ruby => Ok(std::fs::write(folder.join("zcrm_oauthtokens.txt"), [4, 8, b'[', 0])?),
            Self::MySql => mysql::prepare(folder, true).await,
            Self::MySqlRuby => mysql::prepare(folder, false).await,
        }
    }

    /// Opens the storage.
    ///
    /// # Errors
    /// Returns an error if no database server is configured.
    pub fn open(
        self,
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<dyn TokenStore>, BoxError> {
        Ok(match self {
            Self::File | Self::Ruby => Arc::new(FileStore::new(folder).with_clock(clock)),
            Self::MySql | Self::MySqlRuby => Arc::new(mysql::open(folder, clock)?),
        })
    }

    /// Returns how long the lock of a killed process may stay held: a database server needs a
    /// moment to notice.
    #[must_use]
    pub fn grace(self) -> Duration {
        match self {
            Self::File | Self::Ruby => Duration::ZERO,
            Self::MySql | Self::MySqlRuby => Duration::from_secs(10),
        }
    }

    /// Returns a key of the checks' client.
    #[must_use]
    pub fn key(self, user: &str) -> TokenKey {
        TokenKey::new(user, CLIENT, Environment::Production)
    }
}
