//! The contract of all token stores.

use std::sync::Arc;

use zcrm_oauth::{TokenStore, store::conformance::Suite};
use zcrm_store_file::FileStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    Suite::new()
        .run(|| {
            let store: Arc<dyn TokenStore> = Arc::new(FileStore::new(folder.path()));
            async move { Ok(store) }
        })
        .await
        .unwrap();
}
