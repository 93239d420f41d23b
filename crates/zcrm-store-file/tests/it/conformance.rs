//! The conformance suite of token stores.

use std::sync::Arc;

use zcrm_oauth::{TokenStore, store::conformance::Suite};
use zcrm_store_file::FileStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_conformance_suite() {
    let folder = tempfile::tempdir().unwrap();
    Suite::new()
        .run(|| {
            let store: Arc<dyn TokenStore> = Arc::new(FileStore::new(folder.path()));
            async move { Ok(store) }
        })
        .await
        .unwrap();
}

#[cfg(feature = "ruby-marshal")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_in_ruby_format_with_limits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zcrm_oauthtokens.txt");
    std::fs::write(&file, b"\x04\x08[\x00").unwrap();
    Suite::new()
        .by_user_only()
        .without_extras()
        .run(|| {
            let store: Arc<dyn TokenStore> = Arc::new(FileStore::new(folder.path()));
            async move { Ok(store) }
        })
        .await
        .unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"\x04\x08[\x00", "still in Ruby's format");
}
