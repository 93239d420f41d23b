//! A custom token store on SQLite, with the three methods that every store needs, and a lock that
//! makes several processes refresh only once.
//!
//! Of zcrm it needs only the crate `zcrm-oauth`, without its default features. Run it with `cargo
//! run -p zcrm-oauth --example sqlite_store`. Its test checks it against the contract.
#![allow(clippy::print_stdout, reason = "an example prints its results")]

use std::{
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::DateTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::task::spawn_blocking;
use zcrm_core::{Environment, ExposeSecret, SecretString};
use zcrm_oauth::{RefreshLock, Release, StoreError, StoredToken, TokenKey, TokenStore};

const TABLE: &str = "create table if not exists tokens (
    user text not null, client text not null, environment text not null, organisation text not null,
    access text not null, refresh text, expires_ms integer not null,
    api_domain text, accounts_server text, scope text,
    primary key (user, client, environment, organisation)) without rowid";

const KEY: &str = "user = ?1 and client = ?2 and environment = ?3 and organisation = ?4";

/// A token store in a database file.
#[derive(Clone)]
struct SqliteStore {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    async fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let opened = path.clone();
        let connection = blocking(&path, move || {
            let connection = Connection::open(opened)?;
            connection.busy_timeout(Duration::from_secs(10))?;
            connection.execute(TABLE, ())?;
            Ok(connection)
        })
        .await?;
        Ok(Self { path, connection: Arc::new(Mutex::new(connection)) })
    }

    /// Runs `work` on a thread that may block.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        blocking(&self.path, move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
    }
}

/// Shows the path and no token.
impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenStore for SqliteStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        let [user, client, environment, organisation] = columns(key);
        self.with(move |connection| {
            let select = format!(
                "select access, refresh, expires_ms, api_domain, accounts_server, scope \
                 from tokens where {KEY}"
            );
            let mut select = connection.prepare(&select)?;
            select.query_row(params![user, client, environment, organisation], token).optional()
        })
        .await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let [user, client, environment, organisation] = columns(key);
        let token = token.clone();
        self.with(move |connection| {
            // one statement, so that no reader sees half of it
            let insert = "insert or replace into tokens values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
            connection.prepare(insert)?.execute(params![
                user,
                client,
                environment,
                organisation,
                token.access.expose_secret(),
                token.refresh.as_ref().map(ExposeSecret::expose_secret),
                token.expires_at.timestamp_millis(),
                token.api_domain,
                token.accounts_server,
                token.scope,
            ])?;
            Ok(())
        })
        .await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        let [user, client, environment, organisation] = columns(key);
        self.with(move |connection| {
            let delete = format!("delete from tokens where {KEY}");
            let deleted = connection.prepare(&delete)?.execute(params![
                user,
                client,
                environment,
                organisation
            ])?;
            Ok(deleted > 0)
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let rows = self
            .with(|connection| {
                let select = "select user, client, environment, organisation from tokens";
                let mut select = connection.prepare(select)?;
                let rows = select.query_map((), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?))
                })?;
                rows.collect::<rusqlite::Result<Vec<(String, String, String, String)>>>()
            })
            .await?;
        rows.into_iter()
            .map(|(user, client, environment, organisation)| {
                let environment: Environment = environment.parse().map_err(|error| {
                    StoreError::new("the table contains an unknown environment").with_source(error)
                })?;
                let key = TokenKey::new(user, client, environment);
                let bare = organisation.is_empty();
                Ok(if bare { key } else { key.with_organisation(organisation) })
            })
            .collect()
    }

    /// Opens a transaction on a small database for this key. SQLite ends the transaction when its
    /// holder dies.
    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        let mut name = self.path.clone().into_os_string();
        // the hash is the same in all processes that were built with the same compiler
        let mut hash = DefaultHasher::new();
        key.hash(&mut hash);
        name.push(format!(".{:016x}.lock", hash.finish()));
        let held = blocking(&self.path, move || {
            let connection = Connection::open(name)?;
            connection.busy_timeout(wait)?;
            match connection.execute_batch("begin exclusive") {
                Ok(()) => Ok(Some(connection)),
                Err(error)
                    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .await?;
        Ok(held.map(|connection| RefreshLock::new(Lease(Mutex::new(connection)))))
    }
}

/// A lock that is held. SQLite releases it when the connection closes.
struct Lease(Mutex<Connection>);

#[async_trait]
impl Release for Lease {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        drop(self.0);
        Ok(())
    }
}

fn columns(key: &TokenKey) -> [String; 4] {
    let organisation = key.organisation().unwrap_or_default();
    [key.user(), key.client_id(), key.environment().as_str(), organisation].map(str::to_owned)
}

fn token(row: &Row<'_>) -> rusqlite::Result<StoredToken> {
    let expires = row.get(2)?;
    let expires = DateTime::from_timestamp_millis(expires)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(2, expires))?;
    let mut token = StoredToken::new(row.get::<_, String>(0)?, expires);
    token.refresh = row.get::<_, Option<String>>(1)?.map(SecretString::from);
    token.api_domain = row.get(3)?;
    token.accounts_server = row.get(4)?;
    token.scope = row.get(5)?;
    Ok(token)
}

/// Runs `work` on a thread that may block. An error names the file.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let failed = || StoreError::new(format!("the token database `{}` failed", path.display()));
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed().with_source(error)),
        Err(error) => Err(failed().with_source(error)),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("tokens.db")).await?;
    let key = TokenKey::new("patricia@example.com", "1000.CLIENT", Environment::Production);
    let token = StoredToken::new("1000.access", "2026-05-24T17:05:12Z".parse()?)
        .with_refresh("1000.refresh");
    store.save(&key, &token).await?;
    println!("keys:  {:?}", store.keys().await?);
    println!("token: {:?}", store.load(&key).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zcrm_oauth::{TokenStore, store::conformance::Suite};

    use super::SqliteStore;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn passes_the_conformance_suite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        let open = || {
            let path = path.clone();
            async move {
                let store: Arc<dyn TokenStore> = Arc::new(SqliteStore::open(path).await?);
                Ok(store)
            }
        };
        Suite::new().run(open).await.unwrap();
    }
}
