//! Which token store the settings name: the file, else MySQL.

use std::{path::PathBuf, sync::Arc};

use zcrm_core::{Clock, Error};
use zcrm_oauth::TokenStore;

use crate::Config;

/// The keys that name a database.
const DATABASE: [&str; 6] =
    ["db_host", "db_port", "db_username", "db_password", "db_name", "db_ca_file"];

/// The store: in the file at `token_path`, or where `token_persistence_path` says; else in MySQL,
/// where a key of the database is set, or where the settings came from a dictionary and the feature
/// is there, as the Ruby SDK has it.
pub(crate) fn from_settings(
    config: &Config,
    token_path: Option<PathBuf>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn TokenStore>, Error> {
    let path = token_path.unwrap_or_else(|| config.text("token_persistence_path").into());
    if !path.as_os_str().is_empty() {
        return file(path, clock);
    }
    let named = DATABASE.iter().any(|key| config.is_set(key));
    if named || (config.is_dictionary() && cfg!(feature = "mysql-store")) {
        return mysql(config, clock);
    }
    Err(Error::config(
        "no token store is named: set `token_persistence_path` (a folder; feature `file-store`) or \
         `db_host` and its like (MySQL; feature `mysql-store`), or give the builder a `.store(…)` \
         of your own; `MemoryStore` forgets the login at exit",
    ))
}

#[cfg(feature = "file-store")]
fn file(path: PathBuf, clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    Ok(Arc::new(zcrm_store_file::FileStore::new(path).with_clock(Arc::clone(clock))))
}

#[cfg(not(feature = "file-store"))]
fn file(_path: PathBuf, _clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    Err(Error::config(
        "`token_persistence_path` needs the feature `file-store` of the crate `zcrm`: switch it \
         on, or give the builder a `.store(…)` of your own",
    ))
}

#[cfg(feature = "mysql-store")]
fn mysql(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    let mut builder = zcrm_store_mysql::MySqlStore::builder().clock(Arc::clone(clock));
    let set = |key: &str| Some(config.text(key)).filter(|text| !text.is_empty());
    if let Some(host) = set("db_host") {
        builder = builder.host(host);
    }
    if let Some(port) = set("db_port") {
        let port = port
            .parse()
            .map_err(|_| config.wrong("db_port", "it is a number from 1 to 65535, mostly 3306"))?;
        builder = builder.port(port);
    }
    if let Some(user) = set("db_username") {
        builder = builder.user(user);
    }
    if config.is_set("db_password") {
        builder = builder.password(config.secret("db_password"));
    }
    if let Some(name) = set("db_name") {
        builder = builder.database(name);
    }
    if let Some(path) = set("db_ca_file") {
        builder = builder.ca_file(path);
    }
    let store = builder.build().map_err(|error| {
        Error::config("the settings of the database are wrong").with_source(error)
    })?;
    tracing::info!(place = store.place(), "tokens are kept in MySQL");
    Ok(Arc::new(store))
}

#[cfg(not(feature = "mysql-store"))]
fn mysql(_config: &Config, _clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    Err(Error::config(
        "`db_host` and its like need the feature `mysql-store` of the crate `zcrm`: switch it on, \
         set `token_persistence_path` (feature `file-store`), or give the builder a `.store(…)` of \
         your own",
    ))
}
