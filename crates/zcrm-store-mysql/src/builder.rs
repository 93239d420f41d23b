//! The settings of a store.

use std::{fmt, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use zcrm_core::{Clock, SecretString, TokioClock};
use zcrm_oauth::StoreError;

/// The settings of a [`MySqlStore`](crate::MySqlStore).
///
/// The defaults are those of the Ruby SDK's guide: host `127.0.0.1`, port 3306, user `root` with an
/// empty password, database `zohooauth`. `Debug` shows no password.
///
/// ```
/// use zcrm_store_mysql::MySqlStore;
///
/// # fn run() -> Result<(), zcrm_oauth::StoreError> {
/// let store = MySqlStore::builder()
///     .host("db.example.com")
///     .user("zcrm")
///     .password("a secret")
///     .ca_file("/etc/app/database-ca.pem")
///     .build()?;
/// assert_eq!(store.place(), "database `zohooauth` at db.example.com:3306");
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct MySqlStoreBuilder {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) user: String,
    pub(crate) password: SecretString,
    pub(crate) database: String,
    pub(crate) cas: Vec<Ca>,
    pub(crate) tls_off: bool,
    pub(crate) pool_size: usize,
    pub(crate) lock_connections: usize,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) lock_life: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A custom certificate authority.
#[derive(Clone, Debug)]
pub(crate) enum Ca {
    File(PathBuf),
    Pem(Vec<u8>),
}

impl Default for MySqlStoreBuilder {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 3306,
            socket: None,
            user: "root".into(),
            password: SecretString::from(String::new()),
            database: "zohooauth".into(),
            cas: Vec::new(),
            tls_off: false,
            pool_size: 8,
            lock_connections: 32,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            lock_life: Duration::from_secs(60),
            clock: Arc::new(TokioClock::new()),
        }
    }
}

impl MySqlStoreBuilder {
    /// Sets the host, port, user, password, database and socket from a URL such as
    /// `mysql://user:password@host:3306/database?socket=/run/mysqld/mysqld.sock`.
    ///
    /// Settings that are not in the URL do not change. Reserved characters in it must be
    /// percent-encoded.
    ///
    /// ```
    /// use zcrm_store_mysql::MySqlStore;
    ///
    /// # fn run() -> Result<(), zcrm_oauth::StoreError> {
    /// let store = MySqlStore::builder().url("mysql://zcrm:p%40ss@127.0.0.1:3307/tokens")?.build()?;
    /// assert_eq!(store.place(), "database `tokens` at 127.0.0.1:3307");
    /// # Ok(())
    /// # }
    /// # run().unwrap();
    /// ```
    ///
    /// # Errors
    /// Returns an error if `url` is not such a URL, or has a parameter other than `socket`. The
    /// message does not show the URL, because it may hold the password.
    pub fn url(mut self, url: &str) -> Result<Self, StoreError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let invalid = |what: &str| StoreError::new(format!("the database URL {what}"));
        let wrong_form = "is not of the form `mysql://user:password@host:port/database`";
        if !base.starts_with("mysql://") {
            return Err(invalid(wrong_form));
        }
        let parsed = mysql_async::Opts::from_url(base).map_err(|_| invalid(wrong_form))?;
        self.host = parsed.ip_or_hostname().trim_matches(['[', ']']).to_owned();
        self.port = parsed.tcp_port();
        if let Some(user) = parsed.user() {
            user.clone_into(&mut self.user);
        }
        if let Some(password) = parsed.pass() {
            self.password = SecretString::from(password.to_owned());
        }
        if let Some(database) = parsed.db_name().filter(|name| !name.is_empty()) {
            database.clone_into(&mut self.database);
        }
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("socket", path)) => self.socket = Some(path.into()),
                _ => return Err(invalid("has a parameter other than `socket`")),
            }
        }
        Ok(self)
    }

    /// Sets the host, a name or an address. A host other than this machine is connected to over
    /// TLS.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// Sets the port; 3306 by default.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets a Unix socket, which is used instead of host and port.
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = Some(path.into());
        self
    }

    /// Sets the database user; `root` by default.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Sets the password; empty by default.
    pub fn password(mut self, password: impl Into<SecretString>) -> Self {
        self.password = password.into();
        self
    }

    /// Sets the database; `zohooauth` by default. The table is always `oauthtokens`.
    pub fn database(mut self, database: impl Into<String>) -> Self {
        self.database = database.into();
        self
    }

    /// Adds a file with the certificates (PEM) of the authority that signed the server's
    /// certificate.
    ///
    /// If an authority is set, no other authority is trusted, and TLS is used for every host.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.cas.push(Ca::File(path.into()));
        self
    }

    /// Adds certificates (PEM) as [`ca_file`](Self::ca_file) does, from memory.
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.cas.push(Ca::Pem(pem.into()));
        self
    }

    /// Disables TLS, even for a server on another machine.
    ///
    /// Anyone who can see the traffic can then read tokens and data.
    pub fn dangerously_without_tls(mut self) -> Self {
        self.tls_off = true;
        self
    }

    /// Sets the largest number of connections that load and save tokens; 8 by default, at least 1.
    ///
    /// Connections are opened when they are needed.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.pool_size = connections.max(1);
        self
    }

    /// Sets the largest number of additional connections that hold or try refresh locks; 32 by
    /// default, at least 1.
    ///
    /// Each refresh holds one such connection until it ends.
    pub fn lock_connections(mut self, connections: usize) -> Self {
        self.lock_connections = connections.max(1);
        self
    }

    /// Sets the timeout of one operation, including the wait for a connection; 10 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the timeout for opening a connection; 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long a refresh lock outlives a machine that vanished without closing its
    /// connection; 60 s by default, at least 1 s, in whole seconds.
    ///
    /// The server releases the lock after this time. It must be longer than a refresh can take (30
    /// s).
    pub fn lock_life(mut self, life: Duration) -> Self {
        self.lock_life = life;
        self
    }

    /// Sets the clock by which the store waits; by default tokio's timer, which the runtime must
    /// have enabled.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Returns the database and server as errors and logs name them.
    pub(crate) fn place(&self) -> String {
        format!("database `{}` at {}", self.database, self.server())
    }

    fn server(&self) -> String {
        match &self.socket {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", self.host, self.port),
        }
    }

    /// Returns a name of the database and server that is the same for all names of this machine.
    pub(crate) fn identity(&self) -> String {
        if self.socket.is_none() && self.is_loopback() {
            return format!("{} loopback:{}", self.database, self.port);
        }
        format!("{} {}", self.database, self.server())
    }

    /// Returns `true` if the connection stays on this machine.
    fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|it| it.to_canonical().is_loopback())
    }

    /// Returns `true` if a connection to another machine is allowed: it is encrypted, TLS is
    /// disabled, or a socket is set.
    pub(crate) fn may_leave_machine(&self) -> bool {
        self.tls_off || self.socket.is_some() || self.uses_tls()
    }

    /// Returns `true` if the connection is encrypted.
    pub(crate) fn uses_tls(&self) -> bool {
        if self.tls_off || self.socket.is_some() {
            return false;
        }
        !self.cas.is_empty() || !self.is_loopback()
    }
}

