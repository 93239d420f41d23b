//! Opening connections.

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

/// Opens connections with the settings of a store.
#[derive(Clone, Debug)]
pub(crate) struct MySqlConnector {
    pub(crate) settings: Arc<MySqlStoreBuilder>,
    pub(crate) place: Arc<str>,
}

impl MySqlConnector {
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
        let connection = Conn::new(self.options(purpose, self.host().await?))
            .await
            .map_err(|cause| error::connect(&self.place, &cause))?;
        Connection::try_from(connection).await.map_err(|cause| error::opening(&self.place, &cause))
    }

    /// The host to connect to. Without encryption a name is for loopback addresses only: whatever it
    /// is, the address that it leads to counts.
    async fn host(&self) -> Result<String, String> {
        let settings = &self.settings;
        if settings.may_leave() || settings.host.parse::<IpAddr>().is_ok() {
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
            // asked for by name or not at all: else a first connection over TCP looks for one
            .prefer_socket(Some(false))
            .socket(settings.socket.as_ref().map(|path| path.to_string_lossy().into_owned()))
            .tcp_keepalive(Some(30_000_u32))
            .client_found_rows(true)
            // diesel has its own
            .stmt_cache_size(0)
            .init(session(purpose, settings));
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

/// The loopback address among those of a name.
fn on_loopback(found: &[IpAddr]) -> Result<IpAddr, String> {
    match found.iter().find(|address| address.to_canonical().is_loopback()) {
        Some(address) => Ok(*address),
        None => Err(match found.first() {
            Some(other) => format!(
                "its name leads to {other}, which is another machine, and passwords are sent to \
                 another machine over TLS only: name the machine itself, or mend the name"
            ),
            None => "its name has no address".to_owned(),
        }),
    }
}

/// What a session is told first.
fn session(purpose: Purpose, settings: &MySqlStoreBuilder) -> Vec<String> {
    let lock_wait = settings.timeout.as_secs().max(1);
    let mut first = format!(
        // strict, so that nothing is ever cut; English, because errors are told apart by their
        // text; autocommit, since a server may have another default
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES', lc_messages = 'en_US', autocommit = 1, \
         innodb_lock_wait_timeout = {lock_wait}"
    );
    if purpose == Purpose::Lock {
        let life = settings.lock_life.as_secs().max(1);
        first.push_str(&format!(", wait_timeout = {life}"));
    }
    vec![
        "SET NAMES utf8mb4".into(),
        first,
        // the gaps that the default level locks in a table without a key are deadlocks in waiting
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".into(),
    ]
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::on_loopback;

    #[test]
    fn takes_only_a_loopback_address_of_a_name() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (other, here) = (address("192.0.2.7"), address("127.0.0.1"));
        assert_eq!(on_loopback(&[other, here]), Ok(here));
        assert_eq!(on_loopback(&[address("::1")]), Ok(address("::1")));
        let error = on_loopback(&[other]).unwrap_err();
        assert!(error.contains("192.0.2.7") && error.contains("TLS"), "{error}");
        assert!(on_loopback(&[]).is_err());
    }
}
