//! The fixture of the fuzz targets: it uses the input as a token file and applies all operations of
//! a store to it.

use std::{fs, sync::Arc};

use zcrm_core::{Environment, ManualClock};
use zcrm_oauth::{StoredToken, TokenKey, TokenStore as _};
use zcrm_store_file::FileStore;

/// A store, and the runtime that it needs.
pub struct Fixture {
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Default for Fixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { folder, runtime }
    }

    /// Checks that no content causes a panic, that a refused content stays unchanged, and that an
    /// accepted content keeps a new token.
    pub fn take(&self, content: &[u8]) {
        let file = self.folder.path().join("zcrm_oauthtokens.txt");
        fs::write(&file, content).expect("a file");
        let store =
            FileStore::new(self.folder.path()).with_clock(Arc::new(ManualClock::jumping()));
        let key = TokenKey::new("a", "1000.CLIENT", Environment::Production);
        let token = StoredToken::new("new", Default::default()).with_refresh("refresh");
        self.runtime.block_on(async {
            let loaded = store.load(&key).await;
            let _ = store.keys().await;
            match store.save(&key, &token).await {
                Ok(()) => {
                    let again = store.load(&key).await.expect("a saved token is readable");
                    assert!(again.expect("the token exists").is_same_login(&token));
                    assert!(store.delete(&key).await.expect("the token can be deleted"));
                }
                Err(_) => {
                    assert!(loaded.is_err() || !content.is_empty());
                    assert_eq!(fs::read(&file).expect("the file"), content);
                }
            }
        });
    }
}