impl fmt::Debug for MySqlStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlStoreBuilder")
            .field("place", &self.place())
            .field("user", &self.user)
            .field("password", &"[redacted]")
            .field("tls", &self.uses_tls())
            .field("pool_size", &self.pool_size)
            .field("lock_connections", &self.lock_connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::MySqlStore;

    #[test]
    fn requires_tls_for_other_machines() {
        let builder = MySqlStore::builder;
        for host in ["127.0.0.1", "127.8.9.1", "localhost", "LocalHost", "::1"] {
            assert!(!builder().host(host).uses_tls(), "{host}");
        }
        for host in ["db.example.com", "10.0.0.7", "localhost.example.com", "128.0.0.1"] {
            assert!(builder().host(host).uses_tls(), "{host}");
            assert!(!builder().host(host).dangerously_without_tls().uses_tls(), "{host}");
            assert!(!builder().host(host).socket("/run/s").uses_tls(), "{host}");
        }
        assert!(builder().ca_pem("x").uses_tls(), "also for this machine");
    }

    #[test]
    fn rejects_contradicting_settings() {
        let builder = MySqlStore::builder;
        assert!(builder().ca_pem("x").dangerously_without_tls().build().is_err());
        assert!(builder().database("").build().is_err());
        assert!(builder().database("d".repeat(65)).build().is_err());
    }

    #[test]
    fn reads_settings_from_a_url_without_showing_it() {
        let builder = MySqlStore::builder().url("mysql://me:m%40rked@db.example.com:3307/t%20k");
        let builder = builder.unwrap();
        assert_eq!((builder.host.as_str(), builder.port), ("db.example.com", 3307));
        assert_eq!((builder.user.as_str(), builder.database.as_str()), ("me", "t k"));
        let text = format!("{builder:?}");
        assert!(!text.contains("rked"), "{text}");
        use zcrm_core::ExposeSecret as _;
        assert_eq!(builder.password.expose_secret(), "m@rked");

        let bare = MySqlStore::builder().url("mysql://127.0.0.1").unwrap();
        assert_eq!(bare.place(), "database `zohooauth` at 127.0.0.1:3306");
        assert_eq!(bare.user, "root");
        let socket = MySqlStore::builder().url("mysql://localhost/x?socket=/run/s").unwrap();
        assert_eq!(socket.place(), "database `x` at /run/s");

        for wrong in [
            "marked",
            "http://u:marked@h",
            "mysql://u:marked@h:port/d",
            "mysql://u:marked@h/d?verify_ca=false",
        ] {
            let error = MySqlStore::builder().url(wrong).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("marked"), "{error}");
        }
    }
}
