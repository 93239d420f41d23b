//! The token store on a database.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use zcrm_oauth::{RefreshLock, StoreError, StoredToken, TokenKey, TokenStore};

use crate::{
    builder::MySqlStoreBuilder,
    connect::{MySqlConnector, Purpose},
    error::{self, OperationError},
    leases::MySqlLeases,
    lock::{self, Locks},
    migrate,
    pool::Connections,
    single_client::SingleClient,
    table,
};

/// How long and how often a missing row is looked for, because Ruby deletes a row before it inserts
/// the new one.
const MISSING: Duration = Duration::from_millis(500);
const MISSING_PAUSE: Duration = Duration::from_millis(25);

/// The longest wait for another process's migration.
const MIGRATION_WAIT: Duration = Duration::from_secs(60);

/// A token store in a table of MySQL or MariaDB, for any number of processes and machines.
///
/// See the [crate](crate) for its guarantees. Clones share all state. It must be used inside a
/// tokio runtime.
///
/// ```no_run
/// use zcrm_core::Environment;
/// use zcrm_oauth::{StoredToken, TokenKey, TokenStore};
/// use zcrm_store_mysql::MySqlStore;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MySqlStore::builder().host("127.0.0.1").password("a secret").connect().await?;
/// let key = TokenKey::new("patricia@example.com", "1000.CLIENT", Environment::Production);
/// let token = StoredToken::new("1000.access", "2026-05-24T17:05:12Z".parse()?)
///     .with_refresh("1000.refresh");
/// store.save(&key, &token).await?;
/// assert!(store.load(&key).await?.is_some_and(|loaded| loaded.is_same_login(&token)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MySqlStore {
    shared: Arc<Shared>,
}

struct Shared {
    connections: Connections,
    locks: Arc<Locks>,
    single_client: SingleClient,
}

impl MySqlStore {
    /// Returns a builder; see [`MySqlStoreBuilder`] for the defaults.
    pub fn builder() -> MySqlStoreBuilder {
        MySqlStoreBuilder::default()
    }

    pub(crate) fn new(settings: MySqlStoreBuilder) -> Result<Self, StoreError> {
        let place = settings.place().into();
        let connector = MySqlConnector { settings: Arc::new(settings), place };
        let locks = Arc::new(Locks::new(connector.clone()));
        let connections = Connections::new(connector)?;
        let shared = Shared { connections, locks, single_client: SingleClient::default() };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Returns the name of the database and server in errors and logs.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.shared.connections.connector.place
    }

