//! Selects the token store: one that the application registered, the file, or MySQL, in this order.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use zcrm_core::{Clock, Error, escaped};
use zcrm_oauth::{MemoryStore, TokenStore};

use crate::{
    Config,
    config::keys::{DATABASE, FILE, HANDLER, HANDLER_PATH, MEMORY},
};

/// The stores that the application registered, by name.
#[derive(Clone, Default)]
pub(crate) struct RegisteredStores(BTreeMap<String, Arc<dyn TokenStore>>);

impl RegisteredStores {
    pub(crate) fn register(&mut self, name: String, store: Arc<dyn TokenStore>) {
        self.0.insert(name, store);
    }

    /// Returns the store that the settings select by name.
    fn selected(&self, config: &Config) -> Option<Arc<dyn TokenStore>> {
        let name = config.text(HANDLER);
        let memory = || (name == MEMORY).then(|| Arc::new(MemoryStore::new()) as _);
        self.0.get(&name).cloned().or_else(memory)
    }

    /// Returns an error if the settings select a store that does not exist.
    pub(crate) fn wrong(&self, config: &Config) -> Option<Error> {
        let how = "in Rust, a store is a type that implements `TokenStore`: pass it to the \
                   builder with `.store(…)`, or register it with `.register_store(\"Name\", …)` and \
                   set `persistence_handler_class` to that name";
        let name = config.text(HANDLER);
        if name.is_empty() {
            let path = config.text(HANDLER_PATH);
            let why = format!(
                "Ruby files cannot be loaded, and `{HANDLER}` does not name a registered store: \
                 {how}"
            );
            return (!path.is_empty()).then(|| config.wrong(HANDLER_PATH, &why));
        }
        if name == MEMORY || self.0.contains_key(&name) {
            return None;
        }
        let known = self.0.keys().map(String::as_str).chain([MEMORY]);
        let known = known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let name = escaped(&name);
        let why = format!("no store is registered as `{name}` (known names: {known}): {how}");
        Some(config.wrong(HANDLER, &why))
    }

    /// Returns an error if no setting selects a store.
    pub(crate) fn missing(&self, config: &Config, token_path: Option<&Path>) -> Option<Error> {
        let path = token_path.is_some_and(|path| !path.as_os_str().is_empty());
        let by_name = self.selected(config).is_some() || !config.text(HANDLER).is_empty();
        let found = by_name || path || config.is_set(FILE) || is_mysql(config);
        (!found).then(no_store)
    }
}

/// Returns the store that the settings select. The first of these applies: the registered store
/// that `persistence_handler_class` names; the file of `token_path` or `token_persistence_path`;
/// MySQL, if a setting of the database is present. As in the Ruby SDK, MySQL is also the default if
/// the settings came from a dictionary and the feature `mysql-store` is on.
pub(crate) fn from_settings(
    config: &Config,
    registered_stores: &RegisteredStores,
    token_path: Option<PathBuf>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn TokenStore>, Error> {
    if let Some(store) = registered_stores.selected(config) {
        return Ok(store);
    }
    let path = token_path.unwrap_or_else(|| config.text(FILE).into());
    if !path.as_os_str().is_empty() {
        return file(path, clock);
    }
    if is_mysql(config) { mysql(config, clock) } else { Err(no_store()) }
}

fn is_mysql(config: &Config) -> bool {
    let named = DATABASE.iter().any(|key| config.is_set(key));
    named || (config.is_dictionary() && cfg!(feature = "mysql-store"))
}

fn no_store() -> Error {
    Error::config(
        "no token store is configured: set `token_persistence_path` (a folder; feature `file-store`) or \
         `db_host` (MySQL; feature `mysql-store`), or pass a store to the builder with `.store(…)`, for \
         example a `MemoryStore`, which forgets the login when the program exits",
    )
}

#[cfg(feature = "file-store")]
fn file(path: PathBuf, clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    Ok(Arc::new(zcrm_store_file::FileStore::new(path).with_clock(Arc::clone(clock))))
}

#[cfg(not(feature = "file-store"))]
fn file(_path: PathBuf, _clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    Err(Error::config(
        "`token_persistence_path` needs the feature `file-store` of the crate `zcrm`: enable it, or \
         pass a store to the builder with `.store(…)`",
    ))
}

#[cfg(feature = "mysql-store")]
fn mysql(config: &Config, clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    let mut builder = zcrm_store_mysql::MySqlStore::builder().clock(Arc::clone(clock));
    let set = |key: &str| Some(config.text(key)).filter(|text| !text.is_empty());
    if let Some(host) = set("db_host") {
        builder = builder.host(host);
    }
    if let Some(port) = config.port("db_port")? {
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
        Error::config("the settings of the database are invalid").with_source(error)
    })?;
    tracing::info!(target: "zcrm::store", place = store.place(), "tokens are kept in MySQL");
    Ok(Arc::new(store))
}

#[cfg(not(feature = "mysql-store"))]
fn mysql(_config: &Config, _clock: &Arc<dyn Clock>) -> Result<Arc<dyn TokenStore>, Error> {
    Err(Error::config(
        "the `db_…` settings need the feature `mysql-store` of the crate `zcrm`: enable it, set \
         `token_persistence_path` (feature `file-store`), or pass a store to the builder with \
         `.store(…)`",
    ))
}
