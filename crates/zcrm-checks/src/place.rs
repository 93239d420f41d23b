//! Which store a check runs against.

use std::{path::Path, str::FromStr, sync::Arc};

use zcrm_core::{Clock, Environment};
use zcrm_oauth::TokenKey;
use zcrm_store_file::FileStore;

use crate::Failure;

/// The client that the checks keep tokens of.
const CLIENT: &str = "1000.CHECKS";

/// A kind of store, in a folder of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The file store.
    File,
    /// The file store on a file in the format of the Ruby SDK.
    Ruby,
}

impl FromStr for Place {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text {
            "file" => Ok(Self::File),
            "ruby" => Ok(Self::Ruby),
            _ => Err(format!("there is no store `{text}`: name `file` or `ruby`").into()),
        }
    }
}

impl Place {
    /// Lays the storage out, empty.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn prepare(self, folder: &Path) -> Result<(), Failure> {
        if self == Self::Ruby {
            // an empty array
            std::fs::write(folder.join("zcrm_oauthtokens.txt"), [4, 8, b'[', 0])?;
        }
        Ok(())
    }

    /// Opens the storage.
    #[must_use]
    pub fn open(self, folder: &Path, clock: Arc<dyn Clock>) -> FileStore {
        FileStore::new(folder).with_clock(clock)
    }

    /// A key of the checks' own client.
    #[must_use]
    pub fn key(self, user: &str) -> TokenKey {
        TokenKey::new(user, CLIENT, Environment::Production)
    }
}