    /// Checks that the server answers and the table exists, as
    /// [`connect`](MySqlStoreBuilder::connect) does.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), zcrm_oauth::StoreError> {
    /// let store = zcrm_store_mysql::MySqlStore::builder().build()?;
    /// store.check().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error that names the cause and the remedy.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.work("read the token table", |shared| async move {
            let mut connection = shared.connections.take().await?;
            let read =
                table::Shape::read(connection.get()?, &shared.connections.connector.place).await;
            connection.give_back(read.map(drop))
        })
        .await
    }

    /// Creates the database and the table of the Ruby SDK's guide, if they do not exist.
    ///
    /// No other method creates them. [Migrate](Self::migrate) a new table immediately.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), zcrm_oauth::StoreError> {
    /// let store = zcrm_store_mysql::MySqlStore::builder().build()?;
    /// store.create_schema().await?;
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached, or the database user lacks the permission.
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        self.work("create the token table", |shared| async move {
            let mut connection = shared.connections.connector.open(Purpose::Schema).await?;
            migrate::create(&mut connection, &shared.connections.connector.settings.database).await
        })
        .await
    }

    /// Changes the Ruby SDK's table so that it can hold all data of a token. Returns `true` if a
    /// change was necessary.
    ///
    /// The newest row of each user is kept, and the table gets a primary key; room for longer
    /// tokens and any character; and columns for API domain, accounts server, scope, environment
    /// and client. The Ruby SDK's own statements still work. Users that differ in case are then
    /// different users.
    ///
    /// You may call this at any time and repeatedly, even in several processes at the same time.
    /// Others wait while the server rebuilds the table. The [timeout](MySqlStoreBuilder::timeout)
    /// does not limit it.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), zcrm_oauth::StoreError> {
    /// let store = zcrm_store_mysql::MySqlStore::builder().connect().await?;
    /// let changed = store.migrate().await?;
    /// # let _ = changed;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the database user may not alter the table, if another process migrates
    /// it for more than a minute, or if two users differ only in trailing spaces. The steps that
    /// were completed remain, do no harm, and the next call continues after them.
    pub async fn migrate(&self) -> Result<bool, StoreError> {
        let shared = Arc::clone(&self.shared);
        let migrating = async move {
            let name = lock::name(&shared.connections.connector.settings.database, " migration");
            let Some(lock) = shared.locks.take(&name, MIGRATION_WAIT).await? else {
                return Err(StoreError::new(format!(
                    "cannot migrate the token table in {}: another process has been migrating it for \
                     more than a minute",
                    shared.connections.connector.place
                )));
            };
            let lock = RefreshLock::new(lock);
            let place = &shared.connections.connector.place;
            let connection = shared.connections.connector.open(Purpose::Work).await?;
            let migrated = migrate::run(connection, place).await;
            if let Err(error) = lock.release().await {
                tracing::debug!(target: "zcrm::store", %error, "the lock of the migration ended early");
            }
            migrated.map_err(|failure| failure.into_error("migrate the token table", place))
        };
        let runtime = tokio::runtime::Handle::try_current().map_err(error::runtime)?;
        runtime.spawn(migrating).await.map_err(error::runtime)?
    }

    /// Returns a store of leases in the same database, with the same connections.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), zcrm_oauth::StoreError> {
    /// let store = zcrm_store_mysql::MySqlStore::builder().connect().await?;
    /// let leases = store.leases();
    /// leases.create_table().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn leases(&self) -> MySqlLeases {
        MySqlLeases::new(self.shared.connections.clone())
    }

    /// Runs `work` as [`Connections::run`] does. `what` completes "cannot …".
    async fn work<T, F, W>(&self, what: &'static str, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, OperationError>> + Send,
        W: Fn(Arc<Shared>) -> F + Send + Sync + 'static,
    {
        let shared = Arc::clone(&self.shared);
        self.shared.connections.run(what, move || work(Arc::clone(&shared))).await
    }
}

impl MySqlStoreBuilder {
    /// Builds the store. Connections are opened when they are first needed.
    ///
    /// # Errors
    /// Returns an error if the settings contradict one another.
    pub fn build(self) -> Result<MySqlStore, StoreError> {
        if self.tls_off && !self.cas.is_empty() {
            return Err(StoreError::new(
                "TLS is disabled for the database, but a certificate authority is set: remove one \
                 of the two settings",
            ));
        }
        if self.database.is_empty()
            || self.database.chars().count() > 64
            || self.database.contains('\0')
        {
            return Err(StoreError::new("invalid database name: expected 1 to 64 characters"));
        }
        if let Some(path) = &self.socket
            && path.to_str().is_none()
        {
            return Err(StoreError::new("the path of the database's socket is not valid UTF-8"));
        }
        MySqlStore::new(self)
    }

    /// Builds the store and checks that the server answers.
    ///
    /// ```no_run
    /// use zcrm_store_mysql::MySqlStore;
    ///
    /// # async fn run() -> Result<(), zcrm_oauth::StoreError> {
    /// let store = MySqlStore::builder().password("a secret").connect().await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error in the same cases as [`build`](Self::build), and if the server or the table
    /// cannot be reached.
    pub async fn connect(self) -> Result<MySqlStore, StoreError> {
        let store = self.build()?;
        store.check().await?;
        Ok(store)
    }
}

impl Shared {
    fn bind(&self, key: &TokenKey) -> Result<(), StoreError> {
        let settings = &self.connections.connector.settings;
        self.single_client.bind(&settings.identity(), &self.connections.connector.place, key)
    }

