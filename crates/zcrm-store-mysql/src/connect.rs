//! Opening connections.

use std::{sync::Arc, time::Duration};

use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, OptsBuilder, SslOpts};
use zcrm_clock::within;
use zcrm_core::ExposeSecret as _;
use zcrm_oauth::StoreError;

use crate::{
    builder::{Ca, MySqlStoreBuilder},
    error,
};

/// A connection to the database.
pub(crate) type Connection = AsyncMysqlConnection;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Load and save.
    Work,
    /// Holding the lock of a refresh.
    Lock,
    /// Making the database, which need not be there.
    Schema,
}

/// After how many seconds the server ends a session that holds a lock and says nothing: how long a
/// machine that vanished can keep the others waiting.
const LOCK_SESSION: u32 = 60;

/// Opens connections with the settings of a store.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) settings: Arc<MySqlStoreBuilder>,
    pub(crate) place: Arc<str>,
}

impl Connector {
    /// Opens one.
    pub(crate) async fn open(&self, purpose: Purpose) -> Result<Connection, StoreError> {
        let limit = self.settings.connect_timeout;
        let opening = within(limit, &*self.settings.clock, self.open_in_any_time(purpose));
        opening
            .await
            .unwrap_or_else(|| {
                let seconds = limit.as_secs_f64();
                Err(format!("cannot reach the {}: no answer in {seconds} s", self.place))
            })
            .map_err(StoreError::new)
    }

    async fn open_in_any_time(&self, purpose: Purpose) -> Result<Connection, String> {
        if self.settings.uses_tls() {
            // mysql_async takes the process's provider, and panics where there is none and rustls
            // was built with several
            if rustls::crypto::CryptoProvider::get_default().is_none() {
                let _ = rustls::crypto::ring::default_provider().install_default();
            }
        }
        let connection = Conn::new(self.options(purpose))
            .await
            .map_err(|cause| error::connect(&self.place, &cause))?;
        Connection::try_from(connection).await.map_err(|cause| error::opening(&self.place, &cause))
    }

    fn options(&self, purpose: Purpose) -> OptsBuilder {
        let settings = &self.settings;
        let mut options = OptsBuilder::default()
            .ip_or_hostname(settings.host.clone())
            .tcp_port(settings.port)
            .user(Some(settings.user.clone()))
            .pass(Some(settings.password.expose_secret().to_owned()))
            // asked for by name or not at all: else a first connection over TCP looks for one
            .prefer_socket(Some(false))
            .socket(settings.socket.as_ref().map(|path| path.to_string_lossy().into_owned()))
            .tcp_keepalive(Some(30_000_u32))
            .client_found_rows(true)
            // diesel has its own
            .stmt_cache_size(0)
            .init(session(purpose, settings.timeout));
        if purpose != Purpose::Schema {
            options = options.db_name(Some(settings.database.clone()));
        }
        if settings.uses_tls() {
            let own = settings.cas.iter().map(|ca| match ca {
                Ca::File(path) => path.clone().into(),
                Ca::Pem(pem) => pem.clone().into(),
            });
            let tls = SslOpts::default()
                .with_root_certs(own.collect())
                .with_disable_built_in_roots(!settings.cas.is_empty());
            options = options.ssl_opts(Some(tls));
        }
        options
    }
}

/// What a session is told first.
fn session(purpose: Purpose, timeout: Duration) -> Vec<String> {
    let lock_wait = timeout.as_secs().max(1);
    let mut first = format!(
        // strict, so that nothing is ever cut; English, because errors are told apart by their
        // text; autocommit, since a server may have another default
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES', lc_messages = 'en_US', autocommit = 1, \
         innodb_lock_wait_timeout = {lock_wait}"
    );
    if purpose == Purpose::Lock {
        first.push_str(&format!(", wait_timeout = {LOCK_SESSION}"));
    }
    vec![
        "SET NAMES utf8mb4".into(),
        first,
        // the gaps that the default level locks in a table without a key are deadlocks in waiting
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".into(),
    ]
}
