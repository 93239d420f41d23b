//! Opening of connections.

use std::{net::IpAddr, sync::Arc};

use diesel_async::AsyncMysqlConnection;
use mysql_async::{Conn, OptsBuilder, SslOpts};
use zcrm_core::{ExposeSecret as _, within};
use zcrm_oauth::StoreError;

use crate::{
    builder::{Ca, MySqlStoreBuilder},
    error,
};

/// A connection to the database.
pub(crate) type Connection = AsyncMysqlConnection;

/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Loading and saving tokens.
    Work,
    /// Holding a refresh lock.
    Lock,
    /// Creating the database, which may not exist yet.
    Schema,
}

/// Opens connections with the settings of a store.
#[derive(Clone, Debug)]
pub(crate) struct MySqlConnector {
    pub(crate) settings: Arc<MySqlStoreBuilder>,
    pub(crate) place: Arc<str>,
}

impl MySqlConnector {
    /// Opens a connection, within the timeout for connecting.
    pub(crate) async fn open(&self, purpose: Purpose) -> Result<Connection, StoreError> {
        let limit = self.settings.connect_timeout;
        let opening = within(limit, &*self.settings.clock, self.open_without_timeout(purpose));
        opening
            .await
            .unwrap_or_else(|| {
                let seconds = limit.as_secs_f64();
                Err(format!("cannot reach the {}: no answer within {seconds} s", self.place))
            })
            .map_err(StoreError::new)
    }

    async fn open_without_timeout(&self, purpose: Purpose) -> Result<Connection, String> {
        if self.settings.uses_tls() {
            // mysql_async uses the process's provider, and panics if there is none and rustls was
            // built with several
            if rustls::crypto::CryptoProvider::get_default().is_none() {
                let _ = rustls::crypto::ring::default_provider().install_default();
            }
        }
        let connection = Conn::new(self.options(purpose, self.host().await?))
            .await
            .map_err(|cause| error::connect(&self.place, &cause))?;
        Connection::try_from(connection).await.map_err(|cause| error::opening(&self.place, &cause))
    }

    /// Returns the host to connect to. Without encryption a name may lead only to a loopback
    /// address, so it is resolved and checked here.
    async fn host(&self) -> Result<String, String> {
        let settings = &self.settings;
        if settings.may_leave_machine() || settings.host.parse::<IpAddr>().is_ok() {
            return Ok(settings.host.clone());
        }
        let unreachable = |why: &str| format!("cannot reach the {}: {why}", self.place);
        let found = tokio::net::lookup_host((settings.host.as_str(), settings.port))
            .await
            .map_err(|cause| unreachable(&cause.to_string()))?;
        let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        on_loopback(&found).map(|address| address.to_string()).map_err(|why| unreachable(&why))
    }

    fn options(&self, purpose: Purpose, host: String) -> OptsBuilder {
        let settings = &self.settings;
        let mut options = OptsBuilder::default()
            .ip_or_hostname(host)
            .tcp_port(settings.port)
            .user(Some(settings.user.clone()))
            .pass(Some(settings.password.expose_secret().to_owned()))
            // only if it is set; otherwise a first TCP connection would ask the server for a socket
            .prefer_socket(Some(false))
            .socket(settings.socket.as_ref().map(|path| path.to_string_lossy().into_owned()))
            .tcp_keepalive(Some(30_000_u32))
            .client_found_rows(true)
            // diesel has its own cache
            .stmt_cache_size(0)
            .init(session(purpose, settings));
        if purpose != Purpose::Schema {
            options = options.db_name(Some(settings.database.clone()));
        }
        if settings.uses_tls() {
            let certificates = settings.cas.iter().map(|ca| match ca {
                Ca::File(path) => path.clone().into(),
                Ca::Pem(pem) => pem.clone().into(),
            });
            let tls = SslOpts::default()
                .with_root_certs(certificates.collect())
                .with_disable_built_in_roots(!settings.cas.is_empty());
            options = options.ssl_opts(Some(tls));
        }
        options
    }
}

/// Returns a loopback address among the addresses of a name.
fn on_loopback(found: &[IpAddr]) -> Result<IpAddr, String> {
    match found.iter().find(|address| address.to_canonical().is_loopback()) {
        Some(address) => Ok(*address),
        None => Err(match found.first() {
            Some(other) => format!(
                "its name resolves to {other}, another machine, and a password is sent to \
                 another machine only over TLS: set the host to that machine, or correct the name"
            ),
            None => "its name resolves to no address".to_owned(),
        }),
    }
}

/// Returns the first statements of a session.
fn session(purpose: Purpose, settings: &MySqlStoreBuilder) -> Vec<String> {
    let lock_wait = settings.timeout.as_secs().max(1);
    let mut settings_statement = format!(
        // strict mode, so that values are never cut; English, because errors are recognised by
        // their text; autocommit, because the server's default may differ
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES', lc_messages = 'en_US', autocommit = 1, \
         innodb_lock_wait_timeout = {lock_wait}"
    );
    if purpose == Purpose::Lock {
        let life = settings.lock_life.as_secs().max(1);
        settings_statement.push_str(&format!(", wait_timeout = {life}"));
    }
    vec![
        "SET NAMES utf8mb4".into(),
        settings_statement,
        // the default level locks gaps in a table without a key, which leads to deadlocks
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".into(),
    ]
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::on_loopback;

    #[test]
    fn takes_only_loopback_addresses_of_a_name() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (other, here) = (address("192.0.2.7"), address("127.0.0.1"));
        assert_eq!(on_loopback(&[other, here]), Ok(here));
        assert_eq!(on_loopback(&[address("::1")]), Ok(address("::1")));
        let error = on_loopback(&[other]).unwrap_err();
        assert!(error.contains("192.0.2.7") && error.contains("TLS"), "{error}");
        assert!(on_loopback(&[]).is_err());
    }
}
