//! The MySQL store in a check: a database of its own on the server that `ZCRM_TEST_MYSQL_URL`
//! names. `cargo xtask` starts one where none is named.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
    sync::Arc,
};

use zcrm_core::Clock;
use zcrm_store_mysql::{MySqlStore, MySqlStoreBuilder};

use zcrm_core::BoxError;

/// Makes the database and its table. On a server that was named they stay when the check is over.
pub(crate) async fn prepare(folder: &Path, migrated: bool) -> Result<(), BoxError> {
    let store = builder(folder)?.build()?;
    store.create_schema().await?;
    if migrated {
        store.migrate().await?;
    }
    Ok(())
}

pub(crate) fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<MySqlStore, BoxError> {
    Ok(builder(folder)?.clock(clock).build()?)
}

/// All processes of a check share a folder, so its name tells them their database.
fn builder(folder: &Path) -> Result<MySqlStoreBuilder, BoxError> {
    let url = std::env::var("ZCRM_TEST_MYSQL_URL")
        .map_err(|_| "ZCRM_TEST_MYSQL_URL names no server: `cargo xtask` starts one")?;
    let mut hash = DefaultHasher::new();
    folder.hash(&mut hash);
    let database = format!("zcrm_checks_{:016x}", hash.finish());
    Ok(MySqlStore::builder().url(&url)?.database(database))
}
