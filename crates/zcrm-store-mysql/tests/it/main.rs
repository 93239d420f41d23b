//! Tests of the MySQL store as applications and a Ruby program use it. `cargo xtask test` starts a
//! server for these tests.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests, outside the test functions"
)]

mod charset;
mod conformance;
mod inherited;
mod leases;
mod locks;
mod migration;
mod outage;
mod ruby_itself;
mod server;
mod settings;
mod starvation;

use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::{Conn, Opts, prelude::Queryable as _};
use zcrm_core::{Environment, ExposeSecret};
use zcrm_oauth::{StoredToken, TokenKey, TokenStore as _};
use zcrm_store_mysql::{MySqlStore, MySqlStoreBuilder};

/// The table in the Ruby SDK's guide.
const GUIDE: &str = "CREATE TABLE oauthtokens (useridentifier varchar(100), \
     accesstoken varchar(100), refreshtoken varchar(100), expirytime bigint)";

/// The same table with a key, as some users have it.
const KEYED: &str = "CREATE TABLE oauthtokens (useridentifier varchar(100) NOT NULL, \
     accesstoken varchar(100) NOT NULL, refreshtoken varchar(100) NOT NULL, \
     expirytime bigint NOT NULL, PRIMARY KEY (useridentifier))";

/// A separate database, which is removed at the end.
struct Fixture {
    url: String,
    database: String,
}

impl Fixture {
    /// Creates a database with the table that this statement creates.
    async fn with(table: &str) -> Self {
        Self::on(&server_url(), "utf8mb4", table).await
    }

    /// Creates a database with another default character set.
    async fn with_charset(charset: &str, table: &str) -> Self {
        Self::on(&server_url(), charset, table).await
    }

    /// Creates a database on this server.
    async fn on(url: &str, charset: &str, table: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let at = NEXT.fetch_add(1, Ordering::Relaxed);
        let database = format!("zcrm_test_{}_{at}", std::process::id());
        let mut connection = Conn::new(Opts::from_url(url).unwrap()).await.unwrap();
        let statement = format!("CREATE DATABASE {database} CHARACTER SET {charset}");
        connection.query_drop(statement).await.unwrap();
        connection.disconnect().await.unwrap();
        let fixture = Self { url: url.into(), database };
        fixture.sql(table).await;
        fixture
    }

    /// Creates a database with the guide's table, migrated.
    async fn migrated() -> Self {
        let fixture = Self::with(GUIDE).await;
        assert!(fixture.store().migrate().await.unwrap());
        fixture
    }

    fn builder(&self) -> MySqlStoreBuilder {
        MySqlStore::builder().url(&self.url).unwrap().database(&self.database)
    }

    /// Returns a new store that shares nothing with others, like that of another process.
    fn store(&self) -> MySqlStore {
        self.builder().build().unwrap()
    }

    /// Opens a connection as another program does.
    async fn connection(&self) -> Conn {
        let options = mysql_async::OptsBuilder::from_opts(Opts::from_url(&self.url).unwrap());
        let options = options.db_name(Some(self.database.clone())).prefer_socket(Some(false));
        Conn::new(options).await.unwrap()
    }

    /// Runs a statement as another program does.
    async fn sql(&self, statement: &str) {
        let mut connection = self.connection().await;
        connection.query_drop(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        connection.disconnect().await.unwrap();
    }

    /// Returns user, access token, refresh token and expiry of each row, in order.
    async fn rows(&self) -> Vec<(String, String, String, i64)> {
        let mut connection = self.connection().await;
        let all = "SELECT useridentifier, accesstoken, refreshtoken, expirytime FROM oauthtokens \
                   ORDER BY useridentifier, expirytime, accesstoken";
        let rows = connection.query(all).await.unwrap();
        connection.disconnect().await.unwrap();
        rows
    }

    /// Returns the stored token of a user as text, with its secrets.
    async fn shown(&self, user: &str) -> Option<String> {
        self.store().load(&key(user)).await.unwrap().map(|token| shown(&token))
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let (url, database) = (self.url.clone(), self.database.clone());
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                // the server of a single test may have ended
                if let Ok(mut connection) = Conn::new(Opts::from_url(&url).unwrap()).await {
                    let _ = connection.query_drop(format!("DROP DATABASE {database}")).await;
                    let _ = connection.disconnect().await;
                }
            });
        });
        let _ = dropping.join();
    }
}

fn server_url() -> String {
    std::env::var("ZCRM_TEST_MYSQL_URL").unwrap_or_else(|_| {
        panic!(
            "these tests need a server: `cargo xtask test` starts one; ZCRM_TEST_MYSQL_URL \
             sets another one, on which databases may be created"
        )
    })
}

fn key(user: &str) -> TokenKey {
    TokenKey::new(user, "1000.CLIENT", Environment::Production)
}

fn token(name: &str) -> StoredToken {
    token_until(name, 1_779_642_312_345)
}

fn token_until(name: &str, milliseconds: i64) -> StoredToken {
    let end = chrono::DateTime::from_timestamp_millis(milliseconds).unwrap();
    StoredToken::new(format!("access-{name}"), end).with_refresh(format!("refresh-{name}"))
}

/// Returns a token with all optional members.
fn full(name: &str) -> StoredToken {
    token(name)
        .with_api_domain("https://www.zohoapis.eu")
        .with_accounts_server("https://accounts.zoho.eu")
        .with_scope("ZohoCRM.modules.ALL,ZohoCRM.users.READ")
}

/// Returns all members of a token as text, with its secrets.
fn shown(token: &StoredToken) -> String {
    let StoredToken { access, refresh, expires_at, api_domain, accounts_server, scope, .. } = token;
    let refresh = refresh.as_ref().map(ExposeSecret::expose_secret);
    let access = access.expose_secret();
    format!("{access} {refresh:?} {expires_at} {api_domain:?} {accounts_server:?} {scope:?}")
}

/// Returns the texts of an error and its causes.
fn texts(error: &zcrm_oauth::StoreError) -> String {
    let mut texts = format!("{error:?} {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        texts.push_str(&format!("{cause:?} {cause}"));
        source = cause.source();
    }
    texts
}
