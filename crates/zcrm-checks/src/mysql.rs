//! The MySQL store of a check: a separate database on the server in `ZCRM_TEST_MYSQL_URL`. `cargo
//! xtask` starts a server if the variable is not set.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
    sync::Arc,
};

use zcrm_core::Clock;
use zcrm_store_mysql::{MySqlStore, MySqlStoreBuilder};

use zcrm_core::BoxError;

/// Creates the database and its table. On a server from the variable they remain after the check.
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

/// Names the database after the folder, which all processes of a check share.
fn builder(folder: &Path) -> Result<MySqlStoreBuilder, BoxError> {
    let url = std::env::var("ZCRM_TEST_MYSQL_URL")
        .map_err(|_| "ZCRM_TEST_MYSQL_URL is not set: run the check with `cargo xtask`, which starts a server")?;
    let mut hash = DefaultHasher::new();
    folder.hash(&mut hash);
    let database = format!("zcrm_checks_{:016x}", hash.finish());
    Ok(MySqlStore::builder().url(&url)?.database(database))
}