    /// Refuses a key with an organisation, for which the table has no column.
    fn refuse_organisation(&self, key: &TokenKey) -> Result<(), StoreError> {
        if key.organisation().is_none() {
            return Ok(());
        }
        Err(StoreError::new(format!(
            "the token table in {} cannot hold tokens of several organisations: use a separate database for each",
            self.connections.connector.place
        )))
    }
}

impl MySqlStore {
    /// Writes a token; with `old`, only over a token of the same login.
    async fn write(
        &self,
        key: &TokenKey,
        old: Option<&StoredToken>,
        token: &StoredToken,
    ) -> Result<bool, StoreError> {
        self.shared.refuse_organisation(key)?;
        let (key, old, token) = (key.clone(), old.cloned(), token.clone());
        self.work("write to the token table", move |shared| {
            let (key, old, token) = (key.clone(), old.clone(), token.clone());
            async move {
                let mut connection = shared.connections.take().await?;
                let place = Arc::clone(&shared.connections.connector.place);
                let unowned = |key: &_| shared.bind(key);
                let old = old.as_ref();
                let saved =
                    table::save(connection.get()?, &place, &key, old, &token, &unowned).await;
                connection.give_back(saved)
            }
        })
        .await
    }
}

impl fmt::Debug for MySqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlStore").field("place", &self.place()).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenStore for MySqlStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.shared.refuse_organisation(key)?;
        let clock = &*self.shared.connections.connector.settings.clock;
        let begin = clock.monotonic();
        loop {
            let wanted = key.clone();
            let found = self.work("read the token table", move |shared| {
                let key = wanted.clone();
                async move {
                    let mut connection = shared.connections.take().await?;
                    let found =
                        table::find(connection.get()?, &key, &|key: &_| shared.bind(key)).await;
                    connection.give_back(found)
                }
            });
            if let Some(row) = found.await? {
                return Ok(Some(row.into_token()));
            }
            if clock.monotonic().saturating_sub(begin) >= MISSING {
                return Ok(None);
            }
            clock.sleep(MISSING_PAUSE).await;
        }
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.write(key, None, token).await.map(drop)
    }

    async fn replace(
        &self,
        key: &TokenKey,
        old: &StoredToken,
        new: &StoredToken,
    ) -> Result<bool, StoreError> {
        self.write(key, Some(old), new).await
    }

    async fn delete(&self, key: &TokenKey) -> Result<bool, StoreError> {
        self.shared.refuse_organisation(key)?;
        let key = key.clone();
        self.work("write to the token table", move |shared| {
            let key = key.clone();
            async move {
                let mut connection = shared.connections.take().await?;
                let deleted =
                    table::delete(connection.get()?, &key, &|key: &_| shared.bind(key)).await;
                connection.give_back(deleted)
            }
        })
        .await
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let listing = self.work("read the token table", |shared| async move {
            let mut connection = shared.connections.take().await?;
            let rows = table::all(connection.get()?).await;
            connection.give_back(rows)
        });
        let served = self.shared.single_client.served();
        let mut keys = Vec::new();
        for row in listing.await? {
            let key = match (&row.owner, &served) {
                (Some(owner), _) => {
                    let environment = owner.environment.parse().map_err(|_| {
                        StoreError::new(format!(
                            "the token table in {} has an unknown environment for `{}`",
                            self.place(),
                            row.user
                        ))
                    })?;
                    TokenKey::new(row.user, &owner.client_id, environment)
                }
                (None, Some((client_id, environment))) => {
                    TokenKey::new(row.user, client_id, *environment)
                }
                (None, None) => {
                    return Err(StoreError::new(format!(
                        "the token table in {} does not name clients: load or save a token first, \
                         so that its client is known",
                        self.place()
                    )));
                }
            };
            keys.push(key);
        }
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    async fn lock(
        &self,
        key: &TokenKey,
        wait: Duration,
    ) -> Result<Option<RefreshLock>, StoreError> {
        let name = lock::name(&self.shared.connections.connector.settings.database, key.user());
        let held = self.shared.locks.take(&name, wait).await?;
        Ok(held.map(RefreshLock::new))
    }
}
